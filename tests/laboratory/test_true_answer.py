"""True answers: counted path by path, compared path by path, and refused where there is no twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causal.errors import CausalError, QueryError
from causal.laboratory import true_answer
from causal.laboratory.parameters import parameters
from causal.laboratory.simulation import market
from causal.laboratory.true_answer import Ask, Truth, asked, shipped_graph, truth, truths
from causal.laboratory.world import UNTOUCHED, World
from causal.query.parser import parse

CRASH, FALL = "P(bitcoin=crash within 7d)", "P(drawdown <= -10% within 7d)"
ASK = Ask(parse(CRASH, shipped_graph()))
SMALL: dict[str, Any] = {"paths": 40, "seed": 2}


def made(happened: list[float], weight: list[float]) -> Truth:
    return Truth(ASK, np.array(happened), np.array(weight))


def test_value_and_error_are_those_of_a_weighted_share() -> None:
    found = made([1, 0, 1, 0], [1, 1, 0.5, 0])
    assert found.value == pytest.approx(1.5 / 2.5)
    want = np.sqrt(sum((np.array([1, 1, 0.5, 0]) * (np.array([1, 0, 1, 0]) - 0.6)) ** 2)) / 2.5
    assert found.error == pytest.approx(want)
    assert found.minus(found) == (0, 0)
    assert made([1, 1, 0, 0], [1] * 4).share(made([1, 1, 1, 0], [1] * 4), of=True)[
        0
    ] == pytest.approx(1 / 3)
    with pytest.raises(QueryError):
        found.share(made([0, 0, 0, 0], [1] * 4), of=True)


def test_the_error_is_that_of_repeated_runs() -> None:
    """On draws whose chance is known: the standard error is the spread of the estimate."""
    rng = np.random.default_rng(0)
    runs = [made(list((rng.random(200) < 0.3) * 1.0), list(rng.random(200))) for _ in range(400)]
    spread = np.std([r.value for r in runs])
    assert np.mean([r.error for r in runs]) == pytest.approx(spread, rel=0.1)


def test_worlds_share_their_noise() -> None:
    graph = shipped_graph()
    worlds = [UNTOUCHED, World(trade=2), World(cut={"loop"}), World(leverage=1.8)]
    alone, hit, off, high = truths(
        asked(graph, [(FALL, w) for w in worlds], low=True), **SMALL, graph=graph
    )
    assert off.value <= alone.value <= hit.value
    assert (hit.happened >= alone.happened).mean() > 0.9
    assert high.minus(alone)[1] < np.hypot(high.error, alone.error)
    again = truth(UNTOUCHED, **SMALL)
    # another reach of the history, and so another warm-up, would be other paths
    np.testing.assert_array_equal(again.happened, alone.happened)
    assert alone.to_dict()["licence"] == "model-only"


def test_doing_a_state_is_seen_and_counted() -> None:
    graph = shipped_graph()
    questions = (
        "P(bitcoin=crash | do(equity_selling=shock))",
        "P(bitcoin=crash | equity_selling=shock)",
        "P(bitcoin in {fall, crash} at 2d | do(risk_off=strong on d2))",
        "P(bitcoin=crash within 3d | do(crypto_selling=heavy for 1d), volatility=normal)",
        "P(bitcoin=calm | do(crypto_selling={normal: 0.5, heavy: 0.5}))",
    )
    done, seen, later, evidence, mixed = truths(
        asked(graph, [(q, UNTOUCHED) for q in questions]), paths=40, seed=1, graph=graph
    )
    assert done.agreement == 1.0
    assert seen.agreement is None
    assert done.paths == 40
    assert seen.paths < 10
    assert later.agreement == 1.0
    assert 8 < evidence.paths < 40
    assert mixed.agreement is not None
    assert mixed.agreement > 0.9
    assert 0 < mixed.value < 1


def test_market_and_truth_are_the_same_paths() -> None:
    """The true answer is what a market run beside it shows."""
    found = truth(FALL, paths=20, seed=4, world=World(trade=2), today="2024-06-05")
    history = market(20, 8, start="2024-06-05", seed=4, world=World(trade=2), begins=2, warm_up=300)
    close = history.day["close"]
    fell = close[1:].min(axis=0) - close[0] <= np.log(0.9)
    np.testing.assert_array_equal(fell * 1.0, found.happened)


def test_it_does_not_depend_on_who_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from causal.laboratory import simulation

    monkeypatch.setattr(simulation, "CHUNK", 6)
    monkeypatch.setattr(true_answer, "WARM_UP", 40)
    one, two = (truth(FALL, paths=12, seed=9, executor=e) for e in (None, "processes"))
    np.testing.assert_array_equal(one.happened, two.happened)


@pytest.mark.parametrize(
    "question",
    [
        "P(bitcoin=crash within 7d | do(bitcoin@-1 -> leverage cut))",
        "P(bitcoin=crash within 7d | do(leverage=low if bitcoin@-1=crash))",
        "P(bitcoin=crash within 7d | do(yields=closed))",
        "P(bitcoin=calm | bitcoin=crash, leverage=high, volatility=high, equity_selling=shock)",
        "P(bitcoin=crash within 7d | do(gold=up))",
    ],
)
def test_what_has_no_twin_is_refused(question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(true_answer, "WARM_UP", 20)
    with pytest.raises(CausalError) as error:
        truth(question, paths=8, parameters=parameters(shock_rate=0))
    assert error.value.do
