"""What could be known as of a day: evidence from the history, and how old it is, on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from causal.app.console import Console
    from causal.model.network import CausalModel
    from causal.query.event import Condition
    from causal.query.level import Close
    from causal.query.query import Query


def last_day(day: str) -> Any:
    """The last day that is over, or the date that ``day`` names, as a ``datetime64[D]``."""
    from causal.data.history import today
    from causal.data.panel import one_day

    return today() if day == "today" else one_day(day)


def informed_as_of(
    model: CausalModel,
    questions: Sequence[Query],
    asof: str | None,
    vintage: str | None,
    *,
    data: str | None = None,
    sized: bool = True,
) -> tuple[CausalModel, list[Query], dict[str, Any]]:
    """Questions with what could be known as of a day, and what that was, as JSON values.

    The day is ``asof``, else that of the vintage, else the last one that is over.  Where the price
    is asked about, the model comes back with the usual volatility of that day, if it is ``sized``
    by it.
    """
    from dataclasses import asdict, replace

    from causal.app.opening import open_history
    from causal.learn.as_of import (
        readings,
        with_close,
        with_known_evidence,
        with_usual_volatility,
    )
    from causal.query.query import begun

    day = last_day(asof or vintage or "today")
    stored = open_history(vintage, data, model.graph)
    known = readings(model, stored, day)
    more: dict[frozenset[str], tuple[tuple[Condition, ...], str | None]] = {}
    asked = []
    for one in questions:
        own = frozenset(c.variable for c in one.given)
        if own not in more:
            whole = with_known_evidence(model, one, known, day)[0]
            more[own] = whole.given[len(one.given) :], whole.start
        given, start = more[own]
        asked.append(begun(replace(one, given=(*one.given, *given)), start))
    plain = questions[0] if len(questions) == 1 else replace(questions[0], given=())
    used = with_known_evidence(model, plain, known, day)[1]
    record: dict[str, Any] = {"day": str(day), "variables": [asdict(r) for r in used]}
    if not sized:
        model = with_close(model, stored, day)
    elif not questions[0].event:
        model = with_usual_volatility(model, stored, day)
        fit = model.fit
        record["usual_volatility"] = fit.moves.usual if fit and fit.moves else None
    return model, asked, {"as_of": record}


def close_as_of(
    model: CausalModel, asof: str | None, vintage: str | None, *, data: str | None = None
) -> Close:
    """The close from which a price level is a fall: that of the day a question is asked as of.

    Raises DataError where it cannot be read.
    """
    from causal.app.opening import open_history
    from causal.errors import DataError
    from causal.learn.as_of import with_close

    day = last_day(asof or vintage or "today")
    found = with_close(model, open_history(vintage, data, model.graph), day).close
    if found is None:
        name = model.fit.moves.declared.close if model.fit and model.fit.moves else "the close"
        raise DataError(
            f"`{name}` of {day} is not stored.",
            "A price level is a fall from the day's close, and an older close is not today's "
            "price.",
            "Ask as of a day whose close is stored, give the price (`--price 84000`), or pull the "
            "data (`causal data pull`).",
        )
    return found


def today_close(
    model: CausalModel,
    text: str,
    price: str | None,
    told: tuple[str | None, str | None, str | None],
) -> Close | None:
    """Where the price stands: as it is given, else the close of the day that is asked as of.

    ``told``: --asof, --vintage and --data; no history is opened for a question without a level.
    Raises QueryError for a price that is none, or that nothing is asked of, and DataError.
    """
    from causal.errors import QueryError
    from causal.query.level import named_price, names_level
    from causal.query.parser import parse

    if price is not None:
        found = named_price(price)
        if not names_level(text, model.priced):
            parse(text, model.graph, priced=model.priced)  # what is no question says so itself
            raise QueryError(
                "Today's price is given, and the question names no price level.",
                "The price says which fall a level is, and changes nothing else.",
                "Leave out --price, or ask for a level, `below 60000`.",
            )
        return found
    if told == (None, None, None) or not names_level(text, model.priced):
        return model.close
    asof, vintage, data = told
    return close_as_of(model, asof, vintage, data=data)


def known_screen(known: dict[str, Any]) -> None:
    """How old the evidence is, and what was left out of it, below an answer."""
    from rich.padding import Padding

    from causal.app.console import Console

    groups: dict[str, list[str]] = {}
    for r in known["variables"]:
        if r["weights"]:
            groups.setdefault("weakened by age", []).append(f"{r['variable']} ({r['age']} d)")
        elif not r["left_out"]:
            groups.setdefault(f"from {r['day']}", []).append(r["variable"])
        else:
            age = "" if r["age"] is None else f", {r['age']} d"
            groups.setdefault("left out", []).append(f"{r['variable']} ({r['left_out']}{age})")
    text = "\n".join(f"{head}: {', '.join(names)}" for head, names in sorted(groups.items()))
    console = Console()
    console.print(f"\n  evidence as of the end of {known['day']} (UTC)", style="dim")
    console.print(Padding(text, (0, 2)), style="dim")
    stale_screen(console, known["variables"])


def stale_screen(console: Console, variables: Sequence[dict[str, Any]]) -> None:
    """Say so when nothing that is measured is new enough to be evidence."""
    measured = [r for r in variables if r["value"] is not None]
    if all(r["left_out"] or r["weights"] for r in measured):
        console.print("\n  All that is stored is too old: run `causal data pull`.", style="yellow")
