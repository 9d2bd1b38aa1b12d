"""What kind of fleet: ranges from which roads, vehicles, devices and drivers are drawn, units in the names."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Setting:
    """Ranges are (smallest, largest), drawn uniformly unless said otherwise."""

    potholes_per_km: float = 1.5
    """Potholes per kilometre of directed link."""
    speed_bumps_per_km: float = 0.8
    manholes_per_km: float = 1.2
    joints_per_km: float = 0.6
    known_bump_share: float = 0.6
    """Share of speed bumps that are in the lake's speed-bump layer."""
    pothole_depth_m: tuple[float, float] = (0.025, 0.11)
    pothole_length_m: tuple[float, float] = (0.3, 1.2)
    road_class_shares: tuple[float, float, float] = (0.25, 0.45, 0.3)
    """Shares of ISO 8608 classes A, B and C among the links."""
    rates_hz: tuple[float, ...] = (10.0, 25.0, 50.0, 100.0)
    gain: tuple[float, float] = (0.8, 1.25)
    """Factor on all of a device's accelerations (log-uniform)."""
    random_mounting: bool = True
    """Any orientation in space; otherwise the device lies flat and forward."""
    noise_mps2: tuple[float, float] = (0.03, 0.15)
    bias_mps2: float = 0.08
    gyro_noise_dps: tuple[float, float] = (0.1, 0.5)
    no_gyro_share: float = 0.1
    gps_sigma_m: tuple[float, float] = (2.0, 5.0)
    gps_lag_s: tuple[float, float] = (0.2, 1.0)
    gps_interpolated_share: float = 0.15
    """Share of devices that interpolate between fixes instead of repeating the last one."""
    handled_share: float = 0.04
    """Share of trips in which somebody picks the device up."""
    avoid_probability: float = 0.25
    """Probability that a driver steers around a hole of 5 cm."""
    trip_minutes: tuple[float, float] = (3.0, 7.0)


STANDARD = Setting()
EASY = replace(
    STANDARD,
    rates_hz=(50.0, 100.0),
    gain=(0.95, 1.05),
    gps_sigma_m=(1.5, 3.0),
    noise_mps2=(0.02, 0.06),
    no_gyro_share=0.0,
    handled_share=0.0,
    road_class_shares=(0.6, 0.4, 0.0),
)
HARD = replace(STANDARD, gain=(0.5, 2.0), gps_sigma_m=(3.0, 8.0), no_gyro_share=0.25, handled_share=0.08)
SETTINGS = {"easy": EASY, "standard": STANDARD, "hard": HARD}
