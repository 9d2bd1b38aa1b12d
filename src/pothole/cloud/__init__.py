"""The on-demand cluster: machines on EC2, Spark on them, code and data on S3, Airflow's public API.

Nothing here knows Airflow's insides: the DAG's tasks and the command line call the same functions.
"""
