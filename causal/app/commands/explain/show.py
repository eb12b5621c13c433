"""``causal show``: what a model holds."""

from __future__ import annotations

from causal.app.options import Json, Model
from causal.app.output import say_json


def show(model: Model = None, as_json: Json = False) -> None:
    """Show a model: variables, states, base rates, edges with their reasons, data."""
    from causal.app.opening import open_model
    from causal.app.record import model_to_dict

    record = model_to_dict(open_model(model))
    if as_json:
        say_json(record)
        return
    from causal.app.screens import model_screen

    model_screen(record)
