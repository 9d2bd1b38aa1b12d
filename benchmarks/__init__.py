"""Commands that measure: ``make score``, ``make figures``, ``make bench``, ``make fit``. Run from the repository.

The README's figures are written by them, between markers (``benchmarks.pages``).
"""
