"""``pothole doctor``: every precondition of a run on the cluster, looked at in order; nothing is changed or started.

A check is a function from a ``Context`` to findings; ``checks.CHECKS`` lists them all.
"""

from pothole.doctor.checks import CHECKS, Check, examine
from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, Status

__all__ = ["CHECKS", "Check", "Context", "Finding", "Status", "examine"]
