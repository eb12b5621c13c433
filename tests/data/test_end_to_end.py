"""Pull from the replayed publishers, fit, look: and the panel is the one that is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.data.day_parts import MOVES, moves_of, read_bars, with_moves
from causal.data.history import holdings
from causal.data.panel import read_panel
from causal.data.pull.transport import BASE
from causal.data.sources.catalogue import ALL
from tests.conftest import ROOT
from tests.replay.history import real
from tests.replay.publishers import KEY
from tests.replay.server import serving

LAST = "2026-05-31"
# Documented in docs/reference/data-sources.md: how many days may differ, and why.
DIFFERS = {
    "gpr_daily": 2,  # the panel's last days come from a later, revised file
    "epu_daily": 26,  # so do its days since summer 2025
}
LACKS = {"gpr_daily": 5, "epu_daily": 282}  # days after the end of the file that is replayed
STANDS_IN = {"long_liquidations_usd_spliced", "short_liquidations_usd_spliced"}
CLOSE = 5e-6  # differences of numbers that the panel rounds to ten digits


def test_pull_fit_and_now_on_the_real_history(
    panel_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = real(panel_path)
    close = history.columns["btc_close"]
    bars = read_bars(panel_path.parent / "raw" / "BTCUSDT_4h.csv")
    moves = moves_of(with_moves(read_panel(panel_path), bars))
    history.columns |= dict(zip(MOVES, moves.T, strict=True))
    history.columns["open_interest_btc"] = history.columns["open_interest_usd"] / close
    monkeypatch.setenv("CAUSAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COINALYZE_KEY", KEY)
    runner = CliRunner()
    with serving(history) as replay:
        monkeypatch.setenv(BASE, replay.base)
        names = [s.name for s in ALL if s.core and s.name != "binance_metrics"]
        result = runner.invoke(app, ["data", "pull", *names, "coinalyze", "--until", LAST])
        assert result.exit_code == 0, result.stderr
        some = ["--since", "2025-10-01", "--until", LAST]
        result = runner.invoke(app, ["data", "pull", "binance_metrics", *some])
        assert result.exit_code == 0, result.stderr
        replay.asked.clear()
        result = runner.invoke(app, ["data", "pull", *names, "coinalyze", "--until", LAST])
        assert result.exit_code == 0, result.stderr
        assert len(replay.asked) <= len(names)
    equal_to_the_panel(tmp_path / "cache", panel_path)
    pulled = moves_of(holdings(tmp_path / "cache").panel)
    whole = np.where(np.isnan(moves).any(axis=1, keepdims=True), np.nan, moves)
    assert (~np.isnan(whole)).sum() > 9_000
    np.testing.assert_allclose(pulled, whole, atol=1e-12)
    model = str(tmp_path / "my.json")
    result = runner.invoke(app, ["fit", str(ROOT / "models" / "crash.toml"), "--out", model])
    assert result.exit_code == 0, result.stderr
    result = runner.invoke(app, ["now", "--model", model, "--asof", LAST, "--json"])
    assert result.exit_code == 0, result.stderr
    page = json.loads(result.stdout)
    assert 0 < page["crash"]["probability"] < 0.6
    assert sum(v["left_out"] == "" for v in page["variables"]) >= 10
    assert len(page["what_if"]) == 3


def equal_to_the_panel(cache: Path, panel_path: Path) -> None:
    truth, held = read_panel(panel_path), holdings(cache)
    assert held.panel.dates[0] == truth.dates[0]
    assert held.panel.dates[-1] == truth.dates[-1]
    both = set(truth.names) & set(held.panel.names)
    assert len(both) >= 38
    for name in sorted(both - STANDS_IN - {"open_interest_usd"}):
        one, other = truth.column(name), held.panel.column(name)
        there = ~np.isnan(one) & ~np.isnan(other)
        apart = np.abs(one - other)[there] > CLOSE * np.abs(one[there])
        assert apart.sum() <= DIFFERS.get(name, 0), name
        assert (~np.isnan(one) & np.isnan(other)).sum() == LACKS.get(name, 0), name
        assert not (np.isnan(one) & ~np.isnan(other)).any(), name
    ours = held.panel.column("open_interest_usd")
    known = ~np.isnan(ours)
    assert known.sum() > 30
    np.testing.assert_allclose(ours[known], truth.column("open_interest_usd")[known], rtol=1e-9)
