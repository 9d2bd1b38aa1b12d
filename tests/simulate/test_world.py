from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pothole.simulate.features import Feature
from pothole.simulate.grid_town import grid_town
from pothole.simulate.settings import STANDARD
from pothole.simulate.town import from_segments
from pothole.simulate.world import ISO_8608_GD_M3, STEP_M, build, iri_m_per_km

from .roads import there_and_back

HOLE = Feature(
    "P0", "pothole", 0, 100.0, -0.08, 1.0, lateral_m=0.77, width_m=0.5, growth_m_per_day=0.002, first_day=2, last_day=4
)


def only(cls: str, length_m: float = 2000.0, seed: int = 3):
    shares = tuple(float(c == cls) for c in "ABCD")
    return build(from_segments(there_and_back(length_m)), replace(STANDARD, road_class_shares=shares), seed)


def spectrum(tracks: np.ndarray, waves_m: tuple[float, float]) -> np.ndarray:
    """Cross-spectral matrix (2, 2) of slopes between two wavelengths, times the wavelength's unit: m."""
    parts = np.fft.rfft(tracks.reshape(2, -1, 4000) * np.hanning(4000), axis=2)
    n = np.fft.rfftfreq(4000, STEP_M)
    band = parts[:, :, (n > 1 / waves_m[1]) & (n < 1 / waves_m[0])].reshape(2, -1)
    return 2 * STEP_M / np.sum(np.hanning(4000) ** 2) * (band @ band.conj().T) / band.shape[1]


@pytest.mark.parametrize("cls", "ABCD")
def test_roughness_has_the_density_of_its_class(cls: str) -> None:
    world = only(cls, 20_000)
    slopes = world.slopes(0)[:, : 4000 * 95]
    expected = ISO_8608_GD_M3[cls] * (2 * np.pi * 0.1) ** 2
    for waves in ((0.3, 1.0), (8.0, 60.0)):
        assert np.diag(spectrum(slopes, waves)).real == pytest.approx(expected, rel=0.25)


def test_left_and_right_agree_on_long_waves_more_than_on_short_ones() -> None:
    slopes = only("B", 20_000).slopes(0)[:, : 4000 * 95]
    long, short = spectrum(slopes, (30.0, 100.0)), spectrum(slopes, (0.3, 1.0))
    coherence = [abs(s[0, 1]) ** 2 / (s[0, 0] * s[1, 1]).real for s in (long, short)]
    assert coherence[0] > 0.95
    assert 0.1 < coherence[1] < 0.4


def test_a_hole_appears_grows_and_is_repaired() -> None:
    assert [HOLE.height_on(day) for day in range(6)] == pytest.approx([0, 0, -0.08, -0.082, -0.084, 0])


def test_a_wheel_cannot_fall_to_the_bottom_of_a_short_hole() -> None:
    middle = np.array([0.0])
    assert HOLE.shape(middle, 2) == pytest.approx(-0.08)
    assert replace(HOLE, length_m=0.3).shape(middle, 2) == pytest.approx(-(0.31 - np.sqrt(0.31**2 - 0.15**2)))
    assert HOLE.shape(np.array([-0.51, 0.51]), 2) == pytest.approx(0.0)


def test_what_lies_askew_meets_the_right_wheel_later_and_is_worn_more_on_one_side() -> None:
    bump = Feature("S0", "speed_bump", 0, 100.0, 0.1, 3.6, uneven=0.1, skew_m=0.4)
    along = np.linspace(-2.5, 2.5, 501)
    left, right = bump.shapes(along, 0)
    assert (left.max(), right.max()) == pytest.approx((0.09, 0.11), rel=1e-3)
    assert (along[left.argmax()], along[right.argmax()]) == pytest.approx((-0.2, 0.2), abs=0.02)
    square = replace(bump, uneven=0.0, skew_m=0.0).shapes(along, 0)
    assert np.array_equal(square[0], square[1])


def test_a_crossing_is_one_rise_after_the_other() -> None:
    along = np.arange(-1.2, 1.2, 0.01)
    height = Feature("C0", "crossing", 0, 100.0, 0.01, 2.16).shape(along, 0)
    rises = along[1:-1][(height[1:-1] > height[:-2]) & (height[1:-1] >= height[2:])]
    assert rises == pytest.approx([-0.72, 0.0, 0.72], abs=0.02)
    assert height.min() == 0.0 and height[0] == height[-1] == 0.0


def test_patches_are_shallower_than_holes_and_lie_in_one_track_or_across() -> None:
    patches = [f for f in build(from_segments(grid_town()), STANDARD, 5).features if f.kind == "patch"]
    assert all(0.004 <= abs(f.height_m) <= 0.018 and 0.5 <= f.length_m <= 4.0 for f in patches)
    assert np.mean([f.lateral_m == 0.0 for f in patches]) == pytest.approx(0.5, abs=0.15)


def test_bumps_and_joints_are_drawn_askew_and_holes_are_not() -> None:
    features = build(from_segments(grid_town()), STANDARD, 5).features
    across = [f for f in features if f.kind in ("speed_bump", "joint")]
    assert np.std([f.uneven for f in across]) == pytest.approx(0.1, abs=0.03)
    assert np.std([f.skew_m for f in across]) == pytest.approx(0.12, abs=0.03)
    assert all(f.uneven == f.skew_m == 0 for f in features if f.kind in ("pothole", "manhole") or f.lateral_m)


def test_only_the_wheel_in_its_track_is_hit() -> None:
    assert HOLE.under(np.array([-0.77, 0.77])).tolist() == [False, True]
    assert HOLE.under(np.array([0.4, 1.1])).tolist() == [False, False]


def test_features_have_room_between_them_and_to_the_ends() -> None:
    world = build(from_segments(grid_town()), STANDARD, 5)
    assert {f.kind for f in world.features} == {"pothole", "speed_bump", "manhole", "joint", "patch", "crossing"}
    for link, features in world.on_link.items():
        offsets = sorted(f.offset_m for f in features)
        assert offsets[0] >= 12.0 and offsets[-1] <= world.town.links[link].length_m - 12.0
        assert all(b - a > 20.0 for a, b in pairwise(offsets))


def test_densities_depths_and_known_share_are_those_of_the_setting() -> None:
    setting = replace(
        STANDARD,
        potholes_per_km=1.0,
        speed_bumps_per_km=2.0,
        manholes_per_km=0.0,
        joints_per_km=0.0,
        patches_per_km=0.0,
        crossings_per_km=0.0,
    )
    worlds = [build(from_segments(grid_town()), setting, seed) for seed in range(6)]
    km = sum(link.length_m for w in worlds for link in w.town.links) / 1000
    bumps, holes = ([f for w in worlds for f in w.features if f.kind == k] for k in ("speed_bump", "pothole"))
    first = [f for f in holes if f.first_day == 0]
    assert len(first) / km == pytest.approx(1.0, abs=0.25)
    assert len(holes) / len(first) == pytest.approx(1.15, abs=0.1)
    assert np.mean([f.known for f in bumps]) == pytest.approx(0.6, abs=0.08)
    assert all(0.025 <= -f.height_m <= 0.11 for f in holes)


def test_a_link_does_not_depend_on_the_others() -> None:
    whole = build(from_segments(grid_town()), STANDARD, 5)
    part = build(replace(whole.town, links=whole.town.links[:10]), STANDARD, 5)
    assert len(part.features) > 5
    assert part.features == tuple(f for f in whole.features if f.link < 10)
    assert part.classes == whole.classes[:10]
    assert not np.array_equal(whole.slopes(0)[:, :100], whole.slopes(1)[:, :100])
    assert not np.array_equal(only("B", seed=3).slopes(0), only("B", seed=4).slopes(0))


def test_iri_of_iso_8608_roads():
    """Class A is about 2.2 m/km, and IRI grows with the root of the density (Múčka 2017)."""
    slopes = np.random.default_rng(0).normal(0, 1, (2, 100_000))
    iri = {
        name: iri_m_per_km(slopes * np.sqrt(gd * (2 * np.pi * 0.1) ** 2 / (2 * STEP_M))).mean()
        for name, gd in ISO_8608_GD_M3.items()
    }
    assert iri["A"] == pytest.approx(2.2, rel=0.05)
    assert iri["C"] == pytest.approx(4 * iri["A"], rel=1e-6)
