"""The detectors that ours is measured against, on the same samples: see ``make compare``."""
