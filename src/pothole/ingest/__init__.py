"""Other devices' CSV and Parquet files brought into the raw layout, by a mapping."""
