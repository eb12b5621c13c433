"""An answer in words: the same numbers as the dictionary, and never a NaN."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from causal.answer.answer import Answer, risk_ratio, warning
from causal.answer.draws import Draws
from causal.answer.format import in_days, share
from causal.answer.moments import Closed, Moments
from causal.answer.support import Support
from causal.ask import ask
from tests.app.toy import toy

QUESTION = "P(bitcoin=crash within 3d | do(geopolitics=escalation), leverage=high)"


@pytest.fixture(scope="module")
def answer() -> Answer:
    return ask(toy(), QUESTION)


def test_the_text_says_what_the_dictionary_holds(answer: Answer) -> None:
    found, text = answer.to_dict(), str(answer)
    lines = text.splitlines()
    assert lines[0] == QUESTION
    interval = found["interval"]
    assert lines[1] == (
        f"{found['probability']:.3f}   90% interval {interval['low']:.3f} to {interval['high']:.3f}"
    )
    assert f"base rate {found['base_rate']:.3f}" in lines
    assert any(line.startswith("risk ratio ") for line in lines)
    assert f"evidence: probability {found['evidence_probability']:.3f}" in lines
    assert [line for line in lines if line.startswith("  assuming: ")] == [
        f"  assuming: {a}" for a in found["claim"]["assumptions"]
    ]
    assert "not a forecast" in lines[-1]


def test_a_plain_question_is_its_own_base_rate() -> None:
    found = ask(toy(), "P(bitcoin=crash)")
    assert "risk" not in str(found)
    assert found.to_dict()["risk_difference"] == {"value": 0, "low": 0, "high": 0}


def test_bounds_have_no_single_number() -> None:
    found = ask(toy(confounded=True), "P(bitcoin=crash | do(leverage=high))")
    record = found.to_dict()
    least, most = record["bounds"]["low"], record["bounds"]["high"]
    assert str(found).splitlines()[1].startswith(f"between {least:.3f} and {most:.3f}   with")
    assert record["probability"] is None
    assert record["risk_difference"]["low"] < 0 < record["risk_difference"]["high"]


def test_what_is_not_a_number_is_none(answer: Answer) -> None:
    base = answer.base.copy()
    base[0] = 0.0
    never = replace(answer, posterior=Draws(answer.draws, base))
    assert risk_ratio(never).value is None
    nothing = Draws(np.full_like(base, np.nan), base)
    broken = replace(never, evidence=np.inf, posterior=nothing)
    assert "NaN" not in json.dumps(broken.to_dict())
    json.dumps(broken.to_dict(), allow_nan=False)


@pytest.mark.parametrize("least", [0.0, 5e-324, 2.3e-308, 1e-200, 1e-60])
def test_a_ratio_to_next_to_nothing_is_none_or_a_number(answer: Answer, least: float) -> None:
    """Whatever the smallest draw of a base rate, no quotient, mean or interval overflows."""
    base = answer.base.copy()
    base[::3] = least
    found = risk_ratio(replace(answer, posterior=Draws(answer.draws, base)))
    assert (found.value is None) == (least < 1e-100)
    for values in (found.value, found.low, found.high):
        assert values is None or np.isfinite(values)


@pytest.mark.parametrize(
    ("mean", "deviation"), [(1.0, 0.5), (400.0, 1.0), (800.0, 1.0), (2.0, 60.0)]
)
def test_a_ratio_in_closed_form_is_none_or_a_number(
    answer: Answer, mean: float, deviation: float
) -> None:
    flat = Moments(0.5)
    closed = Closed(flat, None, flat, flat, Moments(mean, deviation))
    found = risk_ratio(replace(answer, posterior=closed))
    assert (found.value is None) == (mean > 1)


@pytest.mark.parametrize(
    ("days", "prior", "said"),
    [(400.0, 0.01, ""), (12.0, 0.25, "Thin"), (1.0, 0.8, "mostly prior"), (0.0, 1.0, "mostly")],
)
def test_thin_support_warns(answer: Answer, days: float, prior: float, said: str) -> None:
    text = warning(replace(answer, support=Support(days, prior, "row")))
    assert (said in text) if said else text == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0.000"), (0.00042, "0.00042"), (0.0981, "0.098"), (0.99999, ">0.999"),
     (1.0, "1.000")],
)  # fmt: skip
def test_a_probability_is_never_rounded_to_certainty(value: float | None, text: str) -> None:
    assert share(value) == text


def test_one_day_is_a_day() -> None:
    assert [in_days(n) for n in (0.0, 0.6, 1.4, 1200.0)] == [
        "0 days",
        "1 day",
        "1 day",
        "1,200 days",
    ]
