"""Policies and cuts at the door: what is refused, what licenses them, and every verb on them."""

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
    CausalError,
    ImpossibleEvidenceError,
    ModelError,
    QueryError,
    UnknownStateError,
    UnknownVariableError,
)
from causal.explain.sensitivity import sensitivity
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Measurement, Variable
from causal.infer.backward import reversed_days, value
from causal.infer.forward import rows
from causal.infer.marginals import joint, marginals
from causal.infer.most_probable_paths import likeliest
from causal.model.network import CausalModel
from causal.model.pgmpy_network import to_pgmpy
from causal.query.event import Condition, conditions
from causal.query.intervention import Cut, Hard, Intervention, Mix, Policy, Schedule
from causal.query.query import Query
from causal.query.unrolled import unroll
from causal.sweep.sweep import sweep
from tests.app.toy import toy
from tests.strategies import surgery_case, with_tables

TWO = ("calm", "worse")
CHAIN = CausalGraph(
    (
        Variable("fear", TWO),
        Variable("lever", ("low", "mid", "high"), manipulable=True),
        Variable("forced", TWO),
        Variable("price", ("calm", "fall", "crash")),
        Variable("shares", ("closed", "calm", "shock"), measurement=Measurement(closed=True)),
    ),
    (
        Edge("fear", "lever"),
        Edge("lever", "forced"),
        Edge("forced", "price"),
        Edge("shares", "price"),
        Edge("price", "forced", 1),
        Edge("price", "lever", 1),
    ),
    (Confounded("shares", "price"), Confounded("forced", "lever")),
    name="chain",
)
LOW = Hard("lever", "low")
LOW_TOY = Hard("leverage", "low")
BREAKER = Policy(LOW, {"forced@-1": "worse"})


def near(one: Array, other: Array) -> None:
    """Equal to rounding, a single draw standing for all."""
    np.testing.assert_allclose(*np.broadcast_arrays(one, other), rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def chain() -> CausalModel:
    return with_tables(np.random.default_rng(5), CHAIN, 20)


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


@pytest.mark.parametrize(
    ("do", "licence", "says"),
    [
        (BREAKER, "bounded", "lever and its effect forced share"),
        (Policy(Hard("price", "calm"), {"fear": "worse"}), "identified", "price to its effects"),
        (
            Policy(Hard("price", "calm"), {"shares": "shock"}),
            "bounded",
            "which its policy looks at",
        ),
        (Cut("price@-1", "forced"), "bounded", "see price@-1 in different states"),
        ((Cut("price@-1", "forced"), Cut("price@-1", "lever")), "identified", "sees price@-1"),
        ((Cut("price@-1", "forced"), Hard("lever", "low")), "bounded", "its effect forced"),
        (Cut("forced", "price"), "identified", "nobody can cut an arrow alone"),
        (Cut("shares", "price"), "bounded", "shares and its effect price share"),
    ],
)
def test_licence(
    chain: CausalModel, do: Intervention | tuple[Intervention, ...], licence: str, says: str
) -> None:
    found = probability(chain.do(do), {"price": "crash"}, within=3)
    assert found.claim.effect == licence
    assert any(says in a for a in found.claim.assumptions), found.claim.assumptions
    if licence == "bounded":
        assert found.bounds is not None
        assert found.probability is None
        assumed = probability(chain.do(do), {"price": "crash"}, within=3, assume_unconfounded=True)
        assert assumed.claim.licensed_by == "assumed"
        assert assumed.bounds is None


def test_a_policy_or_cut_is_bounded_by_nothing_better_than_certainty(chain: CausalModel) -> None:
    found = probability(chain.do(BREAKER), {"price": "crash"}, within=3)
    assert found.bounds is not None
    assert (found.bounds[0] == 0).all()
    assert (found.bounds[1] == 1).all()


def test_two_policies_do_not_share_a_program(
    chain: CausalModel, monkeypatch: pytest.MonkeyPatch, needs: Callable[[str], object]
) -> None:
    """Nor do two cuts, on the same model, asked in turn on the compiled path."""
    from causal.contract import backend

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
    monkeypatch.setattr(backend, "PAYS_COLD", 0)
    monkeypatch.setattr(backend, "PAYS_WARM", 0)
    for _ in range(2):
        for what, slow in zip(done, plain, strict=True):
            fast = probability(chain.do(what), event, within=4).draws
            np.testing.assert_allclose(fast, slow, rtol=1e-12)


def test_a_new_buffer_leaves_questions_of_one_day_right(
    monkeypatch: pytest.MonkeyPatch, needs: Callable[[str], object]
) -> None:
    """Rows made for a policy take a larger buffer; questions of one day read the old one."""
    from causal.contract import backend

    needs("numba")
    model = with_tables(np.random.default_rng(2), CHAIN, 40)
    for name in ("PAYS_COLD", "PAYS_WARM"):
        monkeypatch.setattr(backend, name, 0)
    texts = [f"P(price={s} | lever={x})" for s in ("crash", "fall") for x in ("low", "high")]
    monkeypatch.setenv("CAUSAL_COMPILED", "0")
    plain = [ask(model, t).draws for t in texts]
    monkeypatch.setenv("CAUSAL_COMPILED", "1")
    importlib.import_module(backend.NUMBA)
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
    from causal.contract import backend

    needs("numba")
    model = with_tables(np.random.default_rng(1), CHAIN, 50)
    for name, value_ in (("PAYS_COLD", 0), ("PAYS_WARM", 0)):
        monkeypatch.setattr(backend, name, value_)
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
