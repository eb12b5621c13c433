"""Random two-slice models, unrolled and cut by hand, in pgmpy and pyAgrum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType

import numpy as np

from causal.query.event import StatesLike
from tests.against.networks import (
    Weights,
    in_pgmpy,
    in_pyagrum,
    mutilated,
    net_of,
    with_sensors,
)
from tests.laws.trial import ask
from tests.laws.unrolled import unrolled
from tests.strategies import Case, horizon_case

LONG = 5_000_000  # far beyond what enumeration could do


def weights(conditions: Mapping[str, StatesLike]) -> Weights:
    """States, sets and weights, all as weights."""
    found: dict[str, dict[str, float]] = {}
    for name, states in conditions.items():
        if isinstance(states, Mapping):
            found[name] = dict(states)
        else:
            found[name] = dict.fromkeys([states] if isinstance(states, str) else states, 1.0)
    return found


def possible(first: int, count: int) -> Iterator[tuple[Case, np.ndarray]]:  # type: ignore[type-arg]
    """Cases whose evidence can happen, with our answer."""
    given = 0
    for seed in range(first, first + 10 * count):
        case = horizon_case(seed, joint=LONG)
        found = ask(case)
        if found.draws is not None and found.evidence > 1e-9:
            yield case, found.draws
            given += 1
            if given == count:
                return
    raise AssertionError("too few cases could happen")


def test_pgmpy() -> None:
    for case, ours in possible(30_000, 25):
        flat = unrolled(case)
        net = mutilated(net_of(flat.model, 0), flat.do)
        theirs = in_pgmpy(*with_sensors(net, weights(flat.event), weights(flat.given)))
        np.testing.assert_allclose(ours[0], theirs, rtol=1e-9, atol=1e-12, err_msg=str(case))


def test_pyagrum(needs: Callable[[str], ModuleType]) -> None:
    gum = needs("pyagrum")
    for case, ours in possible(40_000, 150):
        flat = unrolled(case)
        for draw, mine in enumerate(ours):
            net = mutilated(net_of(flat.model, draw), flat.do)
            theirs = in_pyagrum(gum, *with_sensors(net, weights(flat.event), weights(flat.given)))
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12, err_msg=str(case))
