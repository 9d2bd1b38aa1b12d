"""What kind of fleet: ranges from which roads, vehicles, devices and drivers are drawn, units in the names.

One thing at a time is switched off with ``dataclasses.replace(STANDARD, random_mounting=False)``, ``gain=(1.0, 1.0)``,
``rates_hz=(50.0,)``, ``handled_share=0.0``, ``gps_sigma_m=(0.0, 0.0)`` and so on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Setting:
    """Ranges are (smallest, largest), drawn uniformly unless said otherwise."""

    driven_km: float = 60.0
    """Kilometres of directed links around the middle of the network that the fleet keeps to."""
    potholes_per_km: float = 1.5
    """Potholes per kilometre of directed link on the first day."""
    new_pothole_share: float = 0.15
    """Potholes that appear later, as a share of those of the first day; about a tenth of them every day."""
    repaired_per_day: float = 0.03
    """Share of the potholes that is repaired every night."""
    pothole_growth_m_per_day: tuple[float, float] = (0.0, 0.002)
    pothole_depth_m: tuple[float, float] = (0.025, 0.11)
    pothole_length_m: tuple[float, float] = (0.3, 1.2)
    speed_bumps_per_km: float = 0.8
    known_bump_share: float = 0.6
    """Share of speed bumps that are in the lake's speed-bump layer."""
    manholes_per_km: float = 1.2
    joints_per_km: float = 0.6
    patches_per_km: float = 1.5
    crossings_per_km: float = 0.2
    road_class_shares: tuple[float, float, float, float] = (0.25, 0.45, 0.3, 0.0)
    """Shares of ISO 8608 classes A, B, C and D among the links."""
    rates_hz: tuple[float, ...] = (10.0, 25.0, 50.0, 100.0)
    jitter_share: float = 0.15
    """Largest deviation of a sample's time from its place, as a share of the interval."""
    gain: tuple[float, float] = (0.8, 1.25)
    """Factor on all of a device's accelerations (log-uniform)."""
    random_mounting: bool = True
    """Any orientation in space; otherwise the device lies flat: x forward, y left, z up."""
    noise_mps2: tuple[float, float] = (0.03, 0.15)
    bias_mps2: float = 0.08
    """Standard deviation of the constant error of each axis."""
    gyro_noise_dps: tuple[float, float] = (0.1, 0.5)
    no_gyro_share: float = 0.1
    clock_offset_s: tuple[float, float] = (0.0, 0.3)
    """How much the device's clock is ahead; the truth is told in the device's clock."""
    gps_sigma_m: tuple[float, float] = (2.0, 5.0)
    """Standard deviation per axis of a device's slowly wandering position error."""
    gps_lag_s: tuple[float, float] = (0.2, 1.0)
    """How old a fix is when it arrives."""
    gps_interpolated_share: float = 0.15
    """Share of devices that interpolate between fixes instead of repeating the last one."""
    handled_share: float = 0.04
    """Share of trips in which somebody picks the device up."""
    avoid_probability: float = 0.25
    """Probability that a driver steers around a hole of 5 cm; it grows with the depth, to 0.7 at most."""
    swerves_per_km: float = 0.7
    """How often a driver goes around what stands in the lane."""
    trip_minutes: tuple[float, float] = (3.0, 7.0)
    speed_factor: float = 1.0
    """On the speed wished for on a road of each grade, and so on how far a trip goes."""


STANDARD = Setting()
EASY = replace(
    STANDARD,
    rates_hz=(50.0, 100.0),
    gain=(0.95, 1.05),
    gps_sigma_m=(1.5, 3.0),
    noise_mps2=(0.02, 0.06),
    no_gyro_share=0.0,
    handled_share=0.0,
    road_class_shares=(0.6, 0.4, 0.0, 0.0),
)
HARD = replace(
    STANDARD,
    gain=(0.5, 2.0),
    gps_sigma_m=(3.0, 8.0),
    no_gyro_share=0.25,
    handled_share=0.08,
    road_class_shares=(0.2, 0.4, 0.33, 0.07),
)
FAST = replace(
    STANDARD,
    speed_factor=1.7,
    road_class_shares=(0.4, 0.5, 0.1, 0.0),
    potholes_per_km=0.7,
    speed_bumps_per_km=0.1,
    manholes_per_km=0.8,
    joints_per_km=0.8,
)
"""Roads out of town, up to 90 km/h."""
SETTINGS = {"easy": EASY, "standard": STANDARD, "hard": HARD, "fast": FAST}
