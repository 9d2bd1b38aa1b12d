"""Commands that print the figures of the README. Run from the repository: ``make score``, ``make bench``, ``make
fit``."""
