"""``pothole stage new``: a stage of one's own, made from templates and a line in the registry."""

from pothole.scaffold.stage import Plan, plan

__all__ = ["Plan", "plan"]
