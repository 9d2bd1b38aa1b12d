"""What the stages can be told, with units in the names. Plain frozen dataclasses: a cluster needs nothing installed.

The defaults are the values that the scores in the README were measured with;
``docs/detection.md`` says where each one comes from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated

from pothole.tables import CONFIRMED


@dataclass(frozen=True)
class Range:
    """What a setting may be: finite, from ``low`` to ``high``, both included unless ``inside``.

    A note beside the type: ``pothole.config`` checks it where a person's configuration is read.
    """

    low: float = -math.inf
    high: float = math.inf
    inside: bool = False

    def holds(self, value: float) -> bool:
        """Whether the value lies in the range."""
        within = self.low < value < self.high if self.inside else self.low <= value <= self.high
        return math.isfinite(value) and within

    def __str__(self) -> str:
        if math.isinf(self.low):
            return "a finite number"
        if math.isinf(self.high):
            return f"more than {self.low:g}" if self.inside else f"{self.low:g} or more"
        return f"{self.low:g} to {self.high:g}" + (", these two excluded" if self.inside else "")


Finite = Annotated[float, Range()]
NotNegative = Annotated[float, Range(0)]
Positive = Annotated[float, Range(0, inside=True)]
Share = Annotated[float, Range(0, 1)]
Chance = Annotated[float, Range(0, 1, inside=True)]
"""A probability of which a logarithm is taken."""
Degrees = Annotated[float, Range(0, 180)]


@dataclass(frozen=True)
class QualitySettings:
    """Which raw rows are refused, and which good ones are merely unfit for detection."""

    slack_minutes: NotNegative = 60.0
    """How far outside the batch day a sample may lie."""
    region: tuple[float, float, float, float] | None = None
    """Smallest and largest longitude, smallest and largest latitude in degrees; none: the whole world."""
    max_hdop: Positive = 5.0
    """Samples with a larger dilution of precision are left out of detection."""
    min_satellites: Annotated[int, Range(0)] = 4
    """Samples with fewer satellites are left out of detection."""
    min_velocity_kmh: NotNegative = 5.0
    """Samples of slower vehicles are left out of detection."""


@dataclass(frozen=True)
class OrientSettings:
    """How the vertical is found in a device that lies as it lies."""

    block_seconds: Annotated[int, Range(1)] = 10
    """Blocks whose median gravity vectors are compared to notice a moved device."""
    moved_degrees: Degrees = 15.0
    """A device whose gravity vector turns by more than this was moved; a new mount begins."""


@dataclass(frozen=True)
class DetectSettings:
    """When a jolt is an impact."""

    scale_floor_mps2: Positive = 0.35
    """A quieter road than this is no reason to call a ripple an impact."""
    scale_prior_seconds: NotNegative = 20.0
    """Seconds of driving that the prior scale weighs, for trips too short to know their own."""
    scale_prior_mps2: NotNegative = 0.6
    """The fleet's usual RMS of vertical acceleration within a second."""
    start_scales: NotNegative = 3.0
    """An impact's peak is at least this many of the trip's scales from the running mean."""
    start_surroundings: NotNegative = 2.5
    """And at least this many times the RMS of the road in the five seconds before and after it."""
    apart_ms: Annotated[int, Range(1)] = 600
    """An impact's peak is the largest for this long to both sides: both axles are one impact, a rough road many."""
    min_velocity_kmh: NotNegative = 10.0
    """Jolts of slower vehicles are no impacts (doors, kerbs, hands)."""


@dataclass(frozen=True)
class ClassifySettings:
    """When an impact is called a pothole."""

    pothole_probability: Share = 0.45
    """Smallest probability with which an impact is reported as a pothole; at 0.4 to 0.5 F1 is highest."""


@dataclass(frozen=True)
class CorroborateSettings:
    """Which other passes speak of an impact."""

    reach_m: NotNegative = 12.0
    """Impacts of other passes this near are of the same place: the errors of two fixes."""
    heading_degrees: Degrees = 45.0
    """Largest difference between the headings of two passes in the same direction."""
    min_probability: Annotated[float, Range(0, 2)] = 0.02
    """Impacts that are less likely to be a pothole by themselves neither speak nor are judged again (2: none)."""


@dataclass(frozen=True)
class LocateSettings:
    """Where the vehicle was at the peak."""

    gps_lag_ms: NotNegative = 600.0
    """How much older than its sample a fix is, for devices about which nothing else is known."""
    axle_m: NotNegative = 1.25
    """How far the vehicle is past what struck, on average: half of what lies between the axles."""
    sigma_floor_m: Positive = 4.07
    """Standard error of a good fix per axis (Newson & Krumm 2009)."""
    sigma_per_hdop_m: NotNegative = 2.0
    """Standard error per unit of horizontal dilution of precision."""
    bump_reach_m: Annotated[float, Range(0, 90)] = 15.0
    """An impact this near to a known structure in its direction of travel is that structure."""
    bump_heading_degrees: Degrees = 45.0
    """Largest difference between the impact's heading and that of the known structure."""


@dataclass(frozen=True)
class MatchSettings:
    """How points are brought to the road network."""

    max_distance_m: Positive = 30.0
    """Points farther from any segment stay unmatched."""
    heading_degrees: Degrees = 45.0
    """Largest difference between a vehicle's heading and the segment's."""


@dataclass(frozen=True)
class ClusterSettings:
    """When impacts are of one place."""

    gap_m: Positive = 15.0
    """A wider gap along the link begins a new stretch."""
    smooth_m: Positive = 8.0
    """Impacts this near along the link count in one another's density."""
    apart_m: Positive = 15.0
    """Peaks of the density are at least so far from each other."""
    max_length_m: Positive = 50.0
    """A longer place is split."""
    cell_m: Positive = 10.0
    """Width of the cells in which impacts without a road gather."""
    min_probability: Share = 0.15
    """Impacts that are less likely to be a pothole than this are no part of a place."""
    min_passes: Annotated[int, Range(1)] = 2
    """A candidate needs this many passes with an impact."""
    pass_gap_seconds: Annotated[int, Range(0)] = 60
    """A trip that comes back to a place after this long passes it again."""


@dataclass(frozen=True)
class EvidenceSettings:
    """How passes with and without an impact become a confidence."""

    pothole_prior: Annotated[float, Range(0, 0.5, inside=True)] = 0.2
    """Share of places where a pothole is, before any pass."""
    structure_prior: Annotated[float, Range(0, 0.5, inside=True)] = 0.02
    """Share of places with a bump, manhole or joint, before any pass."""
    pothole_hit_rate: Chance = 0.6
    """Probability that a pass over a pothole gives an impact that is like a pothole's."""
    structure_hit_rate: Chance = 0.45
    """Probability that a pass over another structure gives such an impact."""
    noise_hit_rate: Chance = 0.05
    """Probability that a pass over nothing gives such an impact."""
    pothole_share: Chance = 0.3
    """Share of potholes among all impacts: what the classifier's probabilities are measured against."""
    structure_share: Chance = 0.3
    """Share of other structures among all impacts."""
    noise_share: Chance = 0.4
    """Share of impacts without a cause in the road."""
    independent_looks: Positive = 4.0
    """As many impacts of one place count as independent in how they look."""
    independent_passes: Positive = 20.0
    """As many passes over one place count as independent in whether they give an impact: it has a rate of its own."""
    sharpness: Positive = 1.5
    """Exponent of the odds: looks and passes together say more than either rate counts for."""
    lookalike_share: Share = 0.04
    """Share of places that shake every vehicle as a pothole does and are none; no number of passes tells them."""
    speed_exponent: NotNegative = 0.25
    """How the energy of a pothole's impact grows with speed, for comparing impacts at other speeds."""
    severity_quantile: Share = 0.75
    """Which of a place's impacts tell its severity: the weakest come from devices that feel less."""
    severity_mps2: Positive = 4.2
    """Energy at 40 km/h at which severity reaches 63."""
    position_floor_m: NotNegative = 1.0
    """Error of the position that no number of passes takes away."""
    confirmed: Share = CONFIRMED
    """Confidence from which a run and its report count a candidate as confirmed; scoring keeps 0.95.

    No candidate is surer than 1 / (1 + ``lookalike_share``).
    """


@dataclass(frozen=True)
class ConditionSettings:
    """How roughness becomes an International Roughness Index (IRI)."""

    fix_age_seconds: Annotated[int, Range(0)] = 1
    """How old the fix of a second is: a receiver's lag (0.6 s), and half of the second for which a fix is held."""
    min_velocity_kmh: Positive = 15.0
    """Slower seconds say little of the road."""
    speed_exponent: NotNegative = 0.62
    """How the roughness that a vehicle feels grows with its speed."""
    noise_quantile: Share = 0.01
    """Share of a vehicle's seconds that are so quiet that the device's noise is most of what they have."""
    noise_share: Share = 0.8
    """The device's noise over the roughness of the loudest of these."""
    missed_hz: NotNegative = 2.0
    """A device that samples f times a second feels exp(-missed_hz / f) of the roughness."""
    vehicle_prior_m: NotNegative = 200.0
    """Metres of driving that the assumption of an average vehicle weighs."""
    vehicle_spread: Positive = 0.2
    """Usual spread of the logarithm of roughness among vehicles on one segment, after their own share is taken off."""
    model_spread: NotNegative = 0.09
    """Error of the relation itself, as a logarithm."""
    iri_offset: Finite = 2.053
    """Logarithm of the IRI (m/km) where the roughness at 80 km/h is 1 m/s2."""
    iri_slope: Finite = 0.979
    """How the logarithm of the IRI grows with that of the roughness."""


@dataclass(frozen=True)
class Stage1Settings:
    """Settings of Stage 1: from samples to impacts."""

    quality: QualitySettings = field(default_factory=QualitySettings)
    orient: OrientSettings = field(default_factory=OrientSettings)
    detect: DetectSettings = field(default_factory=DetectSettings)
    locate: LocateSettings = field(default_factory=LocateSettings)
    classify: ClassifySettings = field(default_factory=ClassifySettings)
    corroborate: CorroborateSettings = field(default_factory=CorroborateSettings)


@dataclass(frozen=True)
class Stage2Settings:
    """Settings of Stage 2: from impacts to potholes."""

    match: MatchSettings = field(default_factory=MatchSettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    condition: ConditionSettings = field(default_factory=ConditionSettings)
