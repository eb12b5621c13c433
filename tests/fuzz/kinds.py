"""Every kind of input, and its share of the cases."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz import commands, manifests, models, panels, questions, scenarios, stories
from tests.fuzz.verdict import Kind

KINDS: tuple[Kind, ...] = tuple(
    module.KIND for module in (questions, stories, models, scenarios, manifests, panels, commands)
)
PIECE = 100  # cases that one test, or one process, tries in a row


def shared_out(cases: int) -> dict[str, int]:
    """How many of ``cases`` go to each kind, by its weight; the first kind takes what is left."""
    total = sum(k.weight for k in KINDS)
    found = {k.name: max(cases * k.weight // total, 1) for k in KINDS}
    return found | {KINDS[0].name: cases - sum(n for k, n in found.items() if k != KINDS[0].name)}


def pieces(counts: Mapping[str, int], first: int = 0) -> list[tuple[str, range]]:
    """The kinds and seeds of ``counts`` cases, a hundred at a time."""
    return [
        (name, range(low, min(low + PIECE, first + count)))
        for name, count in counts.items()
        for low in range(first, first + count, PIECE)
    ]
