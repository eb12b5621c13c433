"""A forecast read through its map: by name, for one event, and never for what is done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.answer.draws import Draws
from causal.ask import ask
from causal.errors import QueryError
from causal.model.checks import Checks, Recalibration
from causal.model.network import CausalModel
from tests.app.toy import toy

MAP = Recalibration("bitcoin", 3, -0.4, 0.8, "leverage", 0.5, 177)
QUESTION = "P(bitcoin=crash within 3d | leverage={})"


@pytest.fixture(scope="module")
def model() -> CausalModel:
    bare = toy(draws=200)
    assert bare.fit is not None
    return replace(bare, fit=replace(bare.fit, checks=Checks("bitcoin", recalibration=MAP)))


@pytest.mark.parametrize(("state", "flag"), [("high", 1.0), ("low", 0.0)])
def test_every_draw_goes_through_the_map(model: CausalModel, state: str, flag: float) -> None:
    plain = ask(model, QUESTION.format(state))
    found = ask(model, QUESTION.format(state), recalibrate=True)
    assert isinstance(found.posterior, Draws)
    odds = np.log(plain.draws / (1 - plain.draws))
    want = 1 / (1 + np.exp(-(-0.4 + 0.8 * odds + 0.5 * flag)))
    np.testing.assert_allclose(found.draws, want, rtol=1e-9)
    np.testing.assert_array_equal(found.base, plain.base)
    assert "recalibrated by a map learnt on 177 forecasts" in str(found)
    assert "recalibrated" not in str(plain)
    assert found.posterior.curve is None


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("P(bitcoin=crash within 3d | do(leverage=low))", "What is done is not recalibrated"),
        ("P(bitcoin=crash within 2d | leverage=low)", "not what the map is about"),
        ("P(bitcoin=crash | leverage=low)", "not what the map is about"),
        ("P(leverage=high within 3d)", "not what the map is about"),
        ("P(bitcoin=crash within 3d)", "does not say in which state `leverage` is"),
        ("P(bitcoin=crash within 3d | leverage@-1=low)", "does not say in which state"),
    ],
)
def test_what_the_map_is_not_about_is_refused(model: CausalModel, question: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        ask(model, question, recalibrate=True)


def test_a_model_without_a_map_says_so() -> None:
    with pytest.raises(QueryError, match="keeps no map"):
        ask(toy(draws=20), QUESTION.format("low"), recalibrate=True)


def test_uncertain_evidence_counts_by_its_weight(model: CausalModel) -> None:
    question = "P(bitcoin=crash within 3d | leverage={high: 0.3, low: 0.1})"
    plain, found = ask(model, question), ask(model, question, recalibrate=True)
    odds = np.log(plain.draws / (1 - plain.draws))
    want = 1 / (1 + np.exp(-(-0.4 + 0.8 * odds + 0.5 * 0.75)))
    np.testing.assert_allclose(found.draws, want, rtol=1e-9)
