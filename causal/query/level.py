"""A price level as the drawdown that it is: ``bitcoin below 60000``, where the close is known.

The drawdown of a question runs from the day's close, min over days 1..N of close_t / close_0, so

    close_t <= P on one of the days 1..N   is   drawdown <= P / close_0 - 1,

the same event.  The return is rounded to a hundredth of a percent, the question is asked and
printed as that drawdown, and the level is spelt out beside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

from causal.errors import QueryError, pointed
from causal.text import written

DIGITS = 4  # decimals of the return: a hundredth of a percent
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
LEVEL = re.compile(
    r"(?<![\w@.+-])(?P<name>[^\W\d]\w*)\s*(?P<how>\b(?:below|under|above|over)\b|[<>]=?|[≤≥])"
    r"\s*(?P<number>[$€£]?\s*[-+]?\d(?:[\d.,_]*\d)?(?:[eE][-+]?\d+)?(?:\s*[kKmM]\b)?)(?!\w|[.,]\d|\s*%)"
)
NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:_\d{3})+|\d+)(?:\.\d+)?")
DOTTED = re.compile(r"\d{1,3}(?:\.\d{3})+")  # 60.000: sixty, or sixty thousand
TIMES = {"k": 1e3, "m": 1e6}
HIGHER = ("above", "over", ">", ">=", "≥")
THOUSAND = 1_000.0


@dataclass(frozen=True, slots=True)
class Close:
    """The price that a drawdown is measured from: the close of ``day``, or one that was given ("").

    Raises QueryError for what is no price above zero.
    """

    price: float
    day: str = ""

    def __post_init__(self) -> None:
        value = self.price
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not math.isfinite(value) or value <= 0:
            raise QueryError(
                f"{written(value)} is no price.",
                "The price that a fall is measured from is a number above zero.",
                "Write 84000, or leave it out and ask as of a day whose close is stored.",
            )

    def __str__(self) -> str:
        if not self.day:
            return f"the price of {money(self.price)}"
        return f"the close of {money(self.price)} on {self.day}"


@dataclass(frozen=True, slots=True)
class PriceLevel:
    """A level below a close, as it was asked for."""

    level: float
    close: Close

    @property
    def threshold(self) -> float:
        """level / close - 1, the return of the drawdown, rounded to a hundredth of a percent."""
        return round(self.level / self.close.price - 1, DIGITS)

    def __str__(self) -> str:
        return f"{money(self.level)} is {100 * self.threshold:.2f} % from {self.close}"


def money(value: float) -> str:
    """A price in words: ``84,000``, ``73,674.39``, ``0.5231``."""
    whole = f"{value:,.2f}" if value >= 1 else f"{value:,.6g}"
    return whole.removesuffix(".00")


def named_price(text: str) -> Close:
    """``84000``, ``84,000`` or ``84k`` as the price that falls are measured from; raises
    QueryError."""
    found = LEVEL.fullmatch(f"x < {text.strip()}")
    if found is None:
        raise QueryError(
            f"`{text}` is no price.",
            "The price that a fall is measured from is a number above zero.",
            "Write 84000, 84,000 or 84k.",
        )
    return Close(_number(found, f"x < {text.strip()}", None))


def names_level(text: str, priced: Collection[str]) -> bool:
    """Whether a question, or its event alone, compares a price with a level."""
    return _level_in(text, priced) is not None


def levelled(
    text: str, priced: Collection[str], close: Close | None
) -> tuple[str, PriceLevel | None]:
    """The text with its price level written as a drawdown, and the level; else the text as it is.

    ``priced``: the variables that have a price; ``close``: where it stands, None where that is not
    known.  Raises QueryError, with a caret, for a level that no fall from the close reaches.
    """
    found = _level_in(text, priced)
    if found is None:
        return text, None
    number = _number(found, text, close)
    _checked_side(text, found, number, close)
    if close is None:
        name = found["name"]
        raise _wrong(
            text,
            found,
            f"Where `{name}` stands today is not known, so {money(number)} is no fall yet.",
            "The model has returns and no prices: a level is a drawdown from the day's close.",
            "Ask as of a day whose close is stored (`causal ask --asof DATE`), give the price "
            f"(`--price 84000`, `ask(..., price=84000)`), or write the fall: `drawdown({name}) "
            "<= -10%`.",
        )
    level = PriceLevel(number, close)
    _checked_depth(text, found, level)
    told = f"drawdown({found['name']}) <= {round(100 * level.threshold, DIGITS - 2):g}%"
    return f"{text[: found.start()]}{told}{text[found.end() :]}", level


def _checked_side(text: str, found: re.Match[str], number: float, close: Close | None) -> None:
    """Raise QueryError for a level above, and for one that is evidence."""
    name = found["name"]
    if found["how"] in HIGHER:
        low = number if close is None or number < close.price else round(0.9 * close.price, 2)
        raise _wrong(
            text,
            found,
            f"How high `{name}` rises is not known to the model.",
            "What it has are falls: how far the worst close stands below today's. That a price "
            "stays below a level, or comes to stand above one, is no event of them.",
            f"Ask for a level below today's price, `P({name} below {money(low)} within 7d)`.",
        )
    if "|" in text[: found.start()]:
        raise _wrong(
            text,
            found,
            f"The level of `{name}` stands to the right of the bar.",
            "A fall over the days to come is what is asked about; it is no evidence, and nothing "
            "that is done.",
            f"Ask `P({name} below {money(number)} within 7d)`, and give states as evidence.",
        )


def _checked_depth(text: str, found: re.Match[str], level: PriceLevel) -> None:
    """Raise QueryError for a level that is no fall from the close, or one of all of it."""
    number, close = level.level, level.close
    if level.threshold >= 0:
        raise _wrong(
            text,
            found,
            f"{money(number)} is not below {close}.",
            "A drawdown is a fall from there; the price stands at that level or under it already, "
            "or within a hundredth of a percent of it.",
            f"Ask for a level below {money(close.price)}.",
        )
    if level.threshold <= -1:
        raise _wrong(
            text,
            found,
            f"{money(number)} is nothing beside {close}.",
            "It is a fall of 100 % to the hundredth of a percent, and a price falls by less.",
            "Ask for a higher level.",
        )


def _level_in(text: str, priced: Collection[str]) -> re.Match[str] | None:
    """The first comparison of a price with a number; what stands in quotes is a name."""
    if not isinstance(text, str):
        return None
    plain = QUOTED.sub(lambda m: "_" * len(m[0]), text)
    return next((m for m in LEVEL.finditer(plain) if m["name"] in priced), None)


def _number(found: re.Match[str], text: str, close: Close | None) -> float:
    """The number of a level: ``60000``, ``60,000``, ``$60k``; raises QueryError for another."""
    said = found["number"].strip()
    plain = said.lstrip("$€£ ")
    times = TIMES.get(plain[-1:].lower(), 1.0)
    plain = plain.rstrip("kKmM ") if times > 1 else plain
    if DOTTED.fullmatch(plain) and (close is None or close.price >= THOUSAND):
        raise _wrong(
            text,
            found,
            f"`{said}` may be {plain.partition('.')[0]}, or thousands with a point between.",
            "In the grammar a point begins the decimals, and a comma may part the thousands.",
            f"Write {plain.replace('.', ',')}, or {plain.replace('.', '')}.",
        )
    if not NUMBER.fullmatch(plain):
        raise _wrong(
            text,
            found,
            f"`{said}` is no price.",
            "A price is a number above zero; a comma may part its thousands.",
            "Write 60000, 60,000 or 60k.",
        )
    value = float(plain.replace(",", "").replace("_", "")) * times
    if not 0 < value < math.inf:
        raise _wrong(
            text,
            found,
            f"`{said}` is no price that can be reached.",
            "A price is above zero, and falls by less than all of it.",
            "Ask for a level between zero and today's price.",
        )
    return value


def _wrong(text: str, found: re.Match[str], *parts: str) -> QueryError:
    """The error of a level, pointing at it."""
    what, means, do = parts
    error = pointed(QueryError(what, means, do), text, found.start(), found.end())
    assert isinstance(error, QueryError)
    return error
