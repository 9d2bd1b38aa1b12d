"""The Spark session of stage 1; its ``spark.*`` options come from the configuration."""

from pothole.engines import spark


def connect(options):
    """A session on the master that spark-submit was given."""
    return spark.session("pothole stage 1", options=options)
