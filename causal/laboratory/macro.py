"""The day before its hours: news, risk-off, yields, shares, institutions, as far as no price is
needed."""

from __future__ import annotations

import numpy as np

from causal.contract.array import Array
from causal.laboratory.noise import HOURS, Noise
from causal.laboratory.parameters import Parameters
from causal.laboratory.state import Rules, State
from causal.laboratory.world import Held, as_held

SESSIONS = 60  # of which the high is taken


def macro(state: State, noise: Noise, rules: Rules, ranges: Held) -> dict[str, Array]:
    """Everything of the day that does not wait for the price, by the names of ``MACRO``."""
    p, t = rules.p, state.row
    z = {name: drawn[t] for name, drawn in noise.day.items()}
    now: dict[str, Array] = {}
    memory = p.appetite_memory
    spread = np.sqrt(1 - memory**2)
    now["appetite"] = memory * state.before("appetite") + spread * z["appetite"]
    now["regime"] = p.regime * np.abs(state.before("regime") - (z["regime"] < p.regime_switch))
    now["war"] = as_held("war", _turned(state.before("war"), z["war"], 0 * z["war"], p), ranges)
    lean = p.confounding * now["appetite"]
    now["trade"] = as_held("trade", _turned(state.before("trade"), z["trade"], lean, p), ranges)
    now["hour"] = np.floor(z["hour"] * HOURS)
    began = news(state.before("trade"), now["trade"], p)
    began = began + p.war_effect * news(state.before("war"), now["war"], p)
    before = p.risk_memory * state.before("risk_off")
    risk = before + began + p.risk_appetite * now["appetite"] + p.risk_noise * z["risk"]
    now["risk_off"] = as_held("risk_off", risk, ranges)
    now["rise"] = now["risk_off"] - before
    _shares(state, z, now, rules, ranges)
    _orders(state, z, now, rules, ranges)
    now["jump"] = (z["shock"] < p.shock_rate) * p.shock_size * (0.5 + z["size"])
    now["thin"] = 0.8 * state.before("thin") + p.shock_thin * (now["jump"] < 0)
    now["demand"] = p.leverage_memory * state.before("demand") + p.leverage_noise * z["leverage"]
    return now


def news(before: Array, after: Array, p: Parameters) -> Array:
    """What a turn of the news adds to risk-off on its day."""
    found: Array = (
        p.risk_escalation * ((after == 2) & (before < 2))
        + p.risk_elevated * ((after == 1) & (before == 0))
        + p.risk_relief * ((after == 0) & (before > 0))
    )
    return found


def _turned(before: Array, uniform: Array, appetite: Array, p: Parameters) -> Array:
    """The next state of a chain of news; a low appetite multiplies its upward moves."""
    up = 2 / (1 + np.exp(appetite))
    rise = np.select(
        [before == 0, before == 1], [p.trade_escalated * up, p.trade_rise * up], 1.0 - p.trade_cool
    )
    rise = np.where(before == 2, 1 - p.trade_cool - p.trade_end, rise)  # stays in escalation
    middle = np.select(
        [before == 0, before == 1],
        [p.trade_elevated * up, 1 - p.trade_ease - p.trade_rise * up],
        p.trade_cool,
    )
    found: Array = np.where(uniform < rise, 2.0, np.where(uniform < rise + middle, 1.0, 0.0))
    return found


def _shares(
    state: State, z: dict[str, Array], now: dict[str, Array], rules: Rules, ranges: Held
) -> None:
    """Yields, AI earnings, the session's return, and how deep shares stand below their high."""
    p, rise = rules.p, now["rise"]
    session = as_held("session", np.full(state.paths, float(state.session[state.row])), ranges)
    now["yields"] = session * as_held(
        "yields", p.yield_noise * z["yields"] + p.yield_flight * rise, ranges
    )
    now["miss"] = session * as_held("ai_miss", np.where(z["miss"] < p.ai_miss, 1.0, 0.0), ranges)
    fear = rules.open("equity") * p.equity_risk * rise
    told = (
        p.equity_drift
        + p.equity_sd * z["equity"]
        + p.equity_yield * now["yields"] / p.yield_noise
        + p.ai_loss * now["miss"] * z["miss_size"]
        + p.equity_appetite * now["appetite"]
        + fear
        + state.before("carry")
    )
    now["equity"] = session * as_held("equity", told, ranges)
    now["carry"] = (1 - session) * (state.before("carry") + fear)
    now["level"] = state.before("level") + now["equity"]
    high = np.maximum(
        state.trailing("level", 7 * SESSIONS // 5).max(axis=0, initial=-np.inf), now["level"]
    )
    now["drawdown"] = as_held("drawdown", high - now["level"], ranges)
    now["session"] = session


def _orders(
    state: State, z: dict[str, Array], now: dict[str, Array], rules: Rules, ranges: Held
) -> None:
    """What institutions order and work, and what other investors sell."""
    p, session = rules.p, now["session"]
    fallen = -now["equity"] / p.fall_unit
    pressure = np.clip((now["drawdown"] - p.margin_from) / p.margin_span, 0, 1)
    share = rules.open("reallocation") * p.reallocation * np.maximum(now["risk_off"], 0)
    share = share + rules.open("pro_rata") * p.pro_rata * fallen
    share = share + rules.open("margin") * p.margin_sale * pressure * np.maximum(fallen, 0)
    share = share + session * p.order_noise * z["order"]
    now["order"] = as_held("order", np.clip(share, -p.order_limit, p.order_limit), ranges)
    waiting = state.before("queue") + p.sleeve * now["order"]
    worked = np.where(session > 0, 1.0, 1 - (1 - p.weekend_work) ** HOURS)
    now["queue"] = waiting * (1 - worked)
    now["flow"] = as_held("flow", waiting * worked + p.flow_sd * z["flow"], ranges)
