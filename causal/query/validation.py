"""Whether a question can be put to a graph: its horizon, its days, what it says twice.

Every rule yields its faults, each with the part of the question that is at fault, so that a text
can be pointed at and a file of scenarios has all its mistakes told at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.query.event import DRAWDOWN, Condition
from causal.query.intervention import Action, Cut, Hard, Intervention, Mix, Schedule
from causal.query.item import example
from causal.query.query import Query
from causal.query.surgery import circular, unscheduled
from causal.query.week import calendars

LONGEST = 60

Fault = tuple[object, QueryError]
"""What is wrong, and with which part of the query: a condition, an intervention, "horizon"."""


def check(query: Query, graph: CausalGraph) -> Query:
    """The query itself; raises QueryError for the first fault of ``faults``.

    Raises UnknownVariableError for a drawdown of a variable that is none of the graph's.
    """
    for _, error in faults(query, graph):
        raise error
    return query


def faults(
    query: Query, graph: CausalGraph, priced: Collection[str] | None = None
) -> Iterator[Fault]:
    """Every fault of a query whose names are known, with the part that is at fault.

    ``priced``: the variables behind which the model has a price; None: not known, not checked.
    What is said twice is no fault of a query (see ``repeats``): surgery on a model may repeat
    itself.
    """
    yield from _horizon(query, graph)
    yield from _start(query, graph)
    yield from _drawdown(query, graph, priced)
    yield from _event(query)
    yield from _evidence(query, graph)
    yield from counterfactual(query, graph, [c.variable for c in query.event])
    yield from _schedules(query)
    found = circular(graph, query.do, query.horizon)
    if found is not None:
        yield found


def _horizon(query: Query, graph: CausalGraph) -> Iterator[Fault]:
    """Both kinds of horizon, one that is too far or none, or days in a model of one day."""
    if query.within is not None and query.at is not None:
        yield (
            "horizon",
            QueryError(
                "The question has both `within` and `at`.",
                "`within 7d` means at least once by day 7, `at 7d` means on day 7 itself.",
                "Keep one of them.",
            ),
        )
    for word, days in (("within", query.within), ("at", query.at)):
        if days is not None and not 1 <= days <= LONGEST:
            yield "horizon", _too_far(word, days)
        elif days is not None and not graph.persistent:
            yield (
                "horizon",
                QueryError(
                    f"`{graph.name}` has no lagged edge, so `{word} {days}d` has no meaning in it.",
                    "Its days do not act on one another: it is a model of one day.",
                    f"Leave out `{word}`, or give the model an edge with `lag = 1`.",
                ),
            )


def _start(query: Query, graph: CausalGraph) -> Iterator[Fault]:
    """A date where the model has no calendar that it could tell of."""
    if query.start is not None and not calendars(graph):
        error = QueryError(
            f"`{graph.name}` has no calendar, so `from {query.start}` has no meaning in it.",
            "A date tells on which days of the question the exchanges are open, and no variable of "
            "the model is measured by that.",
            "Leave out the date.",
        )
        yield "start", error


def _too_far(word: str, days: int) -> QueryError:
    if days > LONGEST:
        return QueryError(
            f"`{word} {days}d` reaches too far.",
            f"The longest horizon is {LONGEST} days: a model of daily steps has long forgotten "
            "today by then, and its answer is the long-run frequency.",
            f"Ask for at most `{word} {LONGEST}d`.",
        )
    return QueryError(
        f"`{word} {days}d` is no horizon.",
        "A horizon counts the days after today, from 1.",
        f"Write `{word} 7d`, or leave it out to ask about one day.",
    )


def _drawdown(query: Query, graph: CausalGraph, priced: Collection[str] | None) -> Iterator[Fault]:
    """A second event, no horizon, ``at``, or a variable without a price."""
    asked = query.drawdown
    if asked is None:
        return
    if query.event:
        error = QueryError(
            f"`{asked}` stands beside another event.",
            "It is about the lowest close of all days of the horizon, other events about one day.",
            "Ask for one of them.",
        )
        yield DRAWDOWN, error
    if query.at is not None or not query.horizon:
        how = f"`at {query.at}d`" if query.at is not None else "no horizon"
        error = QueryError(
            f"The drawdown has {how}.",
            "A drawdown is the lowest close over some days.",
            f"Write `P({asked} within 7d)`.",
        )
        yield "horizon" if query.at is not None else DRAWDOWN, error
    if asked.variable is not None:
        graph.variable(asked.variable)
        if priced is not None and asked.variable not in priced:
            yield DRAWDOWN, without_price(asked.variable, priced)


def without_price(variable: str, priced: Collection[str]) -> QueryError:
    """The error of a drawdown of a variable behind which the model has no price."""
    does = ", ".join(f"`{n}`" for n in priced)
    return QueryError(
        f"`{variable}` has no price in this model.",
        f"A drawdown is made of daily moves, and only those of {does} were fitted."
        if priced
        else "A drawdown is made of daily moves, and none were fitted: the story has no section "
        "[moves].",
        f"Ask for a drawdown of {does}, or name `{variable}` in the section [moves] of the story."
        if priced
        else f"Add [moves] with `{variable}` to the story and fit it again.",
    )


def no_event(query: Query, graph: CausalGraph, what: str) -> QueryError:
    """The error of a verb that asks for events of states; ``what`` begins the sentence."""
    if query.drawdown is None:
        return QueryError(
            "The question has no event.",
            "There is nothing to compute.",
            f"Ask `{example(graph)}`.",
        )
    return QueryError(
        f"{what} is not made for a drawdown.",
        "It follows the states of the model, and a drawdown is a sum of their moves.",
        f"Ask about a state, `{example(graph, query.drawdown.variable or '')}`, or use "
        "`causal ladder`.",
    )


def _event(query: Query) -> Iterator[Fault]:
    """An event with a weight above one, or with a day of its own."""
    for item in query.event:
        if any(w > 1 for _, w in item.weights):
            yield (
                item,
                QueryError(
                    f"The event `{item}` has a weight above one.",
                    "Weighted, an event is a chance of counting, so its answer stays in [0, 1].",
                    "Scale the weights to at most one.",
                ),
            )
        if item.day is not None:
            yield (
                item,
                QueryError(
                    f"The event `{item}` names a day.",
                    "The day of the event is today, or the one that `within` or `at` gives; "
                    "only evidence names its own.",
                    _own_day(query, item),
                ),
            )


def _undated(item: Condition) -> str:
    return str(Condition(item.variable, item.weights))


def _evidence(query: Query, graph: CausalGraph) -> Iterator[Fault]:
    """Evidence on a day that the question does not span."""
    for item in query.given:
        if item.day == -1 and not graph.persistent:
            yield (
                item,
                QueryError(
                    f"`{item}` speaks of the day before, which `{graph.name}` does not have.",
                    "No edge of the model is lagged: it is a model of one day.",
                    f"Write `{_undated(item)}`.",
                ),
            )
        elif item.day is not None and not -1 <= item.day <= query.horizon:
            first = -1 if graph.persistent else 0
            yield (
                item,
                QueryError(
                    f"The evidence `{item}` is about a day outside the question.",
                    f"This question spans the days {first} to {query.horizon}; day 0 is today.",
                    _within_reach(query, graph, item),
                ),
            )


def counterfactual(query: Query, graph: CausalGraph, names: Iterable[str]) -> Iterator[Fault]:
    """Evidence on what is asked about (``names``), on a day that is asked, once something is done.

    P(y | do(x), y') would read y' in the world of the do: with y' the same as y it is 1 whatever is
    done.  What is meant, P(y_x | x', y'), joins two worlds (Pearl 2009, Causality, section 7.1) and
    is no question about one.  Before the first day of a do there is one world only, so evidence
    there is no fault (docs/decisions/0009-evidence-under-a-do.md).
    """
    asked = frozenset(names)
    begun = min((_span(i)[0] for i in query.do), default=LONGEST + 1) if query.horizon else 0
    for item in query.given if query.do else ():
        day = item.day or 0
        if item.variable in asked and day in query.asked and day >= begun:
            yield item, _two_worlds(query, graph, item)


def _two_worlds(query: Query, graph: CausalGraph, item: Condition) -> QueryError:
    before = ""
    if query.horizon:
        before = f", or give what holds before anything is done: `{_undated(item)}` is about today"
    elif graph.persistent:
        before = f", or give the day before: `{Condition(item.variable, item.weights, -1)}`"
    return QueryError(
        f"`{item}` is evidence on what is asked about, on a day that is asked, under a `do`.",
        "It was seen in a world without the `do`. What would have happened instead is a "
        "counterfactual: it joins two worlds, and no probability in one of them answers it.",
        f"Leave it out to ask what the `do` brings about{before}.",
    )


def _schedules(query: Query) -> Iterator[Fault]:
    """What is done on some days of a question about one day, or after its last one."""
    for item in query.do:
        if isinstance(item, Schedule) and not query.horizon:
            yield (
                item,
                QueryError(
                    f"`do({item})` holds on some days, but the question is about one day.",
                    "Without a horizon there are no days to schedule.",
                    f"Write `do({item.what})`, or ask with `within 7d` or `at 7d`.",
                ),
            )
        elif isinstance(item, Schedule) and item.first > query.horizon:
            yield (
                item,
                QueryError(
                    f"`do({item})` begins after the last day of the question.",
                    f"The horizon ends on day {query.horizon}: the intervention would never act.",
                    f"Begin it by day {query.horizon}, or lengthen the horizon.",
                ),
            )


def repeats(query: Query) -> Iterator[Fault]:
    """What a written question says twice; in a model, surgery on top of surgery is no fault."""
    yield from _named_twice(query.event, "event")
    yield from _named_twice(query.given, "evidence")
    yield from _done_twice(query)


def _named_twice(items: tuple[Condition, ...], where: str) -> Iterator[Fault]:
    """Conditions of one part on the same variable and day."""
    seen: dict[tuple[str, int], Condition] = {}
    for item in items:
        key = (item.variable, item.day or 0)
        if key in seen:
            yield (
                item,
                QueryError(
                    f"The {where} names `{item.variable}` twice for the same day.",
                    f"`{seen[key]}` and `{item}` would both speak about it.",
                    f"Say it once; several states are a set: `{item.variable}={{a, b}}`.",
                ),
            )
        seen[key] = item


def _done_twice(query: Query) -> Iterator[Fault]:
    """Interventions of which a later one undoes another on some day."""
    for place, item in enumerate(query.do):
        for other in query.do[:place]:
            if _clash(unscheduled(other), unscheduled(item)) and _overlap(other, item):
                yield (
                    item,
                    QueryError(
                        f"`{item.variable}` is intervened on twice on the same day.",
                        f"`do({other})` and `do({item})` cannot both hold.",
                        "Keep one of them, or give them different days: "
                        f"`do({item.variable}=a for 3d, {item.variable}=b from d4)`.",
                    ),
                )


def _clash(one: Action, other: Action) -> bool:
    """Whether ``other``, done after ``one``, leaves nothing of it."""
    if isinstance(one, Cut) and isinstance(other, Cut):
        return (one.cause, one.effect) == (other.cause, other.effect)
    assigned = isinstance(other, Hard | Mix) and not isinstance(one, Cut)
    return assigned and one.variable == other.variable


def _overlap(one: Intervention, other: Intervention) -> bool:
    """Whether two interventions hold on a common day."""
    spans = (_span(one), _span(other))
    return max(s[0] for s in spans) <= min(s[1] for s in spans)


def _span(item: Intervention) -> tuple[int, int]:
    """The first and the last day of a horizon on which an intervention holds."""
    return (item.first, item.last or LONGEST) if isinstance(item, Schedule) else (1, LONGEST)


def _own_day(query: Query, item: Condition) -> str:
    """How to ask about the day that an event names, where the grammar has a way; never another.

    Proposed is only what asks the same: a question that is another is called so.
    """
    day, plain = item.day or 0, replace(query, event=(_on(item, None),))
    alone = len(query.event) == 1 and query.drawdown is None and query.within is None
    if alone and not query.horizon and day >= 0 and not query.do:
        return f"Write `{replace(plain, at=day or None)}`."
    if alone and query.at == day:
        return f"Write `{plain}`."
    if day < 0:
        return (
            "What came before can be evidence and no event: turn the question round, and ask how "
            f"likely the rest is with `{item}` as evidence. It is another question."
            if day == -1
            else "Days before -1 are not part of the model; ask about today or a later day."
        )
    return (
        "Leave the day out to ask about the day that the question is about, or ask about a later "
        "one with `at`: that is another question."
    )


def _bayes(rest: Query, before: Condition, after: Condition, day: int) -> str:
    """P(before | after, rest) from three questions whose evidence is not later than what is asked.

    P(a | b, e) = P(b | a, e) P(a | e) / P(b | e), ``after`` being b, on ``day``.
    """
    event = (_on(after, None),)
    forward = replace(rest, event=event, at=day, within=None, given=(*rest.given, before))
    alone = replace(rest, event=(_on(before, None),), at=before.day or None, within=None)
    base = replace(rest, event=event, at=day, within=None)
    return f"By Bayes' rule it is `{forward}` times `{alone}`, divided by `{base}`."


def _on(item: Condition, day: int | None) -> Condition:
    """The same weights on a day."""
    return Condition(item.variable, item.weights, day)


def _within_reach(query: Query, graph: CausalGraph, item: Condition) -> str:
    """What to do about evidence on a day that the question does not reach.

    A longer horizon would change what is asked; where the event is of one day and nothing is done,
    Bayes' rule turns the question round.
    """
    choose = "Choose one of these days, or leave it out; a longer horizon is another question."
    day = item.day or 0
    turned = graph.persistent and query.horizon < day <= LONGEST and len(query.event) == 1
    if not turned or query.within or query.do or query.drawdown is not None:
        return choose if graph.persistent else "Choose one of these days."
    weighted = any(w > 1 for _, w in item.weights) or query.event[0].day is not None
    others = tuple(c for c in query.given if c is not item)
    if weighted or any(c.day is not None and c.day > query.horizon for c in others):
        return choose
    before = _on(query.event[0], query.at)
    return _bayes(replace(query, given=others), before, item, day)
