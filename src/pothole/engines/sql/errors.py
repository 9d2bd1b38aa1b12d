"""What is raised for a part of PySpark that is not here."""

from __future__ import annotations

from collections.abc import Iterable


class NotSupportedError(AttributeError):
    """Not in the supported part of PySpark. A mistake in a stage, not in its input."""

    def __init__(self, what: str, there: Iterable[str]) -> None:
        names = ", ".join(sorted(there))
        super().__init__(f"the embedded engine has no {what}" + (f"; there is {names}" if names else ""))


def public(of: object) -> list[str]:
    """The names that an object offers."""
    return [name for name in dir(of) if not name.startswith("_")]
