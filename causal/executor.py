"""Who does the work: anything with ``map``, which yields results in the order of the items.

Knows nothing of models.  A function that is spread out stands at the top level of a module, and
its items are plain values, so that both can be sent to another process.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, TypeVar

from causal.errors import CausalError, ExecutorError, nearest
from causal.memo import Memo
from causal.text import written

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 2  # items in flight for every worker: what an interruption can lose


class Executor(Protocol):
    """What spreads work out; ``concurrent.futures`` executors are such."""

    def map(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterable[R]: ...


@dataclass(frozen=True, slots=True)
class Serial:
    """One item after the other, in this process."""

    def map(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        return map(function, items)


@dataclass(frozen=True, slots=True)
class Processes:
    """Processes on this machine, each started afresh; by default one for every core."""

    workers: int | None = None

    def map(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        from multiprocessing import get_context

        count = self.workers or os.cpu_count() or 1
        pool = ProcessPoolExecutor(count, get_context("spawn"), _deaf)

        def submit(function: Callable[[T], R], item: T) -> Future[R]:
            with _unheard():
                return pool.submit(function, item)

        try:
            yield from _windowed(submit, function, items, AHEAD * count)
        except KeyboardInterrupt:
            _end(pool)
            raise
        except BrokenProcessPool as broken:
            raise ExecutorError(
                "A worker process ended before its work was done.",
                "It ran out of memory or was killed, or the program starts new processes while it "
                "is itself being started as one.",
                "Use fewer workers; in a script call this under `if __name__ == '__main__':`.",
            ) from broken
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Joblib:
    """joblib's processes, or the backend that ``joblib.parallel_config`` has set."""

    workers: int | None = None

    def map(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        joblib = _installed("joblib", "joblib")
        spread = joblib.Parallel(n_jobs=self.workers or -1, return_as="generator", batch_size=1)
        with _unheard():
            found = spread(joblib.delayed(function)(item) for item in items)
        yield from found


@dataclass(frozen=True, slots=True)
class Dask:
    """A Dask cluster: that of ``client``, or one of so many processes on this machine."""

    workers: int | None = None
    client: Any = None

    def map(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        distributed = _installed("distributed", "causal-crash[dask]")
        settings = {"n_workers": self.workers, "threads_per_worker": 1, "dashboard_address": None}
        with ExitStack() as stack:
            own = self.client is None
            client = stack.enter_context(distributed.Client(**settings)) if own else self.client
            count = len(client.scheduler_info(n_workers=-1)["workers"]) or 1
            submit = lambda f, item: client.submit(f, item, pure=False)  # noqa: E731
            yield from _windowed(submit, function, items, AHEAD * count)


@dataclass(frozen=True, slots=True)
class Ray:
    """The Ray cluster that this process is connected to, or one of so many workers here."""

    workers: int | None = None

    def map(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        ray = _installed("ray", "causal-crash[ray]")
        own = not ray.is_initialized()
        if own:
            ray.init(num_cpus=self.workers, include_dashboard=False, log_to_driver=False)
        try:
            task = ray.remote(_called)
            count = int(ray.cluster_resources().get("CPU", 1))
            for reference in _ahead((task.remote(function, i) for i in items), AHEAD * count):
                yield ray.get(reference)
        except ray.exceptions.RayTaskError as failed:
            raise failed.cause if isinstance(failed.cause, CausalError) else failed from failed
        finally:
            if own:
                ray.shutdown()


KINDS = {"serial": Serial, "processes": Processes, "joblib": Joblib, "dask": Dask, "ray": Ray}


def executor(name: str, *, workers: int | None = None) -> Executor:
    """The executor of a name: serial, processes, joblib, dask or ray.

    Raises ExecutorError for another name or for less than one worker; a library that is not
    installed is missed when the work begins.
    """
    if name not in KINDS:
        raise ExecutorError(
            f"There is no executor `{name}`.",
            "Work is spread by one of the ways that are known.",
            nearest(name, KINDS),
        )
    if workers is not None and workers < 1:
        raise ExecutorError(
            f"{workers} workers can do nothing.", "Work needs at least one.", "Say 1 or more."
        )
    return Serial() if name == "serial" else KINDS[name](workers)


def executor_of(who: Executor | str | None) -> Executor:
    """An executor as it comes, or by its name; one at a time where none is given."""
    found = executor(who) if isinstance(who, str) else Serial() if who is None else who
    if not callable(getattr(found, "map", None)):
        raise ExecutorError(
            f"{written(found)} is no executor.",
            "It spreads work with `map`, as those of `concurrent.futures` do.",
            f"Name one of {', '.join(KINDS)}.",
        )
    return found


def _windowed(
    submit: Callable[[Callable[[T], R], T], Future[R]],
    function: Callable[[T], R],
    items: Iterable[T],
    width: int,
) -> Iterator[R]:
    for future in _ahead((submit(function, item) for item in items), width):
        yield future.result()


def _ahead(begun: Iterable[R], width: int) -> Iterator[R]:
    """The same in the same order, each begun before the one ``width`` places earlier is yielded."""
    waiting: deque[R] = deque()
    for one in begun:
        waiting.append(one)
        if len(waiting) >= width:
            yield waiting.popleft()
    yield from waiting


def _called(function: Callable[[T], R], item: T) -> R:
    return function(item)


@contextmanager
def _unheard() -> Iterator[None]:
    """Hold Ctrl-C back while processes are started; this one hears it a moment later.

    They begin with the signals of their parent held back, and so do not die of a Ctrl-C, each with
    a traceback, before it is ignored in them.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool: nobody waits for what they have begun."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.terminate()


def _deaf() -> None:
    """Leave Ctrl-C to the process that waits for the results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _installed(module: str, package: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise ExecutorError(
            f"`{module}` is not installed.",
            "This way of spreading work is made by it; the answers are the same without.",
            f'Install it with `pip install "{package}"`, or use `processes`.',
        ) from None


_POOL = Memo()


def threads() -> ThreadPoolExecutor:
    """A thread a core, kept: starting them takes as long as counting a million rows."""
    return _POOL.made("threads", lambda: ThreadPoolExecutor(os.cpu_count() or 1))


if hasattr(os, "register_at_fork"):  # a child has none of these threads
    os.register_at_fork(after_in_child=lambda: _POOL.drop("threads"))
