"""Every dataset of the house, once: columns, types, units, keys and where it lies.

Code, checks, documentation and test data derive from here. Types are Spark SQL's names; a folder of the lake is
``<dataset>/dt=YYYY-MM-DD/``. Only the standard library is used, so that stage programs on a cluster can import it.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Raised when columns change their meaning; written into every manifest.
SCHEMA_VERSION = 1

#: From this confidence on a candidate counts as a confirmed pothole: the contract's rule for scoring, and the default
#: of the setting ``stage2.evidence.confirmed``, by which a day is told.
CONFIRMED = 0.95


def is_confirmed(confidence: float, limit: float = CONFIRMED) -> bool:
    """Whether a candidate counts as confirmed."""
    return round(confidence, 9) >= limit


@dataclass(frozen=True)
class Column:
    """One column: its Spark SQL type (``bigint``, ``int``, ``double``, ``string``), unit and meaning."""

    name: str
    type: str
    doc: str
    unit: str = ""
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One dataset: its folder in the lake, its columns in order, and the columns that identify a row."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partitioned: bool = True
    one_of: tuple[str, ...] = ()
    """Of a layer, a dataset that people write: the first of these files that is there counts; none: every CSV file."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in schema order."""
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        for c in self.columns:
            if c.name == name:
                return c
        raise KeyError(f"{self.name} has no column {name!r}")


_TRIP = (
    Column("trip_id", "string", "trip; unique only together with vehicle_id"),
    Column("vehicle_id", "string", "vehicle"),
)
_PLACE = (
    Column("lon", "double", "longitude, WGS84", "deg"),
    Column("lat", "double", "latitude, WGS84", "deg"),
)

RAW = Table(
    "raw-sensor-data",
    "one sensor sample, any rate from 5 to 200 Hz, in any order",
    (
        Column("timestamp", "bigint", "time of the sample, UTC epoch", "ms"),
        *_TRIP,
        Column("accel_x", "double", "acceleration along the device's x, gravity included", "m/s2"),
        Column("accel_y", "double", "acceleration along the device's y, gravity included", "m/s2"),
        Column("accel_z", "double", "acceleration along the device's z, gravity included", "m/s2"),
        Column("gyro_x", "double", "turn rate about the device's x", "deg/s", nullable=True),
        Column("gyro_y", "double", "turn rate about the device's y", "deg/s", nullable=True),
        Column("gyro_z", "double", "turn rate about the device's z", "deg/s", nullable=True),
        Column("velocity", "double", "speed over ground", "km/h"),
        *_PLACE,
        Column("hdop", "double", "horizontal dilution of precision"),
        Column("satellites", "int", "satellites in the fix"),
    ),
    key=("vehicle_id", "trip_id", "timestamp"),
)

SEGMENTS = Table(
    "road-network",
    "one directed stretch of road, at most 50 m; consecutive rows of a link share an end point",
    (
        Column("s_id", "string", "segment"),
        Column("link_id", "string", "directed link; the two directions of a street are two links"),
        Column("seq", "int", "0-based position along the directed link"),
        Column("start_lon", "double", "start, WGS84", "deg"),
        Column("start_lat", "double", "start, WGS84", "deg"),
        Column("end_lon", "double", "end, WGS84", "deg"),
        Column("end_lat", "double", "end, WGS84", "deg"),
        Column("road_name", "string", "name of the road", nullable=True),
        Column("road_grade", "int", "importance 1..5, 5 the most important", nullable=True),
    ),
    key=("s_id",),
    partitioned=False,
    one_of=("segments.parquet", "segments.csv"),
)

SPEED_BUMPS = Table(
    "speed-bump",
    "one known bump or other structure that is no pothole; the layer may be absent",
    (
        *_PLACE,
        Column("length_m", "double", "length along the road", "m", nullable=True),
        Column("heading", "double", "direction of travel it applies to; null: both", "deg", nullable=True),
        Column("kind", "string", "what it is", nullable=True),
    ),
    key=("lon", "lat"),
    partitioned=False,
)

QUARANTINE = Table(
    "quarantine",
    "one raw row that was refused",
    (
        *(Column(c.name, c.type, c.doc, c.unit, nullable=True) for c in RAW.columns),
        Column("reason", "string", "why it was refused, one of REASONS"),
        Column("source_file", "string", "the raw file that held it"),
    ),
    key=(),
)

#: Why a raw row is refused, in the order in which it is asked (the first that holds is given).
REASONS: dict[str, str] = {
    "duplicate": "another row has the same vehicle_id, trip_id and timestamp, and sorts before this one",
    "null_value": "a required column is null",
    "not_finite": "a number is NaN or infinite",
    "out_of_range": "|acceleration| > 100 m/s2, |turn rate| > 10 000 deg/s, velocity < 0 or > 300 km/h, "
    "hdop or satellites < 0",
    "bad_position": "outside the world or the configured region, or exactly 0, 0",
    "wrong_day": "farther than the slack outside the batch day",
}

IMPACTS = Table(
    "stage1_anomaly_detected",
    "one impact: a single jolt of a single vehicle, however many samples it spans",
    (
        Column("impact_id", "string", "SHA-256 of vehicle_id, trip_id and the peak's timestamp, 16 hex digits"),
        *_TRIP,
        Column("timestamp", "bigint", "time of the peak, UTC epoch", "ms"),
        Column("lon", "double", "longitude of the vehicle's wheels at the peak, WGS84", "deg"),
        Column("lat", "double", "latitude of the vehicle's wheels at the peak, WGS84", "deg"),
        Column("position_sigma_m", "double", "standard error of the position, per axis", "m"),
        Column("hdop", "double", "horizontal dilution of precision at the peak"),
        Column("heading", "double", "direction of travel, clockwise from north, 0..360", "deg", nullable=True),
        Column("velocity", "double", "speed over ground at the peak", "km/h"),
        Column("duration_ms", "bigint", "from the first to the last sample of half the peak or more around it", "ms"),
        Column("peak_mps2", "double", "largest |vertical acceleration|, high-passed", "m/s2"),
        Column("energy_mps2", "double", "RMS acceleration in all directions, 0.7 s before to 1 s after", "m/s2"),
        Column("impact_score", "double", "the peak in robust scales of this trip"),
        Column("pothole_probability", "double", "that this jolt is a pothole, other passes considered, 0..1"),
        Column("bump_probability", "double", "that it is another structure (bump, joint, manhole), likewise, 0..1"),
        Column("single_pothole_probability", "double", "that it is a pothole, judged by itself, 0..1"),
        Column("single_bump_probability", "double", "that it is another structure, judged by itself, 0..1"),
        Column("kind", "string", "pothole / bump / other"),
        Column("is_pothole", "int", "1 when kind is pothole"),
    ),
    key=("vehicle_id", "trip_id", "timestamp"),
)

TRAVERSALS = Table(
    "stage1_traversals",
    "one vehicle in one whole second of motion",
    (
        *_TRIP,
        Column("timestamp", "bigint", "middle of the samples of that second, UTC epoch", "ms"),
        Column("lon", "double", "longitude of the vehicle then, WGS84", "deg"),
        Column("lat", "double", "latitude of the vehicle then, WGS84", "deg"),
        Column("heading", "double", "direction of travel, clockwise from north, 0..360", "deg", nullable=True),
        Column("velocity", "double", "mean speed over ground", "km/h"),
        Column("distance_m", "double", "driven in that second", "m"),
        Column("sample_count", "bigint", "samples used"),
        Column("hdop", "double", "mean horizontal dilution of precision"),
        Column("roughness", "double", "RMS of the vertical acceleration, high-passed", "m/s2"),
    ),
    key=("vehicle_id", "trip_id", "timestamp"),
)

POTHOLES = Table(
    "stage2_spatial_clustering",
    "one pothole candidate of the day: impacts of several passes at one place",
    (
        Column("pothole_id", "string", "SHA-256 of the date and the smallest impact key, 16 hex digits"),
        Column("date", "string", "batch date, YYYY-MM-DD"),
        Column("link_id", "string", "directed link; null without a road within reach", nullable=True),
        Column("s_id", "string", "segment; null without a road within reach", nullable=True),
        Column("offset_m", "double", "distance along the link from its start", "m", nullable=True),
        Column("heading", "double", "direction of travel, clockwise from north, 0..360", "deg", nullable=True),
        Column("lon", "double", "longitude of the place, WGS84", "deg"),
        Column("lat", "double", "latitude of the place, WGS84", "deg"),
        Column("radius_m", "double", "the position's 90 % error", "m"),
        Column("hit_count", "bigint", "passes with an impact"),
        Column("pass_count", "bigint", "passes over the place"),
        Column("vehicle_count", "bigint", "vehicles among the passes with an impact"),
        Column("confidence", "double", "that a pothole is there, 0..1"),
        Column("severity", "double", "1..100, from the impacts' energy at comparable speed"),
        Column("first_seen", "bigint", "first impact, UTC epoch", "ms"),
        Column("last_seen", "bigint", "last impact, UTC epoch", "ms"),
    ),
    key=("pothole_id",),
)

CONDITION = Table(
    "stage2_segment_condition",
    "one road segment that was driven that day",
    (
        Column("s_id", "string", "segment"),
        Column("date", "string", "batch date, YYYY-MM-DD"),
        Column("centroid_lon", "double", "middle of the segment, WGS84", "deg"),
        Column("centroid_lat", "double", "middle of the segment, WGS84", "deg"),
        Column("pass_count", "bigint", "passes of vehicles"),
        Column("impact_count", "bigint", "impacts of any kind matched to it"),
        Column("total_count", "bigint", "samples on it; a second's are shared out among the segments that it led over"),
        Column("roughness", "double", "RMS of the vertical acceleration over all passes", "m/s2", nullable=True),
        Column(
            "iri_m_per_km",
            "double",
            "International Roughness Index; null where nobody drove 15 km/h apart from impacts",
            "m/km",
            nullable=True,
        ),
        Column("iri_low", "double", "lower end of its 95 % interval", "m/km", nullable=True),
        Column("iri_high", "double", "upper end of its 95 % interval", "m/km", nullable=True),
    ),
    key=("s_id",),
)

#: The datasets of the house, in the order in which they are described; ``datasets`` has all.
HOUSE = (
    RAW,
    SEGMENTS,
    SPEED_BUMPS,
    QUARANTINE,
    IMPACTS,
    TRAVERSALS,
    POTHOLES,
    CONDITION,
)
