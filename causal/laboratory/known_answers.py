"""The known answers: total effects, paths, the loop, leverage caps, the factorial, necessity.

A crash is a low of 10 % or more below today's close within seven days.  All worlds share the noise
of every path, so that their differences are counterfactuals of these paths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np

from causal.executor import Executor
from causal.laboratory.parameters import Parameters
from causal.laboratory.true_answer import CRASHED, TODAY, Truth, asked, shipped_graph, truths
from causal.laboratory.world import World

LOW, HIGH = 0.4, 1.8  # factors on the leverage of what is opened, from 45 days before today on
FALL = -0.03  # the session's return of shares on day 1 of the factorial

WORLDS: Mapping[str, World] = {
    "nothing done": World(),
    "escalation for 3 days": World(trade=2),
    "calm for 3 days": World(trade=0),
    "escalation, shares cut off": World(trade=2, cut=frozenset({"equity"}), since=1),
    "escalation, sentiment cut off": World(trade=2, cut=frozenset({"sentiment"}), since=1),
    "escalation, reallocation cut off": World(trade=2, cut=frozenset({"reallocation"}), since=1),
    "escalation, loop off": World(trade=2, cut=frozenset({"loop"}), since=1),
    "loop off": World(cut=frozenset({"loop"}), since=1),
    "leverage times 0.4": World(leverage=LOW),
    "leverage times 1.8": World(leverage=HIGH),
    "leverage capped at 20": World(leverage_cap=20),
    "leverage capped at 10": World(leverage_cap=10),
    "leverage capped at 5": World(leverage_cap=5),
}
"""The worlds of the table, by what is done in them."""

FORCES = ("escalation", "equity fall", "leverage")


@dataclass(frozen=True, slots=True, eq=False)
class KnownAnswers:
    """``worlds``: a truth by what is done; ``factorial``: a truth for every set of forces that are
    on, as a tuple of their names."""

    worlds: Mapping[str, Truth]
    factorial: Mapping[tuple[str, ...], Truth]

    def effect(self, done: str, beside: str = "nothing done") -> tuple[float, float]:
        """The difference between two worlds, and its standard error."""
        return self.worlds[done].minus(self.worlds[beside])

    def removed(self, cut: str) -> tuple[float, float]:
        """By how much cutting a path lowers the crash chance under escalation, with its error."""
        return self.worlds["escalation for 3 days"].minus(self.worlds[f"escalation, {cut}"])

    def necessity(self, without: str) -> tuple[float, float]:
        """Of the paths that crash with nothing done, the share that does not crash there."""
        return self.worlds[without].share(self.worlds["nothing done"], of=True)

    def sufficiency(self, given: str) -> tuple[float, float]:
        """Of the paths that do not crash with nothing done, the share that crashes there."""
        return self.worlds[given].share(self.worlds["nothing done"], of=False)

    def shapley(self) -> dict[str, float]:
        """Shares of the three forces in P(all on) - P(all off), which they sum to."""
        return shapley({forces: t.value for forces, t in self.factorial.items()})

    def interaction(self, forces: Sequence[str]) -> tuple[float, float]:
        """The interaction contrast of some forces, all others off, on the additive scale:
        sum over subsets S of (-1)^(k - |S|) P(S), with its standard error."""
        forces = sorted(forces, key=FORCES.index)
        subsets = [s for k in range(len(forces) + 1) for s in combinations(forces, k)]
        signs = [(-1) ** (len(forces) - len(s)) for s in subsets]
        return combined([self.factorial[s] for s in subsets], signs)

    def tables(self) -> dict[str, list[tuple[str, float, float]]]:
        """Every known answer under a title: name, value, standard error."""
        crash = [(n, t.value, t.error) for n, t in self.worlds.items()]
        cuts = [n.partition(", ")[2] for n in self.worlds if n.startswith("escalation, ")]
        removed = [(f"{c}", *self.removed(c)) for c in cuts]
        caused = []
        if 0 < self.worlds["nothing done"].value < 1:  # of few paths all or none may crash
            for name in ("leverage times 0.4", "loop off", "calm for 3 days"):
                caused.append((f"not with {name}", *self.necessity(name)))
            name = "leverage times 1.8"
            caused.append((f"crash with {name}", *self.sufficiency(name)))
        forces = [(" + ".join(s) or "none", t.value, t.error) for s, t in self.factorial.items()]
        several = [s for k in (2, 3) for s in combinations(FORCES, k)]
        together = [(" x ".join(s), *self.interaction(s)) for s in several]
        return {
            "P(low <= -10 % within 7 days)": crash,
            "Effect of escalation": [
                ("escalation for 3 days", *self.effect("escalation for 3 days"))
            ],
            "Of that effect, what cutting a path removes": removed,
            "Of paths that crash, and of those that do not, the share that": caused,
            "Three forces, on or off": forces,
            "Interaction, additive scale": together,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        rows = {
            title: [{"name": n, "value": v, "standard_error": e} for n, v, e in some]
            for title, some in self.tables().items()
        }
        return {"answers": rows, "shapley": self.shapley(), "licence": "model-only"}


def combined(truths: Sequence[Truth], signs: Sequence[float]) -> tuple[float, float]:
    """A sum of truths with signs, and its standard error, path by path."""
    value = sum(s * t.value for s, t in zip(signs, truths, strict=True))
    apart = np.sum([s * t.influence for s, t in zip(signs, truths, strict=True)], axis=0)
    return float(value), float(np.sqrt((apart**2).sum()))


def shapley(worth: Mapping[tuple[str, ...], float]) -> dict[str, float]:
    """Shapley values (1953): phi_i = sum over S without i of |S|! (n-|S|-1)! / n! (v(S+i) - v(S)).

    ``worth``: v of every coalition, a tuple of its members in one order.
    """
    players = max(worth, key=len)
    count = len(players)
    found = {}
    for player in players:
        others = [p for p in players if p != player]
        total = 0.0
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for some in combinations(others, size):
                joined = tuple(p for p in players if p in some or p == player)
                total += weight * (worth[joined] - worth[some])
        found[player] = total
    return found


def known_answers(
    *,
    paths: int = 2_400,
    seed: int = 0,
    today: str = TODAY,
    parameters: Parameters | None = None,
    executor: Executor | str | None = None,
) -> KnownAnswers:
    """Every known answer, on the same paths; raises as ``truth`` does."""
    graph = shipped_graph()
    coalitions = [s for k in range(len(FORCES) + 1) for s in combinations(FORCES, k)]
    every = [*WORLDS.values(), *(_factorial(s) for s in coalitions)]
    asks = asked(graph, [(CRASHED, world) for world in every], low=True)
    found = truths(
        asks,
        paths=paths,
        seed=seed,
        today=today,
        parameters=parameters,
        graph=graph,
        executor=executor,
    )
    named = dict(zip(WORLDS, found, strict=False))
    return KnownAnswers(named, dict(zip(coalitions, found[len(WORLDS) :], strict=True)))


def _factorial(on: tuple[str, ...]) -> World:
    """Trade on days 1 to 3, the fall of shares on day 1 (else none), leverage since 45 days."""
    return World(
        trade=2 if "escalation" in on else 0,
        equity=FALL if "equity fall" in on else 0.0,
        leverage=HIGH if "leverage" in on else LOW,
        equity_days=1,
    )
