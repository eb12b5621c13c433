"""The ladder: what it holds, that its grid is good enough, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import causal
from causal.ask import ask
from causal.drawdown.ladder import QUANTILES, Ladder, ladder
from causal.errors import QueryError
from causal.model.network import CausalModel, fitted
from causal.show.fan import save_fan


def drawn(draws: int) -> CausalModel:
    whole = causal.load(causal.shipped())
    assert whole.fit is not None
    return fitted(whole.graph, replace(whole.fit, draws=draws))


@pytest.fixture(scope="module")
def model() -> CausalModel:
    return drawn(60)


@pytest.fixture(scope="module")
def found(model: CausalModel) -> Ladder:
    return ladder(model, horizons=(1, 7))


def test_every_rung_is_there_deepest_last(found: Ladder) -> None:
    assert [(r.days, r.threshold) for r in found.rungs] == [
        (d, t) for d in (1, 7) for t in (-0.05, -0.10, -0.15, -0.20)
    ]
    for day in (1, 7):
        draws = [found.rung(t, day).answer.draws for t in (-0.05, -0.10, -0.15, -0.20)]
        assert all((a >= b).all() for a, b in pairwise(draws))
        assert draws[0].shape == (60,)
    with pytest.raises(QueryError, match="no rung"):
        found.rung(-0.07, 7)


def test_a_rung_is_the_answer_to_its_question(model: CausalModel, found: Ladder) -> None:
    """Asked by itself the rung stands on a grid of its own; within what both grids leave wrong."""
    alone = ask(model, "P(drawdown <= -10% within 7d)")
    rung = found.rung(-0.10, 7)
    assert str(rung.answer.query) == str(alone.query)
    assert (rung.answer.seed, rung.answer.model) == (alone.seed, alone.model)
    assert rung.answer.support == alone.support
    np.testing.assert_allclose(rung.answer.draws, alone.draws, atol=6 * rung.grid_error + 1e-4)


def test_the_grid_error_is_below_a_tenth_of_the_posterior(found: Ladder) -> None:
    for rung in found.rungs:
        assert rung.grid_error < rung.answer.draws.std() / 10
    assert found.grid_error == max(r.grid_error for r in found.rungs) > 0
    for tail in found.tails:
        for draws, error in (tail.worst, *tail.shortfall.values()):
            assert error < draws.std() / 4


def test_the_grid_error_is_honest(model: CausalModel) -> None:
    """A far finer grid differs from the answer by no more than what was reported, three times."""
    from causal.drawdown.distribution import Price, price, worst_drawdown
    from causal.drawdown.grid import refined
    from causal.query.query import Query
    from causal.query.unrolled import unroll

    few = drawn(12)
    of = price(few, (-0.05, -0.10, -0.20), 7)
    asked = unroll(few.graph, Query((), within=7))
    coarse = worst_drawdown(few, of, asked, 7)
    fine = worst_drawdown(few, Price(of.moves, of.usual, refined(of.grid)), asked, 7)
    for level in (-0.05, -0.10, -0.20):
        left = coarse.reaches(level) - fine.reaches(level)
        error = coarse.error[coarse.place(level)]
        assert np.sqrt((left**2).mean()) < 3 * error
        assert error > 0


def test_means_follow_from_the_rungs(found: Ladder) -> None:
    day, week = found.tails
    for tail in (day, week):
        worst, (five, _), (one, _) = tail.worst[0], *tail.shortfall.values()
        assert (worst > 0).all()
        assert (worst < five).all()
        assert (five < one).all()
        assert (one < 1).all()
    assert week.worst[0].mean() > day.worst[0].mean()
    # the mean in the worst 5 % lies beyond the depth that 5 % reach
    reached = {t: found.rung(t, 7).answer.probability for t in (-0.05, -0.10)}
    assert reached[-0.05] > 0.05 > reached[-0.10]
    assert week.shortfall[0.05][0].mean() > 0.05


def test_the_fan_opens(found: Ladder) -> None:
    assert set(found.fan) == {1, 2, 3, 5, 7}
    for quantiles in found.fan.values():
        assert len(quantiles) == len(QUANTILES)
        assert all(a <= b for a, b in pairwise(quantiles))
    for one, other in pairwise(found.fan[d] for d in sorted(found.fan)):
        assert all(a <= b + 1e-3 for a, b in zip(one, other, strict=True))
    reached = found.rung(-0.05, 7).answer.probability
    assert reached is not None
    deep = np.interp(1 - reached, QUANTILES, found.fan[7])
    assert deep == pytest.approx(0.05, abs=0.01)


def test_interventions_and_evidence_move_it(model: CausalModel, found: Ladder) -> None:
    low = ladder(model.do(leverage="low"), horizons=(7,), given={"near_support": "near"})
    rung = low.rung(-0.10, 7)
    np.testing.assert_array_equal(rung.answer.base, found.rung(-0.10, 7).answer.draws)
    assert (low.claim.effect, low.claim.computed) == ("identified", "tables")
    assert 0 < low.evidence < 1
    later = ladder(model.do(causal.Schedule(causal.Hard("leverage", "low"), 3, 5)), horizons=(1, 7))
    np.testing.assert_allclose(
        later.rung(-0.05, 1).answer.draws, later.rung(-0.05, 1).answer.base, atol=1e-12
    )
    assert later.rung(-0.10, 7).answer.probability < found.rung(-0.10, 7).answer.probability


def test_a_bounded_ladder_has_ranges_only(model: CausalModel) -> None:
    found = ladder(model.do(liquidations="cascade"), horizons=(2,))
    assert found.claim.licensed_by == "bounded"
    assert all(r.answer.probability is None and r.answer.bounds for r in found.rungs)
    assert not found.tails
    assert not found.fan
    assert "bounded (" in str(found)
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["rungs"][0]["probability"] is None
    with pytest.raises(QueryError, match="only bounded"):
        save_fan(found, "never.svg")


def test_a_bounded_ladder_before_anything_is_done(model: CausalModel) -> None:
    """A short horizon ends before the schedule begins: both bounds are the base rate."""
    later = model.do(causal.Schedule(causal.Hard("liquidations", "cascade"), 3, 4))
    found = ladder(later, horizons=(1, 7), thresholds=(-0.10,))
    assert found.claim.licensed_by == "bounded"
    early = found.rung(-0.10, 1).answer
    assert early.bounds is not None
    for bound in early.bounds:
        np.testing.assert_allclose(bound, early.base, atol=1e-12)


def test_wilder_times_fall_further(model: CausalModel) -> None:
    chance = [
        ladder(model, thresholds=(-0.10,), horizons=(7,), usual=u).rungs[0].answer.probability
        for u in (0.01, 0.02, 0.05)
    ]
    assert all(a < b for a, b in pairwise(chance))


def test_json_and_table_say_the_same(found: Ladder) -> None:
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert list(record) == [
        "query", "price", "usual_volatility", "level", "rungs", "tails", "fan", "fan_quantiles",
        "grid_error", "calendar", "claim", "support", "evidence_probability",
    ]  # fmt: skip
    assert list(record["rungs"][0]) == [
        "query", "threshold", "days", "probability", "interval", "base_rate", "risk_difference",
        "risk_ratio", "grid_error", "monte_carlo_error",
    ]  # fmt: skip
    assert list(record["tails"][0]) == ["days", "worst", "shortfall_95", "shortfall_99"]
    for row, rung in zip(found.table(), record["rungs"], strict=True):
        assert row["probability"] == rung["probability"]
        assert row["low"] == rung["interval"]["low"]
        assert row["risk_ratio"] == rung["risk_ratio"]["value"]


def test_its_text_holds_what_stands_behind(found: Ladder) -> None:
    text = str(found)
    for part in ("-10%", "within  7d", "usual volatility 2.00%", "grid error", "12 days behind",
                 "not a forecast"):  # fmt: skip
        assert part in text, part


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"thresholds": (0.1,)}, "is no loss"),
        ({"thresholds": (0.0,)}, "is no loss"),
        ({"thresholds": (-9e-7,)}, "is no loss"),
        ({"thresholds": (-0.1, -0.1 - 9e-7)}, "given twice"),
        ({"thresholds": (-1.0,)}, "is no loss"),
        ({"thresholds": (float("nan"),)}, "is no loss"),
        ({"thresholds": ()}, "none, or one is given twice"),
        ({"thresholds": (-0.1, -0.1)}, "given twice"),
        ({"horizons": (0,)}, "no horizon of a ladder"),
        ({"horizons": (-7,)}, "no horizon of a ladder"),
        ({"horizons": (61,)}, "no horizon of a ladder"),
        ({"horizons": (7.0,)}, "no horizon of a ladder"),
        ({"horizons": ()}, "none, or one is given twice"),
        ({"horizons": (7, 7)}, "given twice"),
        ({"horizons": None}, "no horizon of a ladder"),
        ({"thresholds": None}, "is no loss"),
        ({"thresholds": "-10%"}, "is no loss"),
        ({"price": "high"}, "no price `high`"),
        ({"usual": 0.0}, "is no usual volatility"),
        ({"usual": -0.02}, "is no usual volatility"),
        ({"usual": 2.5}, "is no usual volatility"),
        ({"usual": float("nan")}, "is no usual volatility"),
        ({"usual": "2%"}, "is no usual volatility"),
    ],
)
def test_what_is_refused(model: CausalModel, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        ladder(model, **asked)


def test_one_number_is_a_ladder_of_one_rung(model: CausalModel, found: Ladder) -> None:
    (rung,) = ladder(model, thresholds=-0.10, horizons=np.int64(7)).rungs
    whole = found.rung(-0.10, 7).answer.probability
    assert rung.answer.probability == pytest.approx(whole, abs=1e-3)


def test_no_low_where_the_story_has_none(model: CausalModel) -> None:
    assert model.fit is not None
    assert model.fit.moves is not None
    told = replace(model.fit.moves.declared, low="")
    bare = fitted(model.graph, replace(model.fit, moves=replace(model.fit.moves, declared=told)))
    with pytest.raises(QueryError, match="has no daily low"):
        ladder(bare, price="low")
