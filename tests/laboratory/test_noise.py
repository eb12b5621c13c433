"""Noise: a path is the same path whatever is run beside it, and however long."""

from __future__ import annotations

import numpy as np

from causal.laboratory.noise import HOURS, NORMAL, STUDENT, UNIFORM, drawn_noise

DATES = np.arange("2023-01-01", "2024-02-05", dtype="datetime64[D]")


def test_a_path_is_the_same_among_many_and_for_longer() -> None:
    many, alone, longer = (
        drawn_noise(3, 0, 6, DATES[:40]),
        drawn_noise(3, 4, 1, DATES[:40]),
        drawn_noise(3, 4, 1, DATES[:190]),
    )
    for name, drawn in many.day.items():
        np.testing.assert_array_equal(drawn[:, 4], alone.day[name][:, 0])
        np.testing.assert_array_equal(longer.day[name][:40], alone.day[name])
    np.testing.assert_array_equal(many.hour[:, :, 4], alone.hour[:, :, 0])
    np.testing.assert_array_equal(longer.hour[:40], alone.hour)


def test_paths_kinds_and_seeds_differ() -> None:
    found = drawn_noise(3, 0, 2, DATES[:50])
    columns = [found.day[n][:, i] for n in (*NORMAL, *UNIFORM, *STUDENT) for i in range(2)]
    assert len({c.tobytes() for c in columns}) == len(columns)
    assert not np.array_equal(found.hour, drawn_noise(4, 0, 2, DATES[:50]).hour)


def test_it_has_the_scale_that_is_said() -> None:
    found = drawn_noise(0, 0, 50, DATES)
    assert all(abs(found.day[n].std() - 1) < 0.02 for n in NORMAL)
    assert all(abs(found.day[n].mean() - 0.5) < 0.01 for n in UNIFORM)
    assert abs(found.day["miss_size"].mean() - 1) < 0.03
    assert abs(found.hour.std() - 1) < 0.02
    assert found.hour.shape == (len(DATES), HOURS, 50)
    assert (found.hour**4).mean() > 4  # heavier tails than the normal's


def test_a_date_has_the_same_noise_whenever_the_run_began() -> None:
    early, late = drawn_noise(3, 0, 2, DATES), drawn_noise(3, 0, 2, DATES[97:])
    for name, drawn in early.day.items():
        np.testing.assert_array_equal(drawn[97:], late.day[name])
    np.testing.assert_array_equal(early.uniform("x", 100), late.uniform("x", 3))


def test_draws_for_a_purpose_are_its_own_and_the_paths() -> None:
    found = drawn_noise(3, 0, 5, DATES)
    one, other = found.uniform("mixed trade", 3), found.uniform("mixed war", 3)
    assert not set(one) & set(other)
    np.testing.assert_array_equal(drawn_noise(3, 2, 3, DATES).uniform("mixed trade", 3), one[2:])
