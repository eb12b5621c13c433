"""The delta interval against 20,000 draws, and when it steps aside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from causal.answer.answer import Answer, answer_to_dict, risk_difference, risk_ratio
from causal.answer.gradient import concentrations, covariance, shifted_model, slope
from causal.answer.moments import THIN, Closed, Moments, beta_quantiles
from causal.ask import ask, probability
from causal.errors import CausalError, ImpossibleEvidenceError, QueryError
from causal.infer.forward import forward
from causal.infer.frontier import compile_slices
from causal.model.network import fitted
from causal.model.store import load
from causal.query.event import conditions
from causal.query.query import Query
from causal.query.unrolled import Unrolled, unroll
from tests.app.toy import toy
from tests.infer.posterior import fitted_case
from tests.strategies import Case

VERSION_2 = Path(__file__).parents[1] / "model" / "frozen" / "crash-2.json"
QUESTION = "P(bitcoin=crash within 3d | do(geopolitics=escalation), leverage=high)"
WIDTH = 0.05


def answers(case: Case) -> tuple[Answer, Answer] | None:
    """By the delta method and by draws; None where the evidence is impossible."""
    options = {**case.question, "assume_unconfounded": True}
    try:
        closed = probability(case.model, case.event, interval="delta", **options)
        return closed, probability(case.model, case.event, **options)
    except ImpossibleEvidenceError:
        return None


def apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The larger distance of two ends, as a share of the width of the other interval."""
    width = other[1] - other[0]
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) / width


@pytest.mark.parametrize(("days", "least"), [(100, 12), (1_000, 25), (20_000, 25)])
def test_ends_are_those_of_many_draws(days: int, least: int) -> None:
    """Within 5 % of the width wherever it does not fall back, at every size of the data."""
    worst, kept = 0.0, 0
    for seed in range(70):
        pair = answers(fitted_case(seed, days))
        if pair is None or pair[0].closed is None or np.ptp(pair[1].draws) < 1e-6:
            continue
        closed, drawn = pair
        kept += 1
        worst = max(worst, apart(closed.interval(), drawn.interval()))
        assert apart(closed.interval(), drawn.interval()) < WIDTH, seed
        assert abs(closed.draws.mean() - drawn.draws.mean()) < 0.15 * drawn.draws.std(), seed
    assert kept >= least, kept
    assert worst > 0


@pytest.mark.parametrize(
    "question",
    ["P(bitcoin=crash within 3d | do(leverage=low))", "P(equity_selling=shock | do(war=calm))"],
)
def test_a_model_of_version_2(question: str) -> None:
    shipped = load(VERSION_2)
    assert shipped.fit is not None
    model = fitted(shipped.graph, replace(shipped.fit, draws=20_000))
    closed = ask(model, question, interval="delta", assume_unconfounded=True)
    drawn = ask(model, question, assume_unconfounded=True)
    assert closed.closed is not None, closed.note
    assert apart(closed.interval(), drawn.interval()) < WIDTH


def test_contrasts_are_paired() -> None:
    """Difference and ratio share their rows with the base rate, and so do their intervals."""
    model = toy(draws=20_000)
    closed, drawn = ask(model, QUESTION, interval="delta"), ask(model, QUESTION)
    for contrast in (risk_difference, risk_ratio):
        one, other = contrast(closed), contrast(drawn)
        assert None not in (one.low, one.high, other.low, other.high)
        assert apart((one.low, one.high), (other.low, other.high)) < WIDTH  # type: ignore[arg-type]
        assert one.value == pytest.approx(other.value, rel=0.05)
    again = ask(model, "P(bitcoin=crash)", interval="delta")
    assert risk_difference(again).value == risk_difference(again).high == 0


def test_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for the draws of one table."""
    monkeypatch.setenv("CAUSAL_MEMORY_GB", "0.01")
    found = ask(toy(draws=10**6), QUESTION, interval="delta")
    assert found.closed is not None
    assert answer_to_dict(found)["draws"] == 0
    with pytest.raises(QueryError, match="CAUSAL_MEMORY_GB"):
        ask(toy(draws=10**6), QUESTION)


def test_thin_rows_fall_back_and_say_so() -> None:
    model = toy(rate=0.2)
    found = ask(model, QUESTION, interval="delta")
    assert found.closed is None
    assert "mean count" in found.note
    assert str(THIN)[0] in found.note
    assert np.array_equal(found.draws, ask(model, QUESTION).draws)
    record = answer_to_dict(found)
    assert record["interval"]["by"] == "draws"
    assert record["interval"]["note"] == found.note
    assert "interval: from draws, because" in str(found)


@pytest.mark.parametrize(
    ("model", "question", "reason"),
    [
        (toy(confounded=True), "P(bitcoin=crash | do(leverage=high))", "only bounded"),
        (toy().mean(), "P(bitcoin=crash)", ""),
        (replace(toy().mean(), fit=None), "P(bitcoin=crash)", "tables, not counts"),
    ],
)
def test_other_reasons_to_fall_back(model, question: str, reason: str) -> None:  # type: ignore[no-untyped-def]
    found = ask(model, question, interval="delta")
    assert (found.closed is None) == bool(reason)
    assert reason in found.note
    assert ("interval: none" in str(found)) == ("tables" in reason)


def test_a_certain_answer_has_a_point_for_an_interval() -> None:
    found = ask(toy(), "P(bitcoin=crash | do(bitcoin=crash))", interval="delta")
    assert found.closed is not None
    assert found.interval() == (1, 1)
    low, high = risk_difference(found).low, risk_difference(found).high
    drawn = risk_difference(ask(toy(20_000), "P(bitcoin=crash | do(bitcoin=crash))"))
    assert apart((low, high), (drawn.low, drawn.high)) < WIDTH  # type: ignore[arg-type]


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(QueryError, match="interval by 'magic'"):
        ask(toy(), "P(bitcoin=crash)", interval="magic")  # type: ignore[arg-type]


def asked_of(case: Case) -> Unrolled | None:
    """The case as a world; None where it cannot be asked."""
    graph = case.model.graph
    event, given = conditions(graph, case.event), conditions(graph, case.given)
    try:
        return unroll(graph, Query(event, given, case.do, case.within, case.at))
    except CausalError:
        return None


def test_slopes_are_derivatives() -> None:
    """theta dq / dtheta against a difference quotient along a random direction in every table."""
    tried, h = 0, 1e-5
    for seed in range(40):
        case = fitted_case(seed, 300, draws=1)
        mean, asked = case.model.mean(), asked_of(case)
        if asked is None or not (found := slope(mean, asked)).value > 0:
            continue
        rng, rows = np.random.default_rng(seed), concentrations(case.model)
        steps, expected = {}, 0.0
        for key, entries in found.entries.items():
            share = rows[key] / rows[key].sum(axis=-1, keepdims=True)
            tilt = rng.normal(size=share.shape)
            tilt -= (share * tilt).sum(axis=-1, keepdims=True)
            steps[key] = (h * share * tilt)[..., None] * [1, -1]
            expected += float((entries * tilt).sum())
        near = forward(shifted_model(mean, steps), compile_slices(asked)).probability
        quotient = float(near[0] - near[-1]) / (2 * h) / found.value
        assert quotient == pytest.approx(expected, rel=1e-5, abs=1e-7), seed
        tried += expected != 0
    assert tried > 20


def test_variance_of_one_row_is_exact() -> None:
    """P(leverage=high at day 0's start) is one Dirichlet entry: m (1 - m) / (a + 1)."""
    model = toy()
    query = Query(conditions(model.graph, {"leverage@-1": "high"}))
    asked = unroll(model.graph, replace(query, event=conditions(model.graph, {"leverage": "high"})))
    seen = replace(asked, event_days=frozenset({-1}))
    found, rows = slope(model.mean(), seen), concentrations(model)
    alpha = rows["start", "leverage"]
    share = alpha[..., 2] / alpha.sum(axis=-1)
    exact = share * (1 - share) / (alpha.sum(axis=-1) + 1)
    assert covariance(found.entries, found.entries, rows) * found.value**2 == pytest.approx(
        float(exact.sum())
    )


@pytest.mark.parametrize(("a", "b"), [(0.2, 3), (1, 1), (2.5, 0.7), (40, 900), (3e5, 7e6)])
def test_beta_quantiles(a: float, b: float) -> None:
    from scipy.stats import beta

    levels = (0.005, 0.05, 0.5, 0.95, 0.995)
    assert beta_quantiles(a, b, levels) == pytest.approx(beta.ppf(levels, a, b), rel=1e-3)


def test_cornish_fisher_is_normal_without_skewness() -> None:
    assert Moments(1.0, 2.0).interval(0.9) == pytest.approx((-2.28971, 4.28971), abs=1e-5)
    skewed = Moments(0.0, 1.0, 0.5).interval(0.9)
    assert skewed[0] > -1.645 < 1.645 < skewed[1]


def test_the_gap_grows_where_the_scales_part() -> None:
    near = Closed(Moments(0.5, 0.01), Moments(0.0, 0.04), Moments(0.5), Moments(0.0), Moments(0.0))
    far = replace(near, odds=Moments(0.3, 0.04))
    assert near.gap() < 0.01 < 1 < far.gap()


def test_more_draws_do_not_change_a_closed_form() -> None:
    few, many = toy(draws=10), toy(draws=4_000)
    assert few.fit is not None
    one, other = (ask(m, QUESTION, interval="delta").interval() for m in (few, many))
    assert one == other
    assert fitted(few.graph, replace(few.fit, seed=99)).draws == 10
