"""The columns of the panel: what they are made of, and what a plain layer leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from causal.data.states import measured_columns
from causal.laboratory.measurement import (
    COLUMNS,
    FIRST_PRICE,
    SESSIONS_ONLY,
    STARTS,
    funding_of,
    market_columns,
    reported,
    taker_rest,
    unreported,
)
from tests.laboratory.conftest import Small

CAPPED, FULL = np.datetime64("2024-01-01"), np.datetime64("2025-06-01")


def test_every_column_of_the_shipped_story_is_made(small: Small) -> None:
    assert set(measured_columns(small.graph)) <= set(COLUMNS)
    made = market_columns(small.state, small.noise, small.run.dates)
    shut = ~small.state.session[: small.state.row]
    for name, values in made.items():
        assert values.shape == (small.state.row, small.state.paths), name
        assert np.isnan(values[shut]).all() == (name in SESSIONS_ONLY), name
        assert np.isfinite(values[~shut][-200:]).all(), name
        if name != "funding_rate_daily":  # the only one that may fall below zero
            assert (values[~shut][-200:] > 0).all(), name


def test_prices_are_the_markets(small: Small) -> None:
    made = market_columns(small.state, small.noise, small.run.dates)
    rows = small.state.row
    close = small.state.day["close"][:rows]
    np.testing.assert_allclose(np.log(made["btc_binance_close"] / FIRST_PRICE), close, atol=1e-12)
    flow = 0.5 - made["btc_binance_taker_buy_frac"] + taker_rest(small.noise, rows)
    np.testing.assert_allclose(
        np.corrcoef(flow.ravel(), small.state.day["flow"][:rows].ravel())[0, 1], 1
    )
    funding = market_columns(small.state, small.noise, small.run.dates, plain=True)[
        "funding_rate_daily"
    ]
    np.testing.assert_allclose(funding, funding_of(small.state.day["near"][:rows]))


def test_newspapers_are_late_and_thin_on_weekends(small: Small) -> None:
    press = np.log(market_columns(small.state, small.noise, small.run.dates)["tpu_daily"])
    acts = small.state.day["trade"][: small.state.row]
    days = (small.run.dates[: small.state.row].astype(int) + 3) % 7
    calm = np.zeros_like(acts, dtype=bool)
    calm[3:] = (acts[3:] == 0) & (acts[2:-1] == 0) & (acts[1:-2] == 0) & (acts[:-3] == 0)
    sunday, monday = (press[days == d][calm[days == d]].mean() for d in (6, 0))
    assert sunday < monday - 0.3
    began = np.zeros_like(calm)
    began[1:-1] = calm[:-2] & (acts[1:-1] == 2) & (acts[2:] == 2)
    next_day = np.roll(began, 1, axis=0)
    assert press[next_day].mean() > press[began].mean() + 0.3
    plain = np.log(
        market_columns(small.state, small.noise, small.run.dates, plain=True)["tpu_daily"]
    )
    assert plain[acts == 2].min() > plain[acts == 0].max()


@pytest.mark.parametrize("date", [CAPPED, FULL])
@pytest.mark.parametrize("plain", [True, False])
def test_reports_can_be_read_back(date: np.datetime64, plain: bool) -> None:
    true = np.array([0.0, 0.01, 0.5, 2.0])
    seen = reported(true, np.full(4, date), plain)
    np.testing.assert_allclose(unreported(seen, date, plain), true, atol=1e-12)
    assert (seen <= true).all()
    assert np.isinf(unreported(np.array([np.inf]), date, plain)).all()


def test_capped_reports_saturate() -> None:
    seen = reported(np.array([1.0, 10.0, 100.0]), np.full(3, CAPPED), False)
    assert seen[2] < 1.01 * seen[1] < 3 * seen[0]
    assert np.isfinite(unreported(np.array([50.0]), CAPPED, False)).all()


def test_some_series_start_late(small: Small) -> None:
    dates = np.datetime64("2020-01-01") + np.arange(small.state.row)
    made = market_columns(small.state, small.noise, dates)
    plain = market_columns(small.state, small.noise, dates, plain=True)
    for name, first in STARTS.items():
        late = dates < np.datetime64(first)
        assert np.isnan(made[name][late]).all()
        assert not np.isnan(made[name][~late]).any()
        assert not np.isnan(plain[name]).any()
