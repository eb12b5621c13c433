"""Arrays of numbers, and the names of their axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Numbers in double precision; posterior draws lie along the last axis."""

Axes = tuple[str, ...]
"""Names of an array's axes, in their order, without the draws."""
