"""A story under surgery, drawn as text, and what the text says of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.model.network import CausalModel
from causal.model.table import Table
from causal.query.event import conditions
from causal.query.intervention import interventions
from causal.show.dot import draw
from causal.show.drawing import Drawing
from tests.show.story import STORY, vectors

GOLDEN = Path(__file__).resolve().parent.parent / "golden"

SVG = "{http://www.w3.org/2000/svg}"

LINK = "{http://www.w3.org/1999/xlink}title"

BEFORE, AFTER = vectors(STORY, 1), vectors(STORY, 1, 0.5)


def scene(graph: CausalGraph = STORY, *, do=None, given=None, event=None, **rest) -> Drawing:
    return Drawing(
        graph,
        interventions(graph, do or {}),
        conditions(graph, given),
        conditions(graph, event),
        **rest,
    )


SURGERY = scene(
    do={"geopolitics": "escalation"},
    given={"leverage": "high"},
    event={"bitcoin": "crash"},
    horizon=7,
    day=1,
    title="P(bitcoin=crash within 7d | do(geopolitics=escalation), leverage=high)",
)


def text(of: Drawing = SURGERY) -> str:
    return draw(of, BEFORE, AFTER)


def arrows(dot: str) -> dict[tuple[str, str, str], str]:
    """(cause, effect, class) of every DOT edge with the whole of its line."""
    found = re.findall(r'^\s*("(\w+)" -> "(\w+)" \[class="([\w -]+)".*)$', dot, re.M)
    assert len(found) == dot.count('" -> "')
    return {(one, other, kind): line for line, one, other, kind in found}


def card(dot: str, name: str) -> str:
    (line,) = re.findall(rf'^\s*"{name}" \[label=.*$', dot, re.M)
    return line


def model(graph: CausalGraph, seed: int = 0) -> CausalModel:
    """Random tables on a graph, one draw."""
    rng = np.random.default_rng(seed)

    def tables(parents) -> dict[str, Table]:
        found = {}
        for name in graph.names:
            axes = (*parents(name), name)
            sizes = [graph.size(a) for a in axes]
            values = rng.dirichlet(np.ones(sizes[-1]), size=tuple(sizes[:-1]))
            found[name] = Table((*axes, "draw"), values[..., None])
        return found

    start = tables(graph.start_parents) if graph.persistent else {}
    return CausalModel(graph, tables(graph.parents), start)


SMALL = CausalGraph(
    (
        Variable("war", ("calm", "hot"), label="War", label_zh="戰爭", states_zh=("平靜", "激烈")),
        Variable("leverage", ("low", "high"), label_zh="槓桿"),
        Variable("bitcoin", ("up", "crash"), label="Bitcoin"),
    ),
    (
        Edge("war", "leverage", 0, "fear"),
        Edge("leverage", "bitcoin", 0, "margin calls"),
        Edge("war", "bitcoin", 0, "mood"),
        Edge("bitcoin", "leverage", 1, "flush"),
    ),
    name="small",
)
