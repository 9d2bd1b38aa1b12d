"""Stage 1 on the cluster: a day's raw samples to impacts, traversals and quarantined rows.

By hand, on the master, in the folder that ``download_code`` has filled:

    spark-submit --master spark://MASTER:7077 --py-files pothole.zip,connection_stage1.py \
        stage1_anomaly_detection.py --env stage1 --batch-date 2026-02-12
"""

import sys
from pathlib import Path

from pothole import cluster


def connect(options):
    """The stage's own session; imported late, so that a missing file is told as one."""
    from connection_stage1 import connect as session

    return session(options)


if __name__ == "__main__":
    sys.exit(cluster.main("stage1", Path(__file__).resolve().parent, connect))
