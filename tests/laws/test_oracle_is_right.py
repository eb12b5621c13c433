"""The slow truth itself: right on worked examples, and sharp enough to notice ordinary mistakes.

Each mistake that other programs are known to make is tried on the random cases with the slow truth
alone: a law whose cases could not tell it from the truth would prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.model.network import CausalModel
from causal.model.table import table
from causal.query.assignment import Hard
from causal.query.intervention import Schedule
from tests.laws.trial import slow
from tests.reference import enumerate_states, truth
from tests.strategies import Case, horizon_case, one_day_case, two_slice

CASES = 200


def sprinkler() -> CausalModel:
    """Cloudy -> sprinkler, rain -> wet (Murphy 2001)."""
    binary = ("no", "yes")
    graph = CausalGraph(
        tuple(Variable(n, binary) for n in ("cloudy", "sprinkler", "rain", "wet")),
        (
            Edge("cloudy", "sprinkler"),
            Edge("cloudy", "rain"),
            Edge("sprinkler", "wet"),
            Edge("rain", "wet"),
        ),
    )
    wet = np.array([[[1.0, 0.0], [0.1, 0.9]], [[0.1, 0.9], [0.01, 0.99]]])
    tables = {
        "cloudy": table((), "cloudy", np.array([0.5, 0.5])),
        "sprinkler": table(("cloudy",), "sprinkler", np.array([[0.5, 0.5], [0.9, 0.1]])),
        "rain": table(("cloudy",), "rain", np.array([[0.8, 0.2], [0.2, 0.8]])),
        "wet": table(("sprinkler", "rain"), "wet", wet),
    }
    return CausalModel(graph, tables)


def test_worked_by_hand() -> None:
    on = [Hard("sprinkler", "yes")]
    wet = {"wet": "yes"}
    # do(sprinkler): P(rain) stays 1/2, so .5 * .9 + .5 * .99
    assert truth(sprinkler(), wet, do=on).draws == pytest.approx([0.945])
    # evidence outside any adjustment set (peers.md T1)
    assert truth(sprinkler(), wet, do=on, given={"rain": "yes"}).draws == pytest.approx([0.99])
    # evidence downstream of the do: Bayes on rain, .5 * .99 / .945
    down = truth(sprinkler(), {"rain": "yes"}, do=on, given=wet)
    assert down.draws == pytest.approx([0.495 / 0.945])
    assert down.evidence == pytest.approx([0.945])
    # seeing the sprinkler speaks of the clouds: P(cloudy | s) = .05 / .3, P(rain | s) = .3
    seen = truth(sprinkler(), {"rain": "yes"}, given={"sprinkler": "yes"})
    assert seen.draws == pytest.approx([(0.05 * 0.8 + 0.25 * 0.2) / 0.3])


def test_first_passage_by_hand() -> None:
    states = ("calm", "crash")
    graph = CausalGraph((Variable("x", states),), (Edge("x", "x", 1),))
    start = {"x": table((), "x", np.array([0.8, 0.2]))}
    day = {"x": table(("x@-1",), "x", np.array([[0.9, 0.1], [0.4, 0.6]]))}
    model = CausalModel(graph, day, start)
    crash = {"x": "crash"}
    calm = {"x": "calm"}
    assert truth(model, crash, given=calm, within=3).draws == pytest.approx([1 - 0.9**3])
    assert truth(model, crash, given=calm, at=2).draws == pytest.approx([0.9 * 0.1 + 0.1 * 0.6])
    spared = [Schedule(Hard("x", "calm"), 1, 2)]
    assert truth(model, crash, given=calm, do=spared, within=3).draws == pytest.approx([0.1])
    today = truth(model, crash)
    assert today.draws == pytest.approx([0.8 * 0.1 + 0.2 * 0.6])


def test_joint_states_are_the_product() -> None:
    model = two_slice(7)
    nodes = [(n, d) for d in (-1, 0) for n in model.graph.names]
    sizes = [range(len(model.graph.variable(n).states)) for n, _ in nodes]
    columns = enumerate_states(model, nodes)
    rows = list(zip(*(columns[n].tolist() for n in nodes), strict=True))
    assert rows == list(product(*sizes))


def drop_evidence(case: Case) -> Case:
    return replace(case, given={})


def drop_late_evidence(case: Case) -> Case:
    return replace(case, given={k: s for k, s in case.given.items() if "@" not in k})


def see_instead_of_do(case: Case) -> Case:
    if case.horizon:
        return case
    seen = {d.variable: d.state for d in case.do if isinstance(d, Hard)}
    return replace(case, do=(), given={**case.given, **seen})


def forget_the_first_surgery(case: Case) -> Case:
    return replace(case, do=case.do[-1:])


def first_surgery_wins(case: Case) -> Case:
    return replace(case, do=case.do[::-1])


def do_nothing(case: Case) -> Case:
    return replace(case, do=())


def ignore_the_schedule(case: Case) -> Case:
    whole = tuple(d.what if isinstance(d, Schedule) else d for d in case.do)
    return replace(case, do=whole)


def last_day_only(case: Case) -> Case:
    return replace(case, within=None, at=case.within or case.at)


def even_first_slice(case: Case) -> Case:
    start = {
        n: replace(t, values=np.full_like(t.values, 1 / t.values.shape[-2]))
        for n, t in case.model.start.items()
    }
    return replace(case, model=replace(case.model, start=start))


def ahead(seed: int) -> Case:
    """A short question about the days ahead."""
    return horizon_case(seed, joint=20_000)


MISTAKES = [
    (drop_evidence, one_day_case, 40),
    (drop_evidence, ahead, 45),
    (drop_late_evidence, ahead, 35),
    (see_instead_of_do, one_day_case, 20),
    (forget_the_first_surgery, one_day_case, 5),
    (forget_the_first_surgery, ahead, 10),
    (first_surgery_wins, one_day_case, 2),
    (first_surgery_wins, ahead, 8),
    (do_nothing, one_day_case, 35),
    (do_nothing, ahead, 60),
    (ignore_the_schedule, ahead, 8),
    (last_day_only, ahead, 20),
    (even_first_slice, ahead, 40),
]


@pytest.mark.parametrize(("mistake", "generator", "least"), MISTAKES)
def test_cases_notice(
    mistake: Callable[[Case], Case], generator: Callable[[int], Case], least: int
) -> None:
    noticed = 0
    for seed in range(CASES):
        case = generator(seed)
        right, wrong = slow(case), slow(mistake(case))
        if (right.evidence > 0).all():
            noticed += not np.allclose(right.draws, wrong.draws, rtol=1e-9, atol=1e-12)
    assert noticed >= least, f"{mistake.__name__}: only {noticed} of {CASES} cases notice"
