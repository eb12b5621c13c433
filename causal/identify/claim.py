"""What licenses an answer: the verdict as a value, its rules, and its words.

Two questions are kept apart: whether the graph lets one know what is asked (``effect``), and
whether the number that was computed is that (``computed``).  Both are answered from the graph and
the question alone, before any table is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded
from causal.identify.algorithm import identified, reduced
from causal.identify.confounding import day_parts, district, doors, misread
from causal.query.intervention import Cut, Hard, Mix
from causal.query.query import Query
from causal.query.surgery import unscheduled
from causal.query.unrolled import Unrolled, relevant

LICENCES = {
    "observed": "seeing: the observed distribution, nothing is done",
    "identified": "doing, identified: the effect follows from the graph and what was observed",
    "bounded": "doing, bounded: an unmeasured cause leaves a range, not a number",
    "assumed": "doing, assumed: identified only if the declared unmeasured cause is absent",
}
COMPUTED = {
    "estimand": "its estimand, which is the product of the tables here",
    "tables": "the product of the tables (assumed to describe the observed joint)",
}
Effect = Literal["observed", "identified", "bounded", "assumed"]
Computed = Literal["estimand", "tables"]


@dataclass(frozen=True, slots=True)
class Claim:
    """On which rung the answer stands (seeing, doing), what licenses it, on which assumptions.

    ``effect``: what the graph lets one know of what is asked.  ``observed``, nothing is done;
    ``identified``, it follows from the graph and the observed joint; ``bounded``, an unmeasured
    cause leaves a range; ``assumed``, someone took that cause as absent.
    ``computed``: how the number (or the range) comes out of the tables.  By its ``estimand``, which
    their product is here (see ``district``); or by the product of the ``tables``, assumed to
    describe the observed joint in spite of declared common causes.
    ``paths``: what evidence on effects of what is done closes and opens (see ``evidence_path``).
    """

    rung: str
    effect: Effect
    computed: Computed = "estimand"
    assumptions: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def licensed_by(self) -> Effect:
        """The weaker of the two: a number by the product of the tables alone is ``assumed``."""
        return self.effect if self.computed == "estimand" or self.bounded else "assumed"

    @property
    def bounded(self) -> bool:
        """Whether there is a range in place of a number."""
        return self.effect == "bounded"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``licensed_by`` is told beside the two that it follows from."""
        return {
            "rung": self.rung,
            "licensed_by": self.licensed_by,
            "effect": self.effect,
            "computed": self.computed,
            "assumptions": list(self.assumptions),
            "paths": list(self.paths),
        }


def licence(claim: Claim) -> Iterator[tuple[str, str]]:
    """What licenses an answer and how its numbers are computed, each with its name, in words."""
    yield "licensed by", LICENCES[claim.effect]
    yield "computed by", COMPUTED[claim.computed]


def reservation(claim: Claim) -> str:
    """With what a picture is to be read; empty where its numbers follow from graph and data."""
    if claim.effect == "assumed":
        return LICENCES["assumed"]
    return "" if claim.licensed_by != "assumed" else f"computed by {COMPUTED[claim.computed]}"


def claim(query: Query, asked: Unrolled, *, assumed: bool = False) -> Claim:
    """Rung, effect, how it is computed, and the assumptions in words; ``asked`` grounds ``query``.

    ``assumed``: declared common causes that leave the effect open are taken as absent.  Which days
    have a session changes none of it.
    """
    asked = asked.undated
    fitted = (
        "the tables of the graph describe the observed joint; days are alike given their causes"
    )
    opened, pairs = _doors(query, asked)
    if not query.do:
        return Claim("seeing", "observed", _by(pairs), (fitted, *_in_spite(asked, pairs)))
    effect: Effect = "identified" if not opened else "assumed" if assumed else "bounded"
    if effect == "assumed":
        # Taken as absent are common causes of what is done: the others still bend the tables.
        pairs = _misread(asked, absent={unscheduled(i).variable for i in query.do})
    if effect == "bounded":
        pairs = _misread(asked.observing) if ranged(query, asked) else ()
    assumptions = [
        *(text + ("; taken as absent here" if assumed else "") for text in reversed(opened)),
        *(() if opened else [_separate(query, asked)]),
        "the graph is right: no cause is missing, no unmeasured common cause beyond those declared",
        fitted,
        *_in_spite(asked, pairs),
        *_stretched(asked.graph, query),
    ]
    return Claim("doing", effect, _by(pairs), tuple(assumptions), _paths(query, asked))


def _paths(query: Query, asked: Unrolled) -> tuple[str, ...]:
    """What evidence on effects of what is done closes and opens; most often there is none."""
    begun = [day for day in asked.days if asked.doing.get(day) or asked.made.get(day)]
    if not begun or asked.last_seen < begun[0]:
        return ()
    from causal.identify.evidence_path import evidence_paths

    return evidence_paths(query, asked)


def ranged(query: Query, asked: Unrolled) -> bool:
    """Whether natural bounds are narrower than [0, 1]: states are set, and after the evidence.

    Only then can what is done be seen instead (Manski 1990); else nothing is known of the effect.
    """
    if not all(isinstance(unscheduled(i), Hard) for i in query.do):
        return False
    doing = [d for d, w in asked.doing.items() if any(i.variable in w for i in query.do)]
    return asked.last_seen < min(doing, default=asked.days[-1] + 1)


def _doors(query: Query, asked: Unrolled) -> tuple[tuple[str, ...], tuple[Confounded, ...]]:
    """Open doors in words, and the declared common causes that make the tables' product another.

    Assignments are put to both tests with as little evidence as the do-calculus leaves.
    """
    if not asked.graph.confounded:
        return (), ()
    leading = involved(asked)
    relevant = involved(asked.untouched) | leading
    opened = doors(asked.graph, query.do, relevant, leading=leading)
    pairs = _misread(asked)
    # Open doors say no too often.  For assignments the complete test is at hand; policies and cuts
    # have only the sufficient one.
    if (opened or pairs) and all(isinstance(unscheduled(i), Hard | Mix) for i in query.do):
        less = reduced(asked) if query.given else asked
        opened = () if opened and identified(less) else opened
        pairs = pairs and _misread(less)
    return opened, pairs


def _misread(asked: Unrolled, *, absent: Iterable[str] = ()) -> tuple[Confounded, ...]:
    """Declared common causes in spite of which the product of the tables is taken (none: it is).

    Common causes of variables that are ``absent`` are not looked at.
    """
    graph, left = asked.graph, frozenset(absent)
    if left:
        pairs = tuple(c for c in graph.confounded if not {c.one, c.other} & left)
        graph = replace(graph, confounded=pairs)
    return misread(graph, day_parts(asked)) if graph.confounded else ()


def _by(pairs: Sequence[Confounded]) -> Computed:
    """By which formula a number comes out, given the pairs in spite of which it is computed."""
    return "tables" if pairs else "estimand"


def _separate(query: Query, asked: Unrolled) -> str:
    """What identification rests on, in words, beyond what is declared."""
    done = [unscheduled(i) for i in query.do]
    named = list(dict.fromkeys(d.variable for d in done if not isinstance(d, Cut)))
    cuts = list(dict.fromkeys(f"{d.effect} to what else sees {d.cause}" for d in done
                              if isinstance(d, Cut)))  # fmt: skip
    joined = [f"{', '.join(named)} to its effects"] if named else []
    text = f"no unmeasured common cause joins {', nor '.join([*joined, *cuts])}"
    paired = {n for c in asked.graph.confounded for n in (c.one, c.other)}
    if not paired & set(named):
        return text
    relevant = involved(asked.untouched) | involved(asked)
    known = [_pair(c) for name in named for c in _declared(asked.graph, name, relevant)]
    return f"beyond those declared ({'; '.join(dict.fromkeys(known))}) {text}" if known else text


def _declared(graph: CausalGraph, name: str, relevant: frozenset[str]) -> Iterator[Confounded]:
    """Declared common causes whose chain joins ``name`` to one of its effects of any day."""
    chain = district(graph, relevant | {name}, name)
    effects: set[str] = set()
    stack = [name] if len(chain) > 1 else []
    while stack:
        here = stack.pop()
        more = {e.effect for e in graph.edges if e.cause == here} - effects
        effects |= more
        stack += more
    if effects & (chain - {name}):
        yield from (c for c in graph.confounded if {c.one, c.other} <= chain)


def _pair(pair: Confounded) -> str:
    """A declared common cause by the two variables that it joins."""
    return f"{pair.one} and {pair.other}"


def _stretched(graph: CausalGraph, query: Query) -> Iterator[str]:
    """What nobody can do, and how it is to be read."""
    done = [unscheduled(i) for i in query.do]
    names = dict.fromkeys(d.variable for d in done if not isinstance(d, Cut))
    proxies = [n for n in names if not graph.variable(n).manipulable]
    if proxies:
        yield f"{', '.join(proxies)}: nobody can set it; read as a scenario in which it happens"
    cuts = dict.fromkeys(f"{d.cause} -> {d.effect}" for d in done if isinstance(d, Cut))
    if cuts:
        yield f"{', '.join(cuts)}: nobody can cut an arrow alone; read as what runs through it"


def _in_spite(asked: Unrolled, pairs: Sequence[Confounded]) -> Iterator[str]:
    """What is assumed where the product of the tables need not be the estimand, or the base rate.

    The effect may follow from the observed joint by a formula (Tian & Pearl 2002), and its bounds
    do; the tables give the same numbers only where their product describes that joint in spite of
    the common causes.
    """
    if pairs:
        yield f"in spite of {_listed(pairs)} the tables describe the observed joint"
    elif plain := _misread(replace(asked.untouched, seeing={d: {} for d in asked.days})):
        yield (
            f"the base rate takes the tables to describe the observed joint in spite of "
            f"{_listed(plain)}"
        )


def _listed(pairs: Sequence[Confounded]) -> str:
    """Declared common causes in words, one after the other."""
    return f"declared common causes within a day ({'; '.join(map(_pair, pairs))})"


def involved(unrolled: Unrolled) -> frozenset[str]:
    """Every variable whose table or vector the question uses."""
    return frozenset().union(*relevant(unrolled, {})[0].values())
