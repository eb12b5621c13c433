"""The peers at their documented best on one-slice networks.

Both get the surgery done for them, tables changed in place (lists made beforehand, outside the
clock), and every reasonable way of running them is tried before the contest; the fastest enters it.
Traps avoided: pgmpy's ``CausalInference.query`` (wrong answers), its orders other than "greedy"
(memory), and a pyAgrum engine that is kept after a table changed without its evidence being erased
and set again (stale answers).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from causal.model.network import CausalModel
from tests.bench.networks import Array, Question

Answer = Callable[[int], float]  # the answer under one posterior draw
ENGINES = ("LazyPropagation", "ShaferShenoyInference", "VariableElimination")


def order(cpt: Any, axes: Sequence[str]) -> list[int]:
    """How to transpose our axes so that the array unravels as pyAgrum fills: first name fastest."""
    return [axes.index(n) for n in reversed(cpt.names)]


class Agrum:
    """A network in pyAgrum after surgery, and its tables draw after draw as lists."""

    def __init__(self, gum: Any, model: CausalModel, question: Question, only: Iterable[str]):
        self.gum, self.question = gum, question
        self.names = tuple(only)
        graph = model.graph
        self.bn = gum.BayesNet()
        for name in self.names:
            self.bn.add(gum.LabelizedVariable(name, "", list(graph.variable(name).states)))
        for name in self.names:
            for parent in () if name in question.do else model.tables[name].parents:
                self.bn.addArc(parent, name)
        self.free = [n for n in self.names if n not in question.do]
        self.cpts = {n: self.bn.cpt(n) for n in self.names}
        for name, state in question.do.items():
            if name in self.cpts:
                states = graph.variable(name).states
                self.cpts[name].fillWith([float(s == state) for s in states])
        seen = {**question.given, **question.do}
        self.evidence = {n: s for n, s in seen.items() if n in self.cpts}
        self.target = question.event[0]
        self.state = graph.variable(self.target).index(question.event[1])
        self.lists: list[list[tuple[Any, list[float]]]] = []

    def load(self, model: CausalModel, draws: Iterable[int]) -> None:
        """Keep the tables of some draws as flat lists, the form that fills fastest."""
        self.lists = []
        for draw in draws:
            row = []
            for name in self.free:
                table, cpt = model.tables[name], self.cpts[name]
                values = table.values[..., draw if table.draws > 1 else 0]
                row.append(
                    (cpt, np.transpose(values, order(cpt, table.axes[:-1])).ravel().tolist())
                )
            self.lists.append(row)

    def fill(self, draw: int) -> None:
        for cpt, values in self.lists[draw]:
            cpt.fillWith(values)

    def engine(self, kind: str) -> Any:
        """An engine with the evidence and the target set, nothing computed."""
        found = getattr(self.gum, kind)(self.bn)
        found.setEvidence(self.evidence)
        found.addTarget(self.target)
        return found

    def read(self, engine: Any) -> float:
        engine.makeInference()
        return float(engine.posterior(self.target).toarray().ravel()[self.state])

    def again(self, kind: str) -> Answer:
        """One engine kept: fill, erase and set the evidence (never stale), infer."""
        engine = self.engine(kind)

        def answer(draw: int) -> float:
            self.fill(draw)
            engine.eraseAllEvidence()
            engine.setEvidence(self.evidence)
            return self.read(engine)

        return answer

    def anew(self, kind: str) -> Answer:
        """A new engine for every draw."""

        def answer(draw: int) -> float:
            self.fill(draw)
            return self.read(self.engine(kind))

        return answer


def agrum_ways(
    gum: Any, model: CausalModel, question: Question, draws: Sequence[int]
) -> dict[str, Answer]:
    """Every way of answering for each of ``draws`` (numbered from 0) with pyAgrum."""
    found: dict[str, Answer] = {}
    needed = question.needed(model.graph)
    parts = {"needed part": needed}
    if len(needed) < len(model.graph.names):
        parts["whole network"] = model.graph.order
    for part, names in parts.items():
        here = Agrum(gum, model, question, names)
        here.load(model, draws)
        for kind in ENGINES:
            found[f"{kind} kept, {part}"] = here.again(kind)
            found[f"{kind} new, {part}"] = here.anew(kind)
    return found


def agrum_base(gum: Any, model: CausalModel) -> Any:
    """The whole network in pyAgrum before surgery, at draw 0."""
    here = Agrum(gum, model, Question((model.graph.names[0], _first(model))), model.graph.order)
    here.load(model, [0])
    here.fill(0)
    return here.bn


def agrum_cold(
    gum: Any, bn: Any, question: Question, place: int, kind: str = "LazyPropagation"
) -> float:
    """A question never seen: copy, cut the arcs into what is done, a new engine.

    ``place`` is the index of the state asked for.  A posterior lives as long as its engine: read.
    """
    cut = gum.BayesNet(bn)
    for name in question.do:
        for parent in list(cut.parents(name)):
            cut.eraseArc(parent, cut.idFromName(name))
    engine = getattr(gum, kind)(cut)
    engine.setEvidence({**question.given, **question.do})
    engine.addTarget(question.event[0])
    engine.makeInference()
    return float(engine.posterior(question.event[0]).toarray().ravel()[place])


def pgmpy_network(model: CausalModel, names: Iterable[str], do: Mapping[str, str]) -> Any:
    """Some variables as a pgmpy network at draw 0, after surgery."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.factors.discrete import TabularCPD
        from pgmpy.models import DiscreteBayesianNetwork

        logging.getLogger("pgmpy").setLevel(logging.ERROR)
        graph, network = model.graph, DiscreteBayesianNetwork()
        names = tuple(names)
        network.add_nodes_from(names)
        for name in names:
            table, states = model.tables[name], graph.variable(name).states
            parents = () if name in do else table.parents
            network.add_edges_from((p, name) for p in parents)
            values = table.values[..., 0].reshape(-1, len(states)).T
            if name in do:
                values = np.array([[float(s == do[name])] for s in states])
            scope = {n: list(graph.variable(n).states) for n in (name, *parents)}
            sizes = [graph.size(p) for p in parents]
            network.add_cpds(
                TabularCPD(name, len(states), values, list(parents), sizes, state_names=scope)
            )
    return network


def pgmpy_answer(network: Any, model: CausalModel, question: Question) -> Callable[[], float]:
    """VariableElimination on a network after surgery, its best order, asked when called."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.inference import VariableElimination

        engine = VariableElimination(network)
    target, state = question.event
    place = model.graph.variable(target).index(state)
    present = set(network.nodes)
    seen = {n: s for n, s in {**question.given, **question.do}.items() if n in present}

    def answer() -> float:
        found = engine.query([target], evidence=seen, show_progress=False)
        return float(found.values[place])

    return answer


def pgmpy_ways(model: CausalModel, question: Question, draws: Sequence[int]) -> dict[str, Answer]:
    """Every way with pgmpy: its tables changed in place, one engine kept."""
    found: dict[str, Answer] = {}
    parts = {"needed part": question.needed(model.graph), "whole network": model.graph.order}
    for part, names in parts.items():
        network = pgmpy_network(model, names, question.do)
        ask = pgmpy_answer(network, model, question)
        rows = [_pgmpy_values(network, model, question, draw) for draw in draws]
        found[part] = partial(_pgmpy_draw, rows, ask)
    return found


def _pgmpy_values(
    network: Any, model: CausalModel, question: Question, draw: int
) -> list[tuple[Any, Array]]:
    row = []
    for name in network.nodes:
        if name not in question.do:
            table = model.tables[name]
            values = table.values[..., draw if table.draws > 1 else 0]
            row.append((network.get_cpds(name), np.ascontiguousarray(np.moveaxis(values, -1, 0))))
    return row


def _pgmpy_draw(rows: list[list[tuple[Any, Array]]], ask: Callable[[], float], draw: int) -> float:
    for cpd, values in rows[draw]:
        cpd.values = values
    return ask()


def _first(model: CausalModel) -> str:
    return model.graph.variables[0].states[0]
