"""What this machine can do at most: the yardsticks beside the table."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import causal

PACKAGES = ("numpy", "numba", "pgmpy", "pyagrum", "polars", "duckdb", "torch")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes a second read from memory, floating-point operations and gamma variates a second."""

    read_one: float
    read_all: float
    gemm: float
    gamma: float
    einsum: float

    def __str__(self) -> str:
        return (
            f"memory read {self.read_one / 1e9:.0f} GB/s on one core, {self.read_all / 1e9:.0f} on "
            f"all; matrix product {self.gemm / 1e9:.0f} GFLOP/s (float64, all cores); gamma "
            f"variates {self.gamma / 1e6:.0f} M/s on one core; one tiny `np.einsum` "
            f"{self.einsum * 1e6:.1f} us"
        )


def measured(*, quick: bool = False) -> Limits:
    """The limits now, each the best of a few runs."""
    size = 1 << (21 if quick else 25)
    long = np.ones(size)
    cores = os.cpu_count() or 1
    square = np.random.default_rng(0).random((512 if quick else 1536,) * 2)
    rng, shape = np.random.default_rng(0), np.full(1 << (16 if quick else 20), 2.5)
    tiny = np.ones((3, 3, 8))
    with threadpool_limits(1):
        one = _best(lambda: long @ long)
    with threadpool_limits(cores):
        both = _best(lambda: long @ long)
    return Limits(
        long.nbytes / one,
        long.nbytes / both,
        2 * square.shape[0] ** 3 / _best(lambda: square @ square),
        len(shape) / _best(lambda: rng.standard_gamma(shape)),
        _best(lambda: [np.einsum("abZ,bZ->aZ", tiny, tiny[0]) for _ in range(200)]) / 200,
    )


def _best(work: Callable[[], object]) -> float:
    found = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def machine() -> str:
    """Processor, cores, system, Python: one line."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="utf-8").splitlines()
        name = next((x.partition(":")[2].strip() for x in lines if "model name" in x), name)
    return (
        f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def load() -> str:
    """Load average over one minute, as text."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def versions() -> str:
    """Ours and the peers'; a package that is not here is named as absent."""
    found = [f"causal-crash {causal.__version__}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} absent")
    return ", ".join(found)
