"""Backends: who runs a plan, behind one Protocol; NumPy always can, numba where it pays.

A third backend is a file and nothing else: ``array_api_backend.py`` with the two functions of the
Protocol, over the array API standard.  ``run`` would follow ``numpy_backend.run``: an ``einsum`` of
``Plan.specs`` a step, the draws last, and the same absorption of the event; ``able`` would refuse
what its library cannot hold.  It is then named in ``dispatch.py``, and the laws in
``tests/laws/test_paths_agree.py`` take it as one more path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from causal.contract.array import Array
from causal.contract.row_store import RowStore
from causal.contract.slice import Operand, Slice
from causal.memo import Memo

Slices = Sequence[Slice]
"""The days of one question, the earliest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Where a backend takes its numbers from, and keeps what it makes.

    ``draws``: how many every array stands for.  ``read`` gives an operand's values, shape (*sizes
    of its axes, draws or 1); ``rows`` the same as rows of draws, for compiled code, and raises
    MemoryError where there is no room for them; ``kept`` belongs to the tables and lasts as long as
    they do, so what a backend makes of a structure (programs, recipes) is made once a model.  Any
    thread may call them.
    """

    draws: int
    read: Callable[[Operand], Array]
    rows: Callable[[], RowStore]
    kept: Memo


@dataclass(frozen=True, slots=True, eq=False)
class Forward:
    """What a forward pass yields, per draw: P(event | evidence) and log P(evidence).

    ``curve``: P(the event first happens on day d), shape (event days, draws); None without an event
    and when evidence comes after an event day.  ``joint``: the last day's result, shape (*output
    axes, draws), up to a scale; only where it was asked for.
    """

    probability: Array
    log_evidence: Array
    curve: Array | None
    joint: Array | None = None


class Backend(Protocol):
    """Two functions, under the same names in every ``*_backend.py``: the module is the backend.

    Any thread may call them; work areas belong to the call, and results to who called.
    """

    def able(self, worlds: Sequence[Slices], reader: Reader) -> bool:
        """Whether this backend can run these days, and has the memory for it; raises nothing."""
        ...

    def run(
        self, worlds: Sequence[Slices], reader: Reader, *, joint: bool = False
    ) -> list[Forward]:
        """Every world on every draw: each day's plan, then absorption of the event.

        a_d(i_d) = sum_{i_(d-1), rest} a_(d-1)(i_(d-1)) prod_v table_v(x_d | parents) weights_d; the
        mass a_d w in which the event has just happened leaves, a_d (1 - w) goes on.  This is the
        forward pass (Rabiner 1989) on the interface of the slices (Murphy 2002), with absorption.

        One ``Forward`` a world, in their order.  ``joint``: the last day's result is wanted, too,
        and its event is not absorbed.
        """
        ...
