"""Scenarios: what is done and what is seen, under a name; a grid of them, or a list.

A scenario is written as texts in the grammar (``"leverage=low for 3d"``, ``"bitcoin=crash"``), as
mappings, or as values; all become interventions and conditions here, and every mistake in a list
of scenarios is reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from math import prod
from typing import Any

from causal.errors import CausalError, QueryError
from causal.graph.dag import CausalGraph
from causal.query.event import Condition, conditions, states_of, states_text
from causal.query.intervention import Cut, Hard, Intervention, Mix, Policy, interventions
from causal.query.parser import parse_do, parse_given
from causal.query.query import Query
from causal.query.surgery import in_force, unscheduled
from causal.query.validation import counterfactual, faults, repeats
from causal.text import OBEYED, fault, written

MOST = 1_000_000  # scenarios of one sweep
LISTED = 20  # mistakes shown
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of a sweep: ``do`` and ``given`` under a ``name``; ``place`` is where it was read.

    Raises QueryError for a name of characters that a terminal would obey.
    """

    name: str
    do: tuple[Intervention, ...] = ()
    given: tuple[Condition, ...] = ()
    place: str = ""

    def __post_init__(self) -> None:
        if wrong := fault(self.name):
            raise QueryError(
                f"The name of a scenario, `{self.name}`, {wrong}.",
                OBEYED,
                "Name the scenario in printable characters.",
            )

    @property
    def coordinates(self) -> dict[str, str]:
        """Where it stands among others: ``{"do(leverage)": "low", "bitcoin": "crash"}``.

        Axes of a heat map and columns of a table are made of these.
        """
        done: dict[str, str] = {}
        for item in self.do:
            name, text = _coordinate(item)
            done[name] = f"{done[name]}, {text}" if name in done else text
        return done | {_before(str(c), "="): _after(str(c), "=") for c in self.given}


Loose = Scenario | tuple[str, Any, Any]
"""A scenario, or (name, do, given) with texts, mappings, values or None."""


def grid(
    *,
    do: Mapping[str, Iterable[Any]] | None = None,
    given: Mapping[str, Iterable[Any]] | None = None,
) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every combination of the values of every variable: scenarios (name, do, given).

    ``grid(do={"leverage": ["low", "high"]}, given={"bitcoin": ["calm", "crash"]})`` has four.  A
    value is a state, weights on states, an intervention, a text like ``"low for 3d"``, or None:
    left alone.  Raises QueryError for a grid without values, or of more than a million scenarios.
    """
    sides = [("do", n, v) for n, v in (do or {}).items()]
    sides += [("given", n, v) for n, v in (given or {}).items()]
    values = [_values(name, some) for _, name, some in sides]
    if not sides:
        raise QueryError(
            "The grid is empty.",
            "It names no variable, so there is no scenario.",
            'Write grid(do={"leverage": ["low", "high"]}).',
        )
    allowed_size(prod(map(len, values)))
    found = []
    for chosen in product(*values):
        parts: dict[str, dict[str, Any]] = {"do": {}, "given": {}}
        for (part, name, _), value in zip(sides, chosen, strict=True):
            if value is not None:
                parts[part][name] = value
        found.append((_label(parts), parts["do"], parts["given"]))
    return found


def _values(name: str, some: Iterable[Any]) -> list[Any]:
    """The values of one side of a grid; raises QueryError for none, or for another variable's."""
    single = isinstance(some, str | Mapping) or not isinstance(some, Iterable)
    values = [some] if single else list(islice(some, MOST + 1))
    if not values:
        raise QueryError(
            f"The grid has no value for `{name}`.",
            "A product with an empty side has no scenario.",
            "Give it at least one state, or leave the variable out.",
        )
    for value in values:
        if isinstance(value, Hard | Mix | Policy) and value.variable != name:
            raise QueryError(
                f"The grid has `{value}` under `{name}`.",
                "A side of a grid is named for the variable whose values it lists.",
                f"Name the side `{value.variable}`.",
            )
    return values


def allowed_size(count: int) -> None:
    """Raise QueryError beyond a million scenarios."""
    if count > MOST:
        raise QueryError(
            f"The sweep has {count:,} scenarios.",
            f"Its table would be too long to read or to keep; the most is {MOST:,}.",
            "Vary fewer variables, or fewer values of each.",
        )


def _label(parts: Mapping[str, Mapping[str, Any]]) -> str:
    done = ", ".join(f"{n}={_text(n, v)}" for n, v in parts["do"].items())
    seen = [f"{n}={_text(n, v)}" for n, v in parts["given"].items()]
    return named([f"do({done})"] if done else [], seen)


def named(done: Sequence[str], seen: Sequence[str]) -> str:
    """The name of a scenario that has none of its own: what it says, on one line."""
    return re.sub(r"\s", " ", ", ".join([*done, *seen])) or NOTHING


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if hasattr(value, "variable"):
        return _after(str(value), "=")
    return states_text(states_of(name, value)) if isinstance(value, Iterable) else written(value)


def resolved(
    graph: CausalGraph, query: Query, loose: Iterable[Loose], *, moved: Iterable[str] = ()
) -> tuple[Scenario, ...]:
    """Every scenario as interventions and conditions, checked with the question it is put to.

    The query's own ``do`` is done in all of them, before theirs; ``moved``: whose moves a drawdown
    is made of, so that evidence on them under a do is a counterfactual.  Raises QueryError with all
    mistakes at once (``where`` lists them): unknown names and states, days outside the horizon,
    names given twice; and for an empty list.
    """
    found: list[Scenario] = []
    mistakes: list[tuple[str, CausalError]] = []
    sound = 0
    for number, item in enumerate(listed(loose), 1):
        place = _place(item, number)
        try:
            one = _resolved(graph, item, place)
        except CausalError as error:
            mistakes.append((place, error))
            continue
        put = replace(query, given=(*query.given, *one.given), do=one.do)
        whole = replace(put, do=in_force((*query.do, *one.do), query.horizon)) if query.do else put
        told = (*faults(whole, graph), *repeats(put), *counterfactual(whole, graph, moved))
        wrong = [error for _, error in told]
        mistakes += [(place, error) for error in wrong]
        sound += not wrong
        found.append(one)
    mistakes += _twice(found)
    refuse(mistakes, sound)
    if not found:
        raise QueryError(
            "There is no scenario.",
            "A sweep answers one question in many scenarios.",
            'Give it grid(do={"leverage": ["low", "high"]}), a list, or a file with rows.',
        )
    return tuple(found)


def listed(loose: Any) -> list[Any]:
    """The scenarios as a list; raises QueryError for something that is none."""
    if isinstance(loose, str | Mapping) or not isinstance(loose, Iterable):
        raise QueryError(
            f"{written(loose)} is no list of scenarios.",
            "Scenarios are a grid, a list of (name, do, given), or what `read_scenarios` reads.",
            'Write grid(do={"leverage": ["low", "high"]}).',
        )
    found = list(islice(loose, MOST + 1))  # one that never ends is told apart, too
    allowed_size(len(found))
    return found


def _place(item: Any, number: int) -> str:
    if isinstance(item, Scenario):
        return item.place or f"scenario `{item.name}`"
    if isinstance(item, tuple) and item and isinstance(item[0], str):
        return f"scenario `{item[0]}`"
    return f"scenario {number}"


def _resolved(graph: CausalGraph, item: Any, place: str) -> Scenario:
    """One scenario of whatever form, as a Scenario; raises CausalError."""
    if isinstance(item, Scenario):
        return item
    if not (isinstance(item, tuple | list) and len(item) == 3 and isinstance(item[0], str)):
        raise QueryError(
            f"{written(item)} is no scenario.",
            "A scenario is a name, what is done and what is seen.",
            'Write ("calm", {"leverage": "low"}, {"bitcoin": "crash"}).',
        )
    name, do, given = item
    return Scenario(name, tuple(_doing(graph, do)), _seeing(graph, given), place)


def _doing(graph: CausalGraph, do: Any) -> Iterator[Intervention]:
    """What is done, from a text, a mapping or values; raises CausalError."""
    if do is None:
        return
    if isinstance(do, str):
        yield from parse_do(do, graph)
    elif not isinstance(do, Mapping):
        yield from interventions(graph, do)
    else:
        for name, value in do.items():
            if value is None:
                continue
            if hasattr(value, "variable"):
                yield from interventions(graph, value)
            elif isinstance(value, str) and value not in graph.variable(name).states:
                yield from parse_do(f"{name}={value}", graph)
            else:
                yield from interventions(graph, {name: value})


def _seeing(graph: CausalGraph, given: Any) -> tuple[Condition, ...]:
    """What is seen, from a text, a mapping or conditions; raises CausalError."""
    if isinstance(given, str):
        return parse_given(given, graph)
    if isinstance(given, Mapping):
        return conditions(graph, {n: v for n, v in given.items() if v is not None})
    if given is None:
        return ()
    found = tuple(given) if isinstance(given, Iterable) else (given,)
    for item in found:
        if not isinstance(item, Condition):
            raise QueryError(
                f"{written(item)} is no evidence.",
                "What is seen is a text, a mapping of variables to states, or conditions.",
                'Write {"leverage": "high"}.',
            )
        item.vector(graph.variable(item.variable))
    return found


def _twice(found: Sequence[Scenario]) -> Iterator[tuple[str, CausalError]]:
    """Scenarios whose name an earlier one has, each with its place."""
    first: dict[str, str] = {}
    for one in found:
        if one.name in first:
            yield (
                one.place,
                QueryError(
                    f"The name `{one.name}` is given twice, first by {first[one.name]}.",
                    "A row of the result is found by its name.",
                    "Name each scenario once.",
                ),
            )
        first.setdefault(one.name, one.place or "another scenario")


def refuse(mistakes: Sequence[tuple[str, CausalError]], sound: int) -> None:
    """Raise QueryError with every mistake, each at its place, if there is any.

    ``sound``: how many scenarios have none.  At most ``LISTED`` are shown.
    """
    if not mistakes:
        return
    lines = [f"- {place}: {error.what} {error.do}".rstrip() for place, error in mistakes[:LISTED]]
    if len(mistakes) > LISTED:
        lines.append(f"- and {len(mistakes) - LISTED} more")
    count = f"{len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}"
    error = QueryError(
        f"The scenarios have {count}.",
        f"Nothing was computed, though {sound} have none." if sound else "Nothing was computed.",
        "Mend each of them, and ask again.",
    )
    error.where = "\n".join(lines)
    raise error


def _coordinate(item: Intervention) -> tuple[str, str]:
    """``do(leverage)`` and ``low for 2d``; a cut arrow is a coordinate of its own."""
    text, what = str(item), unscheduled(item)
    if not isinstance(what, Cut):
        return f"do({what.variable})", _after(text, "=")
    edge = f"{what.cause} -> {what.effect}"
    return f"do({edge})", text.removeprefix(edge).removeprefix("=").strip()


def _before(text: str, mark: str) -> str:
    return text.partition(mark)[0]


def _after(text: str, mark: str) -> str:
    return text.partition(mark)[2] or text
