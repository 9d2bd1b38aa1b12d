"""What Java and Spark throw, as errors that a person can act on."""

from __future__ import annotations

import pytest

from pothole.errors import LakeError
from pothole.lake.java_errors import as_python, in_one_line, is_missing, thrown

DENIED = """An error occurred while calling o75.parquet.
: java.nio.file.AccessDeniedException: s3a://roads/scratch/r: getFileStatus on s3a://roads/scratch/r: S3Exception: no
\tat org.apache.hadoop.fs.s3a.S3AUtils.translateException(S3AUtils.java:265)
Caused by: software.amazon.awssdk.services.s3.model.S3Exception: Forbidden (Service: S3, Status Code: 403)
\t... 20 more
"""
OUT_OF_MEMORY = """Job aborted due to stage failure: Task 3 in stage 7.0 failed 4 times
org.apache.spark.SparkException: Job aborted.
\tat org.apache.spark.Foo.bar(Foo.scala:1)
Caused by: java.lang.OutOfMemoryError: Java heap space
"""


class Java:
    """A Java exception as Py4J shows it."""

    def __init__(self, name: str, said: str) -> None:
        self.name, self.said = name, said

    def getClass(self) -> Java:
        return self

    def getName(self) -> str:
        return self.name

    def getMessage(self) -> str:
        return self.said


class FromJavaError(Exception):
    def __init__(self, name: str, said: str = "said") -> None:
        super().__init__(said)
        self.java_exception = Java(name, said)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("java.io.FileNotFoundException", FileNotFoundError),
        ("org.apache.hadoop.fs.FileAlreadyExistsException", FileExistsError),
        ("java.nio.file.AccessDeniedException", PermissionError),
        ("java.net.ConnectException", ConnectionError),
        ("org.apache.hadoop.fs.s3a.UnknownStoreException", LakeError),
        ("java.io.IOException", OSError),
    ],
)
def test_a_java_exception_is_pythons_of_the_same_meaning(name, expected):
    with pytest.raises(expected) as caught, as_python():
        raise FromJavaError(name)
    assert type(caught.value) is expected
    assert "said" in str(caught.value)


def test_other_errors_pass():
    with pytest.raises(KeyError), as_python():
        raise KeyError("x")


def test_missing():
    assert is_missing(FromJavaError("java.io.FileNotFoundException"))
    assert not is_missing(FromJavaError("java.io.IOException"))
    assert not is_missing(ValueError("x"))


def test_a_job_that_may_not_read_tells_the_path_and_whose_permission():
    cause, hint = in_one_line(Exception(DENIED))
    assert cause == "permission denied: s3a://roads/scratch/r"
    assert "role" in hint


def test_a_job_without_network_tells_so():
    cause, _ = in_one_line(Exception(": java.net.UnknownHostException: nowhere.example\n\tat x"))
    assert cause == "no answer: nowhere.example"


def test_any_other_failure_tells_the_innermost_cause():
    assert in_one_line(Exception(OUT_OF_MEMORY))[0] == "OutOfMemoryError: Java heap space"
    assert [name for name, _ in thrown(Exception(OUT_OF_MEMORY))] == ["SparkException", "OutOfMemoryError"]


def test_without_any_java_in_it_the_first_line_is_told():
    assert in_one_line(ValueError("odd\nmore"))[0] == "ValueError: odd"
