"""What is kept is made once, seen whole, and left behind by copies, pickles and forked children."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from causal.memo import Latches, Memo, fields_alone

THREADS = 8
WAIT = 10.0  # seconds after which a test that hangs fails


def test_one_makes_while_the_others_wait() -> None:
    memo, begin, made = Memo(), Barrier(THREADS), list[object]()

    def make() -> object:
        made.append(object())
        Event().wait(0.02)
        return made[-1]

    def ask(_: int) -> object:
        begin.wait(WAIT)
        return memo.made("key", make)

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(ask, range(THREADS)))
    assert len(made) == 1
    assert all(one is made[0] for one in found)


def test_keys_do_not_wait_for_each_other() -> None:
    """Also: making one may need another."""
    memo, inside = Memo(), Event()

    def slow() -> int:
        assert inside.wait(WAIT)
        return 1

    waiting = Thread(target=memo.made, args=("slow", slow))
    waiting.start()
    assert memo.made("quick", lambda: memo.made("inner", lambda: 2) + 1) == 3
    inside.set()
    waiting.join(WAIT)
    assert memo.get("slow") == 1


def test_none_is_a_value_and_an_error_is_not() -> None:
    memo, tried = Memo(), list[int]()

    def nothing() -> None:
        tried.append(1)

    for _ in range(2):
        memo.made("none", nothing)
    assert len(tried) == 1

    def failing() -> int:
        tried.append(2)
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError, match=r"^$"):
            memo.made("error", failing)
    assert tried.count(2) == 2
    assert memo.made("error", lambda: 3) == 3


def test_the_one_wanted_longest_ago_goes() -> None:
    memo = Memo(2)
    for key in ("a", "b", "a", "c"):
        memo.made(key, key.upper)
    assert list(memo) == ["a", "c"]
    assert memo.get("b") is None
    memo.put("d", 1)
    memo.drop("c")
    assert list(memo) == ["d"]
    assert len(memo) == 1


def test_a_bounded_memo_under_many_threads() -> None:
    """Whoever asks gets what was made for its key, however often that goes meanwhile."""
    memo = Memo(3)

    def ask(turn: int) -> bool:
        return memo.made(turn % 7, lambda: turn % 7) == turn % 7

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(ask, range(2_000)))
    assert len(memo) <= 3


def sent(value: object) -> object:
    """What arrives in another process."""
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, sent])
def test_twins_are_empty_and_open(twin: Callable[[Any], Any]) -> None:
    memo, latches = Memo(2), Latches()
    memo.put("key", Thread())  # which cannot be pickled
    with latches["key"]:
        assert not twin(latches)["key"].locked()
    other = twin(memo)
    assert not len(other)
    for key in range(5):
        other.put(key, key)
    assert len(other) == 2
    assert len(memo) == 1


@dataclass(frozen=True)
class Derived:
    """A value with a property that is kept with it."""

    side: int
    __getstate__ = fields_alone

    @cached_property
    def area(self) -> int:
        return self.side**2


def test_a_twin_of_a_value_leaves_what_was_derived() -> None:
    value = Derived(3)
    assert value.area == 9
    for other in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert other == value
        assert vars(other) == {"side": 3}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_waits_for_nobody() -> None:
    """The thread that held the lock is not in the child."""
    latches, held, done = Latches(), Event(), Event()

    def hold() -> None:
        with latches["key"]:
            held.set()
            done.wait(WAIT)

    thread = Thread(target=hold)
    thread.start()
    assert held.wait(WAIT)
    child = os.fork()
    if not child:
        os._exit(0 if latches["key"].acquire(timeout=1) else 1)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join(WAIT)
    assert status == 0
