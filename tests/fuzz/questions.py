"""Questions: texts in the grammar, and the same as values, through every verb that takes one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import causal
from causal.graph.dag import CausalGraph
from causal.query.event import quoted
from tests.fuzz import mutation
from tests.fuzz.verdict import Kind, same_json, sound, within
from tests.fuzz.world import World, numbered, span, world_of

DOORS = ("ask", "ask", "ask", "ask", "delta", "assumed", "path", "tornado", "sweep", "loop")
GRAMMAR = (
    "P", "(", ")", "|", "do(", "within", "at", "1d", "2d", "@-1", "@0", "@1", "if", "then",
    "for 1d", "on d1", "from d1", "cut", "->", "in", "{", "}", ":", "0.5", "drawdown <= -10%", "=",
    ",", "drawdown(",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """A question to a world: a text, or the arguments of ``probability`` in ``values``."""

    world: int
    door: str
    text: Any = None
    values: dict[str, Any] = field(default_factory=dict)


def valid(rng: Random) -> Question:
    """A question that has an answer: nothing in it contradicts the graph, or another part."""
    here = world_of(rng)
    kind = rng.random()
    if kind < 0.7:
        fall = here.model.fit is not None and here.model.fit.moves is not None
        text, door = _text(rng, here, fall=fall and rng.random() < 0.12)
        return Question(here.number, door, text)
    if kind < 0.76:
        return Question(here.number, "options", values=_options(rng, here))
    if kind < 0.8 and here.model.fit is not None and here.model.fit.moves is not None:
        return Question(here.number, "ladder", values=_ladder(rng, here))
    return Question(here.number, "probability", values=_values(rng, here))


def mutated(rng: Random, question: Question) -> Question:
    here = numbered(question.world)
    if question.text is not None:
        if rng.random() < 0.02:
            return replace(question, text=rng.choice(mutation.VALUES))
        words = (*here.words, *map(quoted, here.words), *GRAMMAR)
        return replace(question, text=mutation.text(rng, question.text, words))
    if question.door == "options":
        known = question.values["options"]
        options = mutation.tree(rng, known, here.words)
        kept = {k: v for k, v in options.items() if k in known} if isinstance(options, dict) else {}
        return replace(question, values={**question.values, "options": kept})
    values = mutation.tree(rng, question.values, here.words)
    return replace(question, values=values if isinstance(values, dict) else {"event": values})


def tried(question: Question, folder: Path) -> None:
    model = numbered(question.world).model
    if question.door == "probability":
        _probability(model, question.values)
    elif question.door == "options":
        same_json(_asked(model, question.values))
    elif question.door == "ladder":
        found = causal.ladder(model, **_keywords(question.values, LADDER))
        same_json(found.to_dict())
        for rung in found.rungs:
            sound(rung.answer)
        assert str(found).strip()
    else:
        _verb(model, question)


def _verb(model: causal.CausalModel, question: Question) -> None:
    text = question.text
    query = causal.parse(text, model.graph)
    assert causal.parse(str(query), model.graph) == query, f"{query} reads back another question"
    assert str(causal.parse(str(query), model.graph)) == str(query)
    match question.door:
        case "ask":
            sound(causal.ask(model, text))
        case "delta":
            sound(causal.ask(model, query, interval="delta"))
        case "assumed":
            sound(causal.ask(model, query, assume_unconfounded=True))
        case "path":
            _shares(causal.likeliest(model, query, k=3))
        case "tornado":
            same_json(causal.sensitivity(model, query, top=3).to_dict())
        case "loop":
            edges = [
                f"{quoted(e.cause)}@-1 -> {quoted(e.effect)}" for e in model.graph.edges if e.lag
            ]
            gain = causal.loop_gain(model, query, edges=edges, starts=[])
            sound(gain.loop)
            same_json(gain.to_dict())
        case "sweep":
            event = {c.variable: dict(c.weights) for c in query.event}
            days = {"within": query.within, "at": query.at}
            rows = [("one", query.do, query.given), ("plain", None, None)]
            what = str(query.drawdown) if query.drawdown is not None else event
            same_json(causal.sweep(model, rows, what, **days).to_dict())


def _options(rng: Random, here: World) -> dict[str, Any]:
    """A verb that takes a question, with values for its options."""
    graph = here.model.graph
    free = graph.variable(here.free[0])
    last = graph.variables[-1]
    text = f"P({quoted(last.name)}={quoted(last.states[0])}{span(here.model)})"
    lagged = [e for e in graph.edges if e.lag and e.effect not in ("shares", "worse")]
    options: dict[str, dict[str, Any]] = {
        "ask": {"interval": "draws", "assume_unconfounded": True},
        "likeliest": {"k": 2},
        "sensitivity": {"top": 2},
        "sweep": {"given": {free.name: here.seen(free.name)[0]}, "level": 0.8, "budget": 1e9},
        "marginals": {"given": {free.name: list(here.seen(free.name)[:1])}, "day": 0},
    }
    if lagged and span(here.model):
        edges = [f"{quoted(lagged[0].cause)}@-1 -> {quoted(lagged[0].effect)}"]
        options["loop_gain"] = {"edges": edges, "starts": [free.name], "given": {}}
    verb = rng.choice(list(options))
    return {"verb": verb, "text": text, "options": options[verb]}


def _asked(model: causal.CausalModel, values: dict[str, Any]) -> Any:
    verb, options = values["verb"], values["options"]
    if verb == "marginals":
        found = causal.marginals(model, **options)
        for name, shares in found.items():
            within(shares, name)
        return [list(shares) for shares in found.values()]
    if verb == "sweep":
        query = causal.parse(values["text"], model.graph)
        event = {c.variable: dict(c.weights) for c in query.event}
        rows = [("one", None, None)]
        return causal.sweep(model, rows, event, within=query.within, **options).to_dict()
    return getattr(causal, verb)(model, values["text"], **options).to_dict()


def _shares(paths: Any) -> None:
    plain = same_json(paths.to_dict())
    within([plain["probability"], *(p["share"] for p in plain["paths"])], "paths")


def _probability(model: causal.CausalModel, values: dict[str, Any]) -> None:
    keywords = _keywords(values, QUESTION)
    done = keywords.pop("do", None)
    event = keywords.pop("event", None)
    sound(causal.probability(model.do(done), event, **keywords))


QUESTION = ("event", "given", "do", "within", "at")
LADDER = ("given", "thresholds", "horizons", "price", "usual")


def _keywords(values: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """Only names that are parameters: another name is Python's to refuse, not ours."""
    return {key: value for key, value in values.items() if key in known}


def _text(rng: Random, here: World, *, fall: bool) -> tuple[str, str]:
    graph = here.model.graph
    days = rng.choice((0, 1, 2, 3)) if graph.persistent else 0
    days = max(days, 1) if fall else days
    word = "within" if fall else rng.choice(("within", "at"))
    whose = "".join(f"({quoted(n)})" for n in here.model.priced if rng.random() < 0.5)
    event = f"drawdown{whose} <= {rng.choice(('-5%', '-0.12'))}" if fall else _item(rng, graph)
    name = "" if fall else _bare(event)
    done, set_names = _doing(rng, here, days)
    seen = [_seen(rng, here, n, days) for n in here.free if n not in (name, *set_names)]
    right = [*([f"do({done})"] if done else []), *(s for s in seen if rng.random() < 0.3)]
    rng.shuffle(right)
    span = f" {word} {days}{rng.choice(('', 'd', ' days'))}" if days else ""
    text = f"P({event}{span}{' | ' + ', '.join(right) if right else ''})"
    plain = fall or bool(set_names)  # what is set may be certain not to happen: no path, no row
    return text, _door(rng, days, plain)


def _door(rng: Random, days: int, plain: bool) -> str:
    door = rng.choice(DOORS)
    if (door == "loop" and not days) or (plain and door in ("path", "tornado", "loop")):
        return "ask"
    return door


def _item(rng: Random, graph: CausalGraph) -> str:
    variable = rng.choice(graph.variables)
    return f"{quoted(variable.name)}{_states(rng, variable.states, most=1.0)}"


def _bare(item: str) -> str:
    """The name in an item, as it was quoted."""
    text = item.partition("=")[0].partition(" in ")[0].strip()
    return text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if text.startswith('"') else text


def _states(rng: Random, states: tuple[str, ...], *, most: float) -> str:
    names = [quoted(s) for s in rng.sample(states, rng.randint(1, len(states)))]
    match rng.randrange(4):
        case 0 | 1:
            return f"={names[0]}"
        case 2:
            return f" in {{{', '.join(names)}}}"
        case _:
            weights = [round(rng.uniform(0.05, most), 3) for _ in names]
            pairs = [f"{n}: {w}" for n, w in zip(names, weights, strict=True)]
            return f"={{{', '.join(pairs)}}}"


def _seen(rng: Random, here: World, name: str, days: int) -> str:
    graph = here.model.graph
    dated = ["", "@0", *(["@-1"] if graph.persistent else [])]
    return f"{quoted(name)}{rng.choice(dated)}{_states(rng, here.seen(name), most=3.0)}"


def _doing(rng: Random, here: World, days: int) -> tuple[str, tuple[str, ...]]:
    """Up to two actions on different variables, and the variables that they set."""
    graph = here.model.graph
    count = rng.choice((0, 1, 1, 2))
    names = rng.sample(here.free, min(count, len(here.free)))
    done = [_action(rng, here, graph.variable(n), days) for n in names]
    return ", ".join(done), tuple(names)


def _action(rng: Random, here: World, variable: causal.Variable, days: int) -> str:
    graph = here.model.graph
    name, state = quoted(variable.name), quoted(rng.choice(variable.states))
    text = f"{name}={state}"
    cuts = [e for e in graph.edges if e.effect == variable.name and e.cause in here.free]
    match rng.randrange(6):
        case 0:
            share = 1 / len(variable.states)
            text = f"{name}={{{', '.join(f'{quoted(s)}: {share!r}' for s in variable.states)}}}"
        case 1 if graph.persistent:
            other = graph.variable(rng.choice(here.free))
            text += f" if {quoted(other.name)}@-1{_states(rng, other.states, most=1.0)}"
        case 2 if cuts:
            edge = rng.choice(cuts)
            axis = quoted(edge.cause) + ("@-1" if edge.lag else "")
            return f"{axis} -> {name} cut"
        case 3 if days > 1:
            return f"{text} for 1d, then {quoted(variable.states[0])}"
    if days and rng.random() < 0.4:
        text += rng.choice((" for 1d", f" on d{days}", f" from d{days}", f" on d1-d{days}"))
    return text


def _values(rng: Random, here: World) -> dict[str, Any]:
    """The arguments of ``probability``, and of ``do`` on the model before it."""
    graph = here.model.graph
    days = rng.choice((0, 1, 3)) if graph.persistent else 0
    event = rng.choice(graph.variables)
    names = [n for n in here.free if n != event.name]
    found: dict[str, Any] = {"event": {event.name: _loose(rng, event.states, 1.0)}}
    if names and rng.random() < 0.6:
        done = graph.variable(names.pop())
        found["do"] = {done.name: rng.choice(done.states)}
    if names:
        found["given"] = {names[0]: _loose(rng, here.seen(names[0]), 4.0)}
    if days:
        found[rng.choice(("within", "at"))] = rng.choice((days, f"{days}d", f" {days} days"))
    return found


def _loose(rng: Random, states: tuple[str, ...], most: float) -> Any:
    names = rng.sample(states, rng.randint(1, len(states)))
    weights = {n: round(rng.uniform(0.05, most), 3) for n in names}
    return rng.choice((names[0], names, weights))


def _ladder(rng: Random, here: World) -> dict[str, Any]:
    found: dict[str, Any] = {
        "thresholds": rng.choice(([-0.05], [-0.03, -0.1], -0.2)),
        "horizons": rng.choice(([1, 2], 2, [3])),
        "price": rng.choice(("close", "low")),
    }
    if rng.random() < 0.5:
        name = rng.choice(here.free)
        found["given"] = {name: _loose(rng, here.seen(name), 2.0)}
    return found | rng.choice(({}, {"usual": 0.02}))


KIND = Kind("questions", 900, valid, mutated, tried)
