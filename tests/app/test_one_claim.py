"""One claim everywhere: a bounded effect is never shown as a number, and an assumed one says so.

The number that the tables alone would give is known here, and looked for in all that is printed
and drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from causal.answer.format import share
from causal.app.cli import app
from causal.ask import ask
from causal.drawdown.ladder import ladder
from causal.errors import QueryError
from causal.explain.feedback import loop_gain
from causal.explain.marginal_claims import card_claims
from causal.explain.sensitivity import sensitivity
from causal.graph.variable import Confounded
from causal.identify.claim import reservation
from causal.infer.marginals import marginals
from causal.infer.most_probable_paths import likeliest
from causal.infer.natural_bounds import natural_bounds
from causal.model.network import CausalModel
from causal.model.store import save
from causal.query.event import Condition, conditions
from causal.query.parser import parse
from causal.query.query import Query
from causal.query.scenarios.scenario import grid
from causal.query.surgery import in_force
from causal.show import fan, heatmap, tornado
from causal.show.card import card_percent
from causal.show.diagram import illustrated
from causal.show.render import _graphviz
from causal.sweep.sweep import sweep
from tests.app.toy import toy
from tests.moves import random_moves
from tests.strategies import one_slice, some_doing, some_evidence, two_slice, with_tables

QUESTION = "P(bitcoin=crash | do(leverage=low))"
WEEK = "P(bitcoin=crash within 3d | do(leverage=low))"


@pytest.fixture(scope="module")
def model() -> CausalModel:
    """leverage -> bitcoin with a hidden common cause, and moves of its price."""
    found = toy(draws=20, confounded=True)
    assert found.fit is not None
    return replace(found, fit=replace(found.fit, moves=random_moves(1, found)))


@pytest.fixture
def run(model: CausalModel, tmp_path: Path) -> Callable[..., str]:
    path = str(tmp_path / "toy.json")
    save(toy(draws=20, confounded=True), path)

    def found(*words: str) -> str:
        result = CliRunner().invoke(app, [*words, "--model", path], catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    return found


def without(model: CausalModel, question: str) -> float:
    """The number that must not be shown."""
    found = ask(model, question, assume_unconfounded=True).probability
    assert found is not None
    return found


def test_the_card_shows_what_the_answer_says(model: CausalModel) -> None:
    bare = without(model.mean(), QUESTION)
    answer = ask(model.mean(), QUESTION)
    low, high = answer.interval()
    assert answer.probability is None
    picture = illustrated(model, parse(QUESTION, model.graph)).svg()
    assert f"after {card_percent(bare, 1)}" not in picture
    assert f"after {card_percent(low, 1)} to {card_percent(high, 1)}" in picture
    assert "a range: an unmeasured cause leaves it open" in picture
    assumed = illustrated(model, parse(QUESTION, model.graph), assume_unconfounded=True).svg()
    assert f"after {card_percent(bare, 1)}" in assumed
    assert "rests on what is assumed of unmeasured causes" in assumed
    assert "a range" not in assumed


def test_a_picture_of_what_is_identified_is_as_it_was() -> None:
    """Neither a range nor a sign."""
    model = toy(draws=20)
    for question in ("P(bitcoin=crash | do(geopolitics=calm))", "P(bitcoin=crash | leverage=low)"):
        picture = illustrated(model, parse(question, model.graph)).svg()
        assert "a range" not in picture
        assert "≈" not in picture


def test_a_range_takes_the_place_of_a_number(model: CausalModel) -> None:
    """Cards are as wide and as high with ranges as with numbers and with nothing asked."""

    def sizes(question: Query, *, assumed: bool = False) -> set[tuple[str, ...]]:
        found = illustrated(model, question, assume_unconfounded=assumed)
        lines = _graphviz(found.dot, "plain").decode().splitlines()
        return {(w[1], w[4], w[5]) for w in map(str.split, lines) if w[0] == "node"}

    asked = parse(QUESTION, model.graph)
    cards = [sizes(asked), sizes(asked, assumed=True), sizes(Query(()))]
    assert len(cards[0]) == 3
    assert cards[0] == cards[1] == cards[2]


@pytest.mark.parametrize("days", [False, True])
def test_every_card_agrees_with_ask(days: bool) -> None:
    """On random graphs with hidden causes: number, range and licence of every card are those of
    the question about its states."""
    counted = {"bounded": 0, "other": 0}
    for seed in range(40):
        rng = np.random.default_rng([10, seed])
        graph = (two_slice(seed, most=3) if days else one_slice(seed, most=5)).graph
        names = graph.names
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if rng.random() < 0.4]
        graph = replace(graph, confounded=tuple(Confounded(a, b) for a, b in pairs))
        model = with_tables(rng, graph, 1)
        do = in_force(some_doing(rng, model, 2 if days else 0), 2 if days else 0)
        given = some_evidence(rng, model, ["", "@-1"] if days else [""])
        query = Query((), conditions(graph, given), do, at=2 if days else None)
        day = 2 if days else 0
        try:
            drawn = marginals(replace(model, interventions=do), given=given, day=day)
        except QueryError:
            continue
        for name, found in card_claims(model, query, names, day=day).items():
            for place, state in enumerate(graph.variable(name).states):
                asked = replace(query, event=(Condition(name, ((state, 1.0),)),))
                try:
                    answer = ask(model, asked)
                except QueryError:  # it is seen under the do
                    continue
                one, other = (replace(c, paths=()) for c in (found.claim, answer.claim))
                assert one == other, str(asked)
                if found.bounds is None:
                    counted["other"] += 1
                    assert drawn[name][place] == pytest.approx(answer.probability)
                else:
                    counted["bounded"] += 1
                    for mine, theirs in zip(
                        found.bounds, natural_bounds(model, asked), strict=True
                    ):
                        assert mine[place] == pytest.approx(theirs[0])
    assert min(counted.values()) > 20, counted


@pytest.mark.parametrize("question", [QUESTION, WEEK])
def test_screens_and_json(model: CausalModel, run: Callable[..., str], question: str) -> None:
    bare = without(toy(draws=20, confounded=True), question)
    said = run("ask", question)
    assert share(bare) not in said
    assert "between" in said
    assert json.loads(run("ask", question, "--json"))["probability"] is None
    assumed = run("ask", question, "--assume-unconfounded")
    assert share(bare) in assumed
    for words in (("tornado", question), ("path", question), ("ask", question)):
        flag = ["--assume-unconfounded"] if words[0] == "ask" else []
        printed = " ".join(run(*words, *flag).split())
        assert "licensed by doing, assumed" in printed
        claim = json.loads(run(*words, *flag, "--json"))["claim"]
        assert claim["licensed_by"] == "assumed"
    loop = ("loop", WEEK, "--edge", "bitcoin@-1 -> leverage")
    assert json.loads(run(*loop, "--json"))["claim"]["licensed_by"] == "assumed"
    assert "doing, assumed" in " ".join(run(*loop).split())


def test_the_command_that_draws(run: Callable[..., str], tmp_path: Path) -> None:
    for words in (("ask", QUESTION, "--draw"), ("draw", "--do", "leverage=low", "--out")):
        path = tmp_path / "a.svg"
        run(*words, str(path))
        assert "a range" in path.read_text()
        run(*words, str(path), "--assume-unconfounded")
        assert "rests on what is assumed" in path.read_text()


def test_values_that_carry_a_number_carry_their_claim(model: CausalModel) -> None:
    for found in (sensitivity(model, WEEK), likeliest(model, WEEK)):
        assert found.claim.licensed_by == "assumed"
        assert found.to_dict()["claim"] == found.claim.to_dict()
        assert "absent" in found.claim.assumptions[0]
    plain = likeliest(model, "P(bitcoin=crash | leverage=low)")
    assert plain.claim.effect == "observed"
    gain = loop_gain(model, WEEK, edges=["bitcoin@-1 -> leverage"], starts=())
    assert gain.cut.claim.licensed_by == gain.loop.claim.licensed_by == "assumed"


def test_pictures_of_numbers_say_what_they_rest_on(model: CausalModel, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    bounded = ladder(model.do(leverage="low"), horizons=(1, 3))
    assert all(r.answer.probability is None for r in bounded.rungs)
    with pytest.raises(QueryError, match="only bounded"):
        fan.save_fan(bounded, tmp_path / "a.svg")
    assumed = ladder(model.do(leverage="low"), horizons=(1, 3), assume_unconfounded=True)
    said = reservation(assumed.claim)
    assert "assumed" in said
    assert said in fan.save_fan(assumed, tmp_path / "a.svg").read_text()
    assert said in tornado.save_tornado(sensitivity(model, WEEK), tmp_path / "b.svg").read_text()
    by_tables = ladder(model.do(geopolitics="calm"), horizons=(1, 3))
    said = "computed by the product of the tables"
    assert said in fan.save_fan(by_tables, tmp_path / "d.svg").read_text()
    fit, open_model = model.fit, toy(draws=20)
    assert fit is not None
    assert open_model.fit is not None
    open_model = replace(open_model, fit=replace(open_model.fit, moves=fit.moves))
    plain = ladder(open_model.do(geopolitics="calm"), horizons=(1, 3))
    assert "assumed" not in fan.save_fan(plain, tmp_path / "c.svg").read_text()


@pytest.mark.parametrize("flag", [False, True])
def test_a_heat_map(model: CausalModel, tmp_path: Path, flag: bool) -> None:
    table = grid(do={"leverage": ["low", "high"], "geopolitics": ["calm", None]})
    found = sweep(model, table, {"bitcoin": "crash"}, assume_unconfounded=flag)
    picture = heatmap.svg(found.heatmap("do(leverage)", "do(geopolitics)"))
    bare = share(without(model, "P(bitcoin=crash | do(leverage=low))"))
    assert (f">{bare}<" in picture) == flag
    assert picture.count(">assumed<") == (4 if flag else 0)
    assert picture.count(">bounds<") == (0 if flag else 4)
    assert all((r.probability is not None) == flag for r in found.rows)
