"""``python docs/reference/refit.py --data PANEL [--write]``: the story fitted from less data.

Prints the tables of ``refit.md``, or writes them into it.  ``--story FILE`` writes the story
without the variables that need a key, and does nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from made import finish

import causal
from causal.answer.answer import Answer
from causal.contract.array import Array
from causal.data.events import shipped_acts, with_acts
from causal.data.panel import Panel
from causal.data.sources.catalogue import ALL
from causal.data.states import measured_columns, states
from causal.errors import UnknownVariableError
from causal.graph.dag import CausalGraph
from causal.graph.story import Story, read_story, write_story
from causal.graph.variable import Confounded, Edge, Variable

PAGE = Path(__file__).with_suffix(".md")
STORY = causal.shipped().with_suffix(".toml")
DRAWS = 1_000
LONDON, FUTURE = "gold_usd_lbma_pm", "gold_usd"
PAID = "long_liquidations_usd_spliced"
FREE_KEY = "long_liq_coinalyze_btcusdt_usd"
ONE_VENUE = "long_liq_binance_usd"
QUESTIONS = (
    "P(bitcoin=crash within 7d)",
    "P(bitcoin=crash within 7d | do(geopolitics=escalation), leverage=high)",
    "P(bitcoin=crash within 7d | do(leverage=low))",
    "P(bitcoin=crash within 7d | do(leverage=high))",
    "P(bitcoin=crash | equity_selling=shock)",
    "P(bitcoin=crash | support_break=broken)",
    "P(bitcoin=crash | liquidations=cascade)",
    "P(liquidations=cascade within 7d)",
    "P(drawdown <= -10% within 7d)",
)


@dataclass(frozen=True, slots=True)
class Refit:
    """A story and the panel that it is fitted to."""

    name: str
    story: Story
    panel: Panel


def main(arguments: list[str] | None = None) -> int:
    """Fit, ask, and print or write the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, help="the panel, CSV or Parquet")
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    parser.add_argument("--story", type=Path, help="write the keyless story to this file")
    asked = parser.parse_args(arguments)
    if asked.story is not None:
        write_story(keyless_story(read_story(STORY)), asked.story)
        return 0
    if asked.data is None:
        parser.error("--data: the panel is needed for the tables")
    finish(PAGE, tables(causal.read_panel(asked.data)), write=asked.write)
    return 0


def tables(panel: Panel) -> dict[str, str]:
    """Every generated part of the page, by the name of its marker."""
    story = read_story(STORY)
    rows = list(refits(story, with_acts(panel, shipped_acts())))
    found = {"shipped": answers(causal.load(causal.shipped()))}
    for row in rows:
        found[row.name] = answers(causal.fit(row.story, row.panel, draws=DRAWS))
    return {
        "columns": columns(story.graph),
        "headlines": headlines(found),
        "days": days(rows),
    }


def refits(story: Story, panel: Panel) -> Iterator[Refit]:
    """Every refit of the page, as it would be pulled."""
    yield Refit("whole history", story, panel)
    bare = instead(panel, dict.fromkeys(keyed(story.graph)))
    yield Refit("keyless", keyless_story(story), bare)
    yield Refit("keyless, left blank", story, bare)
    if PAID not in measured_columns(story.graph):
        return
    free, venue = panel.column(FREE_KEY), panel.column(ONE_VENUE)
    yield Refit("free key, days of the panel", story, instead(panel, {PAID: free}))
    both = np.where(np.isnan(venue), free, venue)
    yield Refit("free key, as if since 2020", story, instead(panel, {PAID: both}))
    if LONDON in measured_columns(story.graph):
        gold = instead(panel, {LONDON: panel.column(FUTURE)})
        yield Refit("gold future for London's", story, gold)


def instead(panel: Panel, columns: Mapping[str, Array | None]) -> Panel:
    """The panel with other values in some of its columns; None makes a column of gaps."""
    values = panel.values.copy()
    for name, column in columns.items():
        values[:, panel.names.index(name)] = np.nan if column is None else column
    return Panel(panel.dates, panel.names, values, panel.text)


def keyed(graph: CausalGraph) -> tuple[str, ...]:
    """Columns of a story that no publisher yields without a key."""
    free = {name for s in ALL if s.key is None for name in s.names}
    free |= {name for some in shipped_acts() for name in some.columns}
    return tuple(name for name in measured_columns(graph) if name not in free)


def keyless_story(story: Story) -> Story:
    """The story without the variables that only keyed columns measure."""
    lost = set(keyed(story.graph))
    graph = story.graph
    for v in graph.variables:
        if v.measurement and v.measurement.series and _columns(v) <= lost:
            graph = without(graph, v.name)
    return replace(story, graph=graph)


def _columns(variable: Variable) -> set[str]:
    how = variable.measurement
    return {s.column for s in how.series} if how is not None else set()


def without(graph: CausalGraph, name: str) -> CausalGraph:
    """The graph without a variable: its causes act on its effects (latent projection, Verma 1993).

    A path that would take two days is left out: an arrow reaches one day back at most.
    """
    into = [e for e in graph.edges if e.effect == name and e.cause != name]
    out = [e for e in graph.edges if e.cause == name and e.effect != name]
    edges = [e for e in graph.edges if name not in (e.cause, e.effect)]
    known = {(e.cause, e.effect, e.lag) for e in edges}
    for first, second in ((a, b) for b in out for a in into):
        passed = (first.cause, second.effect, first.lag + second.lag)
        if passed not in known and passed[2] <= 1:
            known.add(passed)
            edges.append(Edge(*passed, because=f"Through {name}, which is not measured here."))
    pairs = [c for c in graph.confounded if name not in (c.one, c.other)]
    joined = {frozenset((c.one, c.other)) for c in pairs}
    beside = [c.other if c.one == name else c.one for c in graph.confounded if c not in pairs]
    effects = dict.fromkeys(e.effect for e in out)
    ends = [(e, b) for e in effects for b in (*beside, *effects)]
    for one, other in ends:
        if one != other and frozenset((one, other)) not in joined:
            joined.add(frozenset((one, other)))
            reason = f"What moved both through {name}, which is not measured here."
            pairs.append(Confounded(one, other, reason))
    kept = (v for v in graph.variables if v.name != name)
    variables = tuple(replace(v, start=_kept(v.start, name)) for v in kept)
    return CausalGraph(variables, tuple(edges), tuple(pairs), graph.name)


def _kept(start: tuple[str, ...] | None, name: str) -> tuple[str, ...] | None:
    return None if start is None else tuple(s for s in start if s != name)


def answers(model: causal.CausalModel) -> dict[str, Answer | None]:
    """The answer to every question; None where the model does not have its variables."""
    found: dict[str, Answer | None] = {}
    for question in QUESTIONS:
        try:
            found[question] = causal.ask(model, question)
        except UnknownVariableError:
            found[question] = None
    return found


def headlines(found: Mapping[str, Mapping[str, Answer | None]]) -> str:
    """A row a question, a column a refit; marked where the answers are apart."""
    lines = [_row(["question", *found]), _row(["---", *["---"] * len(found)])]
    for question in QUESTIONS:
        first = found["shipped"][question]
        cells = [_cell(by[question], first) for by in found.values()]
        lines.append(_row([question.replace("|", "\\|"), *cells]))
    return "\n".join(lines)


def _cell(answer: Answer | None, first: Answer | None) -> str:
    """Mean and 90 % interval; bold where it is outside the interval of the shipped answer."""
    if answer is None:
        return "-"
    if answer.probability is None:
        return "bounded"
    low, high = answer.interval(0.9)
    told = f"{answer.probability:.3f}"
    if first is not None and first.probability is not None:
        bottom, top = first.interval(0.9)
        told = told if bottom <= answer.probability <= top else f"**{told}**"
    return f"{told} ({low:.3f} to {high:.3f})"


def columns(graph: CausalGraph) -> str:
    """Which column of the story comes from whom, and whether that takes a key."""
    needed = set(keyed(graph))
    acts = {name for some in shipped_acts() for name in some.columns}
    lines = [_row(["column", "without a key from", "with a key from"]), _row(["---"] * 3)]
    for name in measured_columns(graph):
        free = [f"`{s.name}`" for s in ALL if name in s.names and s.key is None]
        paid = [f"`{s.name}`, one exchange" for s in ALL if s.key and name in needed]
        mine = ["the lists of dated acts, no pull"] if name in acts else []
        cells = (", ".join([*free, *mine]) or "nobody", ", ".join(paid) or "-")
        lines.append(_row([f"`{name}`", *cells]))
    return "\n".join(lines)


def days(rows: Iterable[Refit]) -> str:
    """What is known of liquidations in every refit."""
    head = ["refit", "variables", "days with liquidations", "from", "to", "cascades"]
    lines = [_row(head), _row(["---"] * len(head))]
    for row in rows:
        graph = row.story.graph
        cells = ["-"] * 4
        if "liquidations" in graph.names:
            read = states(row.panel, graph)
            codes = read.of("liquidations")
            known = np.flatnonzero(codes >= 0)
            cells = ["0", "-", "-", "0"]
            if len(known):
                ends = (str(read.dates[known[i]]) for i in (0, -1))
                worst = graph.size("liquidations") - 1
                cells = [f"{len(known):,}", *ends, str((codes == worst).sum())]
        lines.append(_row([row.name, str(len(graph.names)), *cells]))
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
