"""Policies, cuts and schedules of them are what enumeration of all paths says they are.

The cases mix them with assignments in any order, nested and repeated, with evidence before and on
the days on which they hold; some variables are markets that close.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from causal.ask import probability
from causal.errors import ImpossibleEvidenceError
from causal.graph.variable import LAST
from causal.infer.expected_counts import expected_counts
from causal.infer.forward import forward
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel
from causal.model.table import Table
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut
from causal.query.event import conditions
from causal.query.intervention import Schedule
from causal.query.query import Query
from causal.query.surgery import unscheduled
from causal.query.unrolled import unroll
from tests.laws.test_paths_agree import both, close
from tests.laws.trial import CHUNKS, agree, ask, same, seeds_of, slow
from tests.strategies import Case, law_models, some_policy, surgery_case, two_slice

MODELS = law_models(400)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_enumeration(chunk: int) -> None:
    agree(surgery_case(s, joint=30_000) for s in seeds_of(chunk, MODELS))


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("chunk", range(4))
def test_compiled_is_numpy(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0
    for seed in seeds_of(chunk, 400):
        plain, fast = both(surgery_case(seed, joint=3_000), monkeypatch)
        if np.isneginf(plain.log_evidence).any():
            assert (np.isneginf(plain.log_evidence) == np.isneginf(fast.log_evidence)).all()
            continue
        close(fast, plain)
        tried += 1
    assert tried > 35


def kinds(case: Case) -> set[str]:
    """Which of the situations that the law speaks of a case holds."""
    found, done = set(), [unscheduled(i) for i in case.do]
    policies = [d for d in done if isinstance(d, Policy)]
    cuts = [d for d in done if isinstance(d, Cut)]
    found |= {"lagged" if p.axis.endswith(LAST) else "same day" for p in policies}
    found |= {"mixed" for p in policies if isinstance(p.what, Mix)}
    found |= {"by chance" for p in policies if any(0 < w < 1 for _, w in p.condition.weights)}
    set_to = {d.variable for d in done if isinstance(d, Hard | Mix)}
    found |= {"policy and set" for p in policies if p.variable in set_to}
    found |= {"cut and set" for c in cuts if c.variable in set_to}
    found |= {"cut and policy" for c in cuts for p in policies if c.variable == p.variable}
    found |= {"two policies" for p in policies for q in policies
              if p is not q and p.variable == q.variable}  # fmt: skip
    found |= {"cut" for c in cuts if not c.weights} | {"sees" for c in cuts if c.weights}
    found |= {"closed" for c in cuts
              if case.model.graph.variable(c.cause.partition("@")[0]).measurement}  # fmt: skip
    found |= {"scheduled" for i in case.do if isinstance(i, Schedule)
              and not isinstance(i.what, Hard | Mix)}  # fmt: skip
    found |= {"seen meanwhile" for key in case.given if case.do and key[-2:-1] == "@" and
              key[-1] in "123456789"}  # fmt: skip
    return found | ({"within"} if case.within else {"at"} if case.at else {"today"})


def test_the_cases_hold_what_the_law_speaks_of() -> None:
    held = Counter(k for s in range(MODELS) for k in kinds(surgery_case(s, joint=3_000)))
    wanted = ["lagged", "same day", "mixed", "by chance", "policy and set", "cut and set"]
    wanted += ["cut and policy", "two policies", "cut", "sees", "closed", "scheduled"]
    wanted += ["seen meanwhile", "within", "at", "today"]
    assert min(held[k] for k in wanted) >= 10, held


def test_ignoring_the_policy_would_be_noticed() -> None:
    parted = 0
    for seed in range(60):
        case = surgery_case(seed, joint=3_000)
        left = tuple(i for i in case.do if isinstance(unscheduled(i), Hard | Mix))
        blind = Case(case.name, case.model, case.event, case.given, left, case.within, case.at)
        parted += not same(ask(blind), slow(case))
    assert parted > 15


def alike(one: CausalModel, other: CausalModel, event: Mapping[str, str], **question: Any) -> None:
    """Two models answer a question alike."""
    found = [probability(m, event, **question).draws for m in (one, other)]
    np.testing.assert_allclose(*np.broadcast_arrays(*found), rtol=1e-11, atol=1e-13)


def test_a_policy_that_always_holds_is_an_assignment() -> None:
    for seed in range(100):
        model = two_slice(seed)
        policy = some_policy(np.random.default_rng(seed), model)
        assert policy is not None
        every = model.graph.variable(policy.condition.variable).states
        event = {model.graph.names[0]: model.graph.variables[0].states[-1]}
        always = model.do(Policy(policy.what, {policy.axis: every}))
        alike(always, model.do(policy.what), event, within=3)
        alike(always, model.do(policy.what), event)
        alike(always, model.do(policy.what), event, at=2)


def test_a_policy_that_never_holds_is_none() -> None:
    tried = 0
    for seed in range(100):
        model = two_slice(seed)
        policy = some_policy(np.random.default_rng(seed), model)
        assert policy is not None
        read = model.graph.variable(policy.condition.variable)
        if policy.condition.day is None or len(read.states) < 2:
            continue
        event = {model.graph.names[0]: model.graph.variables[0].states[-1]}
        calm = {read.name: read.states[0]}
        try:
            plain = probability(model, event, at=1, given=calm).draws
        except ImpossibleEvidenceError:
            continue
        never = model.do(Policy(policy.what, {policy.axis: read.states[1:]}))
        np.testing.assert_allclose(
            probability(never, event, at=1, given=calm).draws, plain, rtol=1e-12
        )
        tried += 1
    assert tried > 30


def test_cutting_every_arrow_out_of_a_cause_is_setting_it() -> None:
    """For what it acts on within the day; a cause without causes goes on as it was."""
    tried = 0
    for seed in range(150):
        model = two_slice(seed)
        for variable in model.graph.variables:
            edges = [e for e in model.graph.edges if e.cause == variable.name]
            if not edges or any(e.lag for e in edges):
                continue
            state = variable.states[-1]
            cut = model.do([Cut(e.axis, e.effect, state) for e in edges])
            for other in model.graph.variables:
                event = {other.name: other.states[-1]}
                if other is not variable:
                    alike(cut, model.do(Hard(variable.name, state)), event, within=2)
                    tried += 1
                elif not model.graph.parents(variable.name):
                    alike(cut, model, event, within=2)
    assert tried > 20


def test_later_surgery_counts_and_text_says_what_is_in_force() -> None:
    for seed in range(40):
        model = two_slice(seed)
        variable = model.graph.variables[-1]
        one, other = (
            Hard(variable.name, variable.states[0]),
            Hard(variable.name, variable.states[-1]),
        )
        event = {model.graph.names[0]: model.graph.variables[0].states[-1]}
        twice = probability(model.do(one).do(other), event, within=3)
        once = probability(model.do(other), event, within=3)
        np.testing.assert_array_equal(twice.draws, once.draws)
        assert twice.query == once.query
        late = probability(model.do(one).do(Schedule(other, 2, 2)), event, within=3)
        first, last = Schedule(one, 1, 1), Schedule(one, 3)
        assert late.query.do == (first, last, Schedule(other, 2, 2))
        split = probability(model.do([first, last, Schedule(other, 2, 2)]), event, within=3)
        np.testing.assert_array_equal(late.draws, split.draws)


def test_visits_to_a_changed_table_are_its_slopes() -> None:
    """theta dlog F/dtheta of two entries of a row, against mass moved from one to the other."""
    tried = 0
    for seed in range(150):
        case = surgery_case(seed, joint=1_000)
        graph, mean = case.model.graph, case.model.mean()
        seen, span = conditions(graph, case.given), (case.within, case.at)
        asked = unroll(graph, Query(conditions(graph, case.event), seen, case.do, *span))
        days = compile_slices(asked)
        counts = expected_counts(mean, days)
        value, entries = float(counts.probability[0]), counts.point
        changed = {(o.piece, o.source) for d in days for o in d.operands if o.changes}
        for piece, name in sorted(changed if 0 < value < 1 else ()):
            table, used = mean.tables[name], entries[piece, name]
            row = np.unravel_index(int(used.sum(axis=-1).argmax()), used.shape[:-1])
            theta = table.values[row][:, 0]
            one, other = np.argsort(theta)[-2:] if len(theta) > 1 else (0, 0)
            if not theta[one] > 1e-3:
                continue
            logs = []
            for step in (1e-6, -1e-6):
                moved = table.values.copy()
                moved[row][one] += step
                moved[row][other] -= step
                model = replace(mean, tables={**mean.tables, name: Table(table.axes, moved)})
                result = forward(model, days)
                logs.append(float((np.log(result.probability) + result.log_evidence)[0]))
            slope = used[row][one] / theta[one] - used[row][other] / theta[other]
            assert (logs[0] - logs[1]) / 2e-6 == pytest.approx(slope, rel=1e-4, abs=1e-6), case
            tried += 1
    assert tried > 25
