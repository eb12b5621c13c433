"""A small story with every part that a story may have."""

from __future__ import annotations

TOML = """
[story]
name = "small"
title = "Why it \\"falls\\""
title_zh = "為何崩盤"

[fit]
strength = 2.5
draws = 100
seed = 7

[variables.us]
states = ["open", "closed"]
calendar = "us"

[variables.war]
states = ["calm", "elevated", "escalation"]
states_zh = ["平靜", "升溫", "升級"]
label = "War risk"
label_zh = "戰爭風險"
cuts = [1, 2.5]
publication_lag = 7
why = "newspapers"
series = [
    { column = "gpr", steps = ["log", "zscore 365 250"], weight = 2, restart = ["2021-04-27"] },
    { column = "acts" },
]

[variables.trade]
states = ["calm", "elevated", "escalation"]
series = [{ column = "tpu" }]
quantiles = [0.8, 0.95]
start = ["war"]

[variables.geopolitics]
states = ["calm", "elevated", "escalation"]
rule = "worst"

[variables.equity]
states = ["closed", "calm", "rush"]
series = [{ column = "vix" }]
cuts = [25]
closed = true
start = []

[variables.leverage]
states = ["low", "high"]
series = [{ column = "oi" }]
cuts = [0.0]
manipulable = true

[[edges]]
cause = "war"
effect = "geopolitics"
because = "it is the worse of the two"

[[edges]]
cause = "trade"
effect = "geopolitics"
because = "it is the worse of the two"

[[edges]]
cause = "us"
effect = "equity"
because = "the exchange closes"

[[edges]]
cause = "leverage"
effect = "leverage"
lag = 1
because = "positions last"

[[confounded]]
between = ["equity", "leverage"]
because = "dollar liquidity"
"""
