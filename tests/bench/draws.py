"""One question under thousands of posterior draws that are already in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from causal.model.network import CausalModel
from tests.bench import ours
from tests.bench.clock import Work, fastest, interleaved
from tests.bench.limits import Limits
from tests.bench.networks import Array, Question, drawn, public, typical
from tests.bench.peers import Answer, agrum_ways, pgmpy_ways
from tests.bench.settings import Settings, agreed, pyagrum
from tests.bench.table import Row, Topic

SAMPLE = 60  # draws that a peer answers in each round, a different run of them every time
PGMPY_SAMPLE = 6
DENSE = ("insurance", "hailfinder", "andes", "water")
ALONE = "NumPy alone, plan kept"
CHECKED = 12  # draws on which every way must agree before the clock starts

HOW = """One question (a `do` on a cause of what is asked, two things seen) under draws of all
tables that are already in memory. Seconds **per draw**. Ours, divided by the number of draws: "plan
kept" calls inside (`causal.infer.forward`): it runs a plan that the caller holds, as the peers'
loops hold their networks and engines, and gives the numbers alone, like theirs; "NumPy alone" is
the same without kernels; "whole call" is `causal.ask`, with licence and support (the base rate is
kept with the model after the first). pyAgrum: its tables filled in place from lists made
beforehand, then the fastest of twelve ways (three engines; kept with evidence erased and set again,
or new; the whole network after surgery, or only the part that the question needs). pgmpy: tables
replaced in place, VariableElimination kept, order "greedy", on the faster of the two networks.
Peers answer a run of 60 (pgmpy: 6) draws a round; their cost a draw does not depend on how many
there are. pyAgrum and pgmpy keep one core busy, ours all of them: whoever splits a peer's loop over
two processes halves the ratio. "of memory limit" is the time that reading the draws of the needed
tables takes at this machine's memory bandwidth, as a share of our time."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The peers of one contest: work of a round, draws in it, the way chosen, what differed."""

    work: Mapping[str, Work]
    sizes: Mapping[str, int]
    ways: Mapping[str, str]
    difference: float


def measure(settings: Settings, limits: Limits) -> Topic:
    """1,000 draws on every network, 10,000 on crypto12, each with the kernels and NumPy alone."""
    compiled = ours.warm()
    cases = [("crypto12", 10_000), *((n, 1_000) for n in ("crypto12", *settings.networks))]
    rows: list[Row] = []
    for name, count in cases[1:] if settings.quick else cases:
        rows += _contest(name, count, settings, limits, compiled)
    return Topic("draws", "One question under posterior draws", tuple(rows), HOW)


def _contest(
    name: str, count: int, settings: Settings, limits: Limits, compiled: bool
) -> list[Row]:
    point = public(name)
    model, question = drawn(point, count), typical(point)
    query = question.query(model.graph)
    kept = ours.prepared(model, query)
    alone = partial(_alone, kept)
    mine = ours.draws(model, query)
    agreed(f"{name}, plan kept", mine, kept())
    sides = contestants(model, question, mine)
    difference = max(sides.difference, agreed(f"{name}, NumPy alone", mine, alone()))
    contest: dict[str, Work] = {
        "plan kept": kept,
        "whole call": lambda: ours.draws(model, query),
        ALONE: alone,
    }
    sizes = {**dict.fromkeys(contest, count), **sides.sizes}
    found = interleaved({**contest, **sides.work}, rounds=settings.rounds, budget=settings.budget)
    times = {n: t.per(sizes[n]).median for n, t in found.items()}
    cost = ours.cost(model, query)
    needed = len(question.needed(model.graph))
    return [
        Row(
            f"{name}, {count:,} draws, {kind}",
            times[kind],
            {p: times[p] for p in sides.work},
            goals(name, count, kind),
            difference,
            {
                "path": "NumPy" if kind == ALONE else ours.kernel(model, query),
                "variables needed": f"{needed} of {len(model.graph.names)}",
                "of memory limit": f"{100 * cost.bytes / limits.read_all / times[kind]:.0f} %",
                "Gflop/s": f"{2e-9 * cost.operations / times[kind]:.1f}",
                "pyAgrum's way": sides.ways["pyAgrum"],
            },
        )
        for kind in contest
        if compiled or kind in (ALONE, "whole call")
    ]


def contestants(model: CausalModel, question: Question, mine: Array) -> Sides:
    """Each peer's fastest way; every way has agreed with ``mine`` on the first draws before."""
    work: dict[str, Work] = {}
    sizes: dict[str, int] = {}
    chosen: dict[str, str] = {}
    worst = 0.0
    for peer, sample in (("pyAgrum", SAMPLE), ("pgmpy", PGMPY_SAMPLE)):
        size = sizes[peer] = min(sample, model.draws)
        ways = pgmpy_ways(model, question, range(size)) if peer == "pgmpy" else None
        ways = ways or agrum_ways(pyagrum(), model, question, range(size))
        for way, answer in ways.items():
            theirs = [answer(i) for i in range(min(CHECKED, size))]
            worst = max(worst, agreed(f"{model.name}, {peer}, {way}", mine[: len(theirs)], theirs))
        few = min(6, size)
        chosen[peer] = fastest({w: partial(_loop, a, few) for w, a in ways.items()})
        work[peer] = partial(_loop, ways[chosen[peer]], size)
    return Sides(work, sizes, chosen, worst)


def _loop(answer: Answer, count: int) -> float:
    return sum(answer(i) for i in range(count))


def _alone(kept: Callable[[], Array]) -> Array:
    with ours.numpy_alone():
        return kept()


def goals(name: str, count: int, kind: str) -> dict[str, float]:
    """What is aimed at: several hundred to several thousand times a peer's best loop."""
    if kind == ALONE:
        return {"pyAgrum": 15.0 if name in DENSE else 300.0}
    if name == "crypto12":
        return {"pyAgrum": 2_000.0, "pgmpy": 15_000.0} if count >= 10_000 else {}
    return {"pyAgrum": 100.0 if name == "water" else 500.0}
