"""Days by sub-block, and days with a gap, against a loop over the days."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.variable import MISSING, Edge, Variable
from causal.learn.counting.counts import count
from causal.learn.day_counts import FEW, LENGTH, completed_names, day_counts, totals
from causal.model.learnt.evidence import DayCounts
from causal.model.learnt.gaps import gap_axes
from causal.model.network import family
from causal.model.posterior import Piece
from tests.model.learnt.worlds import GAPPY, MARKET, history

GAPS = {"a": 0.05, "b": 0.2, "h": 0.3, "y": 0.1}


def with_holes(seed: int, days: int = 500) -> States:
    """A history in which cells are missing, and whole days are skipped."""
    read = history(GAPPY, days, seed, gaps=GAPS)
    kept = np.random.default_rng(seed).random(days) < 0.9
    return replace(read, dates=read.dates[kept], codes=read.codes[kept])


def code_of(read: States, day: int, axis: str) -> int:
    """The code of an axis on a day, -1 where it is missing; a lagged one by its date."""
    name, _, back = axis.partition("@")
    at = day
    if back:
        if day == 0 or read.dates[day] - read.dates[day - 1] != np.timedelta64(1, "D"):
            return MISSING
        at = day - 1
    return int(read.codes[at, read.names.index(name)])


def share_of(read: States, day: int, half_life: float, since: str, length: int = LENGTH) -> float:
    """What a day counts for: as much as the others of its sub-block."""
    if since and str(read.dates[day]) < since:
        return 0.0
    blocks = [int(d.astype(int)) // length for d in (read.dates[-1], read.dates[day])]
    age = (blocks[0] - blocks[1]) * length
    return round(float(2 ** (-age / half_life)), 6) if half_life else 1.0


@pytest.mark.parametrize("seed", range(4))
def test_totals_are_the_counts_of_the_same_states(seed: int) -> None:
    read = with_holes(seed)
    wanted = count(read, GAPPY)
    found = day_counts(read, GAPPY, start=True)
    pieces: tuple[Piece, Piece] = ("day", "start")
    for piece in pieces:
        for name, days in wanted.of(piece).items():
            total = found.of(piece)[name].total()
            np.testing.assert_array_equal(total, days.ravel(), err_msg=f"{name}, {piece}")
    told = totals(found, wanted)
    for name in GAPPY.names:
        np.testing.assert_array_equal(told.day[name], wanted.day[name])
        np.testing.assert_array_equal(told.start[name], wanted.start[name])
    assert day_counts(read, GAPPY).start == {}


def test_days_before_the_first_are_not_counted() -> None:
    read = with_holes(1)
    found = day_counts(read, GAPPY, since="2010-08-01", start=True)
    wanted = count(read, GAPPY, since="2010-08-01")
    for name in GAPPY.names:
        np.testing.assert_array_equal(found.day[name].total(), wanted.day[name].ravel())
        np.testing.assert_array_equal(found.start[name].total(), wanted.start[name].ravel())
        assert wanted.day[name].sum() > 100


@pytest.mark.parametrize(("half_life", "since"), [(0.0, ""), (90.0, ""), (60.0, "2010-05-05")])
@pytest.mark.parametrize("length", [1, LENGTH, 17])
def test_a_loop_over_the_days_finds_the_same(half_life: float, since: str, length: int) -> None:
    read = with_holes(2)
    found = day_counts(read, GAPPY, half_life=half_life, since=since, length=length)
    assert found.length == length
    for name in GAPPY.names:
        axes = family(GAPPY, name, "day")
        slow: dict[tuple[int, int], float] = {}
        for day, date in enumerate(read.dates):
            codes = [code_of(read, day, a) for a in axes]
            share = share_of(read, day, half_life, since, length)
            if min(codes) >= 0 and share:
                cell = 0
                for axis, code in zip(axes, codes, strict=True):
                    cell = cell * GAPPY.size(axis) + code
                key = int(date.astype(int)) // length, cell
                slow[key] = slow.get(key, 0.0) + share
        own = found.day[name]
        keys = list(zip(own.block.tolist(), own.cell.tolist(), strict=True))
        assert len(set(keys)) == len(keys)
        assert set(keys) == set(slow)
        np.testing.assert_allclose(own.days, [slow[k] for k in keys], atol=1e-6)


def test_a_day_of_a_half_life_ago_counts_half() -> None:
    graph = CausalGraph((Variable("x", ("u", "v")),))
    dates = np.array(["1969-12-31", "1970-01-01", "1970-01-11"], dtype="datetime64[D]")
    read = States(dates, ("x",), np.array([[1], [0], [0]], dtype=np.int8), {}, dates[-1])
    found = day_counts(read, graph, half_life=10.0).day["x"]
    assert found.block.tolist() == [-1, 0, 1]
    assert found.cell.tolist() == [1, 0, 0]
    np.testing.assert_allclose(found.days, [0.25, 0.5, 1.0])


def slow_gaps(read: States, name: str, half_life: float) -> Counter[tuple[object, ...]]:
    """Days on which a variable alone keeps a child's family from being whole; how often each."""
    found: Counter[tuple[object, ...]] = Counter()
    for day, date in enumerate(read.dates):
        if code_of(read, day, name) != MISSING:
            continue
        families = [[a for a in family(GAPPY, c, "day") if a != name] for c in GAPPY.children(name)]
        if any(min(code_of(read, day, a) for a in axes) >= 0 for axes in families):
            codes = tuple(code_of(read, day, a) for a in gap_axes(GAPPY, name))
            block = int(date.astype(int)) // LENGTH
            found[block, codes, round(share_of(read, day, half_life, ""), 12)] += 1
    return found


@pytest.mark.parametrize("half_life", [0.0, 150.0])
@pytest.mark.parametrize("seed", range(3))
def test_gaps_are_days_on_which_one_variable_keeps_a_child_waiting(
    seed: int, half_life: float
) -> None:
    read = with_holes(seed)
    gaps = {g.variable: g for g in day_counts(read, GAPPY, half_life=half_life).gaps}
    assert set(gaps) == {"b", "h"}  # a and y act on the day after
    for name, gap in gaps.items():
        assert gap.axes == gap_axes(GAPPY, name)
        rows = zip(gap.block.tolist(), map(tuple, gap.codes.tolist()), gap.share, strict=True)
        found = Counter((block, codes, round(share, 12)) for block, codes, share in rows)
        assert found == slow_gaps(read, name, half_life)
        assert (np.diff(gap.block) >= 0).all()
        order = list(zip(gap.block.tolist(), gap.codes.tolist(), strict=True))
        assert half_life or order == sorted(order)
    assert (gaps["h"].codes[:, gaps["h"].axes.index("b")] == MISSING).any()


def test_a_gap_is_about_its_causes_its_children_and_theirs() -> None:
    assert gap_axes(GAPPY, "h") == ("a", "b", "y@-1", "y")
    assert gap_axes(GAPPY, "b") == ("a", "h")


@pytest.mark.parametrize("missing", [10, 11])
def test_few_gaps_are_left_out(missing: int) -> None:
    """Up to ``FEW`` of the days that a child could have had."""
    read = history(GAPPY, 501)
    codes = read.codes.copy()
    codes[100 : 100 + missing, GAPPY.names.index("h")] = MISSING
    found = day_counts(replace(read, codes=codes), GAPPY).gaps
    assert FEW * 500 == 10  # of the first day y has no day before
    assert len(found) == (missing > 10)
    assert sum(len(g.block) for g in found) == (missing if missing > 10 else 0)


def test_what_is_filled() -> None:
    """Not what acts on the next day, has no child, or has a child by a rule; nor the calendar."""
    graph = CausalGraph(
        (
            Variable("late", ("a", "b")),
            Variable("ruled", ("a", "b")),
            Variable("worse", ("a", "b"), rule="worst"),
            Variable("free", ("a", "b")),
            Variable("end", ("a", "b")),
        ),
        (
            Edge("late", "late", 1),
            Edge("ruled", "worse"),
            Edge("late", "free"),
            Edge("worse", "end"),
            Edge("free", "end"),
        ),
    )
    dates = np.arange("2020-01-01", "2020-01-11", dtype="datetime64[D]")
    codes = np.full((10, 5), MISSING, dtype=np.int8)
    read = States(dates, graph.names, codes, {}, dates[-1])
    assert completed_names(graph, read) == ("free",)
    assert completed_names(graph, replace(read, codes=np.zeros_like(codes))) == ()
    assert set(day_counts(read, graph).day) == {"late", "ruled", "free", "end"}


def test_a_sub_block_keeps_no_order() -> None:
    """Days of one stretch in another order leave the same: no single day is told."""
    read = history(CausalGraph(GAPPY.variables, GAPPY.edges[2:]), 400, gaps=GAPS)
    graph = CausalGraph(GAPPY.variables, GAPPY.edges[2:])
    block = read.dates.astype(int) // LENGTH
    order = np.lexsort((np.random.default_rng(0).random(400), block))
    assert (order != np.arange(400)).mean() > 0.5
    one, two = day_counts(read, graph), day_counts(replace(read, codes=read.codes[order]), graph)
    assert_equal(one, two)
    assert len(one.gaps) >= 2
    far = day_counts(replace(read, codes=read.codes[::-1]), graph)
    assert not np.array_equal(far.day["h"].cell, one.day["h"].cell)


def assert_equal(one: DayCounts, two: DayCounts) -> None:
    """Entry by entry."""
    for name, blocks in one.day.items():
        for part in ("block", "cell", "days"):
            np.testing.assert_array_equal(getattr(blocks, part), getattr(two.day[name], part))
    for mine, yours in zip(one.gaps, two.gaps, strict=True):
        np.testing.assert_array_equal(mine.block, yours.block)
        np.testing.assert_array_equal(mine.codes, yours.codes)


def test_closed_days_are_counted_like_others() -> None:
    read = history(MARKET, 300)
    found, wanted = day_counts(read, MARKET), count(read, MARKET)
    for name in MARKET.names:
        np.testing.assert_array_equal(found.day[name].total(), wanted.day[name].ravel())
    assert found.day["m"].total().reshape(2, 3, 3)[1, :, 0].sum() > 50
