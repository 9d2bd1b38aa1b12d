#!/usr/bin/env python3
"""Run a batch date: trigger_dag.py [YYYY-MM-DD] [--force] [--wait]; by default yesterday.

The same as `pothole trigger`: a date that has run or is running is skipped, so that a line in a crontab does no harm:

    10 10 * * *  . /etc/pothole/env.sh && /opt/pothole/bin/python airflow_service/scripts/trigger_dag.py
"""

import sys

from pothole.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "trigger")
    main()
