"""Policies and cuts, computed: every verb on them, and the programs and rows behind them."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable

import numpy as np
import pytest

from causal.ask import ask, probability
from causal.contract import row_store
from causal.contract.array import Array
from causal.errors import (
    ImpossibleEvidenceError,
    ModelError,
)
from causal.explain.sensitivity import sensitivity
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.infer.backward import reversed_days, value
from causal.infer.forward import rows
from causal.infer.marginals import joint, marginals
from causal.infer.most_probable_paths import likeliest
from causal.model.network import CausalModel
from causal.model.pgmpy_network import to_pgmpy
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut
from causal.query.event import Condition, conditions
from causal.query.intervention import Intervention, Schedule
from causal.query.query import Query
from causal.query.unrolled import unroll
from causal.sweep.sweep import sweep
from tests.app.toy import toy
from tests.policies import BREAKER, CHAIN, LOW, LOW_TOY, TWO, drawn, near
from tests.strategies import surgery_case, with_tables


@pytest.fixture(scope="module")
def chain() -> CausalModel:
    return drawn()


def test_two_policies_do_not_share_a_program(
    chain: CausalModel, monkeypatch: pytest.MonkeyPatch, needs: Callable[[str], object]
) -> None:
    """Nor do two cuts, on the same model, asked in turn on the compiled path."""
    from causal.contract import dispatch

    needs("numba")
    done: list[Intervention] = [
        Policy(Hard("lever", "high"), {"price@-1": "crash"}),
        Policy(Hard("lever", "high"), {"price@-1": ["fall", "crash"]}),
        Policy(LOW, {"price@-1": "crash"}),
        Policy(LOW, {"forced@-1": "worse"}),
        Policy(Mix("lever", (("low", 0.5), ("mid", 0.5))), {"price@-1": "crash"}),
        Cut("shares", "price"),
        Cut("shares", "price", "shock"),
        Cut("price@-1", "lever", {"calm": 0.5, "fall": 0.5}),
    ]
    event = {"price": "crash"}
    monkeypatch.setenv("CAUSAL_COMPILED", "0")
    plain = [probability(chain.do(d), event, within=4).draws for d in done]
    assert len({p.tobytes() for p in plain}) == len(done)
    monkeypatch.setenv("CAUSAL_COMPILED", "1")
    monkeypatch.setattr(dispatch, "PAYS_COLD", 0)
    monkeypatch.setattr(dispatch, "PAYS_WARM", 0)
    for _ in range(2):
        for what, slow in zip(done, plain, strict=True):
            fast = probability(chain.do(what), event, within=4).draws
            np.testing.assert_allclose(fast, slow, rtol=1e-12)


def test_a_new_buffer_leaves_questions_of_one_day_right(
    monkeypatch: pytest.MonkeyPatch, needs: Callable[[str], object]
) -> None:
    """Rows made for a policy take a larger buffer; questions of one day read the old one."""
    from causal.contract import dispatch

    needs("numba")
    model = with_tables(np.random.default_rng(2), CHAIN, 40)
    for name in ("PAYS_COLD", "PAYS_WARM"):
        monkeypatch.setattr(dispatch, name, 0)
    texts = [f"P(price={s} | lever={x})" for s in ("crash", "fall") for x in ("low", "high")]
    monkeypatch.setenv("CAUSAL_COMPILED", "0")
    plain = [ask(model, t).draws for t in texts]
    monkeypatch.setenv("CAUSAL_COMPILED", "1")
    importlib.import_module(dispatch.NUMBA)
    space, buffers = rows(model), list[Array]()
    for turn in range(3):
        for text, slow in zip(texts, plain, strict=True):
            near(ask(model, text).draws, slow)
        buffers.append(space.buffer)
        rule = Policy(LOW, {"price@-1": {"crash": 0.5 + turn / 10}})
        probability(model.do(rule), {"price": "crash"}, within=2)
        probability(model, {"price": "crash"}, within=2)
    assert len({id(b) for b in [*buffers, space.buffer]}) > 1
    done = ask(model.do(Policy(LOW, {"fear": "worse"})), texts[0]).draws
    near(done, probability(model.do(Policy(LOW, {"fear": "worse"})), {"price": "crash"},
                           given={"lever": "low"}).draws)  # fmt: skip


def test_rows_made_are_given_up_and_made_again(
    monkeypatch: pytest.MonkeyPatch, needs: Callable[[str], object]
) -> None:
    from causal.contract import dispatch

    needs("numba")
    model = with_tables(np.random.default_rng(1), CHAIN, 50)
    for name, value_ in (("PAYS_COLD", 0), ("PAYS_WARM", 0)):
        monkeypatch.setattr(dispatch, name, value_)
    monkeypatch.setattr(row_store, "MADE_BYTES", 30_000)
    space = rows(model)
    rng = np.random.default_rng(0)
    for turn in range(40):
        chance = {"crash": float(rng.random()), "fall": float(rng.random())}
        done = model.do(Policy(LOW, {"price@-1": chance}))
        fast = probability(done, {"price": "crash"}, within=2).draws
        monkeypatch.setenv("CAUSAL_COMPILED", "0")
        slow = probability(done, {"price": "crash"}, within=2).draws
        monkeypatch.setenv("CAUSAL_COMPILED", "1")
        np.testing.assert_allclose(fast, slow, rtol=1e-12, err_msg=str(turn))
    assert space.emptied > 2


def test_every_verb_agrees() -> None:
    """Marginals, joints and reversed days under policies and cuts are what ``probability`` says."""
    tried = 0
    for seed in range(80):
        case = surgery_case(seed, joint=1_000)
        model, day = case.model.do(case.do), case.at or (1 if case.horizon else 0)
        if any(isinstance(i, Schedule) and i.first > day for i in case.do):
            continue
        try:
            found = marginals(model, given=None, day=day)
            own = [joint(model, [n], at=day) for n in model.graph.names]
        except ImpossibleEvidenceError:
            continue
        for variable, table in zip(model.graph.variables, own, strict=True):
            for place, state in enumerate(variable.states):
                answer = probability(model, {variable.name: state}, at=day or None)
                near(table[place], answer.draws)
                mean = probability(model.mean(), {variable.name: state}, at=day or None)
                assert found[variable.name][place] == pytest.approx(mean.draws[0], abs=1e-12)
        if not day:
            for name, table in marginals(model, draws=True).items():
                near(table, joint(model, [name]))
        tried += 1
    assert tried > 40


def test_reversed_days_under_surgery() -> None:
    tried = 0
    for seed in range(60):
        case = surgery_case(seed, joint=1_000)
        query = Query(conditions(case.model.graph, case.event), (), case.do, case.within, case.at)
        asked = unroll(case.model.graph, query)
        if not case.within:
            continue
        surviving = value(case.model, reversed_days(asked, surviving=True))
        answer = probability(case.model.do(case.do), case.event, within=case.within)
        near(1 - surviving, answer.draws)
        tried += 1
    assert tried > 15


def test_scenarios_set_over_a_policy(chain: CausalModel) -> None:
    done = chain.do([Policy(LOW, {"fear": "worse"}), Cut("shares", "price")])
    rows = [(s, {"lever": s}, None) for s in ("low", "high")]
    found = sweep(done, rows, {"price": "crash"}, assume_unconfounded=True)
    for row in found.rows:
        one = probability(done.do(lever=row.name), {"price": "crash"}, assume_unconfounded=True)
        assert row.probability == pytest.approx(one.probability, rel=1e-9)


def test_likeliest_paths_add_up(chain: CausalModel) -> None:
    """All paths under a policy and a cut share out the event's probability."""
    done = chain.mean().do([BREAKER, Cut("price@-1", "forced")])
    query = Query((Condition("price", (("crash", 1.0),)),), (), (), at=1)
    found = likeliest(done, query, k=100)
    assert found.probability == pytest.approx(
        float(probability(done, {"price": "crash"}, at=1).draws[0])
    )
    assert len(found.paths) > 20
    assert sum(p.share for p in found.paths) <= 1 + 1e-9
    assert "if forced@-1=worse" in json.dumps(found.to_dict())


@pytest.mark.parametrize(
    "do",
    [Policy(LOW_TOY, {"bitcoin@-1": "crash"}), Cut("leverage", "bitcoin", "mid"),
     Schedule(Policy(LOW_TOY, {"geopolitics": {"escalation": 0.7}}), 2)],
)  # fmt: skip
def test_the_closed_form_and_the_rows_that_move_it(do: Intervention) -> None:
    """The slopes reach the table behind a policy or a cut: interval and ranges are the draws'."""
    model = toy(draws=20_000).do(do)
    drawn = probability(model, {"bitcoin": "crash"}, within=3)
    closed = probability(model, {"bitcoin": "crash"}, within=3, interval="delta")
    assert closed.closed is not None
    width = drawn.interval()[1] - drawn.interval()[0]
    assert closed.interval() == pytest.approx(drawn.interval(), abs=0.04 * width)
    assert closed.support == drawn.support
    found = sensitivity(toy(draws=10).do(do), "P(bitcoin=crash within 3d)", top=500)
    assert sum(r.share for r in found.rows) == pytest.approx(1)
    assert (found.low, found.high) == pytest.approx(drawn.interval(), abs=0.1 * width)


def test_interchange_refuses() -> None:
    graph = CausalGraph((Variable("a", TWO), Variable("b", TWO)), (Edge("a", "b"),))
    model = with_tables(np.random.default_rng(0), graph, 1)
    for what in (Cut("a", "b"), Policy(Hard("b", "calm"), {"a": "worse"})):
        with pytest.raises(ModelError, match="policy or a cut"):
            to_pgmpy(model.do(what))
