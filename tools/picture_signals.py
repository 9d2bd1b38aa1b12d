"""Draw docs/pictures/signals.png: a pothole, a speed bump and a manhole as the sensors of an ordinary car feel them.

Needs matplotlib (`pip install -c constraints.txt -e '.[fit]'`). The road is flat but for the feature; the car is the
simulator's golden car at 40 km/h (25 km/h over the bump), the device lies level between the axles.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

from pothole.simulate.features import Feature
from pothole.simulate.smoothing import moving_average
from pothole.simulate.vehicle import RATE_HZ, Vehicle, ride
from pothole.simulate.world import STEP_M

mpl.use("Agg")
from matplotlib import pyplot as plt

_CONTACT_M, _AT_M, _LENGTH_M = 0.16, 30.0, 60.0
SHOWN = (
    ("pothole, 6 cm x 70 cm, right wheels, 40 km/h", Feature("P", "pothole", 0, _AT_M, -0.06, 0.7, 0.77, 0.5), 40.0),
    ("speed bump, 10 cm x 3.6 m, 25 km/h", Feature("S", "speed_bump", 0, _AT_M, 0.1, 3.6), 25.0),
    ("manhole, 2 cm high, left wheels, 40 km/h", Feature("M", "manhole", 0, _AT_M, 0.02, 0.65, -0.77, 0.65), 40.0),
)


def felt(feature: Feature, kmh: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Seconds since the front axle was there; vertical acceleration (m/s2), roll and pitch rate (deg/s)."""
    car, along = Vehicle(), np.arange(0, _LENGTH_M, STEP_M)
    under = feature.under(car.track_m / 2 * np.array([-1, 1]))
    heights = moving_average(under[:, None] * feature.shape(along - feature.offset_m, 0), round(_CONTACT_M / STEP_M))
    seconds = np.arange(0, _LENGTH_M / (kmh / 3.6), 1 / RATE_HZ)
    metres = seconds * kmh / 3.6
    wheels = [np.interp(d, along, side) for d in (metres, metres - car.wheelbase_m) for side in heights]
    motion = ride(car, np.stack(wheels))
    return (
        seconds - feature.offset_m / (kmh / 3.6), motion.heave, np.degrees(motion.roll_rate),
        np.degrees(motion.pitch_rate),
    )  # fmt: skip


def main() -> None:
    """Draw."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures/signals.png")
    figure, axes = plt.subplots(2, 3, figsize=(11, 4.6), sharex=True, sharey="row", layout="constrained")
    for column, (title, feature, kmh) in enumerate(SHOWN):
        at, vertical, roll, pitch = felt(feature, kmh)
        top, bottom = axes[:, column]
        top.plot(at, vertical, color="tab:blue", linewidth=1)
        bottom.plot(at, roll, color="tab:red", linewidth=1, label="roll rate")
        bottom.plot(at, pitch, color="0.55", linewidth=1, label="pitch rate")
        top.set_title(title, fontsize=9)
        bottom.set(xlabel="s", xlim=(-0.4, 1.4))
    axes[0, 0].set_ylabel("vertical, m/s²")
    axes[1, 0].set_ylabel("turn rate, deg/s")
    axes[1, 0].legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
