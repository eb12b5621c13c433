"""The numbers that the replayed publishers publish: the real panel where it is, or made-up ones."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

Series = list[tuple[date, tuple[float, ...]]]
Tweak = Callable[[Series], Series]


@dataclass
class History:
    """Columns by day.  ``raw`` is the folder of the publishers' own files, if they are here."""

    days: list[date]
    columns: dict[str, np.ndarray]
    raw: Path | None = None
    tweaks: dict[str, Tweak] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, made: Callable[[], Any]) -> Any:
        """What ``made`` makes, made once while nothing is tampered with."""
        if self.tweaks:
            return made()
        if name not in self.memory:
            self.memory[name] = made()
        return self.memory[name]

    def series(self, *names: str) -> Series:
        """Days on which any of the columns has a value, with the values (NaN where none)."""
        block = np.array([self.columns[n] for n in names])
        keep = ~np.all(np.isnan(block), axis=0)
        found = [(self.days[i], tuple(block[:, i])) for i in np.flatnonzero(keep)]
        tweak = self.tweaks.get(names[0])
        return tweak(found) if tweak else found

    def file(self, name: str) -> bytes | None:
        """A publisher's own file, byte for byte; None when it is not here or was tampered with."""
        if self.raw is None or self.tweaks or not (self.raw / name).is_file():
            return None
        return (self.raw / name).read_bytes()


def real(panel: Path) -> History:
    """The history of ``panel.csv`` and of the folder ``raw`` beside it."""
    with panel.open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    days = [date.fromisoformat(r[0]) for r in rows[1:]]
    columns = {}
    for place, name in enumerate(rows[0][1:], start=1):
        cells = [r[place] for r in rows[1:]]
        try:
            columns[name] = np.array([float(c) if c else np.nan for c in cells])
        except ValueError:
            continue
    raw = panel.parent / "raw"
    return History(days, columns, raw if raw.is_dir() else None)


ROUGH = {
    "gpr_daily": 100.0,
    "gpr_acts_daily": 90.0,
    "gpr_threats_daily": 110.0,
    "tpu_daily": 300.0,
    "epu_daily": 120.0,
    "btc_volume_usd": 3e10,
    "btc_binance_quote_volume_usdt": 2e9,
    "exchange_inflow_usd": 8e8,
    "exchange_outflow_usd": 8.1e8,
    "btc_mvrv": 1.8,
    "open_interest_usd": 8e9,
    "open_interest_btc": 9e4,
    "stablecoin_supply_defillama_usd": 2e11,
    "long_liq_coinalyze_btcusdt_usd": 5e6,
    "short_liq_coinalyze_btcusdt_usd": 4e6,
    "fear_greed": 45.0,
    "dvol": 55.0,
    "eth_close": 3000.0,
}
CLOSING = {
    "nasdaq_close": 18000.0,
    "us10y_yield": 4.2,
    "usd_broad_dtwexbgs": 122.0,
    "vix_open": 17.0,
    "vix_high": 18.0,
    "vix_close": 17.0,
    "gold_usd_lbma_pm": 2400.0,
    "gold_usd": 2400.0,
    "dxy": 104.0,
    "qqq_adj_close": 450.0,
    "qqq_volume_shares": 4e7,
    "spx_close": 5000.0,
    "hy_oas_pct": 3.3,
    "move_index": 100.0,
}


def made_up(days: int = 500, last: date = date(2026, 5, 31), seed: int = 5) -> History:
    """Random walks of about the right size, from a seed; markets close on weekends."""
    from causal.calendar import us_open

    rng = np.random.default_rng(seed)
    every = [last - timedelta(days=days - 1 - i) for i in range(days)]
    session = us_open(np.array(every, dtype="datetime64[D]"))
    columns = {}
    for name, level in (ROUGH | CLOSING).items():
        walk = level * np.exp(0.03 * rng.standard_normal(days))
        columns[name] = np.where(session, walk, np.nan) if name in CLOSING else walk
    close = 60_000 * np.exp(np.cumsum(0.02 * rng.standard_normal(days)))
    for kind in ("btc", "btc_binance"):
        opened = np.concatenate([close[:1], close[:-1]])
        columns |= {f"{kind}_open": opened, f"{kind}_close": close * 1.0}
        columns |= {f"{kind}_high": np.maximum(opened, close) * 1.01}
        columns |= {f"{kind}_low": np.minimum(opened, close) * 0.99}
    for part in ("before", "session", "after"):
        columns[f"btc_move_{part}"] = 0.01 * rng.standard_normal(days)
    columns["btc_binance_taker_buy_frac"] = 0.5 + 0.03 * rng.standard_normal(days)
    columns["funding_rate_daily"] = 1e-4 * rng.standard_normal(days)
    columns["fear_greed"] = np.clip(np.round(columns["fear_greed"]), 5, 95)
    flow = np.where(session, 1e8 * rng.standard_normal(days), np.nan)
    columns["etf_net_flow_usd"] = np.round(flow)
    exact = {n: np.round(c, 9 if "rate" in n else 6) for n, c in columns.items()}
    return History(every, exact)
