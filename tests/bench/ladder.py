"""The drawdown ladder of the shipped model in a warm process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import causal
from causal.drawdown.ladder import Ladder
from causal.model.network import CausalModel
from tests.bench import ours
from tests.bench.clock import interleaved
from tests.bench.cold import SHIPPED
from tests.bench.limits import Limits
from tests.bench.settings import Settings, agreed
from tests.bench.table import Row, Topic

THRESHOLDS, DAYS = (-0.05, -0.10, -0.15, -0.20), 7
LIMIT = 3.0

HOW = """`causal.ladder` with four thresholds within seven days under all posterior draws of the
shipped model, in a process that has answered it once: probabilities, intervals, base rates,
expected drawdown and shortfall, licence and support. Each probability is first held against
`causal.ask` for its threshold alone, within the two grid errors. No peer answers it."""


def measure(settings: Settings, limits: Limits) -> Topic:
    title = "The drawdown ladder"
    if not SHIPPED.is_file():
        return Topic("ladder", title, (), HOW, ("No model is shipped in this checkout.",))
    ours.warm()
    model = causal.load(SHIPPED)
    cases: dict[str, tuple[CausalModel, Mapping[str, str], str]] = {
        "nothing given": (model, {}, ""),
        "do(leverage=low)": (model.do(leverage="low"), {}, " | do(leverage=low)"),
        "bitcoin=crash seen today": (model, {"bitcoin": "crash"}, " | bitcoin=crash"),
    }
    worst = {n: checked(model, asked(m, given), right) for n, (m, given, right) in cases.items()}
    found = interleaved(
        {n: partial(asked, m, given) for n, (m, given, _) in cases.items()},
        rounds=settings.rounds,
        budget=5 * settings.budget,
    )
    label = f"4 thresholds, {DAYS} days, {model.draws:,} draws"
    rows = tuple(Row(f"{label}: {n}", t.median, difference=worst[n]) for n, t in found.items())
    notes = tuple(
        f"At most {LIMIT:g} s, {n}: {'reached' if t.median <= LIMIT else '**missed**'}."
        for n, t in found.items()
    )
    return Topic("ladder", title, rows, HOW, notes)


def asked(model: CausalModel, given: Mapping[str, str]) -> Ladder:
    return causal.ladder(model, given=given, thresholds=THRESHOLDS, horizons=(DAYS,))


def checked(model: CausalModel, found: Ladder, right: str) -> float:
    """The largest difference from the questions asked one by one, within what the grid may err."""
    worst = 0.0
    for rung in found.rungs:
        text = f"P(drawdown <= {100 * rung.threshold:g}% within {rung.days}d{right})"
        one = causal.ask(model, text)
        assert rung.answer.probability is not None
        assert one.probability is not None
        within = 4 * rung.grid_error + 1e-9
        worst = max(
            worst, agreed(text, [rung.answer.probability], [one.probability], within=within)
        )
    return worst
