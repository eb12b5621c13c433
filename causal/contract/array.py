"""Arrays of numbers, and the names of their axes.

An axis is a variable on a day: ``leverage`` today, ``leverage@-1`` the day before; its entries are
that variable's states, in the order of the story.  Names are carried beside an array, never in it,
and the posterior draws, which have no name, are the last axis of every array.  An array of one draw
stands for all of them and is broadcast; so a point model runs through the same code.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Numbers in double precision; posterior draws lie along the last axis."""

Axes = tuple[str, ...]
"""Names of an array's axes, in their order, without the draws."""
