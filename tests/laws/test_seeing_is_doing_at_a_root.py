"""At a root without unmeasured causes, seeing and doing are the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume, given

from causal.ask import probability
from causal.errors import ImpossibleEvidenceError
from causal.model.network import CausalModel
from causal.query.assignment import Hard
from tests.strategies import any_case, askable, models, one_slice, seeds


def roots(model: CausalModel) -> list[str]:
    """Variables without a cause, same-day or lagged."""
    return [n for n in model.graph.names if not model.graph.parents(n)]


@given(seeds, seeds)
def test_root(seed: int, pick: int) -> None:
    case = any_case(seed)
    found = roots(case.model)
    assume(found)
    name = found[pick % len(found)]
    states = case.model.graph.variable(name).states
    state = states[pick % len(states)]
    days = [f"@{d}" for d in range(1, case.horizon + 1)] or [""]
    given = {k: s for k, s in case.given.items() if k.partition("@")[0] != name}
    case = askable(replace(case, given=given, do=(Hard(name, state),)))
    assume(case.do)
    given = case.given
    try:
        seen = probability(
            case.model,
            case.event,
            given={**given, **{name + d: state for d in days}},
            within=case.within,
            at=case.at,
        )
    except ImpossibleEvidenceError:
        assume(False)
    done = probability(
        case.model.do({name: state}), case.event, given=given, within=case.within, at=case.at
    )
    np.testing.assert_allclose(seen.draws, done.draws, rtol=1e-9, atol=1e-12)


@given(models)
def test_only_at_a_root(model: CausalModel) -> None:
    """Doing says nothing about the causes of what is done: their marginals stay."""
    name = model.graph.order[-1]
    causes = [p for p in model.graph.parents(name) if "@" not in p]
    assume(causes)
    done = model.do({name: model.graph.variable(name).states[0]})
    for cause in causes:
        event = {cause: model.graph.variable(cause).states[-1]}
        before, after = probability(model, event), probability(done, event)
        np.testing.assert_allclose(before.draws, after.draws, rtol=1e-9, atol=1e-12)


def test_seeing_differs_elsewhere() -> None:
    """The law is not true of every variable: below a root the two part on most models."""
    parted = tried = 0
    for seed in range(60):
        model = one_slice(seed)
        inner = [n for n in model.graph.names if model.graph.parents(n)]
        if not inner:
            continue
        name, cause = inner[0], model.graph.parents(inner[0])[0]
        state = model.graph.variable(name).states[0]
        event = {cause: model.graph.variable(cause).states[0]}
        try:
            seen = probability(model, event, given={name: state})
        except ImpossibleEvidenceError:
            continue
        done = probability(model.do({name: state}), event)
        tried += 1
        parted += not np.allclose(seen.draws, done.draws, rtol=1e-6)
    assert parted > 0.3 * tried > 5
