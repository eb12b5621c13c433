"""Whether a story forecasts, and is calibrated: every board of a walk against its rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causal.answer.format import finite_or_none
from causal.check.scores import (
    Calibration,
    Difference,
    brier,
    calibration,
    confidence_sequence,
    difference,
    log_loss,
    reliability,
    rps,
    skill,
)
from causal.check.walk_forward import NETWORK, Board
from causal.contract.array import Array

BLOCK = 30  # days that are resampled together
USUAL = "climatology"


@dataclass(frozen=True, slots=True)
class SkillRow:
    """One forecaster on one board.

    ``brier``, ``log``, ``rps``: mean losses (log in nats); ``*_skill``: against climatology;
    ``nats``: log loss of the forecaster less that of the network, summed over the days, with its
    90 % block interval (above zero: the network is better); ``mcb``, ``dsc``, ``unc``: CORP.
    """

    forecaster: str
    mean: float
    brier: float
    brier_skill: float
    log: float
    log_skill: float
    rps: float
    nats: Difference
    calibration: Calibration
    mcb: float
    dsc: float
    unc: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        plain = ("mean", "brier", "brier_skill", "log", "log_skill", "rps", "mcb", "dsc", "unc")
        return {
            "forecaster": self.forecaster,
            **{name: finite_or_none(getattr(self, name)) for name in plain},
            "network_better_by": {
                "nats": self.nats.total,
                "low": self.nats.low,
                "high": self.nats.high,
            },
            "slope": self.calibration.slope,
            "in_the_large": self.calibration.in_the_large,
        }


@dataclass(frozen=True, slots=True, eq=False)
class SkillBoard:
    """One board, scored: how many days and events, a row for every forecaster, and how the Brier
    score of the network stands against climatology at every day (``sequence``: mean difference so
    far is between low and high at all times with 90 %; above zero the network is better)."""

    name: str
    first: str
    last: str
    days: int
    events: int
    rows: tuple[SkillRow, ...]
    sequence: Array

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        low, high = self.sequence[-1]
        return {
            "board": self.name,
            "from": self.first,
            "to": self.last,
            "days": self.days,
            "events": self.events,
            "brier_gain_over_climatology": {"low": float(low), "high": float(high)},
            "forecasters": [row.to_dict() for row in self.rows],
        }


def skills(boards: Sequence[Board], *, apart: Mapping[str, int] | None = None) -> list[SkillBoard]:
    """Every board scored on its worst level.

    ``apart``: by board, every how many days forecasts do not overlap, for the sequence; one.
    """
    return [_scored(board, (apart or {}).get(board.name, 1)) for board in boards]


def worst_came(board: Board) -> Array:
    """Whether the worst level came, 0 or 1, (days,)."""
    top = board.forecasts[NETWORK].shape[1]
    found: Array = (board.level >= top).astype(float)
    return found


def _scored(board: Board, apart: int) -> SkillBoard:
    y = worst_came(board)
    usual, mine = (board.forecasts[n][:, -1] for n in (USUAL, NETWORK))
    base_brier, base_log, own = brier(usual, y), log_loss(usual, y), log_loss(mine, y)
    rows = []
    for name, chances in board.forecasts.items():
        p = chances[:, -1]
        curve, b, g = reliability(p, y), brier(p, y), log_loss(p, y)
        rows.append(
            SkillRow(
                name,
                float(p.mean()),
                float(b.mean()),
                skill(b, base_brier),
                float(g.mean()),
                skill(g, base_log),
                float(rps(chances, board.level).mean()),
                difference(own, g, block=BLOCK),
                calibration(p, y),
                curve.miscalibration,
                curve.discrimination,
                curve.uncertainty,
            )
        )
    gains = (base_brier - brier(mine, y))[::apart]
    return SkillBoard(
        board.name,
        str(board.dates[0]),
        str(board.dates[-1]),
        len(y),
        int(y.sum()),
        tuple(rows),
        confidence_sequence(gains),
    )


def period(board: Board, first: str, last: str) -> Board:
    """The days of a board between two dates, both included."""
    inside = (board.dates >= np.datetime64(first)) & (board.dates <= np.datetime64(last))
    kept = {n: f[inside] for n, f in board.forecasts.items()}
    return Board(board.name, board.dates[inside], board.level[inside], kept)
