"""Commands are run in this process."""

from tests.cli.conftest import run  # noqa: F401
