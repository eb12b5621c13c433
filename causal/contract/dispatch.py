"""Which backend runs a plan: numba where it pays and is able, else NumPy.

Loading the compiled kernel costs about half a second, so that a single question in a fresh process
stays with NumPy; in a session that has loaded it, anything beyond a trivial amount of work uses it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from causal.contract.backend import Backend, Reader, Slices
from causal.errors import SettingError
from causal.text import written

PAYS_COLD = 2_000_000_000  # multiply-adds that outweigh loading the kernel (about half a second)
PAYS_WARM = 5_000  # multiply-adds that outweigh a call, once the kernel is loaded
NUMPY, NUMBA = "causal.contract.numpy_backend", "causal.contract.numba_backend"
SWITCH = "CAUSAL_COMPILED"


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
