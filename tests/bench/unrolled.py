"""A horizon's question in pyAgrum, for a do on any days and evidence about today.

First passage by soft evidence: P(event within H | e) = 1 - P(e, not the event on days 1..H) / P(e)
in the unrolled network, or by a flag that remembers the event in a k-TBN.  ``joint`` is the
cleverest way that we know: two joint posteriors over all evidence variables answer every evidence
of one do at once.  Slice 0 is our day -1, slice 1 today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from causal.graph.variable import LAST, unlagged
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.unrolled import certain, unroll
from tests.bench.networks import Array
from tests.bench.peers import order
from tests.bench.settings import pyagrum
from tests.bench.slices import as_lists

Seen = Mapping[str, int]


class Horizon:
    """One do of a two-slice model in pyAgrum, with the tables of some draws as lists."""

    def __init__(self, model: CausalModel, query: Query, draws: Iterable[int]) -> None:
        self.gum, self.ktbn = pyagrum(), pyagrum("ktbn")
        self.model, self.graph, self.last = model, model.graph, query.horizon + 1
        asked = unroll(model.graph, query)
        self.done = {
            (n, day + 1): certain(v) for day, some in asked.doing.items() for n, v in some.items()
        }
        ((self.event, weights),) = asked.event.items()
        self.calm = (1.0 - weights).tolist()
        self.bn = self._template(flagged=False).unroll(self.last + 1)
        self._cut()
        nodes = [(n, t) for t in range(self.last + 1) for n in self.graph.names]
        nodes = [node for node in nodes if node not in self.done]
        self.rows = as_lists(model, {(n, t): self.bn.cpt(f"{n}[{t}]") for n, t in nodes}, draws)
        self.flagged = self._template(flagged=True)
        both = [(n, t) for n in self.graph.names for t in (0, 1)]
        self.flags = as_lists(model, {(n, t): self.flagged.cpt(n, t) for n, t in both}, draws)
        self.engine = self.gum.LazyPropagation(self.bn)
        self.engine.setTargets(set())
        self.flag_engine = self.ktbn.KTBNInference(self.flagged)

    def _template(self, *, flagged: bool) -> Any:
        made = self.ktbn.KTBN(2)
        for name in self.graph.names:
            made.addTemporal(self.gum.LabelizedVariable(name, "", self.graph.size(name)))
        for name in self.graph.names:
            for parent in self.graph.start_parents(name):
                made.addArc(parent, 0, name, 0)
            for axis in self.graph.parents(name):
                made.addArc(unlagged(axis), 0 if axis.endswith(LAST) else 1, name, 1)
        if flagged:
            made.addTemporal(self.gum.LabelizedVariable("ever", "", 2))
            made.addArc("ever", 0, "ever", 1)
            made.addArc(self.event, 1, "ever", 1)
            made.cpt("ever", 0).fillWith([1.0, 0.0])
            calm = np.array(self.calm)
            now = np.stack(
                [np.stack([calm, 1 - calm], axis=-1), np.tile([0.0, 1.0], (len(calm), 1))]
            )
            cpt = made.cpt("ever", 1)
            place = order(cpt, ("ever[0]", f"{self.event}[1]", "ever[1]"))
            cpt.fillWith(np.transpose(now, place).ravel().tolist())
        return made

    def _cut(self) -> None:
        """What is done: its parents erased, its state certain, on each of its days."""
        for (name, slot), state in self.done.items():
            node = f"{name}[{slot}]"
            for parent in list(self.bn.parents(node)):
                self.bn.eraseArc(parent, self.bn.idFromName(node))
            self.bn.cpt(node).fillWith([float(i == state) for i in range(self.graph.size(name))])

    def loop(self, draw: int, seen: Sequence[Seen]) -> Array:
        """Scenario after scenario in the unrolled network, the engine kept."""
        for cpt, values in self.rows[draw]:
            cpt.fillWith(values)
        found = []
        for evidence in seen:
            self.engine.eraseAllEvidence()
            self.engine.setEvidence({f"{n}[1]": s for n, s in evidence.items()})
            before = self.engine.evidenceProbability()
            for slot in range(2, self.last + 1):
                self.engine.addEvidence(f"{self.event}[{slot}]", self.calm)
            found.append(1 - self.engine.evidenceProbability() / before)
        return np.array(found)

    def flag(self, draw: int, seen: Sequence[Seen]) -> Array:
        """Scenario after scenario in the k-TBN with the flag."""
        for cpt, values in self.flags[draw]:
            cpt.fillWith(values)
        engine, found = self.flag_engine, []
        for evidence in seen:
            engine.clearObservation()
            engine.clearInterventions()
            engine.clearTargets()
            engine.addTarget("ever")
            for name, state in evidence.items():
                engine.addObservation(name, 1, state)
            for (name, slot), state in self.done.items():
                engine.addIntervention(name, slot, state)
            engine.addIntervention("ever", 1, 0)
            engine.makeInference(self.last + 1)
            found.append(float(engine.posterior("ever", self.last)[1]))
        return np.array(found)

    def joint(self, draw: int, seen: Sequence[Seen]) -> Array:
        """All evidence of the do from two joint posteriors over the same variables."""
        for cpt, values in self.rows[draw]:
            cpt.fillWith(values)
        names = [f"{n}[1]" for n in seen[0]]
        tables, chance = [], 1.0
        for soft in (False, True):
            engine = self.gum.LazyPropagation(self.bn)
            engine.addJointTarget(set(names))
            if soft:
                for slot in range(2, self.last + 1):
                    engine.addEvidence(f"{self.event}[{slot}]", self.calm)
            engine.makeInference()
            posterior = engine.jointPosterior(set(names))
            axes = [posterior.names[::-1].index(n) for n in names]
            tables.append(np.transpose(posterior.toarray(), axes))
            chance = engine.evidenceProbability() if soft else 1.0
        place = tuple(np.array([[e[n] for n in seen[0]] for e in seen]).T)
        found: Array = 1 - chance * tables[1][place] / tables[0][place]
        return found
