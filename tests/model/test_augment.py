"""A model joined by one more variable: the others keep their joint, and verbs work on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from causal.ask import probability
from causal.errors import CausalError, TableError
from causal.graph.dag import Edge, Variable
from causal.graph.variable import lagged
from causal.model.augment import augmented, first_draws
from causal.model.network import CausalModel
from causal.model.table import DRAW, Table
from tests.app.toy import toy
from tests.strategies import seeds, some_event, two_slice

SEEN = "seen"


def counter(model: CausalModel, name: str, *, signed: bool = False) -> CausalModel:
    """The model joined by a variable that remembers whether ``name`` was in its first state.

    ``signed``: by weights that sum to one and are not all positive; they cancel on the next day.
    """
    size = model.graph.size(name)
    table = np.zeros((3, size, 3, 1))
    table[0, :, 0] = 1.0
    table[0, 0] = np.array([[0.0], [1.5], [-0.5]]) if signed else np.array([[0.0], [1.0], [0.0]])
    table[1, :, 1] = table[2, :, 1] = 1.0
    start = Table((SEEN, DRAW), np.array([[1.0], [0.0], [0.0]]))
    return augmented(
        model,
        Variable(SEEN, ("never", "once", "more"), start=()),
        (Edge(SEEN, SEEN, 1), Edge(name, SEEN)),
        Table((lagged(SEEN), name, SEEN, DRAW), table),
        start,
    )


@settings(max_examples=25)
@given(seeds)
def test_the_others_keep_their_joint(seed: int) -> None:
    model = two_slice(seed)
    event = some_event(np.random.default_rng(seed), model)
    more = counter(model, model.graph.names[0])
    plain, joined = (probability(m, event, at=2).draws for m in (model, more))
    np.testing.assert_allclose(joined, plain, rtol=0, atol=1e-12)


@settings(max_examples=25)
@given(seeds)
def test_a_path_is_asked_as_a_state(seed: int) -> None:
    """P(seen by day 2), from day -1 on, is P(the state within those days) as the verb gives it."""
    model = two_slice(seed)
    name = model.graph.names[0]
    state = model.graph.variable(name).states[0]
    for signed in (False, True):
        more = counter(model, name, signed=signed)
        never = probability(more, {SEEN: "never"}, at=2).draws
        first = probability(more, {SEEN: "never"}).draws
        if not first.all():
            return
        within = probability(more, {name: state}, within=2, given={SEEN: "never"}).draws
        np.testing.assert_allclose(never, first * (1 - within), rtol=0, atol=1e-10)


def test_drawn_tables_stay_drawn() -> None:
    model = toy(draws=5)
    more = counter(model, "bitcoin")
    assert more.draws == 5
    assert more.fit is model.fit
    for name in model.graph.names:
        np.testing.assert_array_equal(more.tables[name].values, model.tables[name].values)
    plain, joined = (probability(m, {"bitcoin": "crash"}, within=2) for m in (model, more))
    np.testing.assert_allclose(joined.draws, plain.draws)
    assert joined.support == plain.support
    mean = more.mean()
    for name in model.graph.names:
        np.testing.assert_array_equal(mean.tables[name].values, model.mean().tables[name].values)


@pytest.mark.parametrize("model", [toy(draws=5), two_slice(1, draws=4)])
def test_the_first_draws_are_those_of_the_whole(model: CausalModel) -> None:
    count = min(2, model.draws)
    name = model.graph.names[-1]
    event = {name: model.graph.variable(name).states[0]}
    some = first_draws(model, count)
    assert some.draws == count
    whole = probability(model, event).draws
    np.testing.assert_array_equal(probability(some, event).draws, whole[:count])


def test_what_does_not_fit_is_refused() -> None:
    model = toy(draws=5)
    good = counter(model, "bitcoin")
    day, start = good.tables[SEEN], good.start[SEEN]
    variable = good.graph.variable(SEEN)
    edges = (Edge(SEEN, SEEN, 1), Edge("bitcoin", SEEN))
    for wrong in (
        Table((lagged(SEEN), "leverage", SEEN, DRAW), day.values),
        Table(day.axes, day.values[:, :2]),
        Table(day.axes, np.repeat(day.values, 4, axis=-1)),
    ):
        with pytest.raises(TableError, match="table of `seen`") as caught:
            augmented(model, variable, edges, wrong, start)
        assert caught.value.means
        assert caught.value.do
    with pytest.raises(CausalError):
        augmented(model, replace(variable, name="bitcoin"), (), day, start)
