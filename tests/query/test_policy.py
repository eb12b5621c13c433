"""Policies and cuts as values: what cannot be built, and what a model refuses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from causal.ask import probability
from causal.errors import (
    CausalError,
    QueryError,
    UnknownStateError,
    UnknownVariableError,
)
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.model.network import CausalModel
from causal.query.assignment import Hard, Policy
from causal.query.cut import Cut
from causal.query.intervention import Intervention, Schedule
from tests.policies import LOW, TWO, drawn
from tests.strategies import with_tables


@pytest.fixture(scope="module")
def chain() -> CausalModel:
    return drawn()


@pytest.mark.parametrize(
    ("build", "error", "says"),
    [
        (lambda: Policy(LOW, {"forced@1": "worse"}), QueryError, "the future"),
        (lambda: Policy(LOW, {"forced@-2": "worse"}), QueryError, "the far past"),
        (lambda: Policy(LOW, {"lever": "high"}), QueryError, "the variable that it sets"),
        (lambda: Policy(LOW, {"fear": {"worse": 2.0}}), QueryError, "above one"),
        (lambda: Policy(LOW, {}), QueryError, "no condition"),
        (lambda: Policy(LOW, {"fear": "worse", "forced": "worse"}), QueryError, "no condition"),
        (lambda: Policy("low", {"fear": "worse"}), QueryError, "cannot do"),
        (lambda: Cut("fear", "lever", {"calm": 0.4}), QueryError, "sum to 0.4"),
        (lambda: Cut(3, 4), QueryError, "names no arrow"),  # type: ignore[arg-type]
        (lambda: Schedule("low", 1, 2), QueryError, "no intervention"),
    ],
)  # fmt: skip
def test_what_cannot_be_built(
    build: Callable[[], object], error: type[CausalError], says: str
) -> None:
    with pytest.raises(error, match=says) as found:
        build()
    assert all((found.value.what, found.value.means, found.value.do))


@pytest.mark.parametrize(
    ("do", "error", "says"),
    [
        (Policy(LOW, {"price": "crash"}), QueryError, "lever -> forced -> price -> lever"),
        (Policy(LOW, {"prise@-1": "crash"}), UnknownVariableError, "prise"),
        (Policy(LOW, {"price@-1": "crsh"}), UnknownStateError, "crsh"),
        (Policy(Hard("lever", "lo"), {"price@-1": "crash"}), UnknownStateError, "lo"),
        (Cut("lever", "price"), QueryError, "Edges into price: forced -> price, shares -> price"),
        (Cut("price@-1", "forcd"), UnknownVariableError, "forcd"),
        (Cut("price", "forced", "clam"), UnknownStateError, "clam"),
        (Cut("forced@-1", "price"), QueryError, "Did you mean `forced -> price`"),
        (Cut("shares", "price", "closed"), QueryError, "closed market on an open day"),
        (Schedule(Cut("fear", "forced"), 1, 2), QueryError, "no edge"),
    ],
)
def test_what_the_model_refuses(
    chain: CausalModel, do: Intervention, error: type[CausalError], says: str
) -> None:
    with pytest.raises(error, match=says) as found:
        probability(chain.do(do), {"price": "crash"}, within=2)
    assert all((found.value.what, found.value.do))


def test_a_model_of_one_day_has_no_day_before() -> None:
    graph = CausalGraph((Variable("a", TWO), Variable("b", TWO)), (Edge("a", "b"),))
    model = with_tables(np.random.default_rng(0), graph, 1)
    with pytest.raises(QueryError, match="model of one day"):
        model.do(Policy(Hard("b", "calm"), {"a@-1": "worse"}))
    with pytest.raises(QueryError, match="no edge"):
        model.do(Cut("a@-1", "b"))


def test_other_surgery_can_break_the_cycle(chain: CausalModel) -> None:
    """Setting a variable on the way, or cutting the arrow, leaves no way back to the policy."""
    policy = Policy(LOW, {"price": "crash"})
    for way in (Hard("forced", "calm"), Cut("lever", "forced")):
        found = probability(chain.do([policy, way]), {"price": "crash"}, within=2)
        assert np.isfinite(found.draws).all()
    with pytest.raises(QueryError, match="lever -> forced"):
        probability(chain.do([policy, Schedule(Cut("lever", "forced"), 1, 1)]), {"price": "crash"},
                    within=2)  # fmt: skip


def test_a_lone_lagged_edge_needs_no_day(chain: CausalModel) -> None:
    assert chain.do(Cut("price", "forced")).interventions == (Cut("price@-1", "forced"),)
