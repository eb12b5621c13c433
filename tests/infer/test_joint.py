"""The joint of a few variables is what one question each would get."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from causal.errors import ImpossibleEvidenceError, QueryError, UnknownVariableError
from causal.graph.variable import LAST, lagged
from causal.infer.marginals import joint
from tests.reference import truth
from tests.strategies import one_slice, two_slice


def test_the_joint_is_the_enumerated_one() -> None:
    tried = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        model = one_slice(seed) if seed % 2 else two_slice(seed)
        graph = model.graph
        if len(graph.names) < 2:
            continue
        names = tuple(map(str, rng.permutation(graph.names)[:2]))
        given, at = {}, 0
        if graph.persistent and seed % 4 == 0:
            before = graph.persistent[0]
            given = {lagged(before): graph.variable(before).states[0]}
        elif graph.persistent:
            given, at = {names[0]: graph.variable(names[0]).states[-1]}, 1
        try:
            found = joint(model, names, given=given, at=at)
        except ImpossibleEvidenceError:
            continue
        assert found.shape == (*(graph.size(n) for n in names), model.draws)
        np.testing.assert_allclose(found.sum(axis=(0, 1)), 1.0, atol=1e-12)
        for i, j in product(*(range(graph.size(n)) for n in names)):
            event = {n: graph.variable(n).states[k] for n, k in zip(names, (i, j), strict=True)}
            true = truth(model, event, given=given, at=at or None).draws
            np.testing.assert_allclose(found[i, j], true, rtol=1e-9, atol=1e-12)
            tried += 1
    assert tried > 150


def test_a_variable_that_is_set_keeps_its_axis() -> None:
    tried = 0
    for seed in range(1, 30, 2):
        model = one_slice(seed)
        if len(model.graph.names) < 2:
            continue
        name, other = model.graph.names[:2]
        for names in ((name, other), (other, name)):
            state = model.graph.variable(name).states[-1]
            found = joint(model.do({name: state}), names)
            assert found.shape[:-1] == tuple(model.graph.size(n) for n in names)
            alone = np.moveaxis(found, names.index(name), 0).sum(axis=1)
            np.testing.assert_allclose(alone[-1], 1.0, atol=1e-12)
            assert not alone[:-1].any()
            tried += 1
    assert tried > 15


def test_what_cannot_be_asked() -> None:
    model = two_slice(3)
    name = model.graph.names[0]
    state = model.graph.variable(name).states[0]
    with pytest.raises(QueryError):
        joint(model, (name, name))
    with pytest.raises(QueryError):
        joint(model, (name,), given={name: state})
    with pytest.raises(UnknownVariableError):
        joint(model, (name + LAST,))
