"""Law 19: a drawdown is a sum over paths; its grid converges; deeper is never likelier."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal.answer.answer import Answer
from causal.ask import answer, ask, probability
from causal.contract import dispatch as machine
from causal.drawdown.augmented import hit_probability, with_distance
from causal.drawdown.distribution import Price, price, worst_drawdown
from causal.drawdown.grid import kernel, nodes
from causal.drawdown.ladder import ladder
from causal.errors import CausalError
from causal.infer.forward import forward
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel
from causal.model.returns import MoveCounts
from causal.query.event import Drawdown, conditions
from causal.query.query import Query
from causal.query.scenarios.scenario import grid
from causal.query.unrolled import unroll
from causal.sweep.sweep import sweep
from tests import strategies
from tests.laws.test_order_does_not_matter import long, renamed
from tests.moves import random_moves, with_moves
from tests.reference import enumerate_states, factor
from tests.strategies import Case

seeds = st.integers(0, 10_000)
USUAL = 0.03
GRID = np.array([0.0, 0.7, 1.6, 3.0, 5.0, 8.0])
THRESHOLDS = (-0.03, -0.07, -0.12, -0.2)


def small(seed: int, *, low: bool = True) -> tuple[CausalModel, MoveCounts]:
    """A model of at most three variables with two states, and moves of its last one."""
    model = strategies.two_slice(seed, most=3, states=2, draws=3)
    moves = random_moves(seed, model, low=low)
    return with_moves(model, moves), moves


def random_query(seed: int, model: CausalModel, horizon: int) -> Query:
    """What is done and seen at random, and a horizon."""
    rng = np.random.default_rng([6, seed])
    days = ["", "@-1", *(f"@{d}" for d in range(1, horizon + 1))]
    given = conditions(model.graph, strategies.some_evidence(rng, model, days))
    return Query((), given, strategies.some_doing(rng, model, horizon), within=horizon)


def paths(model: CausalModel, query: Query):
    """Every path of states with its weight a draw, evidence included."""
    every = [(n, d) for d in range(-1, query.horizon + 1) for n in model.graph.names]
    states = enumerate_states(model, every)
    weight = np.ones((len(states[every[0]]), model.draws))
    for node in every:
        weight = weight * factor(model, states, node, query.do, query.horizon)
    for item in query.given:
        vector = item.vector(model.graph.variable(item.variable))
        weight = weight * vector[states[item.variable, item.day or 0]][:, None]
    return states, weight


def by_paths(model: CausalModel, moves: MoveCounts, query: Query, *, low: bool) -> np.ndarray:
    """P(hit by the last day | distance, evidence): along every path a product of kernels."""
    table = kernel(GRID, moves, moves.shares(model.fit.draws, model.fit.seed), low=low)
    states, weight = paths(model, query)
    hit = np.zeros((len(GRID), model.draws))
    for path in np.flatnonzero(weight.any(axis=1)):
        value = np.zeros((len(GRID) + 1, model.draws))
        value[-1] = 1.0
        for day in range(query.horizon, 0, -1):
            cell = tuple(int(states[n, day][path]) for n in moves.declared.cell)
            value = np.einsum("ijd,jd->id", table[(slice(None), *cell)], value)
        hit += weight[path] * value[:-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return hit / weight.sum(axis=0)


@settings(max_examples=40)
@given(seeds, st.integers(1, 2), st.booleans())
def test_the_backward_pass_is_the_sum_over_paths(seed: int, horizon: int, low: bool) -> None:
    model, moves = small(seed)
    query = random_query(seed, model, horizon)
    want = by_paths(model, moves, query, low=low)
    if np.isfinite(want).all():
        distance = with_distance(model, moves, GRID, USUAL, low=low)
        got = hit_probability(distance, unroll(model.graph, query), horizon)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-10)


def test_enough_of_the_random_questions_have_possible_evidence() -> None:
    counted = 0
    for seed in range(60):
        model, _ = small(seed)
        _, weight = paths(model, random_query(seed, model, 1))
        counted += bool((weight.sum(axis=0) > 0).all())
    assert counted > 40


@settings(max_examples=25)
@given(seeds, st.integers(1, 3))
def test_backward_is_forward(seed: int, horizon: int) -> None:
    """One pass backwards gives what a pass forward gives from each distance by itself."""
    model, moves = small(seed)
    query = Query((), (), random_query(seed, model, horizon).do, within=horizon)
    distance = with_distance(model, moves, GRID, USUAL)
    asked = unroll(model.graph, query)
    got = hit_probability(distance, asked, horizon)
    for start in range(distance.hit):
        ahead = forward(distance.model, compile_slices(distance.asked(asked, horizon, start)))
        np.testing.assert_allclose(got[start], ahead.probability, rtol=0, atol=1e-10)


def simulated(model: CausalModel, moves: MoveCounts, query: Query, low: bool) -> np.ndarray:
    """Worst log drawdown of simulated paths whose moves are even within their bins, not gridded."""
    rng = np.random.default_rng(11)
    states, weight = paths(model, query)
    size = 150_000
    path = rng.choice(len(weight), size=size, p=weight[:, 0] / weight[:, 0].sum())
    close, wick = moves.bins
    shares = moves.shares(0, 0)[..., 0]
    level, worst = np.zeros(size), np.zeros(size)
    for day in range(1, query.horizon + 1):
        code = [states[n, day][path] for n in moves.declared.cell]
        bins = np.zeros(size, dtype=int)
        for cell in product(*(range(model.graph.size(n)) for n in moves.declared.cell)):
            here = np.all([c == s for c, s in zip(code, cell, strict=True)], axis=0)
            bins[here] = rng.choice(len(close), size=here.sum(), p=shares[cell])
        u, w = (b[bins, 0] + rng.random(size) * (b[bins, 1] - b[bins, 0]) for b in (close, wick))
        reached = level + (np.minimum(u, 0.0) - w if low else u)
        worst, level = np.minimum(worst, reached), level + u
    return -worst * USUAL


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("low", [False, True])
def test_the_grid_converges_to_the_continuous_drawdown(seed: int, low: bool) -> None:
    model, moves = small(seed)
    model = with_moves(model.mean(), moves)
    query = Query((), (), (), within=4 if len(model.graph.names) < 3 else 3)
    of = price(model, THRESHOLDS, query.horizon, low=low, usual=USUAL)
    point = Price(moves, USUAL, of.grid, low)
    found = worst_drawdown(model, point, unroll(model.graph, query), query.horizon)
    worst = simulated(model, moves, query, low)
    for level in THRESHOLDS:
        share = (worst >= -np.log1p(level)).mean()
        noise = np.sqrt(share * (1 - share) / len(worst))
        error = found.error[found.place(level)]
        assert error < 0.01
        assert abs(found.reaches(level)[0] - share) < 4 * noise + 2 * error + 1e-9, (level, error)


@settings(max_examples=25)
@given(seeds)
def test_deeper_is_never_likelier_and_longer_never_less(seed: int) -> None:
    model, _ = small(seed)
    acted = model.do(random_query(seed, model, 3).do)
    for to in ("close", "low"):
        found = ladder(acted, thresholds=THRESHOLDS, horizons=(1, 2, 3), price=to)
        if found.claim.licensed_by == "bounded":
            continue
        draws = np.array([[found.rung(t, d).answer.draws for d in (1, 2, 3)] for t in THRESHOLDS])
        assert (np.diff(draws, axis=0) <= 0).all()
        assert (np.diff(draws, axis=1) >= 0).all()
        assert ((draws >= 0) & (draws <= 1)).all()


@settings(max_examples=20)
@given(seeds)
def test_a_low_is_never_less_likely_than_a_close(seed: int) -> None:
    model, _ = small(seed)
    close, low = (
        ladder(model, thresholds=THRESHOLDS, horizons=(2,), price=to) for to in ("close", "low")
    )
    for one, other in zip(close.rungs, low.rungs, strict=True):
        room = 3 * (one.grid_error + other.grid_error) + 1e-12
        assert (one.answer.draws <= other.answer.draws + room).all()


@settings(max_examples=25)
@given(seeds, st.booleans())
def test_one_day_is_the_distribution_of_the_day(seed: int, low: bool) -> None:
    """Within 1d nothing is gridded: it is the day's cells times the moves in their bins."""
    model, moves = small(seed, low=low)
    close, _ = moves.bins
    shares = moves.shares(model.fit.draws, model.fit.seed)
    want = np.zeros((len(THRESHOLDS), model.draws))
    for cell in product(*(range(model.graph.size(n)) for n in moves.declared.cell)):
        event = {
            n: model.graph.variable(n).states[s]
            for n, s in zip(moves.declared.cell, cell, strict=True)
        }
        chance = probability(model, event, at=1).draws
        for place, level in enumerate(THRESHOLDS):
            below = np.clip((np.log1p(level) / USUAL - close[:, 0]) / np.diff(close)[:, 0], 0, 1)
            want[place] += chance * (below @ shares[cell])
    found = ladder(model, thresholds=THRESHOLDS, horizons=(1,), usual=USUAL)
    for level, draws in zip(THRESHOLDS, want, strict=True):
        np.testing.assert_allclose(found.rung(level, 1).answer.draws, draws, atol=1e-10)


def priced_worlds(seed: int) -> tuple[tuple[CausalModel, str], ...]:
    """A model with a price behind any of its variables, and the same model in other words."""
    model = strategies.two_slice(seed, most=3, states=2, draws=3)
    whose = str(np.random.default_rng([9, seed]).choice(model.graph.names))
    twin = renamed(Case("twin", model, {}, {})).model
    return tuple(
        (with_moves(one, random_moves(seed, one, of=of)), of)
        for one, of in ((model, whose), (twin, long(whose)))
    )


def same_answer(one: Answer, other: Answer) -> None:
    """Bit for bit, but for the text of the question."""
    np.testing.assert_array_equal(one.draws, other.draws)
    np.testing.assert_array_equal(one.base, other.base)
    assert (one.bounds is None) == (other.bounds is None)
    if one.bounds is not None and other.bounds is not None:
        np.testing.assert_array_equal(one.bounds, other.bounds)
    assert one.claim == other.claim
    assert one.support == other.support
    assert one.evidence == other.evidence


@settings(max_examples=25)
@given(seeds)
def test_a_drawdown_by_name_is_the_drawdown(seed: int) -> None:
    """Bit for bit, whichever variable has the price and whatever it is called."""
    found = []
    for model, whose in priced_worlds(seed):
        free = next((n for n in model.graph.names if n != whose), whose)
        right = f"{free}={model.graph.variable(free).states[0]}"
        plain = ask(model, f"P(drawdown <= -7% within 2d | {right})")
        named = ask(model, f"P(drawdown({whose}) <= -7% within 2d | {right})")
        same_answer(plain, named)
        assert str(named.query) == str(plain.query).replace("drawdown", f"drawdown({whose})")
        found.append(plain)
        one, other = (
            sweep(model, grid(given={free: model.graph.variable(free).states}), event, within=2)
            for event in ("drawdown <= -7%", f"drawdown({whose}) <= -7%")
        )
        assert one.rows == other.rows
        assert one.rows[0].probability == plain.probability
        assert other.question == f"P(drawdown({whose}) <= -7% within 2d)"
    np.testing.assert_allclose(found[0].draws, found[1].draws, rtol=0, atol=1e-12)


@settings(max_examples=25)
@given(seeds)
def test_a_drawdown_by_name_under_any_do(seed: int) -> None:
    model, whose = priced_worlds(seed)[0]
    query = replace(random_query(seed, model, 2), drawdown=Drawdown(-0.07))
    named = replace(query, drawdown=Drawdown(-0.07, whose))
    try:
        found = answer(model, query)
    except CausalError as refused:
        with pytest.raises(type(refused)):
            answer(model, named)
        return
    same_answer(found, answer(model, named))


def test_the_price_of_random_worlds_is_not_always_the_last_variable() -> None:
    names = [(model.graph.names, whose) for s in range(40) for model, whose in priced_worlds(s)]
    assert sum(whose != names[-1] for names, whose in names) > 30


def test_numpy_is_the_compiled_machine(monkeypatch: pytest.MonkeyPatch, needs) -> None:
    needs("numba")
    for seed in range(6):
        model, moves = small(seed)
        query = random_query(seed, model, 2)
        if not np.isfinite(by_paths(model, moves, query, low=False)).all():
            continue
        found = []
        for pays in (False, True):
            monkeypatch.setattr(machine, "pays", lambda work, pays=pays: pays)
            fresh, _ = small(seed)
            distance = with_distance(fresh, moves, nodes([3.0], 2), USUAL)
            found.append(hit_probability(distance, unroll(model.graph, query), 2))
        np.testing.assert_allclose(found[0], found[1], rtol=1e-12, atol=1e-12)


def test_draws_are_those_of_the_seed_whatever_else_is_asked() -> None:
    model, moves = small(3)
    one = moves.shares(50, 7)
    np.testing.assert_array_equal(one, moves.shares(50, 7))
    assert not np.array_equal(one, moves.shares(50, 8))
    np.testing.assert_allclose(one.sum(axis=-2), 1.0, atol=1e-12)
    first = ladder(model, thresholds=THRESHOLDS, horizons=(2,))
    ladder(model.do({model.graph.names[0]: model.graph.variables[0].states[0]}), horizons=(1,))
    again = ladder(model, thresholds=THRESHOLDS, horizons=(1, 2))
    alone = ladder(small(3)[0], thresholds=THRESHOLDS, horizons=(2,))
    for level in THRESHOLDS:
        draws = first.rung(level, 2).answer.draws
        np.testing.assert_array_equal(draws, alone.rung(level, 2).answer.draws)
        np.testing.assert_array_equal(draws, again.rung(level, 2).answer.draws)


def test_a_cell_without_days_takes_those_of_its_state() -> None:
    moves = next(m for m in (small(s)[1] for s in range(20)) if m.days.shape[:-2] == (2, 2))
    days = moves.days.copy()
    days[0, 1] = 0
    thin = MoveCounts(moves.declared, moves.close_edges, moves.wick_edges, days, 0.03)
    np.testing.assert_allclose(thin.alpha[0, 1], thin.alpha[0, 0])
    days[0] = 0
    none = MoveCounts(moves.declared, moves.close_edges, moves.wick_edges, days, 0.03)
    np.testing.assert_allclose(none.alpha[0, 0], none.alpha[1].sum(axis=0))
