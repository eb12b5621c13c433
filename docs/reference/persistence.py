"""``python docs/reference/persistence.py [--write]``: do intervals hold where days hang together.

Prints the table of small worlds in ``scores.md``, or writes it: a chain that the story describes, a
slow regime that it sees, and one that it does not see; by four ways to weigh days.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from made import finish

from causal.check.coverage import Question, asked_value, coverage
from causal.check.dependence import dependence
from causal.check.simulate import simulated
from causal.data.states import States
from causal.executor import executor_of
from causal.graph.dag import CausalGraph
from causal.graph.story import Story
from causal.graph.variable import Edge, Variable
from causal.graph.weighing import Weighing
from causal.learn.fit import fit_states
from causal.model.network import CausalModel, fitted
from causal.model.posterior import Counts
from causal.model.table import Table

PAGE = Path(__file__).with_name("scores.md")
DAYS, REPETITIONS, RIVALS, DRAWS = 3_000, 1_000, 200, 300
ASKED = (Question("P(y=yes)"), Question("P(y=yes within 20d)"))
STAY = 1 - 1 / 67  # a regime lasts 67 days
NO_YES = ("no", "yes")
WAYS = {
    "blocks of 20 days": Weighing(),
    "independent days": Weighing(block=1),
    "blocks of 60 days": Weighing(block=60),
    "observed start": Weighing(block=1, start="observed"),
}


def table(*axes: str, values: object) -> Table:
    """A table of one draw."""
    return Table((*axes, "draw"), np.array(values, dtype=float)[..., None])


def chain() -> tuple[CausalModel, CausalGraph]:
    """y by itself, given the day before."""
    graph = CausalGraph((Variable("y", NO_YES),), (Edge("y", "y", 1),), (), "chain")
    rows = [[0.97, 0.03], [0.7, 0.3]]
    model = CausalModel(
        graph,
        {"y": table("y@-1", "y", values=rows)},
        {"y": table("y", values=[0.7 / 0.73, 0.03 / 0.73])},
    )
    return model, graph


def regime(*, seen: bool) -> tuple[CausalModel, CausalGraph]:
    """y depends on a regime that lasts; the graph that is fitted holds it, or holds y alone."""
    r, y = Variable("r", NO_YES), Variable("y", NO_YES)
    edges = (Edge("r", "r", 1), Edge("r", "y"), Edge("y", "y", 1))
    graph = CausalGraph((r, y), edges, (), "regime")
    model = CausalModel(
        graph,
        {
            "r": table("r@-1", "r", values=[[STAY, 1 - STAY], [1 - STAY, STAY]]),
            "y": table(
                "r", "y@-1", "y", values=[[[0.99, 0.01], [0.98, 0.02]], [[0.93, 0.07], [0.9, 0.1]]]
            ),
        },
        {
            "r": table("r", values=[0.5, 0.5]),
            "y": table("r", "y", values=[[0.99, 0.01], [0.93, 0.07]]),
        },
    )
    return model, graph if seen else CausalGraph((y,), (Edge("y", "y", 1),), (), "y alone")


def days(graph: CausalGraph) -> States:
    """An empty calendar of the variables of a graph."""
    dates = np.datetime64("2010-01-01") + np.arange(DAYS)
    codes = np.zeros((DAYS, len(graph.names)), dtype=np.int8)
    return States(dates, graph.names, codes, {}, dates[-1])


def found(truth: CausalModel, graph: CausalGraph, repetitions: int) -> str:
    """How many of the repetitions the dependence check points at the table of y."""
    like, story, hits = days(graph), Story(graph), 0
    for seed in range(repetitions):
        read = simulated(truth, like, seed=100_000 + seed)
        rows = dependence(fit_states(story, read, draws=0), read)
        hits += next(row.found for row in rows if row.table == "y")
    return f"{hits / repetitions:.2f}"


def rows_of(name: str, truth: CausalModel, graph: CausalGraph, repetitions: int) -> list[str]:
    """A row for every way to weigh days."""
    lines = []
    rivals = min(repetitions, RIVALS)
    pointed = found(truth, graph, rivals)
    for place, (way, weighing) in enumerate(WAYS.items()):
        rows = coverage(
            Story(graph, weighing=weighing),
            truth,
            days(graph),
            ASKED,
            histories=rivals if place else repetitions,
            draws=DRAWS,
            executor="processes",
        )
        told = " | ".join(f"{row.coverage:.3f} | {row.bias:+.2f}" for row in rows)
        first = (name, pointed) if place == 0 else ("", "")
        lines.append(f"| {first[0]} | {way} | {told} | {first[1]} |")
    told = " | ".join(
        f"{held:.3f} | {bias:+.2f}" for held, bias in divided(truth, graph, repetitions)
    )
    return [*lines, f"| | days divided by the inflation | {told} | |"]


def divided(truth: CausalModel, graph: CausalGraph, repetitions: int) -> list[tuple[float, float]]:
    """The cheap rival: independent days, the days of a table divided by its inflation."""
    jobs = [(truth, graph, k) for k in range(repetitions)]
    seen = np.array(list(executor_of("processes").map(divided_once, jobs)))
    real = [asked_value(truth, question)[0] for question in ASKED]
    found = []
    for place, true in enumerate(real):
        mean, sd, low, high = seen[:, place].T
        held = (low <= true) & (true <= high)
        found.append((float(held.mean()), float(((mean - true) / sd).mean())))
    return found


def divided_once(job: tuple[CausalModel, CausalGraph, int]) -> list[list[float]]:
    """Mean, sd, low and high of every question, of one history."""
    truth, graph, number = job
    read = simulated(truth, days(graph), seed=200_000 + number)
    story = Story(graph, weighing=Weighing(block=1))
    model = fit_states(story, read, draws=DRAWS, seed=number)
    assert model.fit is not None
    by = {row.table: max(1.0, *row.inflation) for row in dependence(model, read)}
    counts = Counts({n: a / by[n] for n, a in model.fit.counts.day.items()}, model.fit.counts.start)
    model = fitted(graph, replace(model.fit, counts=counts, evidence=None))
    found = []
    for question in ASKED:
        draws = asked_value(model, question)
        found.append([float(draws.mean()), float(draws.std()), *np.quantile(draws, [0.05, 0.95])])
    return found


def worlds(repetitions: int) -> str:
    """The whole table."""
    lines = [
        "| world | days are weighed | held, a day | bias, sd | held, 20 days | bias, sd | found |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for name, (truth, graph) in {
        "a chain": chain(),
        "a slow regime, seen": regime(seen=True),
        "a slow regime, hidden": regime(seen=False),
    }.items():
        lines += rows_of(name, truth, graph, repetitions)
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Simulate, fit, ask, and print or write the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--write", action="store_true", help=f"write it into {PAGE.name}")
    asked = parser.parse_args(arguments)
    finish(PAGE, {"worlds": worlds(asked.repetitions)}, write=asked.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
