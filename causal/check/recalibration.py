"""A map from forecasts to how often they came, learnt on forecasts that were made out of sample.

    logit p' = a + b logit p + c 1{variable in its worst state}

by logistic regression with a ridge that leans on a = 0, b = 1, c = 0, where nothing changes (Cox
1958; Platt 1999).  For forecasts alone: a do-probability that was stretched to fit frequencies
would be no effect.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causal.check.scores import SMALLEST
from causal.check.skill import worst_came
from causal.check.walk_forward import NETWORK, Board
from causal.contract.array import Array
from causal.data.panel import DAY
from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.model.checks import Recalibration

RIDGE = 1.0
MOST = 50
RECALIBRATED = "recalibrated"
FEWEST = 20  # events, and forecasts without one, that a map is learnt on


def learnt_map(
    board: Board, read: States, graph: CausalGraph, *, target: str, days: int, variable: str = ""
) -> Recalibration | None:
    """The map of a board of forecasts; None where too few of them came, or did not come.

    ``variable``: one whose worst state on the day of the forecast has a term of its own.
    """
    p, y = board.forecasts[NETWORK][:, -1], worst_came(board)
    if min(y.sum(), len(y) - y.sum()) < FEWEST:
        return None
    flag = worst_state(board, read, graph, variable)
    theta = _fitted(p, y, flag if variable else None)
    term = float(theta[2]) if variable else 0.0
    a, b = (round(float(v), 6) for v in theta[:2])
    return Recalibration(target, days, a, b, variable, round(term, 6), len(y))


def with_recalibrated(
    board: Board, read: States, graph: CausalGraph, *, target: str, days: int, variable: str = ""
) -> Board:
    """The board with one forecaster more: each year by the map of the forecasts before it.

    The map is learnt on every ``days``-th forecast whose outcome was known when the year began; the
    first year, and levels below the worst, stay as they are.
    """
    chances = board.forecasts[NETWORK].copy()
    flag = worst_state(board, read, graph, variable)
    years = board.dates.astype("M8[Y]")
    for year in np.unique(years)[1:]:
        before = board.dates < year.astype("M8[D]") - days * DAY
        some = before & (np.arange(len(before)) % days == 0)
        past = Board(board.name, board.dates[some], board.level[some], _part(board, some))
        found = learnt_map(past, read, graph, target=target, days=days, variable=variable)
        if found is not None:
            here = years == year
            chances[here, -1] = found.applied(chances[here, -1], flag[here])
    lower = np.maximum.accumulate(chances[:, ::-1], axis=1)[:, ::-1]
    return replace(board, forecasts={**board.forecasts, RECALIBRATED: lower})


def _part(board: Board, some: NDArray[np.bool_]) -> dict[str, Array]:
    return {name: chances[some] for name, chances in board.forecasts.items()}


def worst_state(board: Board, read: States, graph: CausalGraph, variable: str) -> Array:
    """Whether a variable is in its worst state on the days of a board, 0 or 1; 0 without a name."""
    if not variable:
        return np.zeros(len(board.dates))
    worst: NDArray[np.bool_] = read.of(variable) == graph.size(variable) - 1
    return worst[np.searchsorted(read.dates, board.dates)].astype(float)


def _fitted(p: Array, y: Array, flag: Array | None) -> Array:
    """a, b and c by Newton's method on the penalised log likelihood."""
    sure = np.clip(p, SMALLEST, 1 - SMALLEST)
    columns = [np.ones(len(p)), np.log(sure) - np.log1p(-sure)]
    x = np.column_stack([*columns, flag] if flag is not None else columns)
    centre = np.zeros(x.shape[1])
    centre[1] = 1.0
    theta = centre.copy()
    for _ in range(MOST):
        chance = 1 / (1 + np.exp(-x @ theta))
        gradient = x.T @ (y - chance) - RIDGE * (theta - centre)
        hessian = (x * (chance * (1 - chance))[:, None]).T @ x + RIDGE * np.eye(len(theta))
        step = np.linalg.solve(hessian, gradient)
        theta = theta + step
        if np.abs(step).max() < SMALLEST:
            break
    return theta
