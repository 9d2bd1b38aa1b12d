"""Turns a vehicle fleet's sensor data into a repair list for roads, day by day."""

__version__ = "0.1.0"
