"""Draws that were made once, kept in a file, so that a later process need not make them again.

Tables of many draws take seconds to make and no time to read.  They are kept as they are, in the
package's own folder, one array a table, under the hash of all that they follow from: another story,
history, seed or number of draws has another name, and so has another version of the recipe.  Only
fits that take long are kept, the newest ``MOST`` of them.  What cannot be written is not kept.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tokenize import TokenError

import numpy as np

from causal import file
from causal.contract.array import Array
from causal.data.pull.cache import cache_folder
from causal.errors import DataError, ModelError

MOST = 4
RECIPE = 1  # goes up when the same fit is to give other draws
FOLDER = "CAUSAL_DRAWS"  # where draws are kept, if not in the cache
FEWEST = 500  # draws: fewer are made as fast as they are read
CLOSE = 1e-9
MAGIC = b"\x93NUMPY"
OWN = re.compile(r"[0-9a-f]{24}-\d+-\d+-\d+-[\w.]+")  # folders of fits


def kept_draws(origin: str, draws: int, seed: int) -> DrawnFile | None:
    """Where the draws of a model are kept that was read from a file of this checksum.

    None where there are few draws, or no folder.
    """
    if draws < FEWEST:
        return None
    name = f"{origin.rpartition(':')[2][:24]}-{draws}-{seed}-{RECIPE}-{np.__version__}"
    own = os.environ.get(FOLDER)
    try:
        return DrawnFile((Path(own) if own else cache_folder() / "draws") / name)
    except DataError:
        return None


@dataclass(frozen=True, slots=True)
class DrawnFile:
    """The kept draws of one fit, in a folder of their own."""

    folder: Path

    def read(self, piece: str, name: str) -> Array | None:
        """The draws of a table, mapped into memory; None where they are not kept."""
        place = self._place(piece, name)
        try:
            with place.open("rb") as kept:
                if kept.read(len(MAGIC)) != MAGIC:
                    return None
            found = np.load(place, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError, SyntaxError, TokenError):
            return None
        return found if _sound(found) else None

    def add(self, piece: str, name: str, values: Array) -> None:
        """Keep the draws of a table."""
        with suppress(OSError, ModelError):
            for folder in (*reversed(self.folder.parents[:2]), self.folder):
                file.folder(folder, ModelError)
            self._tidy()
            held = BytesIO()
            np.save(held, np.ascontiguousarray(values), allow_pickle=False)
            file.replace(self._place(piece, name), held.getvalue(), ModelError, private=True)

    def _place(self, piece: str, name: str) -> Path:
        return self.folder / f"{piece}-{name.encode().hex()}.npy"

    def _tidy(self) -> None:
        """Let the oldest fits go; whatever else lies in the folder is somebody's."""
        every = sorted(
            (
                p
                for p in self.folder.parent.iterdir()
                if OWN.fullmatch(p.name) and p.is_dir() and p != self.folder
            ),
            key=lambda p: p.stat().st_mtime,
            reverse=True,
        )
        for old in every[MOST - 1 :]:
            shutil.rmtree(old, ignore_errors=True)


def _sound(values: Array) -> bool:
    """Whether an array is made of distributions: none negative, and every row sums to one."""
    if values.dtype != np.float64 or values.ndim < 2 or not values.size:
        return False
    sums = values.sum(axis=-2)
    return bool(values.min() >= 0 and np.abs(sums - 1).max() < CLOSE)
