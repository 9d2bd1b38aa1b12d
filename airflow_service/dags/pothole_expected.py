"""What every task has around it: its seconds for the run's record, expected errors as one line in its log."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from pothole.errors import PipelineFailure, PotholeError, UserError

SECONDS = "seconds"
"""XCom of every task that came to its end, well or not: how long it took."""


class OverBudgetError(PipelineFailure):
    """The run has been going for longer than it may; trying again cannot help."""


def expected(work: Callable[..., Any]) -> Callable[..., Any]:
    """An expected error fails the task without a traceback; one that a second try cannot mend, without a second try."""

    @wraps(work)
    def done(*given: Any, **named: Any) -> Any:
        from airflow.sdk import get_current_context
        from airflow.sdk.exceptions import AirflowException, AirflowFailException

        began = time.monotonic()
        try:
            return work(*given, **named)
        except (UserError, OverBudgetError) as error:
            raise AirflowFailException(str(error)) from None
        except PotholeError as error:
            raise AirflowException(str(error)) from None
        finally:
            get_current_context()["ti"].xcom_push(SECONDS, round(time.monotonic() - began, 1))

    return done
