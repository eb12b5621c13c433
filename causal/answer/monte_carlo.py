"""The Monte-Carlo error of an answer: how far other draws of the same posterior would move it.

Every number that is printed is a mean over independent posterior draws, so its standard error is
s / sqrt(n), s the standard deviation over n draws.  It is not the credible interval: that says how
far the data leave the number open, and more draws do not narrow it
(docs/decisions/0012-monte-carlo-error.md).
"""

from __future__ import annotations

import math

from causal.contract.array import Array

TINY = 1e-300
DIGIT = 1e-3  # the last digit that is printed of a probability from 0.01 on


def error(values: Array) -> float | None:
    """Standard error of the mean of some draws; None for a single one, or where one is infinite."""
    scale = float(abs(values).max())  # a ratio may be so large that its square is infinite
    if len(values) < 2 or not math.isfinite(scale):
        return None
    if scale < TINY:
        return 0.0
    return scale * float((values / scale).std(ddof=1)) / math.sqrt(len(values))


def digit(value: float) -> float:
    """The error from which the last digit that ``report.share`` prints of a probability is noise.

    One unit of it; two where the two digits of a number below 0.01 go further than a thousandth.
    """
    if not 0 < value < 0.01:
        return DIGIT
    return 2 * 10.0 ** (math.floor(math.log10(value)) - 1)
