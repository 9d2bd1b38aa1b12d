#!/usr/bin/env bash
# Uploads every stageN/ to s3://S3_BUCKET/S3_CODE_PREFIX/stageN/ and verifies it: the same as `pothole deploy`.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec "${POTHOLE:-pothole}" deploy "$@"
