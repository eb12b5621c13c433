"""A noisy-MAX node as a table.

Every parent contributes a state of the child by itself, as does what is not modelled (the *leak*);
the child is the strongest of the contributions.  Its first state is the strongest, its last the
weakest.  With c_j(k | x_j) the contribution of parent j in state x_j,

    P(child >= i | x) = leak(>= i) prod_j c_j(>= i | x_j),     >= i: state i, or a weaker one.

F. J. Diez, "Parameter adjustment in Bayes networks: the generalized noisy OR-gate" (UAI 1993).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from causal.contract.array import Array
from causal.errors import ModelError
from causal.model.formats.stated import contradiction, shaped
from causal.model.pgmpy_table import ROUNDING


def noisy_max(
    name: str, shape: Sequence[int], strengths: Sequence[str], parameters: Sequence[float]
) -> Array:
    """The table of a noisy-MAX node, of shape ``shape`` (*parent sizes, states).

    ``parameters`` holds a column of the child's states for every state of every parent, strongest
    first, and one for the leak; ``strengths`` says, parent by parent, which states these are.  The
    weakest state of a parent must leave the child in its weakest.
    Raises ModelError.
    """
    *causes, states = shape
    columns = shaped(name, (sum(causes) + 1, states), parameters)
    sums = columns.sum(axis=1, keepdims=True)
    if (columns < 0).any() or (np.abs(sums - 1) > ROUNDING).any():
        raise contradiction(f"A column of the noisy-MAX node `{name}` is no distribution.")
    weaker = np.cumsum((columns / sums)[:, ::-1], axis=1)[:, ::-1]  # P(state i or a weaker one)
    weaker[:, 0] = 1
    if len(strengths) != sum(causes):
        raise contradiction(f"`{name}` has {len(strengths)} strengths for {sum(causes)} states.")
    total, place = weaker[-1], 0
    for size in causes:
        order = _order(name, strengths[place : place + size])
        contribution = weaker[place : place + size]
        if columns[place + size - 1, -1] < 1 - ROUNDING:
            raise ModelError(
                f"The weakest state of a parent of the noisy-MAX node `{name}` moves it.",
                "That state is to leave the node in its last state; the order of the states is not "
                "what the numbers say.",
                "Mend the strengths in GeNIe.",
            )
        total = total[..., None, :] * contribution[np.argsort(order)]
        place += size
    values: Array = -np.diff(total, axis=-1, append=0)
    return values


def _order(name: str, words: Sequence[str]) -> list[int]:
    """States of a parent, strongest first."""
    if sorted(words) != sorted(map(str, range(len(words)))):
        raise contradiction(f"The strengths {list(words)} of `{name}` are no order of states.")
    return [int(word) for word in words]
