"""``python docs/reference/scores.py --data PANEL [--write]``: does it forecast, do intervals cover.

Prints the tables of ``scores.md``, or writes them into it and draws ``docs/reliability.svg``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from made import finish

import causal
from causal.check.coverage import CoverageRow, Question, coverage
from causal.check.recalibration import with_recalibrated
from causal.check.skill import SkillBoard, period, skills
from causal.check.walk_forward import Board, Walk, walk_forward
from causal.data.history import panel_holdings
from causal.data.panel import Panel, read_panel
from causal.data.states import states
from causal.graph.story import Story, read_story
from causal.learn.fit import fit
from causal.show.reliability import save_reliability

PAGE = Path(__file__).with_suffix(".md")
PICTURE = PAGE.parents[1] / "reliability.svg"
FIRST, LAST = "2022-01-01", "2026-05-24"
SPANS = {"2022 to 2026": (FIRST, LAST), "2024 to 2026": ("2024-01-01", LAST)}
HISTORY = np.datetime64("2017-09-06")  # the first day with a state of bitcoin
HISTORIES = 200
VERSION_1 = PAGE.parents[2] / "tests" / "model" / "frozen" / "crash-2.json"
WEEK = "P(bitcoin=crash within 7d"
QUESTIONS = (
    Question(f"{WEEK})"),
    Question(f"{WEEK} | do(leverage=high))"),
    Question(f"{WEEK} | do(leverage=low))"),
    Question(f"{WEEK} | do(geopolitics=escalation))"),
    Question(f"{WEEK} | leverage=high, near_support=near)"),
    Question("P(bitcoin=crash | equity_selling=shock)"),
    Question(f"{WEEK} | do(leverage=high))", f"{WEEK} | do(leverage=low))"),
)


def main(arguments: list[str] | None = None) -> int:
    """Score, and print or write the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the panel, CSV or Parquet")
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    asked = parser.parse_args(arguments)
    story = read_story(causal.shipped().with_name("crash.toml"))
    panel = read_panel(asked.data)
    boards = walked(story, panel)
    made = {name: skill_rows(boards, *days) for name, days in SPANS.items()}
    made |= {kind: coverage_rows(story, panel, kind) for kind in ("draw", "version 1")}
    if finish(PAGE, made, write=asked.write):
        save_reliability(boards, PICTURE)
    return 0


def walked(story: Story, panel: Panel) -> list[Board]:
    """The boards from 2022 on, fitted anew each year, publication lags as the story says."""
    variables = [v for v in story.graph.variables if v.measurement is not None]
    lags = {
        s.column: v.publication_lag
        for v in variables
        if v.measurement
        for s in v.measurement.series
    }
    held = panel_holdings(panel, lags)
    days = (np.datetime64(FIRST), np.datetime64(LAST))
    walk = Walk(story, held, "bitcoin", *days, alone=("volatility", "risk_off"))
    *others, week = walk_forward(walk, executor="processes")
    by, read = story.weighing.recalibrate, states(panel, story.graph)
    how = {"target": "bitcoin", "days": 7, "variable": by}
    return [*others, with_recalibrated(week, read, story.graph, **how)]  # type: ignore[arg-type]


def skill_rows(boards: Sequence[Board], first: str, last: str) -> str:
    """Every forecaster on every board between two days."""
    some = [period(board, first, last) for board in boards]
    lines = [
        "| board | forecaster | mean | Brier | log | RPS | nats to the network | slope "
        "| in the large | MCB | DSC |",
        "|---|---|--:|--:|--:|--:|---|--:|--:|--:|--:|",
    ]
    for board in skills(some, apart={some[-1].name: 7}):
        lines += _board(board)
    return "\n".join(lines)


def _board(board: SkillBoard) -> list[str]:
    """A row for every forecaster; Brier and log are skill against climatology."""
    lines = []
    for place, row in enumerate(board.rows):
        name = f"{board.name} ({board.events} of {board.days:,})" if place == 0 else ""
        d, c = row.nats, row.calibration
        nats = "" if place == 0 else f"{d.total:+.1f} [{d.low:+.0f}, {d.high:+.0f}]"
        slope = "" if c.slope is None or not -9 < c.slope < 9 else f"{c.slope:.2f}"
        large = "" if c.in_the_large is None else f"{c.in_the_large:.2f}"
        lines.append(
            f"| {name} | {row.forecaster} | {row.mean:.3f} | {row.brier_skill:+.3f} "
            f"| {row.log_skill:+.3f} | {row.rps:.3f} | {nats} | {slope} | {large} "
            f"| {row.mcb:.4f} | {row.dsc:.4f} |"
        )
    low, high = board.sequence[-1]
    told = "*network over climatology, at all times*"
    lines.append(f"| | {told} | | {low:+.3f} to {high:+.3f} | | | | | | | |")
    return lines


def coverage_rows(story: Story, panel: Panel, kind: str) -> str:
    """How often 90 % intervals hold, over simulated histories with the real gaps."""
    like = states(panel, story.graph)
    keep = like.dates >= HISTORY
    like = replace(like, dates=like.dates[keep], codes=like.codes[keep])
    how = {"histories": HISTORIES, "kind": "draw", "executor": "processes"}
    truth = fit(story, panel, draws=HISTORIES)
    if kind == "version 1":
        truth, how["kind"] = causal.load(VERSION_1), "mean"
    lines = [
        "| question | held | 95 % | bias, sd | width | truth |",
        "|---|--:|---|--:|--:|--:|",
    ]
    for row in coverage(story, truth, like, QUESTIONS, **how):  # type: ignore[arg-type]
        lines.append(_covered(row))
    return "\n".join(lines)


def _covered(row: CoverageRow) -> str:
    low, high = row.interval()
    text = row.question.replace("|", "\\|")
    return (
        f"| `{text}` | {row.coverage:.2f} | {low:.2f} to {high:.2f} | {row.bias:+.2f} "
        f"| {row.width:.3f} | {row.truth:.3f} |"
    )


if __name__ == "__main__":
    sys.exit(main())
