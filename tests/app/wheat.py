"""A story about another asset: wheat, with no name of the shipped story, and a history of it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

STORY = """
[story]
name = "harvest"
title = "Why the price of wheat falls"

[fit]
strength = 2.0
draws = 40
seed = 5

[variables.drought]
states = ["none", "dry", "severe"]
series = [{ column = "rain_deficit" }]
cuts = [0.5, 1.5]
why = "no rain, no harvest"

[variables.export_ban]
states = ["no", "yes"]
series = [{ column = "ban" }]
cuts = [0.5]
manipulable = true
why = "a government closes its ports"

[variables.funds_selling]
states = ["light", "heavy"]
series = [{ column = "fund_flow" }]
cuts = [0.8]
why = "funds follow the trend"

[variables.margin_calls]
states = ["few", "many"]
series = [{ column = "calls" }]
cuts = [1.0]
manipulable = true
why = "losers have to sell"

[variables.wheat]
states = ["calm", "fall", "crash"]
series = [{ column = "wheat_close", steps = ["logreturn", "negate"] }]
cuts = [0.01, 0.03]
why = "the price"

[[edges]]
cause = "drought"
effect = "export_ban"
because = "a bad harvest stays at home"

[[edges]]
cause = "export_ban"
effect = "wheat"
because = "less is for sale"

[[edges]]
cause = "funds_selling"
effect = "margin_calls"
because = "their sales move the price"

[[edges]]
cause = "margin_calls"
effect = "wheat"
because = "forced sales"

[[edges]]
cause = "drought"
effect = "drought"
lag = 1
because = "weather lasts"

[[edges]]
cause = "wheat"
effect = "funds_selling"
lag = 1
because = "the trend is followed"

[[edges]]
cause = "wheat"
effect = "margin_calls"
lag = 1
because = "accounts are marked over night"

[[edges]]
cause = "margin_calls"
effect = "margin_calls"
lag = 1
because = "accounts are filled up over days"

[moves]
variable = "wheat"
close = "wheat_close"
given = ["margin_calls"]
scale = ["logreturn", "ewma_vol 20", "delay 1"]
why = "moves of a day, in units of the volatility known before"
"""
DAYS = np.arange("2022-01-01", "2024-01-01", dtype="datetime64[D]")
OF_CRYPTO = (
    "bitcoin", "crypto", "liquidation", "leverage", "near_support", "support_break", "geopolitics",
    "equity", "rebalancing", "risk_off", "yields", "war=", "btc", "volatility=",
)  # fmt: skip


def write_wheat(folder: Path) -> tuple[Path, Path]:
    """The story and the panel as files of ``folder``.

    In the panel drought makes funds sell, an arrow that the story lacks.
    """
    story, panel = folder / "wheat.toml", folder / "wheat.csv"
    story.write_text(STORY, encoding="utf-8")
    rng = np.random.default_rng(11)
    rain = np.repeat(rng.choice([0, 1, 2], size=-(-len(DAYS) // 30), p=[0.6, 0.3, 0.1]), 30)
    rain = rain[: len(DAYS)]
    ban = (rng.random(len(DAYS)) < 0.05 + 0.3 * rain).astype(int)
    flow, calls = rng.random(len(DAYS)) + 0.3 * (rain > 0), rng.poisson(0.6, len(DAYS))
    drift = 0.012 * ban - 0.02 * (calls > 1) - 0.004 * (flow > 0.8)
    close = 200 * np.exp(np.cumsum(rng.normal(0, 0.015, len(DAYS)) + drift - drift.mean()))
    with panel.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["date", "rain_deficit", "ban", "fund_flow", "calls", "wheat_close"])
        rows.writerows(zip(DAYS, rain, ban, flow.round(3), calls, close.round(2), strict=True))
    return story, panel
