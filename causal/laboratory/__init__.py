"""A market whose causes are known: every question has a true answer in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causal.laboratory.fragility import gain_curve as gain_curve
    from causal.laboratory.parameters import Parameters as Parameters
    from causal.laboratory.simulation import Market as Market
    from causal.laboratory.simulation import market as market
    from causal.laboratory.true_answer import Truth as Truth
    from causal.laboratory.true_answer import truth as truth
    from causal.laboratory.world import World as World

_PLACES = {
    "Market": "simulation",
    "Parameters": "parameters",
    "Truth": "true_answer",
    "World": "world",
    "gain_curve": "fragility",
    "market": "simulation",
    "truth": "true_answer",
}
__all__ = ["Market", "Parameters", "Truth", "World", "gain_curve", "market", "truth"]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module 'causal.laboratory' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"causal.laboratory.{_PLACES[name]}"), name)
