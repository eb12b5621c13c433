"""Which rows move an answer: against asking again, and against more data."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from causal.answer.gradient import concentrations, shifted_model
from causal.ask import ask
from causal.errors import ImpossibleEvidenceError, ModelError, QueryError
from causal.explain.sensitivity import row_ends, sensitivity
from causal.model.network import CausalModel, fitted
from causal.model.posterior import Counts
from causal.query.query import Query
from tests.app.toy import toy
from tests.infer.posterior import fitted_case

QUESTION = "P(bitcoin=crash within 3d | do(geopolitics=escalation), leverage=high)"


def place_of(model: CausalModel, name: str) -> tuple[str, tuple[int, ...]]:
    """A row's name back to its table and place."""
    variable, _, causes = name.partition(" | ")
    states = [c.partition("=") for c in causes.split(", ")] if causes else []
    return variable, tuple(
        model.graph.variable(n.partition("@")[0]).states.index(s) for n, _, s in states
    )


def test_shares_make_up_the_variance() -> None:
    found = sensitivity(toy(), QUESTION, top=1_000)
    assert len(found.rows) == found.used
    assert sum(row.share for row in found.rows) == pytest.approx(1)
    assert found.rest == pytest.approx(0, abs=1e-9)
    shares = [row.share for row in found.rows]
    assert shares == sorted(shares, reverse=True)
    few = sensitivity(toy(), QUESTION, top=3)
    assert [row.name for row in few.rows] == [row.name for row in found.rows[:3]]
    for one, other in zip(few.rows, found.rows, strict=False):  # another batch, another rounding
        assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-12)
        assert (one.share, one.visits) == (other.share, other.visits)
    assert few.rest == pytest.approx(1 - sum(shares[:3]))


def test_a_range_is_that_of_the_row_alone() -> None:
    """Against the answers when the row, and nothing else, is drawn from its posterior."""
    model = toy()
    found = sensitivity(model, QUESTION, top=4)
    mean, rng = model.mean(), np.random.default_rng(5)
    for row in found.rows:
        if row.name.endswith("(first day)"):
            continue
        variable, place = place_of(model, row.name)
        alpha = concentrations(model)["day", variable]
        shift = np.zeros((*alpha.shape, 4_000))
        share = alpha[place] / alpha[place].sum()
        shift[place] = rng.dirichlet(alpha[place], 4_000).T - share[:, None]
        drawn = ask(replace(shifted_model(mean, {("day", variable): shift})), QUESTION).draws
        low, high = np.quantile(drawn, [0.05, 0.95])
        assert abs(row.low - low) < 0.05 * (high - low), row
        assert abs(row.high - high) < 0.05 * (high - low), row
        assert row.low < found.probability < row.high


def test_more_days_narrow_the_interval_as_said() -> None:
    """100 more days in proportion to the row's own mean: the new interval is that much narrower."""
    model = toy(rate=40.0)
    found = sensitivity(model, QUESTION, top=1)
    (row,) = found.rows
    variable, place = place_of(model, row.name)
    assert model.fit is not None
    counts = {n: c.copy() for n, c in model.fit.counts.day.items()}
    alpha = concentrations(model)["day", variable][place]
    counts[variable] = counts[variable] * 1_000_000
    counts[variable][place] += np.round(1e8 * alpha / alpha.sum()).astype(np.int64)
    assert row.days == float(model.fit.counts.day[variable][place].sum())
    assert row.count == pytest.approx(float(alpha.sum()))
    share = row.share * 100 / (row.count + 101)
    assert row.shrink == pytest.approx(1 - np.sqrt(1 - share))


def test_ordinary_days_spread_over_the_rows() -> None:
    """Against the delta interval of a model with the days' expected counts added."""
    model = toy(rate=30.0)
    found = sensitivity(model, QUESTION)
    assert model.fit is not None
    from causal.infer.expected_counts import expected_counts
    from causal.infer.frontier import compile_slices
    from causal.query.unrolled import unroll

    usual = replace(unroll(model.graph, Query(())), event={}, event_days=frozenset())
    every = dict.fromkeys(usual.days, frozenset(model.graph.names))
    seen = expected_counts(model.mean(), compile_slices(usual, every)).point
    assert all(entries.sum() == pytest.approx(1) for entries in seen.values())
    alphas = concentrations(model)

    def grown(piece: str) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
        old = model.fit.counts.of(piece)  # type: ignore[union-attr, arg-type]
        found = {}
        for name, counts in old.items():
            alpha = alphas[piece, name]  # type: ignore[index]
            rows = seen[piece, name].sum(axis=-1, keepdims=True)  # type: ignore[index]
            found[name] = counts + 100 * rows * alpha / alpha.sum(axis=-1, keepdims=True)
        return found

    more = fitted(model.graph, replace(model.fit, counts=Counts(grown("day"), grown("start"))))
    after = sensitivity(more, QUESTION)

    def width(one: float, other: float) -> float:
        return float(np.log(other / (1 - other)) - np.log(one / (1 - one)))

    ratio = width(after.low, after.high) / width(found.low, found.high)
    assert 1 - ratio == pytest.approx(found.ordinary, rel=0.05)
    assert 0 < max(found.tables.values()) < found.ordinary < 1
    assert list(found.tables.values()) == sorted(found.tables.values(), reverse=True)


def test_the_interval_is_near_that_of_draws() -> None:
    found, drawn = sensitivity(toy(draws=5_000), QUESTION), ask(toy(draws=5_000), QUESTION)
    low, high = drawn.interval()
    assert abs(found.low - low) + abs(found.high - high) < 0.15 * (high - low)


def test_random_models() -> None:
    """Every share is a share, every range holds the answer, whatever the question."""
    tried = 0
    for seed in range(30):
        case = fitted_case(seed, 300, draws=1)
        try:
            found = sensitivity(case.model, _query(case), top=5)
        except (QueryError, ImpossibleEvidenceError):
            continue
        assert json.loads(json.dumps(found.to_dict(), allow_nan=False))
        for row in found.rows:
            assert 0 < row.share <= 1 + 1e-9
            assert row.low <= found.probability + 0.02
            assert row.high >= found.probability - 0.02
            assert 0 <= row.shrink < 1
            tried += 1
    assert tried > 30


def _query(case) -> Query:  # type: ignore[no-untyped-def]
    from causal.query.event import conditions

    graph = case.model.graph
    event, given = conditions(graph, case.event), conditions(graph, case.given)
    return Query(event, given, (), case.within, case.at)


def test_a_certain_answer_has_no_rows() -> None:
    found = sensitivity(toy(), "P(bitcoin=crash | do(bitcoin=crash))")
    assert (found.probability, found.low, found.high) == (1, 1, 1)
    assert found.rows == ()
    assert found.ordinary == 0


def test_ends_of_a_two_state_row_are_beta_quantiles() -> None:
    from scipy.stats import beta

    low, high = row_ends(np.array([3.0, 9.0]), np.array([0.25, 0.0]))
    assert (low[0], high[0]) == pytest.approx(beta.ppf([0.05, 0.95], 3, 9), abs=0.01)
    assert low.sum() == pytest.approx(1)
    kept = row_ends(np.array([3.0, 0.0, 9.0]), np.array([0.25, 0.0, 0.0]))[0]
    assert kept[1] < 1e-200


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ModelError, match="not counts"):
        sensitivity(replace(toy().mean(), fit=None), QUESTION)
    with pytest.raises(QueryError, match="no event"):
        sensitivity(toy(), Query(()))
    with pytest.raises(QueryError, match="0 rows"):
        sensitivity(toy(), QUESTION, top=0)
    with pytest.raises(ImpossibleEvidenceError):
        sensitivity(toy(), "P(bitcoin=crash | do(leverage=low), leverage=high)")
