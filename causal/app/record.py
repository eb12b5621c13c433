"""A model, or a fit, as plain JSON values."""

from __future__ import annotations

from typing import Any

from causal.contract.array import Array
from causal.graph.variable import Variable
from causal.infer.marginals import marginals
from causal.model.network import CausalModel


def model_to_dict(model: CausalModel) -> dict[str, Any]:
    """Variables with the base rates of their states, edges with reasons, and the data behind."""
    rates = marginals(model)
    return {
        "model": _card(model),
        "variables": [_variable(v, rates[v.name]) for v in model.graph.variables],
        "edges": [
            {"cause": e.cause, "effect": e.effect, "lag": e.lag, "because": e.because}
            for e in model.graph.edges
        ],
        "confounded": [
            {"between": [c.one, c.other], "because": c.because} for c in model.graph.confounded
        ],
    }


def fit_to_dict(model: CausalModel, out: str) -> dict[str, Any]:
    """What a fit made, from what, and where it lies."""
    return {"out": out, "model": _card(model)}


def _card(model: CausalModel) -> dict[str, Any]:
    fit = model.fit
    span = fit.provenance if fit else None
    return {
        "name": model.name,
        "data_from": span.data_from if span else None,
        "data_to": span.data_to if span else None,
        "fit_until": span.fit_until if span else None,
        "rows": span.rows if span else None,
        "data_hash": span.data_hash if span else None,
        "strength": fit.prior.strength if fit else None,
        "draws": model.draws,
        "seed": fit.seed if fit else None,
        "variables": len(model.graph.variables),
        "edges": len(model.graph.edges),
    }


def _variable(variable: Variable, rates: Array) -> dict[str, Any]:
    labels = variable.states_zh or ("",) * len(variable.states)
    return {
        "name": variable.name,
        "label": variable.label,
        "label_zh": variable.label_zh,
        "why": variable.why,
        "manipulable": variable.manipulable,
        "publication_lag": variable.publication_lag,
        "states": [
            {"name": name, "label_zh": label, "base_rate": float(rate)}
            for name, label, rate in zip(variable.states, labels, rates, strict=True)
        ],
    }
