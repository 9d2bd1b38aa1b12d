"""One class per situation a person can act on, and the exit status it ends in.

``UserError`` (exit status 2) is for what the person who typed the command can mend: a wrong date, a missing file,
an unknown configuration key. ``PipelineFailure`` (exit status 1) is for what went wrong while the work ran. The
message says
what happened, where, what was expected and what was found; ``hint`` says what to do next.
"""

from __future__ import annotations


class PotholeError(Exception):
    """An expected error: shown as one clear message, without a traceback."""

    exit_status = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  {self.hint}"


class UserError(PotholeError):
    """The command, its arguments or its configuration need mending by the person who typed it."""

    exit_status = 2


class PipelineFailure(PotholeError):
    """The work was asked for rightly and failed."""

    exit_status = 1


class ConfigError(UserError):
    """A configuration key, value or file that cannot be used."""


class NoDataError(UserError):
    """No input for the date."""


class BadInputError(UserError):
    """An input file or table that does not have the shape that the contract asks for."""


class TooManyRefusedError(PipelineFailure):
    """The share of quarantined rows is above the configured limit."""


class LakeError(PipelineFailure):
    """Storage said no: permission, space, network. Names the operation, the path and the cause."""


class LockedError(PipelineFailure):
    """Another run holds this date."""
