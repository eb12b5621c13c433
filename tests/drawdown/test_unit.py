"""A unit that is not known: mixtures are exact, draws have their own, none changes nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import causal
from causal.drawdown.state_value import state_of_today, state_values
from causal.drawdown.unit import mixed, stretched, unit_factors, weighed
from causal.errors import SpecError
from causal.graph.story import story_from_dict, story_to_dict
from causal.model.network import CausalModel, fitted
from causal.model.store import load, save

LEVELS = (-0.05, -0.10, -0.20)


@pytest.fixture(scope="module")
def model() -> CausalModel:
    whole = causal.load(causal.shipped())
    assert whole.fit is not None
    return fitted(whole.graph, replace(whole.fit, draws=120))


def spread_out(model: CausalModel, spread: float) -> CausalModel:
    """The model with a spread of its unit."""
    assert model.fit is not None
    assert model.fit.moves is not None
    declared = replace(model.fit.moves.declared, spread=spread)
    moves = replace(model.fit.moves, declared=declared)
    return replace(model, fit=replace(model.fit, moves=moves))


def usual(model: CausalModel) -> float:
    assert model.fit is not None
    assert model.fit.moves is not None
    return model.fit.moves.usual


def test_factors_are_log_normal_in_random_order() -> None:
    found = np.log(unit_factors(2_000, 7, 0.25))
    assert found.mean() == pytest.approx(0, abs=1e-9)
    assert found.std() == pytest.approx(0.25, rel=5e-3)
    assert np.abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.1
    assert (unit_factors(50, 7, 0.25) == unit_factors(50, 7, 0.25)).all()
    assert not (unit_factors(50, 8, 0.25) == unit_factors(50, 7, 0.25)).all()
    factor, weight = weighed(0.3)
    assert weight.sum() == pytest.approx(1)
    assert weight @ factor**2 == pytest.approx(math.exp(2 * 0.3**2), rel=1e-6)


def test_stretching_reads_at_another_distance() -> None:
    grid = np.linspace(0, 10, 41)
    chance = np.exp(-0.7 * grid)[:, None]
    found = stretched(grid, chance, np.array([1.0, 4.0]), np.array([0.5, 1.0, 2.0]))
    assert found == pytest.approx(np.exp(-0.7 * np.outer([1.0, 4.0], [2.0, 1.0, 0.5])))
    mean = mixed(grid, chance, np.array([2.0]), 0.2)
    factor, weight = weighed(0.2)
    assert mean[0, 0] == pytest.approx(float(weight @ np.exp(-1.4 / factor)))
    # a grid that was sharpened may leave a weight a little below zero
    chance[-3:] = -1e-4
    assert (stretched(grid, chance, grid, np.array([0.4])) >= 0).all()


def test_the_mean_is_the_mixture_of_ladders(model: CausalModel) -> None:
    mean = model.mean()
    found = causal.ladder(spread_out(mean, 0.25), thresholds=LEVELS, horizons=(7,))
    places, weights = np.polynomial.hermite_e.hermegauss(7)
    for level in LEVELS:
        parts = [
            causal.ladder(
                mean, thresholds=level, horizons=7, usual=usual(model) * math.exp(0.25 * z)
            )
            for z in places
        ]
        chances = [part.rungs[0].answer.draws[0] for part in parts]
        want = float(weights @ chances / weights.sum())
        assert found.rung(level, 7).answer.draws[0] == pytest.approx(want, rel=0.02)


def test_draws_have_units_of_their_own(model: CausalModel) -> None:
    plain = causal.ladder(model, thresholds=LEVELS, horizons=(7,))
    wide = causal.ladder(spread_out(model, 0.25), thresholds=LEVELS, horizons=(7,))
    mean = causal.ladder(spread_out(model.mean(), 0.25), thresholds=LEVELS, horizons=(7,))
    own = np.log(unit_factors(120, model.fit.seed if model.fit else 0, 0.25))
    for level in LEVELS:
        here, there = plain.rung(level, 7).answer, wide.rung(level, 7).answer
        low, high = here.interval()
        below, above = there.interval()
        assert below < low < high < above
        assert np.corrcoef(own, there.draws)[0, 1] > 0.6
        middle = mean.rung(level, 7).answer.draws[0]
        assert there.draws.mean() == pytest.approx(middle, rel=0.12)
    deep = [w.rung(-0.20, 7).answer.draws.mean() for w in (plain, wide)]
    assert deep[1] > 1.15 * deep[0], "a mixture has the heavier tail"
    assert "within a factor of 1.28 two times in three" in str(wide)
    assert "factor of" not in str(plain)
    assert wide.fan[7][-1] > plain.fan[7][-1]
    assert wide.grid_error < 2e-3


def test_an_effect_is_paired_unit_by_unit(model: CausalModel) -> None:
    """What is done is done in the same unit: the contrast is far less uncertain than its sides."""
    wide = causal.ladder(
        spread_out(model, 0.25).do(leverage="low"), thresholds=(-0.10,), horizons=(7,)
    )
    answer = wide.rung(-0.10, 7).answer
    assert np.corrcoef(answer.draws, answer.base)[0, 1] > 0.9
    ratio = answer.draws / answer.base
    assert ratio.std() / ratio.mean() < 0.6 * answer.base.std() / answer.base.mean()


def test_without_a_spread_every_number_is_as_it_was(model: CausalModel) -> None:
    plain = causal.ladder(model, thresholds=LEVELS, horizons=(7,))
    none = causal.ladder(spread_out(model, 0.0), thresholds=LEVELS, horizons=(7,))
    for one, other in zip(plain.rungs, none.rungs, strict=True):
        assert (one.answer.draws == other.answer.draws).all()


def test_the_value_of_a_state_mixes_too(model: CausalModel) -> None:
    wide = spread_out(model.mean(), 0.25)
    assert wide.fit is not None
    assert wide.fit.moves is not None
    away = -np.log1p(np.array(LEVELS)) / usual(model)
    (value,) = state_values(wide, wide.fit.moves, (7,), float(away.max()))
    today = state_of_today(wide, (), value.names)
    found = today.ravel() @ value.read(away).reshape(today.size, -1)
    ladder = causal.ladder(wide, thresholds=LEVELS, horizons=(7,))
    want = [ladder.rung(level, 7).answer.draws[0] for level in LEVELS]
    assert found == pytest.approx(want, rel=0.02)


def test_the_story_says_it_and_keeps_it(model: CausalModel, tmp_path: Path) -> None:
    story = causal.read_story(causal.shipped().with_name("crash.toml"))
    document = story_to_dict(story)
    assert "spread" not in document["moves"]
    document["moves"] = {**document["moves"], "spread": 0.25}
    told = story_from_dict(document)
    assert told.moves is not None
    assert told.moves.spread == 0.25
    assert story_to_dict(told)["moves"]["spread"] == 0.25
    save(spread_out(model, 0.25), tmp_path / "wide.json")
    back = load(tmp_path / "wide.json")
    assert back.fit is not None
    assert back.fit.moves is not None
    assert back.fit.moves.declared.spread == 0.25


@pytest.mark.parametrize("spread", [-0.1, 1.5, "wide", float("nan")])
def test_a_spread_that_is_none(spread: object) -> None:
    document = story_to_dict(causal.read_story(causal.shipped().with_name("crash.toml")))
    document["moves"] = {**document["moves"], "spread": spread}
    with pytest.raises(SpecError, match=r"moves\.spread"):
        story_from_dict(document)
