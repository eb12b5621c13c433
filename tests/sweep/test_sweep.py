"""Sweeps by the public verb: rows, policies, budgets, mistakes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import causal
from causal.answer.answer import answer_to_dict
from causal.ask import ask, probability
from causal.drawdown.distribution import carriers
from causal.errors import CausalError, QueryError
from causal.model.network import CausalModel, fitted
from causal.query.assignment import Hard
from causal.query.intervention import Schedule
from causal.query.parser import parse
from causal.query.scenarios.scenario import grid
from causal.sweep import sweep as swept_by
from causal.sweep.job import Parts, chunked, fingerprint
from causal.sweep.result import Sweep
from causal.sweep.strategy import NODES, Survey, routed
from causal.sweep.sweep import sweep
from tests.app.toy import GRAPH, toy
from tests.moves import random_moves
from tests.sweep.asked import EVENT, GRID, assert_same


def test_a_row_says_what_the_answer_says(swept: Sweep) -> None:
    assert [r.name for r in swept.rows] == [name for name, _, _ in GRID]
    done = {
        "calm": Hard("geopolitics", "calm"),
        "escalation for 2d": Schedule(Hard("geopolitics", "escalation"), 1, 2),
    }
    for row, (_, do, given) in zip(swept.rows, GRID, strict=True):
        model = toy().do(done[do["geopolitics"]])
        model = model.do(leverage=do["leverage"]) if "leverage" in do else model
        answer = probability(model, EVENT, given=given, within=5)
        one = answer_to_dict(answer)
        assert row.probability == pytest.approx(one["probability"], abs=1e-12)
        assert (row.low, row.high) == pytest.approx(answer.interval(), abs=1e-12)
        assert row.base_rate == pytest.approx(one["base_rate"], abs=1e-12)
        for name in ("risk_difference", "risk_ratio"):
            mine = [getattr(row, f"{name}{end}") for end in ("", "_low", "_high")]
            theirs = [one[name][key] for key in ("value", "low", "high")]
            assert mine == pytest.approx(theirs, abs=1e-12)
        assert answer.support is not None
        assert (row.support_days, row.thinnest_row) == (answer.support.days, answer.support.row)
        assert row.prior_share == pytest.approx(answer.support.prior_share)
        assert row.evidence_probability == pytest.approx(answer.evidence, abs=1e-12)
        assert row.licensed_by == "identified"
    assert len({r.probability for r in swept.rows}) > 4


def test_bounded_rows_give_bounds_and_never_a_bare_number() -> None:
    model = toy(confounded=True)
    found = sweep(model, grid(do={"leverage": [None, "low", "high"]}), EVENT)
    plain, *bounded = found.rows
    assert (plain.effect, plain.computed, plain.least) == ("observed", "tables", None)
    assert plain.licensed_by == "assumed"
    for row, state in zip(bounded, ("low", "high"), strict=True):
        answer = probability(model.do(leverage=state), EVENT)
        assert answer.bounds is not None
        assert (row.licensed_by, row.probability, row.risk_ratio) == ("bounded", None, None)
        assert [row.least, row.most] == pytest.approx([b.mean() for b in answer.bounds])
        assert (row.low, row.high) == pytest.approx(answer.interval())
        assert " to " in row.text
    assumed = sweep(model, grid(do={"leverage": ["low"]}), EVENT, assume_unconfounded=True)
    assert assumed.rows[0].licensed_by == "assumed"
    assert assumed.rows[0].probability is not None


def test_a_drawdown_can_be_swept() -> None:
    fit = toy().fit
    assert fit is not None
    model = fitted(GRAPH, replace(fit, moves=random_moves(3, toy())))
    assert fingerprint(model) != fingerprint(toy())
    what = grid(do={"leverage": ["low", None]}, given={"bitcoin": ["crash", "flat"]})
    found = sweep(model, what, "drawdown <= -10%", within=3)
    assert found.question == "P(drawdown <= -10% within 3d)"
    for row, (_, do, given) in zip(found.rows, what, strict=True):
        right = [*(f"do({n}={s})" for n, s in do.items()), *(f"{n}={s}" for n, s in given.items())]
        one = ask(model, f"P(drawdown <= -10% within 3d | {', '.join(right)})")
        assert row.probability == pytest.approx(one.probability, abs=1e-12)
        assert (row.low, row.high) == pytest.approx(one.interval(), abs=1e-12)
    assert len({row.probability for row in found.rows}) == 4
    with pytest.raises(QueryError, match="no loss"):
        sweep(model, what, "drawdown <= 10%", within=3)
    with pytest.raises(QueryError, match=r"no section \[moves\]"):
        sweep(toy(), what, "drawdown <= -10%", within=3)
    with pytest.raises(QueryError, match="multiply-adds"):
        sweep(model, what, "drawdown <= -10%", within=3, budget=10)


def test_the_cost_of_a_drawdown_is_that_of_its_own_variable() -> None:
    """Not of the last one: whose moves it is made of says which causes every day needs."""
    costs = {}
    for name in GRAPH.names:
        moves = random_moves(3, toy(), of=name)
        fit = toy().fit
        assert fit is not None
        model = fitted(GRAPH, replace(fit, moves=moves))
        for whose in ("", f"({name})"):
            query = parse(f"P(drawdown{whose} <= -10% within 3d)", GRAPH, priced=model.priced)
            moved = carriers(model, query)
            assert moved == {name}
            costs[name, whose] = routed(GRAPH, [query], 1, None, moved=moved).operations
        worst = GRAPH.variable(name).states[-1]
        plain = parse(f"P({name}={worst} within 3d)", GRAPH)
        assert costs[name, ""] == 2 * NODES * Survey(GRAPH, 1).plain(plain)
        assert costs[name, ""] == costs[name, f"({name})"]
    assert len(set(costs.values())) > 1


def test_an_impossible_scenario_says_so_and_the_others_stay() -> None:
    given = {"leverage": ["low", "high"]}
    found = sweep(toy(), grid(do={"leverage": ["low"]}, given=given), EVENT)
    possible, impossible = found.rows
    assert possible.probability is not None
    assert not possible.problem
    assert impossible.probability is impossible.low is None
    assert "probability zero" in impossible.problem
    assert impossible.problem in str(found)


def test_common_evidence_holds_in_every_scenario() -> None:
    found = sweep(toy(), grid(do={"leverage": ["low", "high"]}), EVENT, within=3, given=EVENT)
    for row, state in zip(found.rows, ("low", "high"), strict=True):
        one = probability(toy().do(leverage=state), EVENT, given=EVENT, within=3)
        assert row.probability == pytest.approx(one.probability, abs=1e-12)


def test_the_model_s_own_interventions_count() -> None:
    acted = toy().do(geopolitics="escalation")
    (row,) = sweep(acted, [("x", {"leverage": "low"}, None)], EVENT, at=2).rows
    assert row.probability == pytest.approx(
        probability(acted.do(leverage="low"), EVENT, at=2).probability, abs=1e-12
    )


def test_policies_and_cuts_are_done_as_in_a_question() -> None:
    dos = ("leverage=low if bitcoin@-1=crash", "geopolitics -> bitcoin cut", "leverage=low for 2d")
    seen = ("bitcoin=crash", "bitcoin=flat", "leverage@-1=high")
    what = [(f"{d} | {e}", d, e) for d in dos for e in seen]
    found = sweep(toy(), what, EVENT, within=4)
    for row, (_, do, given) in zip(found.rows, what, strict=True):
        one = ask(toy(), f"P(bitcoin=crash within 4d | do({do}), {given})")
        assert row.probability == pytest.approx(one.probability, abs=1e-12)
        assert (row.low, row.high) == pytest.approx(one.interval(), abs=1e-12)
        assert one.support is not None
        assert (row.support_days, row.thinnest_row) == (one.support.days, one.support.row)
        assert row.licensed_by == one.claim.licensed_by
    assert found.rows[3].coordinates["do(geopolitics -> bitcoin)"] == "cut"
    assert found.rows[0].coordinates["do(leverage)"] == "low if bitcoin@-1=crash"


def test_repeated_scenarios_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(swept_by, "chunked", lambda some: sizes.append(len(some)) or chunked(some))
    same = [(f"s{i}", {"leverage": "low"}, "bitcoin=crash") for i in range(9)]
    found = sweep(toy(), same, EVENT, within=2)
    assert sizes == [1]
    assert len({r.probability for r in found.rows}) == 1
    assert [r.name for r in found.rows] == [f"s{i}" for i in range(9)]


@pytest.mark.parametrize(
    "odd", [{"level": "a"}, {"level": True}, {"level": 1.0}, {"checkpoint": 3}]
)
def test_odd_options_are_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(QueryError, match=r"is no (level|checkpoint)"):
        sweep(toy(), GRID, EVENT, within=5, **odd)


def test_progress_counts_scenarios() -> None:
    seen: list[tuple[int, int]] = []
    sweep(toy(), GRID, EVENT, within=2, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, len(GRID))
    assert seen[-1] == (len(GRID), len(GRID))
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)


def test_a_cost_beyond_the_budget_is_refused_before_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[int] = []
    monkeypatch.setattr(swept_by, "chunk_rows", lambda chunk: ran.append(1))
    for budget in (1000, "0.000001s"):
        with pytest.raises(QueryError, match="12 scenarios and 200 draws") as caught:
            sweep(toy(), GRID, EVENT, within=5, budget=budget)
        assert "fewer draws" in caught.value.do
    monkeypatch.setenv("CAUSAL_MEMORY_GB", "1e-7")
    with pytest.raises(QueryError, match="GB of memory"):
        sweep(toy(), GRID, EVENT, within=5)
    assert not ran


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scenarios": []}, "no scenario"),
        ({"scenarios": {}}, "no list of scenarios"),
        ({"scenarios": 7}, "no list of scenarios"),
        ({"scenarios": [("a", "leverage=low")]}, "no scenario"),
        ({"scenarios": [("a", 5, None)]}, "no intervention"),
        ({"scenarios": [("a", None, [5])]}, "no evidence"),
        ({"scenarios": [("a", None, None), ("a", None, None)]}, "given twice"),
        ({"scenarios": [("a", {"levrage": "low"}, None)]}, "leverage"),
        ({"scenarios": [("a", {"leverage": "lo"}, None)]}, "low"),
        ({"scenarios": [("a", "leverage=low from d9", None)]}, "d9"),
        ({"scenarios": [("a", None, "bitcoin@9=crash")]}, "outside the question"),
        ({"within": 0}, "no horizon"),
        ({"within": -3}, "no horizon"),
        ({"within": 61}, "too far"),
        ({"within": "soon"}, "not a horizon"),
        ({"event": {}}, "no event"),
        ({"event": "bitcoin=crush"}, "crush"),
        ({"level": 1.5}, "level"),
        ({"budget": "much"}, "no budget"),
        ({"budget": -1}, "no budget"),
    ],
)
def test_mistakes_are_refused(changes: Any, message: str) -> None:
    asked = {"scenarios": GRID, "event": EVENT, "within": 5, **changes}
    with pytest.raises(CausalError) as caught:
        sweep(toy(), **asked)
    assert message in str(caught.value)


def test_every_mistake_of_a_list_at_once() -> None:
    wrong = [
        ("one", "levrage=low", None),
        ("two", None, "bitcoin=crush"),
        ("good", None, None),
        ("three", {"leverage": "hi"}, None),
    ]
    with pytest.raises(QueryError, match="3 mistakes") as caught:
        sweep(toy(), wrong, EVENT)
    for place in ("`one`", "`two`", "`three`"):
        assert place in str(caught.value)
    assert "`good`" not in str(caught.value)


def test_sweeps_at_once_leave_each_other_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """One begins and ends inside another, about the same event and about another one."""

    def rebuilt(_: Parts) -> CausalModel:
        raise AssertionError

    monkeypatch.setattr(Parts, "model", rebuilt)
    model, inner = toy(), list[Sweep]()

    def between(done: int, total: int) -> None:
        for event in (EVENT, {"leverage": "high"}):
            inner.append(sweep(model, GRID, event, within=2))

    outer = sweep(model, GRID, EVENT, within=2, progress=between)
    for found in inner[::2]:
        assert_same(found, outer)


def test_it_is_public() -> None:
    assert causal.sweep is sweep
