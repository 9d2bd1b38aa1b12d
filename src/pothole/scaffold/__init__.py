"""``pothole stage new``: a stage of one's own, made from templates and lines in the places that know the stages."""

from pothole.scaffold.stage import Plan, plan

__all__ = ["Plan", "plan"]
