"""Every step against a plain loop over its definition, on a series with gaps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from causal.data.steps import STEPS, check_step, step_columns, transform
from causal.errors import DataError, SpecError

RNG = np.random.default_rng(5)
DAYS = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[D]")
CLOSED = ~np.is_busday(DAYS)
PRICE = np.exp(np.cumsum(RNG.normal(0, 0.02, len(DAYS))))
PRICE[CLOSED] = np.nan
OTHER = RNG.uniform(1, 2, len(DAYS))
OTHER[40] = np.nan
OTHER[43] = 0.0
POSITIVE = np.where(OTHER == 0, 1.0, OTHER)
POSITIVE[44] = np.nan  # a Wednesday


def loop(value: Callable[[np.ndarray, int], float]) -> np.ndarray:
    """The definition, one observation at a time: ``value(x[: t + 1], t)``."""
    rows = np.flatnonzero(~np.isnan(PRICE))
    seen = PRICE[rows]
    found = np.full(len(DAYS), np.nan)
    for t, row in enumerate(rows):
        found[row] = value(seen[: t + 1], t)
    return found


def ewma(x: np.ndarray, half_life: int) -> float:
    weight = 0.5 ** (np.arange(len(x))[::-1] / half_life)
    return float(np.sqrt((weight * x**2).sum() / weight.sum()))


def when(enough: bool, value: Callable[[], float]) -> float:
    return value() if enough else np.nan


DEFINITIONS: dict[str, Callable[[np.ndarray, int], float]] = {
    "log": lambda x, t: np.log(x[-1]),
    "log1p": lambda x, t: np.log(1 + x[-1]),
    "negate": lambda x, t: -x[-1],
    "abs": lambda x, t: abs(x[-1]),
    "diff": lambda x, t: when(t >= 1, lambda: x[-1] - x[-2]),
    "logreturn": lambda x, t: when(t >= 1, lambda: np.log(x[-1] / x[-2])),
    "delay 3": lambda x, t: when(t >= 3, lambda: x[-4]),
    "mean 4": lambda x, t: when(t >= 3, x[-4:].mean),
    "sum 4": lambda x, t: when(t >= 3, x[-4:].sum),
    "excess 5": lambda x, t: when(t >= 5, lambda: x[-1] - x[-6:-1].mean()),
    "ewma_vol 6": lambda x, t: when(t >= 6, lambda: ewma(x, 6)),
    "ewma_z 6": lambda x, t: when(t >= 7, lambda: x[-1] / ewma(x[:-1], 6)),
    "zscore 20 10": lambda x, t: when(
        t >= 10, lambda: (x[-1] - x[-21:-1].mean()) / x[-21:-1].std(ddof=1)
    ),
    "percentile 20 10": lambda x, t: when(t >= 10, (x[-21:-1] < x[-1]).mean),
    "median 20 9": lambda x, t: when(t >= 9, lambda: np.median(x[-21:-1])),
    "median_ratio 20 9": lambda x, t: when(t >= 9, lambda: np.log(x[-1] / np.median(x[-21:-1]))),
    "drawdown 10": lambda x, t: when(t >= 9, lambda: 1 - x[-1] / x[-10:].max()),
    "above_low 10": lambda x, t: when(t >= 9, lambda: np.log(x[-1] / x[-10:].min())),
    "breaks_low 10": lambda x, t: when(t >= 10, lambda: np.log(x[-11:-1].min() / x[-1])),
}


@pytest.mark.parametrize("step", DEFINITIONS)
def test_a_step_is_its_definition(step: str) -> None:
    found = transform(PRICE, DAYS, [step])
    np.testing.assert_allclose(found, loop(DEFINITIONS[step]), rtol=1e-12, atol=1e-14)
    assert np.isfinite(found).sum() > 50


def test_every_step_is_tried() -> None:
    tried = {s.split()[0] for s in DEFINITIONS} | {"weekday", "ratio", "relative", "times", "carry"}
    assert tried == set(STEPS)


def test_a_monday_follows_its_friday() -> None:
    found = transform(PRICE, DAYS, ["logreturn"])
    monday = int(np.searchsorted(DAYS, np.datetime64("2024-01-08")))
    assert found[monday] == pytest.approx(np.log(PRICE[monday] / PRICE[monday - 3]))
    assert np.isnan(found[CLOSED]).all()


def test_no_return_over_a_long_hole() -> None:
    holed = PRICE.copy()
    holed[20:30] = np.nan
    after = int(np.flatnonzero(~np.isnan(holed) & (np.arange(len(DAYS)) >= 30))[0])
    assert np.isnan(transform(holed, DAYS, ["diff"])[after])
    assert np.isfinite(transform(holed, DAYS, ["diff"])[after + 1])


def test_ties_count_half() -> None:
    x = np.array([1.0, 2, 2, 3, 2])
    found = transform(x, DAYS[:5], ["percentile 4 4"])
    assert found[4] == pytest.approx((1 + 2 * 0.5) / 4)


def test_constant_series_has_no_zscore() -> None:
    for step in ("zscore 5 5", "ewma_z 3"):
        assert np.isnan(transform(np.zeros(20), DAYS[:20], [step])).all()


def test_weekday_removes_a_weekly_pattern_and_keeps_the_level() -> None:
    days = np.arange("2022-01-01", "2024-01-01", dtype="datetime64[D]")
    weekly = np.where(np.is_busday(days), 0.0, -3.0)
    found = transform(10 + weekly, days, ["weekday 364"])
    assert np.isnan(found[:364]).all()
    np.testing.assert_allclose(found[364:], 10 - 3 * 2 / 7, atol=1e-9)


def test_weekday_is_its_definition() -> None:
    days = np.arange("2023-01-01", "2023-06-01", dtype="datetime64[D]")
    x = RNG.normal(size=len(days))
    x[RNG.random(len(days)) < 0.1] = np.nan
    found = transform(x, days, ["weekday 60"])
    for t in range(75, len(days)):
        past = np.arange(t - 60, t)
        past = past[~np.isnan(x[past])]
        same = past[(past - t) % 7 == 0]
        want = x[t] - (x[same].mean() - x[past].mean())
        np.testing.assert_allclose(found[t], want, rtol=1e-12)


def test_ratio_and_carry() -> None:
    found = transform(PRICE, DAYS, ["ratio other"], others={"other": OTHER})
    usable = ~CLOSED & ~np.isnan(OTHER) & (OTHER != 0)
    np.testing.assert_allclose(found[usable], PRICE[usable] / OTHER[usable])
    assert np.isnan(found[~usable]).all()
    kept = transform(np.array([np.nan, 1, np.nan, np.nan, np.nan, 2]), DAYS[:6], ["carry 2"])
    np.testing.assert_array_equal(kept, [np.nan, 1, 1, 1, np.nan, 2])


def test_relative_and_times() -> None:
    rows = np.flatnonzero(~CLOSED)
    want = np.full(len(DAYS), np.nan)
    for last, row in pairwise(rows):
        own, other = PRICE[row] / PRICE[last], POSITIVE[row] / POSITIVE[last]
        want[row] = np.log(own) - np.log(other)
    found = transform(PRICE, DAYS, ["relative other"], others={"other": POSITIVE})
    np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-14)
    holes = DAYS[rows][np.isnan(POSITIVE[rows])]
    assert len(holes) == 1
    assert np.isnan(found[rows]).sum() == 3  # the first day, the hole, the day after it
    product = transform(PRICE, DAYS, ["times other"], others={"other": OTHER})
    np.testing.assert_array_equal(product, PRICE * OTHER)
    with pytest.raises(DataError, match="met the value"):
        transform(PRICE, DAYS, ["relative other"], others={"other": -POSITIVE})


def test_restart_is_two_series_side_by_side() -> None:
    steps = ["log", "zscore 20 10", "mean 2"]
    cut = 70
    found = transform(PRICE, DAYS, steps, restart=[str(DAYS[cut])])
    np.testing.assert_array_equal(found[:cut], transform(PRICE[:cut], DAYS[:cut], steps))
    np.testing.assert_array_equal(found[cut:], transform(PRICE[cut:], DAYS[cut:], steps))
    assert not np.array_equal(found, transform(PRICE, DAYS, steps), equal_nan=True)
    beside = transform(PRICE, DAYS, steps, restart=["1999-01-01", "2050-01-01"])
    np.testing.assert_array_equal(beside, transform(PRICE, DAYS, steps))


def test_short_and_empty_series() -> None:
    for step in [*DEFINITIONS, "weekday 20", "carry 3"]:
        for n in (0, 1, 2, 5):
            assert transform(PRICE[:n], DAYS[:n], [step]).shape == (n,)
        assert np.isnan(transform(np.full(30, np.nan), DAYS[:30], [step])).all()


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("zscroe 20 10", "Did you mean `zscore`?"),
        ("zscore 20", "`zscore N MINIMUM`"),
        ("log 3", "it is written `log`"),
        ("mean", "`mean N`"),
        ("mean 0", "whole numbers from 1"),
        ("mean 2.5", "whole numbers from 1"),
        ("mean -3", "whole numbers from 1"),
        ("mean 99999999999", "whole numbers from 1"),
        ("zscore 10 20", "MINIMUM is larger than the window"),
        ("ratio", "`ratio COLUMN`"),
        ("relative 3 2", "`relative COLUMN`"),
        ("", "there is no step"),
    ],
)
def test_badly_written_steps_teach(step: str, words: str) -> None:
    assert any(words in problem for problem in check_step(step))
    with pytest.raises(SpecError) as caught:
        transform(PRICE, DAYS, [step])
    assert words in str(caught.value)


def test_well_written_steps() -> None:
    for step in [
        *DEFINITIONS,
        "weekday 365",
        "carry 5",
        "ratio btc_close",
        "relative c",
        "times c",
    ]:
        assert check_step(step) == []
    assert step_columns(["log", "ratio btc_close", "mean 3"]) == ["btc_close"]
    assert step_columns(["relative spx_close", "times act"]) == ["spx_close", "act"]


@pytest.mark.parametrize(
    "step", ["log", "logreturn", "median_ratio 3 2", "drawdown 3", "above_low 3", "breaks_low 3"]
)
def test_values_outside_the_domain(step: str) -> None:
    with pytest.raises(DataError, match="met the value"):
        transform(np.array([1.0, 0.0, 2.0]), DAYS[:3], [step])
    with pytest.raises(DataError):
        transform(np.array([1.0, -0.5, 2.0]), DAYS[:3], ["log1p"])
