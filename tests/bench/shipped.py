"""The shipped model in a warm process: the question of the README with all its draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import causal
from causal.query.parser import parse
from tests.bench import ours
from tests.bench.clock import interleaved, once
from tests.bench.cold import QUESTION, SHIPPED
from tests.bench.limits import Limits
from tests.bench.settings import Settings, agreed
from tests.bench.table import Row, Topic

HOW = """The question of the README in a process that has already answered it once: `causal.ask`
gives probability, interval, base rate (kept after the first time), licence and support under all
posterior draws; "numbers alone" calls inside (`causal.infer.forward`): its probability from the
query on, without the base rate, the licence and the support; "first" is the first answer of the
process, reading and drawing included, measured once. No peer answers it."""
LIMIT = 1.0  # second


def measure(settings: Settings, limits: Limits) -> Topic:
    """One row a way of asking; empty where no model is shipped."""
    title = "The shipped model, warm"
    if not SHIPPED.is_file():
        return Topic("shipped", title, (), HOW, ("No model is shipped in this checkout.",))
    found: list[object] = []
    first = once(lambda: found.append(causal.ask(causal.load(SHIPPED), QUESTION)))
    ours.warm()
    model = causal.load(SHIPPED)
    query = parse(QUESTION, model.graph)
    answer = causal.ask(model, QUESTION)
    numbers = ours.numbers(model, query)
    difference = agreed("the shipped model", np.asarray(answer.draws), numbers)
    point = model.mean()
    times = interleaved(
        {
            "ask": lambda: causal.ask(model, QUESTION),
            "numbers alone": lambda: ours.numbers(model, query),
            "at the posterior mean": lambda: ours.numbers(point, replace(query)),
        },
        rounds=settings.rounds,
        budget=10.0,
    )
    label = f"{model.draws:,} draws"
    rows = (
        Row(f"first answer, {label}", first),
        Row(f"`causal.ask`, {label}", times["ask"].median, difference=difference),
        Row(f"numbers alone, {label}", times["numbers alone"].median),
        Row("numbers alone, posterior mean", times["at the posterior mean"].median),
    )
    reached = "reached" if times["ask"].median <= LIMIT else "**missed**"
    return Topic(
        "shipped", title, rows, HOW, (f"At most {LIMIT:g} s for `causal.ask`: {reached}.",)
    )
