"""A fleet with a known truth: roads with defects, vehicles on springs, devices with faults of their own.

Physics, not random numbers: a jolt in the samples comes from a wheel that rolled through a profile. Deterministic by
seed; the truth (holes, structures, wheel-overs with their times) is written beside the lake.
"""
