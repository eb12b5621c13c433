"""What is made once and kept, for every thread that wants it: memo tables, and their locks.

Kept values are of two kinds.  One that never changes is *published whole*: a single store into a
dictionary makes it visible, and whoever finds it needs no lock.  One that grows (drawn rows, rows
copied in for a kernel) grows under a lock, and what is in it already is never written again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator
from dataclasses import fields
from threading import Lock
from typing import Any, TypeVar, cast
from weakref import WeakSet

T = TypeVar("T")
_NOTHING = object()
_ORDER = object()  # the key of the lock on the order of a bounded memo


class Latches:
    """A lock for every key: ``with latches["leverage"]: ...``, all of them open at first.

    They are open again in a copy, in another process and in a forked child: whoever held one there
    does not exist.
    """

    __slots__ = ("__weakref__", "_locks")

    def __init__(self) -> None:
        self._locks: dict[Hashable, Lock] = {}
        _all.add(self)

    def __getitem__(self, key: Hashable) -> Lock:
        found = self._locks.get(key)
        return self._locks.setdefault(key, Lock()) if found is None else found

    def __reduce__(self) -> tuple[type[Latches], tuple[()]]:
        return Latches, ()

    def drop(self, key: Hashable) -> None:
        """Forget the lock of a key that has gone."""
        self._locks.pop(key, None)

    def reopen(self) -> None:
        """Open them all: nobody is left who holds one."""
        self._locks.clear()


def fields_alone(value: Any) -> dict[str, Any]:
    """The state of a dataclass without what its cached properties have added, as ``__getstate__``.

    A copy or a pickle may be made while another thread is adding to it.
    """
    return {f.name: getattr(value, f.name) for f in fields(value)}


_all: WeakSet[Latches] = WeakSet()


def _reopen() -> None:
    for latches in list(_all):
        latches.reopen()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reopen)


process = Latches()
"""On what belongs to the whole process and is borrowed for a while: ``process["warnings"]``."""


class Memo:
    """Values by key, each made by one thread while those that want the same one wait for it.

    A value is seen whole or not at all, and two threads that ask for a key get the same object.
    Keys do not wait for each other.  ``most``: beyond so many, the value that was wanted longest
    ago goes.  Copies and pickles are empty: all that is in it can be made again.
    """

    __slots__ = ("_latches", "_made", "_most")

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._made: dict[Hashable, Any] = {}
        self._latches = Latches()

    def __iter__(self) -> Iterator[Hashable]:
        return iter(list(self._made))

    def __len__(self) -> int:
        return len(self._made)

    def __reduce__(self) -> tuple[type[Memo], tuple[int | None]]:
        return Memo, (self._most,)

    def get(self, key: Hashable) -> Any:
        """What is kept under a key; None where nothing is."""
        found = self._find(key)
        return None if found is _NOTHING else found

    def made(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under a key, made now where nothing is.

        What ``make`` raises is raised, and nothing is kept: the next who asks tries again.
        """
        found = self._find(key)
        if found is _NOTHING:
            with self._latches[key]:
                found = self._find(key)  # another thread may have made it meanwhile
                if found is _NOTHING:
                    found = make()
                    self.put(key, found)
        return cast(T, found)

    def put(self, key: Hashable, value: object) -> None:
        """Keep a value in place of what was kept under the key."""
        if self._most is None:
            self._made[key] = value
            return
        with self._latches[_ORDER]:
            self._made.pop(key, None)
            self._made[key] = value
            while len(self._made) > self._most:
                oldest = next(iter(self._made))
                del self._made[oldest]
                self._latches.drop(oldest)

    def drop(self, key: Hashable) -> None:
        """Keep nothing under a key."""
        self._made.pop(key, None)
        self._latches.drop(key)

    def _find(self, key: Hashable) -> Any:
        if self._most is None:
            return self._made.get(key, _NOTHING)
        with self._latches[_ORDER]:
            found = self._made.pop(key, _NOTHING)
            if found is not _NOTHING:
                self._made[key] = found  # now the last to go
            return found
