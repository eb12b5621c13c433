"""A story shaped like the shipped one, with made-up vectors: what the drawing is tested on."""

from __future__ import annotations

import numpy as np

from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Measurement, Variable

CLOSED = Measurement(closed=True, cuts=(0.0,))

VARIABLES = (
    Variable(
        "calendar",
        ("open", "closed"),
        Measurement(calendar="us"),
        label="US calendar",
        label_zh="美國交易日",
        states_zh=("開市", "休市"),
    ),
    Variable(
        "war",
        ("calm", "elevated", "escalation"),
        label="War risk",
        label_zh="戰爭風險",
        states_zh=("平靜", "升高", "升級"),
        why='GPR says "war" where <words> & more',
    ),
    Variable(
        "trade",
        ("calm", "elevated", "escalation"),
        label="Trade conflict",
        label_zh="貿易衝突",
        states_zh=("平靜", "升高", "升級"),
    ),
    Variable(
        "geopolitics",
        ("calm", "elevated", "escalation"),
        rule="worst",
        label="Geopolitics",
        label_zh="地緣政治",
        states_zh=("平靜", "升高", "升級"),
        why="the worse of war and trade",
    ),
    Variable(
        "yields",
        ("closed", "steady", "rise", "spike"),
        CLOSED,
        label="Bond yields",
        label_zh="美債殖利率",
        states_zh=("休市", "平穩", "上升", "急升"),
    ),
    Variable(
        "risk_off",
        ("closed", "on", "neutral", "off"),
        CLOSED,
        label="Risk-off",
        label_zh="避險情緒",
        states_zh=("休市", "偏好", "中性", "避險"),
    ),
    Variable(
        "rebalancing",
        ("none", "light", "heavy"),
        label="Rebalancing",
        label_zh="再平衡",
        states_zh=("無", "輕", "重"),
    ),
    Variable(
        "equity_selling",
        ("closed", "none", "selling", "rout"),
        CLOSED,
        label="Equity selling",
        label_zh="股票拋售",
        states_zh=("休市", "無", "拋售", "潰散"),
    ),
    Variable(
        "crypto_selling",
        ("none", "selling", "heavy"),
        label="Crypto selling",
        label_zh="加密拋售",
        states_zh=("無", "拋售", "大量"),
    ),
    Variable(
        "leverage",
        ("low", "mid", "high"),
        manipulable=True,
        label="Leverage",
        label_zh="槓桿",
        states_zh=("低", "中", "高"),
    ),
    Variable(
        "volatility",
        ("quiet", "normal", "wild"),
        label="Volatility",
        label_zh="波動率",
        states_zh=("低", "中", "高"),
    ),
    Variable(
        "support_break",
        ("holds", "tested", "broken"),
        label="Support",
        label_zh="支撐位",
        states_zh=("守住", "測試", "跌破"),
    ),
    Variable(
        "liquidations",
        ("few", "many", "cascade"),
        label="Liquidations",
        label_zh="強制平倉",
        states_zh=("少", "多", "連環"),
    ),
    Variable(
        "bitcoin",
        ("up", "flat", "fall", "crash"),
        label="Bitcoin",
        label_zh="比特幣",
        states_zh=("漲", "平", "跌", "崩跌"),
    ),
    Variable(
        "equity_drawdown",
        ("none", "shallow", "deep"),
        label="Equity drawdown",
        label_zh="股市回撤",
        states_zh=("無", "淺", "深"),
    ),
)

SAME_DAY = """
war geopolitics, trade geopolitics, geopolitics risk_off, geopolitics yields, yields risk_off,
risk_off rebalancing, yields equity_selling, risk_off equity_selling, rebalancing equity_selling,
rebalancing crypto_selling, risk_off crypto_selling, volatility crypto_selling,
crypto_selling support_break, crypto_selling liquidations, leverage liquidations,
support_break liquidations, equity_selling liquidations, equity_selling equity_drawdown,
liquidations bitcoin, crypto_selling bitcoin, volatility bitcoin,
calendar yields, calendar risk_off, calendar equity_selling
"""
LAGGED = """
war war, trade trade, leverage leverage, volatility volatility, equity_drawdown equity_drawdown,
support_break support_break, bitcoin liquidations, bitcoin leverage, bitcoin support_break,
bitcoin volatility, liquidations leverage, equity_drawdown rebalancing
"""


def _edges(text: str, lag: int) -> list[Edge]:
    pairs = [tuple(pair.split()) for pair in text.replace("\n", " ").split(",")]
    return [Edge(c, e, lag, f'{c} "moves" {e} & <more>') for c, e in pairs]


STORY = CausalGraph(
    VARIABLES,
    (*_edges(SAME_DAY, 0), *_edges(LAGGED, 1)),
    (
        Confounded("equity_selling", "crypto_selling", "news and overnight futures move both"),
        Confounded("yields", "bitcoin", "the dollar and the central bank"),
    ),
    name="crash",
)


def vectors(graph: CausalGraph, seed: int, tilt: float = 0.0) -> dict[str, np.ndarray]:
    """Made-up marginals: calm states likelier, and less so with ``tilt``."""
    rng = np.random.default_rng(seed)
    found = {}
    for variable in graph.variables:
        count = len(variable.states)
        weights = np.exp((tilt - 1.1) * np.arange(count)) * rng.uniform(0.8, 1.2, count)
        found[variable.name] = weights / weights.sum()
    return found
