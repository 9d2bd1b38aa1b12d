"""The S3 server of the lake's tests, here as well."""

from tests.lake.conftest import bucket, s3_endpoint

__all__ = ["bucket", "s3_endpoint"]
