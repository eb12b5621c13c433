"""Counts add: counts(a) + counts(b) = counts(a ++ b)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given

from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.learn.counting.counts import count
from causal.model.posterior import Counts
from tests.strategies import seeds, two_slice


def history(graph: CausalGraph, rng: np.random.Generator, days: int) -> States:
    """Random states with gaps: missing cells, and days that are not there at all."""
    dates = np.datetime64("2020-01-01") + np.flatnonzero(rng.random(days * 9) < 0.9)[:days]
    sizes = [len(v.states) for v in graph.variables]
    codes = (rng.random((len(dates), len(sizes))) * sizes).astype(np.int8)
    codes[rng.random(codes.shape) < 0.1] = -1
    return States(dates, graph.names, codes, {}, dates[-1])


def same(one: Counts, other: Counts) -> bool:
    return all(
        np.array_equal(a, other.of(piece)[n])  # type: ignore[arg-type]
        for piece in ("day", "start")
        for n, a in one.of(piece).items()  # type: ignore[arg-type]
    )


@given(seeds)
def test_split(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = two_slice(seed).graph
    whole = history(graph, rng, int(rng.integers(3, 60)))
    cut = int(rng.integers(1, len(whole.dates)))
    first = replace(whole, dates=whole.dates[:cut], codes=whole.codes[:cut])
    rest = count(whole, graph, since=whole.dates[cut])
    assert same(count(first, graph) + rest, count(whole, graph))


@given(seeds)
def test_a_plain_loop_counts_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = two_slice(seed).graph
    states = history(graph, rng, 30)
    found = count(states, graph)
    for name in graph.names:
        tally = np.zeros([graph.size(a) for a in (*graph.parents(name), name)], dtype=int)
        for date in states.dates:
            place = []
            for axis in (*graph.parents(name), name):
                variable, _, back = axis.partition("@")
                wanted = date - np.timedelta64(1, "D") if back else date
                here = np.flatnonzero(states.dates == wanted)
                code = states.codes[here[0], graph.names.index(variable)] if len(here) else -1
                place.append(int(code))
            if min(place) >= 0:
                tally[tuple(place)] += 1
        np.testing.assert_array_equal(found.day[name], tally)


def test_the_transition_at_the_seam_counts() -> None:
    """Counting the two halves apart forgets the day between them; the law must notice."""
    lost = 0
    for seed in range(20):
        graph = two_slice(seed).graph
        whole = history(graph, np.random.default_rng(seed), 40)
        halves = [
            replace(whole, dates=whole.dates[part], codes=whole.codes[part])
            for part in (slice(0, 20), slice(20, None))
        ]
        lost += not same(count(halves[0], graph) + count(halves[1], graph), count(whole, graph))
    assert lost > 5
