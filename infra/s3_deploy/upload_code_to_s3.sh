#!/usr/bin/env bash
# Uploads every stageN/ to s3://S3_BUCKET/S3_CODE_PREFIX/stageN/ and verifies it: the same as `pothole deploy`, and takes
# the same options (--dry-run, --rollback). POTHOLE names another `pothole` than the one of .venv or PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."
command=${POTHOLE:-}
if [ -z "$command" ]; then
    if [ -x .venv/bin/pothole ]; then command=.venv/bin/pothole; else command=pothole; fi
fi
if ! command -v "$command" >/dev/null; then
    echo "error: there is no $command: pip install -c constraints.txt -e '.[s3,cloud]', or set POTHOLE" >&2
    exit 2
fi
exec "$command" deploy "$@"
