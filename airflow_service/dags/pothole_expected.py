"""What every task has around it: expected errors fail it in one line."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from pothole.errors import PipelineFailure, PotholeError, UserError

P = ParamSpec("P")
R = TypeVar("R")


class OverBudgetError(PipelineFailure):
    """The run has been going for longer than it may; trying again cannot help."""


def expected(work: Callable[P, R]) -> Callable[P, R]:
    """An expected error fails the task without a traceback; one that a second try cannot mend, without a second try."""

    @wraps(work)
    def done(*given: P.args, **named: P.kwargs) -> R:
        from airflow.sdk.exceptions import AirflowException, AirflowFailException

        try:
            return work(*given, **named)
        except (UserError, OverBudgetError) as error:
            raise AirflowFailException(str(error)) from None
        except PotholeError as error:
            raise AirflowException(str(error)) from None

    return done
