"""The Spark session of stage 2; its ``spark.*`` options come from the configuration."""

from pothole.engines import spark


def connect(options):
    """A session on the master that spark-submit was given."""
    return spark.session("pothole stage 2", options=options)
