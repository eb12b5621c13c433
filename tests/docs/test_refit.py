"""The story without its keyed variables: a projection that claims nothing new."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from types import ModuleType

import networkx as nx
import numpy as np
import pytest

import causal
from causal.data.panel import Panel
from causal.graph.dag import CausalGraph
from causal.graph.story import read_story
from causal.graph.variable import Confounded, Edge, Variable


@pytest.fixture
def refit(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("refit")


def graph(*edges: str, pairs: tuple[str, ...] = ()) -> CausalGraph:
    names = sorted({n for e in (*edges, *pairs) for n in e})
    found = tuple(Edge(e[0], e[1], because="so") for e in edges)
    joined = tuple(Confounded(p[0], p[1], "so") for p in pairs)
    return CausalGraph(tuple(Variable(n, ("no", "yes")) for n in names), found, joined)


def separated(some: CausalGraph, one: str, other: str, given: tuple[str, ...]) -> bool:
    """Whether two variables are d-separated, unmeasured causes drawn as variables of their own."""
    arrows = some.same_day.copy()
    for place, pair in enumerate(some.confounded):
        arrows.add_edges_from(((place, pair.one), (place, pair.other)))
    return bool(nx.is_d_separator(arrows, {one}, {other}, set(given)))


@pytest.mark.parametrize(
    ("edges", "pairs"),
    [
        (("av", "bv", "vc", "vd", "ad"), ()),
        (("av", "vc", "cd"), ("vb", "ad")),
        (("av", "vc"), ("vc", "va")),
        (("va", "vb", "vc", "ab"), ("bd",)),
    ],
)
def test_what_is_separate_stays_so_and_nothing_else_is(
    refit: ModuleType, edges: tuple[str, ...], pairs: tuple[str, ...]
) -> None:
    whole = graph(*edges, pairs=pairs)
    less = refit.without(whole, "v")
    assert set(less.names) == set(whole.names) - {"v"}
    for one, other in combinations(less.names, 2):
        rest = [n for n in less.names if n not in (one, other)]
        for size in range(len(rest) + 1):
            for given in combinations(rest, size):
                both = [separated(g, one, other, given) for g in (whole, less)]
                assert both[0] == both[1], (one, other, given)


def test_an_arrow_reaches_one_day_back_at_most(refit: ModuleType) -> None:
    names = tuple(Variable(n, ("no", "yes")) for n in "avb")
    lagged = (Edge("a", "v", 1, "so"), Edge("v", "b", 1, "so"), Edge("v", "v", 1, "so"))
    assert refit.without(CausalGraph(names, lagged), "v").edges == ()
    mixed = (Edge("a", "v", 1, "so"), Edge("v", "b", 0, "so"))
    (edge,) = refit.without(CausalGraph(names, mixed), "v").edges
    assert (edge.cause, edge.effect, edge.lag) == ("a", "b", 1)


def test_the_keyless_story_needs_no_key_and_can_be_written(
    refit: ModuleType, tmp_path: Path
) -> None:
    story = read_story(causal.shipped().with_suffix(".toml"))
    assert refit.keyed(story.graph) == ("long_liquidations_usd_spliced",)
    keyless = refit.keyless_story(story)
    assert refit.keyed(keyless.graph) == ()
    assert set(story.graph.names) - set(keyless.graph.names) == {"liquidations"}
    assert "leverage" in keyless.graph.parents("bitcoin")
    assert refit.main(["--story", str(tmp_path / "keyless.toml")]) == 0
    assert read_story(tmp_path / "keyless.toml").graph == keyless.graph


def test_columns_of_a_panel_are_replaced_and_the_rest_stays(refit: ModuleType) -> None:
    days = np.arange(np.datetime64("2026-05-01"), np.datetime64("2026-05-03"))
    panel = Panel(days, ("x", "y"), np.array([[1.0, 2.0], [3.0, 4.0]]))
    found = refit.instead(panel, {"x": None, "y": np.array([7.0, 8.0])})
    assert np.isnan(found.column("x")).all()
    np.testing.assert_array_equal(found.column("y"), [7, 8])
    np.testing.assert_array_equal(panel.column("y"), [2, 4])
