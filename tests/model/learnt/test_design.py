"""The coding of rows, written again by the names of the states, and the prior of its slopes."""

from __future__ import annotations

import numpy as np
import pytest

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, TableKind, Variable, unlagged
from causal.model.learnt.design import design
from tests.model.learnt.worlds import FloatArray
from tests.model.test_posterior import OPEN, SHUT, market

PARENTS = (
    (),
    ("free",),
    ("us",),
    ("m@-1",),
    ("us@-1",),
    ("us", "m"),
    ("m", "n", "free"),
    ("m@-1", "us", "free", "m"),
    ("n", "m@-1", "m", "us"),
)


def by_hand(graph: CausalGraph, axes: tuple[str, ...], row: list[str], kind: str) -> list[float]:
    """The coding of one row, whose causes are in these states."""
    found = [1.0]
    for axis, state in zip(axes, row, strict=True):
        variable = graph.variable(unlagged(axis))
        if axis == "us":
            continue
        closing = variable.name in ("m", "n")
        known = [s for s in variable.states if not (closing and s == "closed")]
        if closing and (axis.endswith("@-1") or "us" not in axes):
            found.append(float(state == "closed"))
        if kind == "logit":
            found += [float(state == s) for s in known]
        else:
            reached = known[: known.index(state) + 1] if state in known else []
            found += [float(s in reached) for s in known[1:]]
    return found


def rows_of(graph: CausalGraph, axes: tuple[str, ...]) -> list[list[str]]:
    """The states of the causes, row by row of the table."""
    sizes = [graph.size(a) for a in axes]
    states = [graph.variable(unlagged(a)).states for a in axes]
    return [[s[i] for s, i in zip(states, at, strict=True)] for at in np.ndindex(*sizes)]


@pytest.mark.parametrize("kind", ["ordinal", "logit"])
@pytest.mark.parametrize("calendar", [OPEN, SHUT], ids=["open first", "closed first"])
@pytest.mark.parametrize("parents", PARENTS, ids=" ".join)
def test_rows_are_coded_by_their_states(
    parents: tuple[str, ...], calendar: Variable, kind: TableKind
) -> None:
    graph = market(calendar, name_closes=True)
    found = design(graph, "x", parents, kind)
    wanted = np.array([by_hand(graph, parents, row, kind) for row in rows_of(graph, parents)])
    assert found.width == wanted.shape[1]
    np.testing.assert_array_equal(found.coding(np.arange(len(wanted))), wanted)
    some = np.arange(len(wanted))[::-2]
    np.testing.assert_array_equal(found.coding(some), wanted[some])


@pytest.mark.parametrize("kind", ["ordinal", "logit"])
@pytest.mark.parametrize("parents", PARENTS, ids=" ".join)
def test_scores_are_the_coding_times_the_coefficients(
    parents: tuple[str, ...], kind: TableKind
) -> None:
    found = design(market(OPEN, name_closes=False), "x", parents, kind)
    rows = int(np.prod(found.sizes))
    theta = np.random.default_rng(0).normal(size=(5, found.width))
    scores = found.scores(theta)
    assert scores.shape == (rows, 5)
    np.testing.assert_allclose(scores, found.coding(np.arange(rows)) @ theta.T, atol=1e-12)


def test_ordered_states_are_steps_and_others_are_not() -> None:
    graph = CausalGraph(
        (Variable("p", ("a", "b", "c", "d")), Variable("x", ("u", "v"))), (Edge("p", "x"),)
    )
    steps = design(graph, "x", ("p",), "ordinal").coding(np.arange(4))
    assert steps[:, 1:].tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]
    flags = design(graph, "x", ("p",), "logit").coding(np.arange(4))
    assert flags[:, 1:].tolist() == np.eye(4).tolist()


@pytest.mark.parametrize(
    ("closes", "parents", "lowest", "levels"),
    [
        (True, ("us", "free"), 1, 1),
        (True, ("free",), 0, 2),
        (True, ("us@-1",), 0, 2),
        (False, ("us", "free"), 0, 2),
    ],
)
def test_closed_is_left_out_where_the_calendar_says_it(
    closes: bool, parents: tuple[str, ...], lowest: int, levels: int
) -> None:
    found = design(market(OPEN, name_closes=closes), "x", parents, "ordinal")
    assert (found.lowest, found.levels) == (lowest, levels)


def test_one_state_needs_no_regression() -> None:
    graph = CausalGraph((Variable("p", ("a", "b")), Variable("x", ("only",))), (Edge("p", "x"),))
    found = design(graph, "x", ("p",), "ordinal")
    assert (found.levels, found.precision.shape) == (0, (0, 0))


def prior_covariance(levels: int, width: int, kind: TableKind) -> FloatArray:
    """Entry by entry: slopes beta + delta_k, one level or unordered causes without delta."""
    found = np.zeros((levels * width, levels * width))
    for k in range(levels):
        found[k * width, k * width] = 1 / 0.05
        for j in range(1, width):
            for other in range(levels):
                both = 1 / 0.3 if kind == "ordinal" or other == k else 0.0
                own = 1 / 0.9 if kind == "ordinal" and levels > 1 and other == k else 0.0
                found[k * width + j, other * width + j] = both + own
    return found


@pytest.mark.parametrize("kind", ["ordinal", "logit"])
@pytest.mark.parametrize("states", [2, 3, 5])
def test_the_precision_is_that_of_common_and_own_slopes(kind: TableKind, states: int) -> None:
    names = tuple(f"s{k}" for k in range(states))
    graph = CausalGraph(
        (Variable("p", ("a", "b", "c")), Variable("q", ("a", "b")), Variable("x", names)),
        (Edge("p", "x"), Edge("q", "x")),
    )
    found = design(graph, "x", ("p", "q"), kind)
    assert found.levels == states - 1
    covariance = prior_covariance(found.levels, found.width, kind)
    np.testing.assert_allclose(found.precision @ covariance, np.eye(len(covariance)), atol=1e-12)
    flags = found.intercepts()
    assert np.flatnonzero(flags).tolist() == [k * found.width for k in range(found.levels)]
