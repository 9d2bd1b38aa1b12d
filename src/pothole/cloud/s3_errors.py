"""What S3 says, in a person's words: no such thing, no permission, no network are three different errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pothole.errors import LakeError

_UNKNOWN = "whether data is there is not known"


@contextmanager
def explained(operation: str, place: str) -> Iterator[None]:
    """What S3 says, as a LakeError with the operation, the path, the cause and what to do. A missing key passes."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        answer = error.response
        code, said = str(answer.get("Error", {}).get("Code", "")), answer.get("Error", {}).get("Message", "")
        if code in ("NoSuchKey", "404"):
            raise FileNotFoundError(place) from None
        cause, hint = _refusal(code, int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0), str(said))
        raise LakeError(f"cannot {operation} {place}: {cause}", hint=hint) from None
    except BotoCoreError as error:
        cause, hint = _before_an_answer(error)
        raise LakeError(f"cannot {operation} {place}: {cause}", hint=hint) from None


def _refusal(code: str, status: int, said: str) -> tuple[str, str]:
    """Cause and remedy of an answer of S3."""
    if code == "NoSuchBucket":
        return "there is no such bucket", "check S3_BUCKET"
    if status == 403:
        return f"access denied ({code})", f"give this role that permission, or renew its credentials; {_UNKNOWN}"
    if code in ("ExpiredToken", "InvalidToken", "TokenRefreshRequired"):
        return f"the credentials have expired ({code})", f"renew them; {_UNKNOWN}"
    if status >= 500:
        return f"S3 is not available for now ({status} {code})", f"try again; {_UNKNOWN}"
    return f"S3 answers {status} {code}: {said}", "check the bucket's region (AWS_REGION) and AWS_ENDPOINT_URL"


def _before_an_answer(error: Exception) -> tuple[str, str]:
    """Cause and remedy where S3 was not even asked, or could not answer."""
    from botocore import exceptions as known

    text = " ".join(str(error).split())
    if isinstance(error, (known.NoCredentialsError, known.PartialCredentialsError)):
        return f"no AWS credentials were found ({text})", "set AWS_PROFILE, or give the machine a role"
    if isinstance(error, (known.ConnectionError, known.HTTPClientError, known.IncompleteReadError)):
        return f"no network to S3 ({text})", f"check the network and AWS_ENDPOINT_URL; {_UNKNOWN}"
    if isinstance(error, known.ParamValidationError):
        return text, "check S3_BUCKET: a bucket's name is lower-case letters, digits, dots and hyphens"
    return text, f"check AWS_PROFILE, AWS_REGION and the credentials; {_UNKNOWN}"
