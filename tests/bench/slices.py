"""The two-slice question in pyAgrum: unrolled with soft evidence, and as a k-TBN.

First passage by day h is 1 - P(no event on days 1..h | evidence): with soft evidence "not the
event" on each of those days it is a ratio of two probabilities of evidence.  A flag that remembers
the event gives the whole curve in one pass of ``KTBNInference``; in an unrolled network that flag
makes the triangulation explode.  Slice 0 of a k-TBN is our day -1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from causal.graph.variable import LAST, unlagged
from causal.model.network import CausalModel
from tests.bench.networks import Array
from tests.bench.peers import order
from tests.bench.settings import pyagrum

Curve = Callable[[int], Array]


def as_lists(
    model: CausalModel, cpts: Mapping[tuple[str, int], Any], draws: Iterable[int]
) -> dict[int, list[tuple[Any, list[float]]]]:
    """For every draw the tables beside where they go; ``cpts`` by (variable, slice)."""
    found: dict[int, list[tuple[Any, list[float]]]] = {}
    known: dict[tuple[object, ...], list[float]] = {}
    for draw in draws:
        found[draw] = []
        for (name, slot), cpt in cpts.items():
            table = (model.tables if slot else model.start)[name]
            axes = [f"{unlagged(a)}[{slot - a.endswith(LAST)}]" for a in table.axes[:-1]]
            place = order(cpt, axes)
            key = (draw, name, slot > 0, *place)
            if key not in known:
                known[key] = np.transpose(table.values[..., draw], place).ravel().tolist()
            found[draw].append((cpt, known[key]))
    return found


class Slices:
    """A two-slice model in pyAgrum with the tables of some draws as lists.

    ``shock``: (variable, state index) done on day 1 only; ``seen``: what is seen on day 0.
    """

    def __init__(self, model: CausalModel, horizon: int, draws: Iterable[int]) -> None:
        self.gum, self.ktbn = pyagrum(), pyagrum("ktbn")
        self.model, self.horizon = model, horizon
        self.names = model.graph.names
        self.event, self.shock, self.seen = self.names[-1], self.names[0], self.names[1]
        self.size = len(model.graph.variables[0].states)
        self.worst = self.size - 1
        self.calm = [1.0] * self.worst + [0.0]
        self.draws = list(draws)
        self.alive: list[Any] = []  # networks: their engines and tables only point at them

    def template(self, flagged: bool) -> Any:
        """The k-TBN without its numbers; ``flagged`` adds ``ever``, 1 once the event has been."""
        made = self.ktbn.KTBN(2)
        self.alive.append(made)
        for name in self.names:
            made.addTemporal(self.gum.LabelizedVariable(name, "", self.size))
        for name in self.names:
            for parent in self.model.graph.start_parents(name):
                made.addArc(parent, 0, name, 0)
            for axis in self.model.graph.parents(name):
                made.addArc(unlagged(axis), 0 if axis.endswith(LAST) else 1, name, 1)
        if flagged:
            made.addTemporal(self.gum.LabelizedVariable("ever", "", 2))
            made.addArc("ever", 0, "ever", 1)
            made.addArc(self.event, 1, "ever", 1)
            made.cpt("ever", 0).fillWith([1.0, 0.0])
            hit = np.zeros((2, self.size, 2))  # ever before, event variable, ever now
            hit[0, :, 0], hit[0, self.worst] = 1.0, (0.0, 1.0)
            hit[1, :, 1] = 1.0
            cpt = made.cpt("ever", 1)
            axes = ("ever[0]", f"{self.event}[1]", "ever[1]")
            cpt.fillWith(np.transpose(hit, order(cpt, axes)).ravel().tolist())
        return made

    def template_lists(self, template: Any) -> list[list[tuple[Any, list[float]]]]:
        """The same for both slices of a k-TBN."""
        cpts = {(n, t): template.cpt(n, t) for n in self.names for t in (0, 1)}
        return list(as_lists(self.model, cpts, self.draws).values())


def flagged(slices: Slices) -> Curve:
    """The whole curve by one forward and backward pass with the flag ``ever``.

    Days before 1 must not count: the event is not seen on day 0 or -1 by setting the flag there.
    """
    template = slices.template(True)
    rows = slices.template_lists(template)
    engine = slices.ktbn.KTBNInference(template)
    first, last = 2, slices.horizon + 1  # slices of days 1 and H

    def answer(draw: int) -> Array:
        for cpt, values in rows[draw]:
            cpt.fillWith(values)
        engine.clearObservation()
        engine.clearInterventions()
        engine.clearTargets()
        engine.addTarget("ever")
        engine.addObservation(slices.seen, 1, slices.worst)
        engine.addIntervention(slices.shock, first, slices.worst)
        engine.addIntervention("ever", 1, 0)
        engine.makeInference(last + 1)
        return np.array([engine.posterior("ever", t)[1] for t in range(first, last + 1)])

    return answer


def soft(slices: Slices, days: Iterable[int]) -> Curve:
    """P(event by day h) for each of ``days``: soft evidence in a k-TBN, one run for every day."""
    template = slices.template(False)
    rows = slices.template_lists(template)
    engine = slices.ktbn.KTBNInference(template)
    asked = list(days)

    def chance(day: int) -> float:
        engine.clearObservation()
        engine.clearInterventions()
        engine.addObservation(slices.seen, 1, slices.worst)
        if day:
            engine.addIntervention(slices.shock, 2, slices.worst)
        for t in range(2, day + 2):
            engine.addObservation(slices.event, t, slices.calm)
        engine.makeInference(day + 2)
        return float(engine.observationProbability())

    def answer(draw: int) -> Array:
        for cpt, values in rows[draw]:
            cpt.fillWith(values)
        engine.clearTargets()
        engine.addTarget(slices.seen)
        before = chance(0)
        return np.array([1 - chance(h) / before for h in asked])

    return answer


def unrolled(slices: Slices, days: Iterable[int]) -> Curve:
    """The same in the unrolled network with LazyPropagation, the evidence added day by day."""
    gum, template = slices.gum, slices.template(False)
    bn = template.unroll(slices.horizon + 2)
    slices.alive.append(bn)
    shocked = f"{slices.shock}[2]"
    for parent in list(bn.parents(shocked)):
        bn.eraseArc(parent, bn.idFromName(shocked))
    bn.cpt(shocked).fillWith([0.0] * slices.worst + [1.0])
    nodes = [(n, t) for t in range(slices.horizon + 2) for n in slices.names]
    nodes = [(n, t) for n, t in nodes if f"{n}[{t}]" != shocked]
    cpts = {(n, t): bn.cpt(f"{n}[{t}]") for n, t in nodes}
    rows = list(as_lists(slices.model, cpts, slices.draws).values())
    asked = set(days)
    engine = gum.LazyPropagation(bn)
    engine.setTargets(set())

    def answer(draw: int) -> Array:
        for cpt, values in rows[draw]:
            cpt.fillWith(values)
        engine.eraseAllEvidence()
        engine.setEvidence({f"{slices.seen}[1]": slices.worst})
        before, found = engine.evidenceProbability(), []
        for day in range(1, slices.horizon + 1):
            engine.addEvidence(f"{slices.event}[{day + 1}]", slices.calm)
            if day in asked:
                found.append(1 - engine.evidenceProbability() / before)
        return np.array(found)

    return answer
