"""Noise: a path is the same path whatever is run beside it, and however long."""

from __future__ import annotations

import numpy as np

from causal.laboratory.noise import HOURS, NORMAL, STUDENT, UNIFORM, drawn_noise


def test_a_path_is_the_same_among_many_and_for_longer() -> None:
    many, alone, longer = (
        drawn_noise(3, 0, 6, 40),
        drawn_noise(3, 4, 1, 40),
        drawn_noise(3, 4, 1, 90),
    )
    for name, drawn in many.day.items():
        np.testing.assert_array_equal(drawn[:, 4], alone.day[name][:, 0])
        np.testing.assert_array_equal(longer.day[name][:40], alone.day[name])
    np.testing.assert_array_equal(many.hour[:, :, 4], alone.hour[:, :, 0])
    np.testing.assert_array_equal(longer.hour[:40], alone.hour)


def test_paths_kinds_and_seeds_differ() -> None:
    found = drawn_noise(3, 0, 2, 50)
    columns = [found.day[n][:, i] for n in (*NORMAL, *UNIFORM, *STUDENT) for i in range(2)]
    assert len({c.tobytes() for c in columns}) == len(columns)
    assert not np.array_equal(found.hour, drawn_noise(4, 0, 2, 50).hour)


def test_it_has_the_scale_that_is_said() -> None:
    found = drawn_noise(0, 0, 50, 400)
    assert all(abs(found.day[n].std() - 1) < 0.02 for n in NORMAL)
    assert all(abs(found.day[n].mean() - 0.5) < 0.01 for n in UNIFORM)
    assert abs(found.day["miss_size"].mean() - 1) < 0.03
    assert abs(found.hour.std() - 1) < 0.02
    assert found.hour.shape == (400, HOURS, 50)
    assert (found.hour**4).mean() > 4  # heavier tails than the normal's
