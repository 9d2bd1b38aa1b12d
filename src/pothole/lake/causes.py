"""What a storage may answer, said as one error that names the operation, the path and the cause."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pothole.errors import LakeError

_INTACT = "what is published is whole"
_BY_NUMBER = {
    errno.ENOSPC: ("no space left on the device", f"free some space and run again; {_INTACT}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space and run again; {_INTACT}"),
    errno.EROFS: ("the file system is read-only", "mount it writable, or choose another lake"),
    errno.ENOTDIR: ("a file is in the way of a folder", "choose another folder, or move that file"),
    errno.EISDIR: ("a folder is in the way of a file", "move that folder"),
    errno.EMFILE: ("too many open files", "raise the limit: ulimit -n"),
}


@contextmanager
def explained(operation: str, place: str) -> Iterator[None]:
    """Turn what a storage says into a LakeError.

    FileNotFoundError and FileExistsError pass, since callers know what is missing and what it means; so does
    what Arrow's readers say about a file's content.
    """
    try:
        yield
    except (FileNotFoundError, FileExistsError) as error:
        if _s3_code(error) != "NoSuchBucket":
            raise
        raise LakeError(
            f"cannot {operation} {place}: there is no such bucket", hint="check the lake's name and the AWS account"
        ) from error
    except Exception as error:
        if not _is_storage_error(error):
            raise
        cause, hint = _cause(error)
        raise LakeError(f"cannot {operation} {place}: {cause}", hint=hint) from error


def is_about_content(error: Exception) -> bool:
    """Whether it is Arrow that cannot make sense of a file's content, and no fault of the storage."""
    arrow = any(kind.__name__ == "ArrowException" for kind in type(error).__mro__)
    return arrow or (type(error) is OSError and error.errno is None)


def _is_storage_error(error: Exception) -> bool:
    if isinstance(error, OSError):
        return not is_about_content(error)
    return type(error).__module__.split(".")[0] in ("botocore", "aiobotocore", "aiohttp")


def _s3_code(error: BaseException) -> str:
    """S3's own code of an error, such as ``AccessDenied``; empty when it is none of S3's."""
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _cause(error: Exception) -> tuple[str, str]:  # noqa: PLR0911 -- a cause each
    text, name, code = str(error), type(error).__name__, _s3_code(error)
    if isinstance(error, OSError) and error.errno in _BY_NUMBER:
        return _BY_NUMBER[error.errno]
    if "Profile" in name:
        return " ".join(text.split()), "check AWS_PROFILE: `aws configure list-profiles` lists them"
    if "Credentials" in name:
        return "no AWS credentials were found", "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"):
        return f"the AWS credentials are refused ({code})", "renew them; AWS_PROFILE chooses others"
    if isinstance(error, PermissionError) or code in ("AccessDenied", "403"):
        return "permission denied", "check the permissions of this user or role on that path"
    if any(word in name for word in ("Endpoint", "Connect", "Timeout")):
        return f"no answer ({text or name})", f"check the network and AWS_ENDPOINT_URL, then run again; {_INTACT}"
    return f"{code}: {text}" if code else text or name, f"mend the cause and run again; {_INTACT}"
