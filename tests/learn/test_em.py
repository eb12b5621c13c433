"""Gaps shared out: the likelihood rises, the engine agrees, and what was deleted comes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from causal.ask import probability
from causal.check.simulate import simulated
from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.variable import MISSING, TableKind
from causal.learn.counting.counts import count
from causal.learn.day_counts import day_counts, totals
from causal.learn.em import Completed, completed, shared_out
from causal.model.learnt.evidence import DayCounts
from causal.model.learnt.gaps import touched_tables
from causal.model.learnt.prior import LearntPrior, TablePrior, with_modes
from causal.model.network import CausalModel, family
from causal.model.posterior import Counts
from causal.model.table import DRAW, Table
from tests.model.learnt.worlds import GAPPY, KINDS, MARKET, FloatArray, blank, history, learnt_model

STRENGTH = 5.0
LACKING = {"gappy": {"h": 0.5, "b": 0.3}, "market": {"x": 0.5}}
ORDER = GAPPY.names


@dataclass(frozen=True)
class Setting:
    """What gaps are shared out by."""

    graph: CausalGraph
    read: States
    evidence: DayCounts
    counts: Counts
    prior: LearntPrior

    @property
    def done(self) -> Completed:
        return completed(self.graph, self.evidence, self.counts, self.prior)


def setting(read: States, graph: CausalGraph, kind: TableKind, half_life: float = 0.0) -> Setting:
    """The days of a history as they are counted, and one prior for every table."""
    evidence = day_counts(read, graph, half_life=half_life)
    tables = {n: TablePrior(kind, STRENGTH) for n in graph.names}
    start = {n: TablePrior("backoff", 2.0) for n in graph.names}
    counts = totals(evidence, count(read, graph))
    return Setting(graph, read, evidence, counts, LearntPrior(tables, start))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("graph", [GAPPY, MARKET], ids=lambda g: g.name)
def test_the_likelihood_never_falls(graph: CausalGraph, kind: TableKind) -> None:
    for seed in range(5):
        read = history(graph, 300, seed, gaps=LACKING[graph.name])
        heights = setting(read, graph, kind).done.likelihood
        assert len(heights) >= 3
        assert (np.diff(heights) > -1e-9).all(), (seed, heights)


@pytest.mark.parametrize("kind", KINDS)
def test_without_gaps_nothing_is_done(kind: TableKind) -> None:
    whole = setting(history(GAPPY, 200), GAPPY, kind)
    assert whole.done.counts is whole.counts
    assert whole.done.likelihood == ()
    assert shared_out(GAPPY, whole.evidence, whole.counts, whole.counts, whole.prior) is (
        whole.counts
    )


def by_engine(read: States, tables: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Expected counts of h and y on the days of the gaps of h alone, asked of the engine."""
    plain = CausalGraph(GAPPY.variables, GAPPY.edges, name="plain")
    model = CausalModel(plain, *(_as_tables(plain, tables, s) for s in ("day", "start")))
    found = {n: np.zeros_like(tables[n]) for n in ("h", "y")}
    for day in range(1, len(read.dates)):
        a, b, h, y = read.codes[day]
        before = read.codes[day - 1, 3]
        if h != MISSING:
            continue
        words = {n: GAPPY.variable(n).states for n in ORDER}
        given = {
            "a": words["a"][a],
            "b": words["b"][b],
            "y": words["y"][y],
            "y@-1": words["y"][before],
        }
        for state, word in enumerate(words["h"]):
            chance = probability(model, {"h": word}, given=given).draws[0]
            found["h"][a, b, state] += chance
            found["y"][before, state, a, y] += chance
    return found


def _as_tables(graph: CausalGraph, tables: dict[str, FloatArray], piece: str) -> dict[str, Table]:
    """Tables of a model; the first slice is even, and what is not told."""
    found = {}
    for name in graph.names:
        axes = family(graph, name, "start" if piece == "start" else "day")
        sizes = [graph.size(x) for x in axes]
        even = np.full(sizes, 1 / sizes[-1])
        values = tables[name] if piece == "day" and name in tables else even
        found[name] = Table((*axes, DRAW), values[..., None])
    return found


def test_a_fixed_point_of_expectation_and_maximisation() -> None:
    """Rows N + s / K over N + s give, by the engine, the expected counts that they are made of."""
    assert GAPPY.parents("y") == ("y@-1", "h", "a")
    found = setting(history(GAPPY, 250, 2, gaps={"h": 0.3}), GAPPY, "backoff")
    told = found.done.counts
    tables = {}
    for name in ("h", "y"):
        days = told.day[name]
        rows = days + STRENGTH / days.shape[-1]
        tables[name] = rows / rows.sum(axis=-1, keepdims=True)
    expected = by_engine(found.read, tables)
    for name in ("h", "y"):
        more = told.day[name] - found.counts.day[name]
        assert more.sum() > 50
        np.testing.assert_allclose(more, expected[name], atol=0.02)


def test_the_last_sharing_out_is_by_the_posterior_mean() -> None:
    """One step by the engine, with tables N + s m over N + s."""
    found = setting(history(GAPPY, 250, 3, gaps={"h": 0.3}), GAPPY, "ordinal")
    told = found.done.counts
    prior = with_modes(GAPPY, told, found.prior)
    last = shared_out(GAPPY, found.evidence, found.counts, told, prior)
    tables = {}
    for name in ("h", "y"):
        alpha = prior.alpha(GAPPY, "day", name, told.day[name])
        tables[name] = alpha / alpha.sum(axis=-1, keepdims=True)
    expected = by_engine(found.read, tables)
    for name in ("h", "y"):
        np.testing.assert_allclose(
            last.day[name] - found.counts.day[name], expected[name], atol=1e-9
        )
    assert last.day["a"] is found.counts.day["a"]


def deleted(read: States, when: FloatArray, seed: int = 0) -> States:
    """The history without h on days of these chances, told by the state of y."""
    codes = read.codes.copy()
    chance = when[codes[:, ORDER.index("y")]]
    gone = np.random.default_rng(seed).random(len(codes)) < chance
    codes[gone, ORDER.index("h")] = MISSING
    return replace(read, codes=codes)


@pytest.mark.parametrize("kind", ["ordinal", "backoff"])
@pytest.mark.parametrize("when", [(0.4, 0.4), (0.15, 0.8)], ids=["anyhow", "in crashes"])
def test_what_was_deleted_comes_back(when: tuple[float, float], kind: TableKind) -> None:
    """Also where days lack h more often in a crash, which whole days alone get wrong.

    By a regression where causes add up, and by tables of their own where they do not.
    """
    read = history(GAPPY, 20_000, 4)
    if kind == "ordinal":
        smooth = learnt_model(read, GAPPY, table="ordinal", strength=1e9, draws=0)
        read = simulated(smooth, blank(GAPPY, 20_000), seed=1)
    full = count(read, GAPPY).day
    found = setting(deleted(read, np.array(when)), GAPPY, kind)
    told = found.done.counts.day
    filled = max(farthest(told[n], full[n]) for n in ("h", "y"))
    whole = max(farthest(found.counts.day[n], full[n]) for n in ("h", "y"))
    assert filled < 0.08
    if when[0] != when[1]:
        assert whole > 0.2
    assert told["h"].sum() == pytest.approx(full["h"].sum(), abs=1)  # y has no first day
    assert touched_tables(GAPPY, "h") == ("h", "y")


def farthest(days: FloatArray, full: FloatArray) -> float:
    """The largest error of a share, of rows with many days."""
    often = full.sum(axis=-1) > 300
    one, two = (d[often] / d[often].sum(axis=-1, keepdims=True) for d in (days, full))
    return float(np.abs(one - two).max())


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_never_seen_is_shared_out_and_its_effect_is_as_frequent_as_it_was(
    kind: TableKind,
) -> None:
    """The same in every row; equal shares where rows lean on coarser rows."""
    read = history(GAPPY, 3000, 1)
    codes = read.codes.copy()
    codes[:, ORDER.index("h")] = MISSING
    model = learnt_model(replace(read, codes=codes), GAPPY, draws=0, table=kind)
    shares = model.tables["h"].values[..., 0]
    even = [1 / 3] * 3 if kind == "backoff" else [1 / 2, 1 / 4, 1 / 4]
    np.testing.assert_allclose(shares, np.broadcast_to(even, shares.shape), atol=0.05)
    seen = (read.of("y") == 1).mean()
    assert 0.1 < seen < 0.9
    chance = probability(model, {"y": "crash"}).draws[0]
    assert chance == pytest.approx(seen, abs=0.01)
    table = model.tables["y"].values[:, :, :, 1, 0]
    for before in range(2):
        for a in range(3):
            days = (read.of("y")[:-1] == before) & (read.of("a")[1:] == a)
            often = (read.of("y")[1:][days] == 1).mean()
            np.testing.assert_allclose(table[before, :, a], often, atol=0.05)
