"""What the tables say of a missing state, against a sum over all that may have been."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from causal.graph.dag import CausalGraph
from causal.graph.variable import MISSING, Edge
from causal.learn.counting.counts import count
from causal.learn.day_counts import day_counts
from causal.model.learnt.evidence import GapDays
from causal.model.learnt.gaps import (
    CHUNK,
    Completion,
    add_expected,
    add_sampled,
    chances,
    completions,
    draw_chunks,
    touched_tables,
    weights,
)
from causal.model.network import family
from causal.model.posterior import Counts
from tests.model.learnt.worlds import GAPPY, PAIR, FloatArray, history, measured

WIDE = CausalGraph(
    (
        measured("p", "a", "b", "c"),
        measured("q", "a", "b"),
        measured("h", "few", "some", "many"),
        measured("c", "u", "v"),
        measured("d", "u", "v"),
        measured("r", "u", "v"),
    ),
    (
        Edge("p", "h"),
        Edge("q", "h"),
        Edge("r", "d"),
        Edge("h", "c"),
        Edge("h", "d"),
        Edge("p", "p", 1),
    ),
)
"""h has two causes and two children, of which one has a cause of its own."""
GRAPHS = {"gappy": GAPPY, "wide": WIDE, "pair": PAIR}
KINDS = {"gappy": 2, "wide": 4, "pair": 1}
"""Sets of causes that may lack; in the first graph one of them is a cause of the child, too."""


def gap_of(graph: CausalGraph, days: int = 400) -> tuple[GapDays, Counts]:
    """The gap days of h, where other variables are missing, too."""
    gaps = dict.fromkeys(graph.names, 0.25)
    read = history(graph, days, gaps=gaps)
    found = {g.variable: g for g in day_counts(read, graph).gaps}
    return found["h"], count(read, graph)


def some_tables(graph: CausalGraph, draws: int, seed: int = 0) -> dict[str, FloatArray]:
    """Random tables of h and its children, (cells, draws)."""
    rng = np.random.default_rng([50, seed])
    found = {}
    for name in touched_tables(graph, "h"):
        sizes = [graph.size(a) for a in family(graph, name, "day")]
        rows = rng.dirichlet(np.ones(sizes[-1]), (*sizes[:-1], draws))
        found[name] = np.moveaxis(rows, -1, -2).reshape(-1, draws)
    return found


def entry(
    graph: CausalGraph, tables: dict[str, FloatArray], name: str, at: dict[str, int]
) -> FloatArray:
    """P(name = its state | causes), of every draw."""
    axes = family(graph, name, "day")
    place = np.ravel_multi_index([at[a] for a in axes], [graph.size(a) for a in axes])
    row: FloatArray = tables[name][place]
    return row


def by_sum(
    graph: CausalGraph,
    tables: dict[str, FloatArray],
    counts: Counts,
    known: dict[str, int],
) -> dict[tuple[int, ...], FloatArray]:
    """share(z) P(x | causes, z) prod P(c | x, its causes) for every z and x, not normalised."""
    causes = graph.parents("h")
    unknown = [a for a in causes if known[a] < 0]
    found = {}
    for some in product(*(range(graph.size(a)) for a in unknown)):
        z = dict(zip(unknown, some, strict=True))
        share = 1.0
        for axis, code in z.items():
            seen = np.moveaxis(counts.day["h"], causes.index(axis), 0)
            often = [seen[k].sum() + 1 for k in range(graph.size(axis))]
            share *= often[code] / sum(often)
        for x in range(graph.size("h")):
            at = {**known, **z, "h": x}
            weight = share * entry(graph, tables, "h", at)
            for child in graph.children("h"):
                others = [a for a in family(graph, child, "day") if a != "h"]
                if all(known[a] >= 0 for a in others):
                    weight = weight * entry(graph, tables, child, at)
            found[*some, x] = weight
    return found


def known_of(gap: GapDays, day: int) -> dict[str, int]:
    """What is known on a gap day."""
    return dict(zip(gap.axes, gap.codes[day].tolist(), strict=True))


@pytest.mark.parametrize("name", GRAPHS)
def test_chances_are_a_sum_over_all_that_may_have_been(name: str) -> None:
    graph = GRAPHS[name]
    gap, counts = gap_of(graph)
    tables = some_tables(graph, 2)
    ways = completions(graph, gap, counts)
    assert sorted(int(d) for w in ways for d in w.place) == list(range(len(gap.block)))
    assert len(ways) == KINDS[name]
    for found in ways:
        q, height = chances(found, tables, "h"), weights(found, tables, "h").sum(axis=1)
        np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-9)
        for row, day in enumerate(found.place[:40]):
            slow = by_sum(graph, tables, counts, known_of(gap, day))
            mass = np.array(list(slow.values()))
            np.testing.assert_allclose(q[row], mass / mass.sum(axis=0), atol=1e-12)
            np.testing.assert_allclose(height[row], mass.sum(axis=0), rtol=1e-9)


def empty(graph: CausalGraph, draws: int | None = None) -> dict[str, FloatArray]:
    """No day yet, in the tables of h and its children."""
    sizes = {
        n: int(np.prod([graph.size(a) for a in family(graph, n, "day")]))
        for n in touched_tables(graph, "h")
    }
    return {n: np.zeros(s if draws is None else (s, draws)) for n, s in sizes.items()}


def told(graph: CausalGraph, gap: GapDays, child: str) -> FloatArray:
    """The days on which all but h of a child's family is known."""
    others = [gap.axes.index(a) for a in family(graph, child, "day") if a != "h"]
    whole: FloatArray = (gap.codes[:, others] != MISSING).all(axis=1) * gap.share
    return whole


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_expected_counts_add_up_to_the_days(graph: CausalGraph) -> None:
    gap, counts = gap_of(graph)
    share = np.random.default_rng(0).random(len(gap.block)) + 0.1
    gap = GapDays(gap.variable, gap.axes, gap.block, gap.codes, share)
    tables, into = some_tables(graph, 1), empty(graph)
    wanted = empty(graph)
    for found in completions(graph, gap, counts):
        add_expected(found, chances(found, tables, "h")[..., 0], share, "h", into)
    for day in range(len(gap.block)):
        known = known_of(gap, day)
        slow = by_sum(graph, tables, counts, known)
        total = sum(float(v[0]) for v in slow.values())
        unknown = [a for a in graph.parents("h") if known[a] < 0]
        for key, weight in slow.items():
            at = {**known, **dict(zip(unknown, key, strict=False)), "h": key[-1]}
            for name in touched_tables(graph, "h"):
                axes = family(graph, name, "day")
                if name == "h" or told(graph, gap, name)[day]:
                    seen = {**known, "h": key[-1]} if name != "h" else at
                    place = [seen[a] for a in axes], [graph.size(a) for a in axes]
                    wanted[name][np.ravel_multi_index(*place)] += share[day] * weight[0] / total
    for name in touched_tables(graph, "h"):
        np.testing.assert_allclose(into[name], wanted[name], atol=1e-9)
    assert into["h"].sum() == pytest.approx(share.sum())


def drawn_states(found: Completion, q: FloatArray, draws: int) -> FloatArray:
    """For every day and draw a way and a state, as often as they are likely."""
    rng = np.random.default_rng(1)
    return np.array([rng.choice(q.shape[1], draws, p=row / row.sum()) for row in q[..., 0]])


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_sampled_days_are_as_frequent_as_they_are_likely(graph: CausalGraph) -> None:
    gap, counts = gap_of(graph, 150)
    tables, draws = some_tables(graph, 1), 3000
    into, mean = empty(graph, draws), empty(graph)
    for found in completions(graph, gap, counts):
        q = chances(found, tables, "h")
        once = np.ones((len(found.place), draws))
        add_sampled(found, drawn_states(found, q, draws), once, "h", into)
        add_expected(found, q[..., 0], gap.share, "h", mean)
    np.testing.assert_array_equal(into["h"].sum(axis=0), len(gap.block))
    for child in graph.children("h"):
        np.testing.assert_array_equal(into[child].sum(axis=0), told(graph, gap, child).sum())
    for name in touched_tables(graph, "h"):
        noise = 5 * into[name].std(axis=1) / np.sqrt(draws) + 1e-9
        assert (np.abs(into[name].mean(axis=1) - mean[name]) <= noise).all()
        assert into[name].std() > 0


def test_a_day_counts_by_its_weight_in_every_draw() -> None:
    gap, counts = gap_of(WIDE)
    found = completions(WIDE, gap, counts)[-1]
    rng = np.random.default_rng(0)
    weight = rng.exponential(size=(len(found.place), 4))
    states = WIDE.size("h") * found.rows.shape[1]
    chosen = rng.integers(0, states, weight.shape)
    into = empty(WIDE, 4)
    add_sampled(found, chosen, weight, "h", into)
    wanted = empty(WIDE, 4)
    for day, draw in np.ndindex(*weight.shape):
        way, state = divmod(int(chosen[day, draw]), WIDE.size("h"))
        cell = found.rows[day, way] * WIDE.size("h") + state
        wanted["h"][cell, draw] += weight[day, draw]
    np.testing.assert_allclose(into["h"], wanted["h"])


@pytest.mark.parametrize("draws", [1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK])
def test_some_draws_at_a_time_are_all_of_them(draws: int) -> None:
    assert [i for s in draw_chunks(draws) for i in range(draws)[s]] == list(range(draws))
    assert all(0 < s.stop - s.start <= CHUNK for s in draw_chunks(draws))
