"""What Java's file systems and Spark's jobs throw, as Python's errors of the same meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pothole.errors import ConfigError, LakeError

#: Python's errors by the end of the Java class's name.
_ERRORS: dict[str, type[OSError]] = {
    "FileNotFoundException": FileNotFoundError,
    "FileAlreadyExistsException": FileExistsError,
    "RemoteFileChangedException": FileExistsError,
    "AccessDeniedException": PermissionError,
    "AccessControlException": PermissionError,
    "NoAuthWithAWSException": PermissionError,
    "NoRouteToHostException": ConnectionError,
    "ConnectException": ConnectionError,
    "UnknownHostException": ConnectionError,
}
_BLOCKED = (
    "a port between the nodes is blocked: the security group must allow all TCP from itself, "
    "`pothole doctor --only security-group`"
)
#: The first line of an exception or of one of its causes, in a Java stack trace.
_THROWN = re.compile(r"^(?:.*?: )??(?:Caused by: )?(?:[a-z][\w$]*\.)+(\w+(?:Exception|Error)): *(.*)$", re.M)


def kind(error: BaseException) -> str:
    """The class of the Java exception behind a Py4J error; empty where there is none."""
    java = getattr(error, "java_exception", None)
    return "" if java is None else str(java.getClass().getName())


def is_missing(error: Exception) -> bool:
    """Whether Java says that a file is not there."""
    return kind(error).endswith("FileNotFoundException")


@contextmanager
def as_python() -> Iterator[None]:
    """Raise Python's error of the same meaning: FileNotFoundError, PermissionError, ...; LakeError for no bucket."""
    try:
        yield
    except Exception as error:
        java = kind(error)
        if not java:
            raise
        said = str(error.java_exception.getMessage())  # type: ignore[attr-defined]
        if java.endswith("UnknownStoreException"):
            raise LakeError(
                f"there is no such bucket: {said}", hint="check the lake's name and the AWS account"
            ) from None
        if no_system := _no_file_system(said):
            raise ConfigError(no_system[0], hint=no_system[1]) from None
        for name, python in _ERRORS.items():
            if java.endswith(name):
                raise python(said) from None
        raise OSError(5, f"{java.rsplit('.', 1)[-1]}: {said}") from None


def is_javas(error: BaseException) -> bool:
    """Whether an error comes from Spark or from the Java behind it."""
    return type(error).__module__.split(".")[0] in ("py4j", "pyspark")


def _no_file_system(said: str) -> tuple[str, str] | None:
    """Cause and remedy where Hadoop knows no file system for a path; None for everything else."""
    if found := re.search(r'No FileSystem for scheme "(\w+)"', said):
        return (
            f"{found[0]} (파일 시스템 없음)",
            "write s3a:// for paths in the options of Spark (spark.eventLog.dir, ...); `lake` takes s3:// too",
        )
    if "org.apache.hadoop.fs.s3a.S3AFileSystem not found" in said:
        return (
            'No FileSystem for scheme "s3a" (파일 시스템 없음): its jars are missing',
            "bring the jars of infra/spark/s3a into Spark's jars/ on every node: `pothole doctor --only s3a-jars`",
        )
    return None


def thrown(error: BaseException) -> list[tuple[str, str]]:
    """Class and message of a Spark error and its causes, the innermost last."""
    stack = getattr(error, "_stackTrace", None) or ""
    return _THROWN.findall(f"{error}\n{stack}")


def in_one_line(error: BaseException) -> tuple[str, str]:
    """What made a Spark job fail, and what to do: the storage's answer if there is one, else the innermost cause."""
    causes = thrown(error)
    for name, said in causes:
        if _ERRORS.get(name) is PermissionError:
            return (
                f"permission denied: {said.partition(': ')[0]}",
                "check what the nodes' role may do on that path, then run again",
            )
        if _ERRORS.get(name) is ConnectionError:
            return f"no answer: {said}", "check the network and AWS_ENDPOINT_URL, then run again"
        if no_system := _no_file_system(said):
            return no_system
        if said.startswith("Failed to connect to"):
            return f"{said} (포트 차단)", _BLOCKED
    name, said = causes[-1] if causes else (type(error).__name__, str(error).strip().split("\n", 1)[0])
    return f"{name}: {said}", "the lines above tell where; mend the cause and run again"
