"""What a plan may cost: it is refused before it runs, not killed while it does."""

from __future__ import annotations

import os
from collections.abc import Sequence

from causal.errors import QueryError
from causal.infer.frontier import Day

MEMORY = 4.0  # gigabytes that the arrays of one question may take; CAUSAL_MEMORY_GB says otherwise
OPERATIONS = 4e12  # multiply-adds of one question: the better part of an hour
LEAST_TILE = 64  # draws that run side by side at least


def affordable(days: Sequence[Day], draws: int) -> int:
    """Multiply-adds of running ``days`` on ``draws`` draws; raises QueryError beyond the budget."""
    work = draws * sum(day.plan.operations for day in days)
    largest = max(day.plan.largest for day in days)
    working = sum({id(day.plan): day.plan.working for day in days}.values())
    memory = 8 * working * min(draws, LEAST_TILE)
    limit = float(os.environ.get("CAUSAL_MEMORY_GB", MEMORY)) * 1e9
    if memory <= limit and work <= OPERATIONS:
        return work
    raise QueryError(
        f"This question would need about {memory / 1e9:,.1f} GB of memory and {work:.1e} "
        f"multiply-adds: its largest table has {largest:,} entries.",
        f"The budget is {limit / 1e9:g} GB and {OPERATIONS:.0e} multiply-adds; the variables it "
        "joins are too many, or too closely linked.",
        "Give evidence on some of them, ask with fewer draws or a shorter horizon, or raise "
        "CAUSAL_MEMORY_GB.",
    )
