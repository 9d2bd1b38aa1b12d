"""Distances, offsets and headings as column expressions, in metres of the WGS84 ellipsoid.

The one metric reference of the stages: around a reference latitude a degree is taken as long as it is on the
ellipsoid there (``pothole.ellipsoid``); over the few hundred metres that are compared here
the error is below 1e-5 of the distance.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from pothole.ellipsoid import latitude_m, longitude_m


def metres_per_degree_lat(lat: Column) -> Column:
    """Length of a degree of latitude at that latitude (degrees), in metres."""
    metres: Column = latitude_m(F.radians(lat), F.cos)
    return metres


def metres_per_degree_lon(lat: Column) -> Column:
    """Length of a degree of longitude at that latitude (degrees), in metres."""
    metres: Column = longitude_m(F.radians(lat), F.cos)
    return metres


def heading(east_m: Column, north_m: Column) -> Column:
    """Direction of a vector, degrees clockwise from north, 0 <= heading < 360."""
    degrees = F.degrees(F.atan2(east_m, north_m))
    return F.when(degrees < 0, degrees + F.lit(360.0)).otherwise(degrees)


def heading_difference(a: Column, b: Column) -> Column:
    """Smallest angle between two headings (any multiple of 360 added), 0..180 degrees."""
    d = F.abs(a - b) % F.lit(360.0)
    return F.when(d > 180.0, F.lit(360.0) - d).otherwise(d)


def steady(value: Column) -> Column:
    """A value rounded to 1e-9, so that engines that sum in another order agree on which side of a threshold it lies."""
    return F.round(value, 9)
