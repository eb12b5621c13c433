"""What `now` offers: what moves the answer, what can be, and only what has a number."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from causal.app.commands.ask.now import _screen, page
from causal.ask import ask
from causal.explain.what_if import WhatIfs, what_ifs
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Measurement, Series, Variable
from causal.model.network import CausalModel, fitted
from causal.query.assignment import Hard, Policy
from causal.query.parser import parse
from causal.query.query import Query
from tests.app.toy import toy

MARKET = Measurement((Series("shares"),), cuts=(0.0,), closed=True)


def traded(*hidden: tuple[str, str], calendar: bool = True) -> CausalModel:
    """Leverage and a market that closes, both acting on the price; the calendar may be unknown."""
    variables = (
        Variable("calendar", ("open", "closed"), Measurement(calendar="us")),
        Variable("shares", ("closed", "calm", "shock"), MARKET),
        Variable("leverage", ("low", "high"), Measurement((Series("l"),), cuts=(0.0,))),
        Variable("aside", ("low", "high"), Measurement((Series("a"),), cuts=(0.0,))),
        Variable("bitcoin", ("calm", "crash"), Measurement((Series("b"),), cuts=(0.0,))),
    )
    edges = (
        Edge("shares", "bitcoin"),
        Edge("leverage", "bitcoin"),
        Edge("leverage", "leverage", 1),
        *([Edge("calendar", "shares")] if calendar else []),
    )
    graph = CausalGraph(variables, edges, tuple(Confounded(a, b) for a, b in hidden))
    fit = toy(20).fit
    assert fit is not None
    rng = np.random.default_rng(3)

    def counts(start: bool) -> dict[str, Any]:
        found = {}
        for v in variables:
            causes = graph.start_parents(v.name) if start else graph.parents(v.name)
            sizes = [graph.size(a) for a in (*causes, v.name)]
            found[v.name] = rng.poisson(30, sizes).astype(np.int64)
        return found

    day, start = counts(False), counts(True)
    for table in (day, start):
        table["bitcoin"][:] = [[[95, 5], [60, 40]], [[90, 10], [50, 50]], [[50, 50], [10, 90]]]
    return fitted(graph, replace(fit, counts=replace(fit.counts, day=day, start=start)))


def asked(model: CausalModel) -> Query:
    return parse("P(bitcoin=crash within 3d)", model.graph)


def test_a_market_is_held_on_its_open_days_alone() -> None:
    """No shock on a Saturday: the market is set where the calendar is open, or not at all."""
    model = traded()
    done = [a.query.do[0] for a in what_ifs(model, asked(model)).telling]
    policies = [d for d in done if isinstance(d, Policy)]
    assert [str(p) for p in policies] == ["shares=shock if calendar=open"]
    assert Hard("leverage", "high") in done
    blind = traded(calendar=False)
    done = [a.query.do[0] for a in what_ifs(blind, asked(blind)).telling]
    assert {d.variable for d in done} == {"leverage"}


def test_a_what_if_moves_the_answer() -> None:
    """What has no effect is not offered, and the one that moves it most comes first."""
    model = traded()
    found = what_ifs(model, asked(model))
    plain = ask(model, asked(model)).probability
    moves = [abs((a.probability or 0) - (plain or 0)) for a in found.telling]
    assert len(moves) == 2
    assert moves == sorted(moves, reverse=True)
    assert found.left_open == ()
    assert len(what_ifs(model, asked(model), most=1).telling) == 1


def test_a_bounded_what_if_is_no_number() -> None:
    """`now` says what `ask` says: a range, told apart; a number where there is one."""
    model = traded(("leverage", "bitcoin"))
    found = what_ifs(model, asked(model))
    assert [a.query.do[0].variable for a in found.telling] == ["shares"]
    (opened,) = found.left_open
    assert opened.probability is None
    record = page(ask(model, asked(model)), (), found, "2026-05-29")
    (told,) = record["what_if"]
    assert (told["effect"], told["computed"]) == ("identified", "tables")
    assert told["licensed_by"] == "assumed"
    assert told["probability"] == found.telling[0].probability
    assert "bounds" not in told
    (left,) = record["left_open"]
    same = ask(model.mean(), opened.query)
    assert same.bounds is not None
    assert left["do"] == "leverage=high"
    assert left["bounds"] == {"low": float(same.bounds[0][0]), "high": float(same.bounds[1][0])}
    json.dumps(record, allow_nan=False)


def test_bounds_never_tell() -> None:
    """The plain answer lies between natural bounds, so what is bounded is never offered."""
    model = traded(("leverage", "bitcoin"), ("shares", "bitcoin"))
    found = what_ifs(model, asked(model))
    assert found.telling == ()
    plain = ask(model.mean(), asked(model)).probability or 0.0
    for answer in found.left_open:
        low, high = answer.interval()
        assert low <= plain <= high
    ranges = [a.interval() for a in found.left_open]
    assert (0.0, 1.0) in ranges  # a policy has no others
    assert any(0 < high - low < 1 for low, high in ranges)
    record = page(ask(model, asked(model)), (), found, "2026-05-29")
    assert record["what_if"] == []


def test_the_screen_lists_what_is_left_open(capsys: pytest.CaptureFixture[str]) -> None:
    """Ranges rounded outwards, alike ones together; a licence beside every number."""
    model = traded(("leverage", "bitcoin"))
    question = asked(model)
    _screen(page(ask(model, question), (), what_ifs(model, question), "2026-05-29"))
    said = " ".join(capsys.readouterr().out.split())
    assert "shares=shock if" in said
    assert "assumed" in said
    assert "Left open by unmeasured causes, 0." in said
    assert "do(leverage=high)" in said
    _screen(page(ask(model, question), (), WhatIfs((), ()), "2026-05-29"))
    assert "has a number that moves it" in capsys.readouterr().out
