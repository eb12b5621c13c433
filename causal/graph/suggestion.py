"""Which variable somebody may have meant: by the letters of its name, or by what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from causal.errors import closest, nearest
from causal.graph.variable import Edge, Variable

SENTENCE = re.compile(r"[.;:!?。；]")
DENIED = frozenset({"no", "not", "nor", "never", "without"})
LONG = 4  # letters of a word that is looked for in a reason: shorter ones say little


def meant(name: str, variables: Sequence[Variable], edges: Sequence[Edge]) -> str:
    """A sentence that names the variable which is near in letters or in words, else all of them.

    A word of ``name`` counts where it begins a word of a label, a series or a reason, in a sentence
    that denies nothing ("it holds no tariffs").  Names go before reasons, a variable's own before
    those of its arrows; of several variables the one that has most of it is named.
    """
    known = {v.name: v for v in variables}
    if not isinstance(name, str) or closest(name, known):
        return nearest(name, known)
    stems = {_stem(w) for w in _words(name)}
    scores = {n: _score(stems, v, edges) for n, v in known.items()}
    best = max(scores, key=lambda n: scores[n], default="")
    if not best or not any(scores[best]):
        return nearest(name, known)
    label = known[best].label
    return f"Did you mean `{best}`{f' ({label})' if label else ''}?"


def _score(stems: set[str], variable: Variable, edges: Iterable[Edge]) -> tuple[int, int, int]:
    """How often the words stand in its name, label and series, in its reason, in its arrows'."""
    series = variable.measurement.series if variable.measurement else ()
    names = [variable.name, variable.label, variable.label_zh, *(s.column for s in series)]
    arrows = [e.because for e in edges if e.cause == variable.name]
    long = {s for s in stems if len(s) >= LONG or not s.isascii()}
    return (
        _count(stems, names),
        _count(long, _affirmed([variable.why])),
        _count(long, _affirmed(arrows)),
    )


def _affirmed(texts: Iterable[str]) -> list[str]:
    """The sentences that deny nothing."""
    return [s for text in texts for s in SENTENCE.split(text) if not DENIED & set(_words(s, 2))]


def _count(stems: set[str], texts: Iterable[str]) -> int:
    return sum(w.startswith(s) for text in texts for w in _words(text) for s in stems)


def _words(text: str, shortest: int = 3) -> list[str]:
    found = re.findall(r"[^\W\d_]+", text.casefold())
    return [w for w in found if len(w) >= shortest or not w.isascii()]


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 4 else word
