"""Our side of every contest, one small function each: the place to redirect when the engine moves.

What is timed is a public verb, called as a user calls it, whole: base rate, claim and support, too.
Only what the package itself keeps is kept.  ``numbers`` and ``prepared`` call inside, and whatever
row uses them says so; ``cost``, ``kernel`` and ``possible`` are for choosing and for describing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np

import causal
from causal.contract import dispatch
from causal.contract import plan as contraction
from causal.contract.slice import Slice
from causal.infer.forward import forward
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel, Fit, Provenance
from causal.model.posterior import Counts, Dirichlet, DrawnTables
from causal.query.query import Query
from causal.query.unrolled import unroll
from causal.sweep.result import Sweep
from tests.bench.networks import Array, Question, alpha

TABLES = ("rows", "draws", "mean")  # kept with a model: its numbers, whatever is asked


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one draw: multiply-adds of the plan, and bytes of the tables it reads."""

    operations: int
    bytes: int


def days_of(model: CausalModel, query: Query) -> tuple[Slice, ...]:
    return compile_slices(unroll(model.graph, query), batch=model.draws)


def draws(model: CausalModel, query: Query) -> Array:
    """P(event | do, evidence) for every draw of the model, by ``causal.ask``; a point has one."""
    return causal.ask(model, query).draws


def numbers(model: CausalModel, query: Query) -> Array:
    """The same from inside, from the query to the numbers alone."""
    return forward(model, days_of(model, query)).probability


def possible(model: CausalModel, query: Query) -> bool:
    """Whether the evidence can happen."""
    return bool(np.isfinite(forward(model, days_of(model, query)).log_evidence).all())


def prepared(model: CausalModel, query: Query) -> Callable[[], Array]:
    """The same from inside, the plan kept by the caller, as a peer's loop keeps its engine."""
    days = days_of(model, query)
    return lambda: forward(model, days).probability


def curve(model: CausalModel, query: Query) -> Array:
    """P(event by day h) for h = 1..H, shape (H, draws), by ``causal.ask``: first passage."""
    found = causal.ask(model, query).curve
    assert found is not None, "evidence comes after an event day"
    return found.cumsum(axis=0)


def warm() -> bool:
    """Load the compiled kernels, as in a session that has used them; False without numba."""
    if find_spec("numba") is None or find_spec("causal.contract.numba_kernel") is None:
        return False
    import_module("causal.contract.numba_kernel")
    return True


def forget(model: CausalModel) -> None:
    """Drop every kept plan, program and base rate, so that the next question is one never seen.

    The draws of the tables and their mean stay where they are (the peers keep theirs).
    """
    contraction.plan.cache_clear()
    for key in model.kept:
        if key not in TABLES:
            model.kept.drop(key)


def marginals(model: CausalModel, question: Question) -> dict[str, Array]:
    """P(variable | do, evidence) of every variable for every draw, shape (states, draws)."""
    return causal.marginals(model.do(question.do), given=question.given, draws=True)


def scenarios(model: CausalModel, asked: Sequence[Question]) -> Sweep:
    """A row for every scenario, by ``causal.sweep``; one that comes again is computed once."""
    listed = [(f"s{i}", q.do, q.given) for i, q in enumerate(asked)]
    name, state = asked[0].event
    return causal.sweep(model, listed, {name: state})


def scenario_draws(model: CausalModel, asked: Sequence[Question]) -> Array:
    """The draws behind it, shape (scenarios, draws): each distinct scenario by ``causal.ask``."""
    known = {str(q): q for q in asked}
    found = {text: draws(model, q.query(model.graph)) for text, q in known.items()}
    return np.stack([found[str(q)] for q in asked])


def unsampled(model: CausalModel, count: int, *, seed: int = 1) -> CausalModel:
    """The model with a posterior that has not been drawn yet: tables are drawn when first read."""
    alphas = {n: (t.axes[:-1], alpha(t)) for n, t in model.tables.items()}
    fit = Fit(Counts({}, {}), Dirichlet(), count, seed, Provenance("", "", 0, "", ""))
    return CausalModel(model.graph, DrawnTables(alphas, "day", count, seed), fit=fit)


def cost(model: CausalModel, query: Query) -> Cost:
    """What a draw costs, for the comparison with the machine's limits."""
    days = days_of(model, query)
    tables = {(o.piece, o.source, str(o.index)): o for d in days for o in d.operands}
    rows = sum(o.of(model)[..., 0].size for o in tables.values() if o.vector is None)
    return Cost(sum(d.plan.operations for d in days), 8 * rows)


def kernel(model: CausalModel, query: Query) -> str:
    """Which path a question takes in a session that has loaded the kernels."""
    operations = model.draws * cost(model, query).operations
    return "compiled" if dispatch.pays(operations) else "NumPy"


@contextmanager
def numpy_alone() -> Iterator[None]:
    """The reference path: no compiled kernel, whatever is installed."""
    before = os.environ.get("CAUSAL_COMPILED")
    os.environ["CAUSAL_COMPILED"] = "0"
    try:
        yield
    finally:
        del os.environ["CAUSAL_COMPILED"]
        if before is not None:
            os.environ["CAUSAL_COMPILED"] = before
