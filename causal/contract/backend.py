"""Backends: who runs a plan, behind one Protocol; NumPy always can, numba where it pays.

A third backend is a file and nothing else: ``array_api_backend.py`` with the two functions of the
Protocol, over the array API standard.  ``run`` would follow ``numpy_backend.run``: an ``einsum`` of
``Plan.specs`` a step, the draws last, and the same absorption of the event; ``able`` would refuse
what its library cannot hold.  It is then named in ``choose``, and the laws in
``tests/laws/test_paths_agree.py`` take it as one more path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from causal.contract.array import Array
from causal.contract.row_store import RowStore
from causal.contract.slice import Operand, Slice
from causal.errors import SettingError
from causal.memo import Memo
from causal.text import written

PAYS_COLD = 2_000_000_000  # multiply-adds that outweigh loading the kernel (about half a second)
PAYS_WARM = 5_000  # multiply-adds that outweigh a call, once the kernel is loaded
NUMPY, NUMBA = "causal.contract.numpy_backend", "causal.contract.numba_backend"
SWITCH = "CAUSAL_COMPILED"

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


def choose(work: int, worlds: Sequence[Slices], reader: Reader) -> Backend:
    """The backend for ``work`` multiply-adds: numba where it pays and is able, else NumPy.

    Both give the same numbers to about 1e-12, not to the last digit.  Modules are imported when
    they are chosen: a process that only prints never loads numba.  Raises SettingError.
    """
    if pays(work):
        compiled = cast(Backend, import_module(NUMBA))
        if compiled.able(worlds, reader):
            return compiled
    return cast(Backend, import_module(NUMPY))


def pays(operations: int) -> bool:
    """Is it worth running this many multiply-adds compiled?  Never without numba.

    Once the kernel is loaded it outweighs its call early; before, loading it has to pay, too.
    """
    if switched_off() or not _installed():
        return False
    return operations >= (PAYS_WARM if loaded() else PAYS_COLD)


def loaded() -> bool:
    """Whether the compiled backend has been loaded in this process."""
    return NUMBA in sys.modules


def switched_off() -> bool:
    """Whether CAUSAL_COMPILED is 0; raises SettingError where it is neither that nor 1."""
    said = os.environ.get(SWITCH) or "1"
    if said not in ("0", "1"):
        raise SettingError(
            f"The environment variable {SWITCH} is {written(said)}.",
            "It says whether compiled kernels may be used: 1, or 0 for NumPy alone.",
            "Set it to one of them, or unset it.",
        )
    return said == "0"


@cache
def _installed() -> bool:
    """Whether numba can be found; looked for once a process, without importing it."""
    return find_spec("numba") is not None
