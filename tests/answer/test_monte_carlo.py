"""The Monte-Carlo error is the spread over seeds, said where a printed digit depends on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import causal
from causal.answer.answer import Answer, answer_to_dict, answer_to_text, errors, noise
from causal.answer.draws import Draws
from causal.answer.format import DIGIT, digit, error, share
from causal.model.network import CausalModel, fitted
from causal.query.scenarios.scenario import grid
from tests.app.toy import toy

QUESTION = "P(bitcoin=crash within 3d | do(leverage=high), geopolitics=calm)"
SEEDS = 60


def drawn(draws: int, seed: int = 7, *, confounded: bool = False) -> CausalModel:
    model = toy(8, rate=2.0, confounded=confounded)
    assert model.fit is not None
    return fitted(model.graph, replace(model.fit, draws=draws, seed=seed))


def flat(answer: Answer) -> dict[str, float]:
    return {k: float(v) for k, v in errors(answer).items() if isinstance(v, float)}


def test_the_error_is_the_spread_over_seeds() -> None:
    """Of 59 degrees of freedom: four standard errors are a factor of 0.63 to 1.37."""
    draws = 50
    found = [causal.ask(drawn(draws, seed), QUESTION) for seed in range(SEEDS)]
    means = {
        "probability": [a.draws.mean() for a in found],
        "base_rate": [a.base.mean() for a in found],
        "risk_difference": [(a.draws - a.base).mean() for a in found],
        "risk_ratio": [(a.draws / a.base).mean() for a in found],
    }
    said = {key: np.mean([flat(a)[key] for a in found]) for key in means}
    assert set(flat(found[0])) == set(means)
    for key, values in means.items():
        assert 0.63 < np.std(values, ddof=1) / said[key] < 1.37, key


def test_more_draws_shrink_the_error_and_not_the_interval() -> None:
    few, many = (causal.ask(drawn(n), QUESTION) for n in (100, 1600))
    for key, value in flat(few).items():
        assert flat(many)[key] == pytest.approx(value / 4, rel=0.4), key
    wide, narrow = (a.interval()[1] - a.interval()[0] for a in (few, many))
    assert narrow == pytest.approx(wide, rel=0.3)


def test_it_is_said_where_it_reaches_the_last_digit() -> None:
    few, many = (causal.ask(drawn(n), QUESTION) for n in (20, 40_000))
    assert "in the base rate: with 20 draws the last digit is noise" in noise(few)
    assert f"Monte-Carlo error: {noise(few)}" in answer_to_text(few)
    assert noise(many) == ""
    assert "Monte-Carlo" not in answer_to_text(many)
    assert answer_to_dict(many)["monte_carlo_error"]["base_rate"] > 0


def test_one_unit_of_a_digit_is_the_border() -> None:
    plain = causal.ask(drawn(100), QUESTION)
    for size, said in ((0.99, False), (1.01, True)):
        sign = np.tile([1.0, -1.0], 50)
        spread = 0.2 + size * DIGIT * np.sqrt(99) * sign
        answer = replace(plain, posterior=Draws(spread, np.full(100, 0.2)))
        assert error(spread) == pytest.approx(size * DIGIT)
        assert bool(noise(answer)) is said


@pytest.mark.parametrize(
    ("value", "unit"), [(0.5, 1e-3), (0.01, 1e-3), (0.0099, 2e-4), (0.00012, 2e-5), (0.0, 1e-3)]
)
def test_a_digit_is_one_that_is_printed(value: float, unit: float) -> None:
    assert digit(value) == pytest.approx(unit)
    if value:
        assert share(value + 0.6 * unit) != share(value)


def test_an_error_has_the_size_of_its_draws() -> None:
    """Whatever that is: the ratio to a base rate of 1e-250 is as large as it is."""
    values = np.random.default_rng(0).normal(1.0, 0.1, 100)
    for size in (1e-280, 1e-9, 1.0, 1e9, 1e250):
        assert error(values * size) == pytest.approx(size * values.std(ddof=1) / 10)
    assert error(np.zeros(5)) == error(np.full(5, 5e-324)) == 0.0
    assert error(np.array([1.0, np.inf])) is error(np.array([1.0, np.nan])) is None
    assert error(np.ones(1)) is None


def test_where_nothing_is_drawn_there_is_no_error() -> None:
    for answer in (
        causal.ask(toy(0), QUESTION),
        causal.ask(toy(50), "P(bitcoin=crash | do(leverage=high))", interval="delta"),
    ):
        assert set(errors(answer).values()) == {None}
        assert noise(answer) == ""


def test_of_a_bounded_effect_both_bounds_have_one() -> None:
    answer = causal.ask(drawn(20, confounded=True), "P(bitcoin=crash | do(leverage=high))")
    assert answer.bounds is not None
    found = answer_to_dict(answer)["monte_carlo_error"]
    assert found["probability"] is None
    low, high = map(error, answer.bounds)
    assert (found["lower_bound"], found["upper_bound"]) == (low, high)
    assert "in the lower bound" in noise(answer)


def test_a_sweep_says_it_in_every_row() -> None:
    model = drawn(20)
    swept = causal.sweep(model, grid(do={"leverage": ["low", "high"]}), {"bitcoin": "crash"})
    for row in swept.rows:
        one = errors(causal.ask(model, f"P(bitcoin=crash | do({row.do}))"))
        assert row.probability_error == pytest.approx(one["probability"])
        assert row.base_rate_error == pytest.approx(one["base_rate"])
    assert "with 20 draws the last digit is noise" in str(swept)
    calm = causal.sweep(drawn(40_000), grid(do={"leverage": ["low"]}), {"bitcoin": "crash"})
    assert "noise" not in str(calm)
