"""Stage 2 on the cluster: a day's impacts and traversals to potholes and segment conditions.

By hand, on the master, in the folder that ``download_code`` has filled:

    spark-submit --master spark://MASTER:7077 --py-files pothole.zip,connection_stage2.py \
        stage2_spatial_clustering.py --env stage2 --batch-date 2026-02-12
"""

import sys
from pathlib import Path

from pothole import cluster


def connect(options):
    """The stage's own session; imported late, so that a missing file is told as one."""
    from connection_stage2 import connect as session

    return session(options)


if __name__ == "__main__":
    sys.exit(cluster.main("stage2", Path(__file__).resolve().parent, connect))
