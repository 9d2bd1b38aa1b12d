"""Other devices' CSV and Parquet files brought into the raw layout, by a mapping."""

from pothole.ingest.ingest import FileSummary, Ingested, ingested
from pothole.ingest.mapping import Mapping, load
from pothole.ingest.write import write

__all__ = ["FileSummary", "Ingested", "Mapping", "ingested", "load", "write"]
