"""``python docs/reference/recovery.py [--write]``: does a fit find what is true in the laboratory.

Histories of the laboratory's market, as long as the real one, are fitted and asked; beside them the
answer of its exact twins, and that of one fit to a million days, which no noise is left in: what
then remains is the price of states, of days and of the story.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from made import finish

import causal
from causal.answer.draws import LEVEL, tail
from causal.contract.array import Array
from causal.data.panel import DAY, Panel
from causal.data.states import States, states
from causal.executor import executor_of
from causal.graph.story import Story, read_story
from causal.laboratory.simulation import market
from causal.laboratory.true_answer import Ask, truths
from causal.learn.fit import fit_states
from causal.model.network import CausalModel
from causal.query.parser import parse

PAGE = Path(__file__).with_name("scores.md")
WEEK = "P(bitcoin=crash within 7d | do({}))"
EFFECTS = {
    "leverage": ("leverage=high", "leverage=low"),
    "escalation in trade": ("trade=escalation", "trade=calm"),
    "escalation in war": ("war=escalation", "war=calm"),
    "a share shock": ("equity_selling=shock", "equity_selling=calm"),
}
START, DAYS = "2014-01-01", 4_534
HISTORIES, LONG, PATHS, DRAWS = 24, 221, 3_000, 300
SEED = 11


def differences(model: CausalModel) -> list[Array]:
    """The risk difference of every effect, one value a draw."""
    found = []
    for sides in EFFECTS.values():
        one, other = (
            causal.ask(model, WEEK.format(s), assume_unconfounded=True).draws for s in sides
        )
        found.append(one - other)
    return found


def fitted_once(job: tuple[Story, Panel, int]) -> list[list[float]]:
    """Mean, low and high of every risk difference, of one history."""
    story, panel, number = job
    model = causal.fit(story, panel, draws=DRAWS, seed=number)
    return [[float(d.mean()), *tail(d, LEVEL)] for d in differences(model)]


def read_once(job: tuple[Story, Panel]) -> States:
    """The states of one history."""
    return states(job[1], job[0].graph)


def on_end(story: Story, histories: list[States]) -> CausalModel:
    """One fit to histories that stand one after the other, with a gap between them."""
    length = len(histories[0].dates) + 30
    dates = [h.dates + k * length * DAY for k, h in enumerate(histories)]
    joined = replace(
        histories[0],
        dates=np.concatenate(dates),
        codes=np.concatenate([h.codes for h in histories]),
        fit_until=dates[-1][-1],
    )
    return fit_states(story, joined, draws=0)


def recovered(story: Story) -> str:
    """The table."""
    run = market(LONG, DAYS, start=START, seed=SEED, executor="processes")
    pool = executor_of("processes")
    some = ((story, run.panel(k), k) for k in range(HISTORIES))
    seen = np.array(list(pool.map(fitted_once, some)))
    every = list(pool.map(read_once, ((story, run.panel(k)) for k in range(LONG))))
    endless = [float(d[0]) for d in differences(on_end(story, every))]
    asks = [
        Ask(parse(WEEK.format(side), story.graph)) for sides in EFFECTS.values() for side in sides
    ]
    real = truths(asks, paths=PATHS, seed=5, executor="processes")
    lines = [
        "| effect on a crash within a week | true | by 24 histories | bias | by a million days "
        "| held | right sign |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for place, (name, sides) in enumerate(EFFECTS.items()):
        true, error = real[2 * place].minus(real[2 * place + 1])
        mean, low, high = seen[:, place].T
        held = ((low <= true) & (true <= high)).mean()
        right = (np.sign(mean) == np.sign(true)).mean()
        lines.append(
            f"| {name}: `{sides[0]}` less `{sides[1]}` | {true:+.3f} ± {error:.3f} "
            f"| {mean.mean():+.3f} | {mean.mean() - true:+.3f} | {endless[place]:+.3f} "
            f"| {held:.2f} | {right:.2f} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the market, fit, ask, and print or write the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--write", action="store_true", help=f"write it into {PAGE.name}")
    asked = parser.parse_args(arguments)
    story = read_story(causal.shipped().with_name("crash.toml"))
    finish(PAGE, {"laboratory": recovered(story)}, write=asked.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
