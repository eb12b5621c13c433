"""``python docs/reference/hours.py --data PANEL [--bars FILE ...] [--write]``: the day in three.

Prints the tables of ``hours.md``, or writes them into it: where a crash day falls, what moves with
Wall Street, and whether causes that act in the session go with what Bitcoin did before it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from made import finish

import causal
from causal.calendar import us_open
from causal.check.conditionals import BLOCK, REPLICATES, SEED
from causal.check.frequency import resampled
from causal.data.day_parts import moves_of, read_bars, with_moves
from causal.data.states import States, states
from causal.data.steps import transform

PAGE = Path(__file__).with_suffix(".md")
RAW = ("raw/BTCUSDT_4h.csv", "raw/BTCUSDT_1h.parquet")  # beside the panel: spot, then perpetual
VOLATILITY = ("logreturn", "ewma_vol 20", "delay 1")  # that by which the story measures Bitcoin
CAUSES = ("equity_selling", "risk_off", "rebalancing", "yields")
CONTRASTS = (
    ("equity_selling", "shock"),
    ("equity_selling", "weak"),
    ("risk_off", "strong"),
    ("risk_off", "cautious"),
    ("rebalancing", "heavy"),
    ("yields", "spike"),
)
FEW = 10  # days of which no share is shown
HELD = "2023-12-31"  # what is tuned may look no further


@dataclass(frozen=True)
class Days:
    """The days on which all three moves are known: log returns, and in units of volatility."""

    moves: np.ndarray
    scaled: np.ndarray
    session: np.ndarray
    changes: Mapping[str, np.ndarray]
    eras: Mapping[str, np.ndarray]
    weights: np.ndarray
    states: States
    graph: causal.CausalGraph

    def of(self, variable: str, state: str) -> np.ndarray:
        """On which days the variable is in this state, by the shipped story."""
        return self.states.of(variable) == self.graph.variable(variable).index(state)

    def mean(self, values: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mean over the days ``among``, and in every block resample."""
        weights = self.weights[:, among]
        total = np.maximum(weights.sum(axis=1), 1)
        again = weights @ values[among] / total.reshape(-1, *[1] * (values.ndim - 1))
        return values[among].mean(axis=0), again


def main(arguments: list[str] | None = None) -> int:
    """Split the days, compare, and print or write the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the panel, CSV or Parquet")
    parser.add_argument("--bars", type=Path, nargs="+", help="bars; those of `raw` beside it")
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    asked = parser.parse_args(arguments)
    bars = asked.bars or [asked.data.parent / name for name in RAW]
    days = split(asked.data, bars)
    made = {"falls": falls(days), "markets": markets(days), "control": control(days),
            "left": left(days)}  # fmt: skip
    finish(PAGE, made, write=asked.write)
    return 0


def split(path: Path, bars: Sequence[Path]) -> Days:
    """The history with its moves, and the states that the shipped story reads off it."""
    model = causal.load(causal.shipped())
    assert model.fit is not None
    panel = causal.read_panel(path)
    for name in bars:
        panel = with_moves(panel, read_bars(name))
    read = states(panel, model.graph, cuts=model.fit.provenance.cuts)
    moves = moves_of(panel)
    close, vix, opened = (panel.column(n) for n in ("btc_binance_close", "vix_close", "vix_open"))
    scaled = moves / transform(close, panel.dates, VOLATILITY)[:, None]
    known = ~np.isnan(scaled).any(axis=1)
    session = known & us_open(panel.dates)
    overall = transform(vix, panel.dates, ("logreturn",))
    changes = {
        "Nasdaq, close to close": transform(
            panel.column("nasdaq_close"), panel.dates, ("logreturn",)
        ),
        "VIX, close to open": overall - np.log(vix / opened),
        "VIX, open to close": np.log(vix / opened),
    }
    late = panel.dates > np.datetime64(HELD)
    eras = {"all": known, "to 2023": known & ~late, "from 2024": known & late}
    weights = resampled(len(known), block=BLOCK, replicates=REPLICATES, seed=SEED)
    return Days(moves, scaled, session, changes, eras, weights.astype(float), read, model.graph)


def falls(days: Days) -> str:
    """What part of the fall comes when, and of the variance on any day."""
    lines = [
        "| days | | number | fall, mean | before | session | after |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    crash, open_ = days.of("bitcoin", "crash"), days.session
    for era, known in days.eras.items():
        for name, some in {
            "crash": crash,
            "crash, session": crash & open_,
            "crash, no session": crash & ~open_,
            "fall": days.of("bitcoin", "fall"),
        }.items():
            here = known & some
            if here.sum() < FEW:
                continue
            mean, again = days.mean(days.moves, here)
            share, spread = mean / mean.sum(), again / again.sum(axis=1, keepdims=True)
            parts = " | ".join(
                f"{s:.2f} ± {e:.2f}" for s, e in zip(share, spread.std(axis=0), strict=True)
            )
            lines.append(f"| {name} | {era} | {here.sum()} | {-mean.sum():.3f} | {parts} |")
        variance = days.scaled[known].var(axis=0)
        parts = " | ".join(f"{v:.2f}" for v in variance / variance.sum())
        lines.append(f"| any: share of the variance | {era} | {known.sum():,} | | {parts} |")
    return "\n".join(lines)


def markets(days: Days) -> str:
    """Correlations of each part with what Wall Street did on the same day."""
    lines = [
        "| with | | sessions | before | session | after |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name, change in days.changes.items():
        for era, known in days.eras.items():
            here = known & days.session & ~np.isnan(change)
            pair = np.column_stack([days.moves, change])
            one = pair[here]
            found = np.corrcoef(one.T)[3, :3]
            spread = _correlations(one, days.weights[:, here]).std(axis=0)
            parts = " | ".join(f"{c:+.2f} ± {e:.2f}" for c, e in zip(found, spread, strict=True))
            lines.append(f"| {name} | {era} | {here.sum():,} | {parts} |")
    return "\n".join(lines)


def control(days: Days) -> str:
    """Mean moves by the states of what acts in the session, in units of volatility."""
    lines = [
        "| state | days | before | session | after | before, to 2023 | before, from 2024 |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for cause in CAUSES:
        for state in days.graph.variable(cause).states[cause != CAUSES[0] :]:  # closed once
            some = days.of(cause, state)
            cells = [
                _said(*days.mean(days.scaled[:, p], days.eras["all"] & some)) for p in (0, 1, 2)
            ]
            for era in ("to 2023", "from 2024"):
                here = days.eras[era] & some
                cells.append(f"{_said(*days.mean(days.scaled[:, 0], here))} ({here.sum():,})")
            count = (days.eras["all"] & some).sum()
            name = "no session" if state == "closed" else f"{cause}={state}"
            lines.append(f"| {name} | {count:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def left(days: Days) -> str:
    """How far a state goes with the move before, and with the rest of the day beside it."""
    lines = [
        "| state, against calm | before | cut at ±2 | given the story's causes | rest of the day "
        "| rest, given before | share of before |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    start = begun(days.states)
    for cause, state in CONTRASTS:
        calm = days.graph.variable(cause).states[1]
        here = days.eras["all"] & (days.of(cause, state) | days.of(cause, calm))
        treated = days.of(cause, state)[here].astype(float)
        before, rest = days.scaled[here, 0], days.scaled[here, 1:].sum(axis=1)
        every = np.concatenate([np.ones((1, here.sum())), days.weights[:, here]])
        none = np.empty((here.sum(), 0))
        found = [
            coefficient(treated, none, before, every),
            coefficient(treated, none, before.clip(-2, 2), every),
            coefficient(treated, start[here], before, every),
            coefficient(treated, none, rest, every),
            coefficient(treated, before[:, None], rest, every),
        ]
        cells = [_said(some[0], some[1:]) for some in found]
        sure = abs(found[0][0]) > 2 * found[0][1:].std()
        share = f"{found[0][0] / (found[0][0] + found[3][0]):.2f}" if sure else ""
        lines.append(f"| {cause}={state} | {' | '.join(cells)} | {share} |")
    return "\n".join(lines)


def begun(read: States) -> np.ndarray:
    """Indicators of what the story has before or beside a state and Bitcoin: what the day begins
    with, and geopolitics, which acts on both; gaps a state of their own.  Shape (days, states)."""
    codes = [read.of(n) for n in ("near_support", "volatility", "leverage", "geopolitics")]
    codes.append(np.roll(read.of("equity_drawdown"), 1))  # as it was the day before
    found = [c == state for c in codes for state in np.unique(c)[1:]]
    return np.stack(found, axis=1).astype(float)


def coefficient(
    treated: np.ndarray, beside: np.ndarray, value: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Of the state, in the regression of a value on it and what stands beside; one a weighing."""
    x = np.column_stack([treated, np.ones_like(treated), beside])
    found = []
    for weight in weights:
        root = np.sqrt(weight)
        found.append(np.linalg.lstsq(x * root[:, None], value * root, rcond=None)[0][0])
    return np.array(found)


def _correlations(pair: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted correlations of the first three columns with the last, one row a resample."""
    total = weights.sum(axis=1, keepdims=True)
    mean = weights @ pair / total
    variance = weights @ pair**2 / total - mean**2
    product = weights @ (pair[:, :3] * pair[:, 3:]) / total - mean[:, :3] * mean[:, 3:]
    found: np.ndarray = product / np.sqrt(variance[:, :3] * variance[:, 3:])
    return found


def _said(value: float, again: np.ndarray) -> str:
    return f"{value:+.2f} ± {again.std():.2f}"


if __name__ == "__main__":
    sys.exit(main())
