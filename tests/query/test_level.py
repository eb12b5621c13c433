"""A price level is the drawdown that it is: read, rounded, spelt out, or refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import causal
from causal.data.history import Holdings
from causal.data.panel import Panel
from causal.errors import CausalError, QueryError
from causal.learn.as_of import with_close, with_usual_volatility
from causal.model.network import CausalModel
from causal.query.event import Drawdown
from causal.query.level import Close, PriceLevel, money, named_price, names_level
from causal.query.parser import parse

CLOSE = Close(84_000.0, "2026-05-31")


@pytest.fixture(scope="module")
def model() -> CausalModel:
    return causal.load(causal.shipped()).mean()


@pytest.mark.parametrize(
    ("level", "price"),
    [
        ("below 60000", 60_000),
        ("below 60,000", 60_000),
        ("under $60,000", 60_000),
        ("< 60k", 60_000),
        ("<=60_000", 60_000),
        ("≤ 60000.50", 60_000.5),
        ("below 0.06m", 60_000),
        ("below 60 k", 60_000),
    ],
)
def test_a_level_is_a_drawdown_from_the_close(model: CausalModel, level: str, price: float) -> None:
    found = parse(
        f"P(bitcoin {level} within 7d | leverage=high)",
        model.graph,
        priced=model.priced,
        close=CLOSE,
    )
    assert found.drawdown == Drawdown(round(price / 84_000 - 1, 4), "bitcoin")
    assert found.drawdown.level == PriceLevel(price, CLOSE)
    assert str(found) == "P(drawdown(bitcoin) <= -28.57% within 7d | leverage=high)"
    assert parse(str(found), model.graph, priced=model.priced) == found
    assert str(found.drawdown.level).startswith(f"{money(price)} is -28.57 % from the close of")


def test_the_level_is_spelt_out_beside_the_answer(model: CausalModel) -> None:
    answer = causal.ask(model, "P(bitcoin below 60,000 within 7d)", price=84_000)
    want = causal.ask(model, "P(drawdown(bitcoin) <= -28.57% within 7d)")
    assert (answer.draws == want.draws).all()
    assert "\n60,000 is -28.57 % from the price of 84,000\n" in str(answer)
    found = answer.to_dict()
    assert found["query"] == "P(drawdown(bitcoin) <= -28.57% within 7d)"
    assert found["price_level"] == {
        "level": 60_000.0,
        "close": 84_000,
        "day": None,
        "threshold": -0.2857,
        "words": "60,000 is -28.57 % from the price of 84,000",
    }
    assert "price_level" not in want.to_dict()


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("P(bitcoin above 90000 within 7d)", "How high `bitcoin` rises", "below 75,600"),
        ("P(bitcoin > 60000 within 7d)", "How high `bitcoin` rises", "below 60,000"),
        ("P(bitcoin >= 90000 within 7d)", "How high `bitcoin` rises", "below 75,600"),
        ("P(bitcoin over 90k within 7d)", "How high `bitcoin` rises", "below 75,600"),
        ("P(bitcoin below 84000 within 7d)", "84,000 is not below the close", "below 84,000"),
        ("P(bitcoin below 83999 within 7d)", "83,999 is not below the close", "below 84,000"),
        ("P(bitcoin below 60000dollars within 7d)", "named without a state", "bitcoin=crash"),
        ("P(bitcoin < 90000 within 7d)", "90,000 is not below the close", "below 84,000"),
        ("P(bitcoin below 1 within 7d)", "1 is nothing beside the close", "higher level"),
        ("P(bitcoin below 0 within 7d)", "`0` is no price that can be reached", "between zero"),
        ("P(bitcoin below -5 within 7d)", "`-5` is no price that can be reached", "between zero"),
        ("P(bitcoin below 60.000 within 7d)", "may be 60, or thousands", "60,000"),
        ("P(bitcoin below 6e4 within 7d)", "`6e4` is no price", "60,000 or 60k"),
        ("P(bitcoin below 1e400 within 7d)", "`1e400` is no price", "60,000 or 60k"),
        ("P(bitcoin below 6,00,0 within 7d)", "`6,00,0` is no price", "60,000 or 60k"),
        ("P(bitcoin=crash within 7d | bitcoin below 60000)", "right of the bar", "states"),
        ("P(bitcoin=crash within 7d | do(bitcoin < 60000))", "right of the bar", "states"),
        ("P(bitcoin below 60000)", "has no horizon", "within 7d"),
        ("P(bitcoin below 60000 at 7d)", "has `at 7d`", "within 7d"),
        ("P(bitcoin below 60000, leverage=high within 7d)", "beside another event", "alone"),
        ("P(leverage < 5 within 7d)", "compares with a number", "The states of `leverage`"),
        ("P(bitcoin < -10% within 7d)", "compares with a number", "causal ladder"),
        ("P(price < 60000 within 7d)", "compares with a number", "causal ladder"),
        ("P(bitcoin below sixty within 7d)", "named without a state", "bitcoin=crash"),
    ],
)
def test_what_is_refused_says_why(model: CausalModel, text: str, message: str, advice: str) -> None:
    with pytest.raises(CausalError, match=message) as found:
        parse(text, model.graph, priced=model.priced, close=CLOSE)
    assert advice in str(found.value)
    assert "^" in found.value.where


def test_without_a_price_a_level_is_no_fall(model: CausalModel) -> None:
    with pytest.raises(QueryError, match="Where `bitcoin` stands today is not known") as found:
        causal.ask(model, "P(bitcoin below 60000 within 7d)")
    assert "--price 84000" in str(found.value)
    assert found.value.where.count("^") == len("bitcoin below 60000")


@pytest.mark.parametrize("price", [0, -1.0, float("nan"), float("inf"), True, "84000"])
def test_no_price(model: CausalModel, price: object) -> None:
    with pytest.raises(QueryError, match="is no price"):
        causal.ask(model, "P(bitcoin below 60000 within 7d)", price=price)  # type: ignore[arg-type]


def test_a_name_in_quotes_is_no_comparison(model: CausalModel) -> None:
    assert not names_level('P(bitcoin="bitcoin < 5")', model.priced)
    assert names_level("bitcoin below 5", model.priced)
    assert not names_level("leverage below 5", model.priced)
    assert not names_level("P(bitcoin=crash within 7d)", model.priced)


def test_a_price_on_the_command_line() -> None:
    assert named_price("84,000") == named_price("84k") == named_price(" $84000 ") == Close(84_000.0)
    for text in ("eighty", "", "84.000", "0", "8,4"):
        with pytest.raises(QueryError, match=r"price|thousands"):
            named_price(text)


def held_closes(name: str, last: float) -> Holdings:
    """Closes of two years that wave, the last one ``last``."""
    dates = np.arange("2024-06-01", "2026-06-01", dtype="datetime64[D]")
    close = 80_000 * np.exp(0.02 * np.sin(np.arange(len(dates))))
    close[-1] = last
    panel = Panel(dates, (name,), close[:, None])
    return Holdings(panel, dates[:, None], {name: ("data",)})


def test_a_model_as_of_a_day_knows_its_close(model: CausalModel) -> None:
    assert model.fit is not None
    assert model.fit.moves is not None
    held = held_closes(model.fit.moves.declared.close, 84_000.0)
    then = with_usual_volatility(model, held, "2026-05-31")
    assert then.close == CLOSE
    answer = causal.ask(then, "P(bitcoin below 60,000 within 7d)")
    assert "60,000 is -28.57 % from the close of 84,000 on 2026-05-31" in str(answer)
    swept = causal.sweep(then, [("low", {"leverage": "low"}, {})], "bitcoin < 60000", within=7)
    assert "drawdown(bitcoin) <= -28.57%" in json.dumps(swept.to_dict())
    ladder = causal.ladder(then, horizons=(7,), thresholds=(-0.10,))
    assert ladder.level(-0.10) == pytest.approx(75_600)
    assert "-10% (75,600) within  7d" in str(ladder)
    assert ladder.to_dict()["close"] == {"price": 84_000.0, "day": "2026-05-31"}
    assert ladder.to_dict()["rungs"][0]["price_level"] == pytest.approx(75_600)
    assert ladder.table()[0]["price_level"] == pytest.approx(75_600)


def test_no_close_of_a_later_day_and_none_of_an_older_one(model: CausalModel) -> None:
    assert model.fit is not None
    assert model.fit.moves is not None
    held = held_closes(model.fit.moves.declared.close, 84_000.0)
    before = with_close(model, held, "2026-05-30").close
    assert before is not None
    assert before.price != 84_000
    assert before.day == "2026-05-30"
    assert with_close(model, held, "2026-06-01").close is None
    late = replace(held, available=held.available + np.timedelta64(1, "D"))
    assert with_close(model, late, "2026-05-31").close is None
    plain = causal.ladder(model, horizons=(7,), thresholds=(-0.10,))
    assert plain.level(-0.10) is None
    assert "price_level" not in plain.table()[0]
    assert "close" not in plain.to_dict()
