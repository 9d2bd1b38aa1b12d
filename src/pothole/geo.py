"""Distances, offsets and headings as column expressions, in metres of the WGS84 ellipsoid.

The one metric reference of the stages: around a reference latitude a degree is taken as long as it is on the
ellipsoid there
(series of the NGA, "Length of a degree of latitude and longitude"); over the few hundred metres that are compared here
the error is below 1e-5 of the distance.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def metres_per_degree_lat(lat: Column) -> Column:
    """Length of a degree of latitude at that latitude (degrees), in metres."""
    phi = F.radians(lat)
    return F.lit(111132.954) - F.lit(559.822) * F.cos(phi * F.lit(2.0)) + F.lit(1.175) * F.cos(phi * F.lit(4.0))


def metres_per_degree_lon(lat: Column) -> Column:
    """Length of a degree of longitude at that latitude (degrees), in metres."""
    phi = F.radians(lat)
    return (
        F.lit(111412.84) * F.cos(phi) - F.lit(93.5) * F.cos(phi * F.lit(3.0)) + F.lit(0.118) * F.cos(phi * F.lit(5.0))
    )


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
