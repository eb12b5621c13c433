"""Counting where the rows live: frames of any engine, Arrow tables, Parquet; only counts come back.

A row is one observation of the families.  Every variable has a column of its name, and every
lagged parent a column `x@-1` that holds the day before: rows have no order of their own, so what
"before" means (of the same asset, say) is said by whoever makes that column, for example
``frame.with_columns(pl.col("x").shift(1).over("asset").alias("x@-1"))``.
Cells are states by name, or codes 0, 1, ... in the order of the story; null, NaN or -1 is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from causal.errors import CausalError, DataError, SourceError, nearest
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, unlagged
from causal.learn.counting.arrow import (
    arrow_partitions,
    no_codes,
    open_parquet,
    parquet_files,
    parquet_partitions,
    used_codes,
    whole_codes,
)
from causal.learn.counting.counts import Block, Partition, add_rows, processors, tally
from causal.learn.counting.pool import CodeColumn, Pooling, pool_families
from causal.model.posterior import Counts, IntArray

GROUPS = 1 << 18  # most cells of a pool, so most rows that come back from an engine's group-by
PIECE = 1 << 17  # rows of a frame that one thread takes at a time
NUMBER = "number of rows"


def count_frame(frame: Any | str | Path | Sequence[str | Path], graph: CausalGraph) -> Counts:
    """N[parents, state] of every variable, over the rows on which its whole family is known.

    ``frame``: pandas, polars (eager or lazy), Arrow, a DuckDB relation, Dask, PySpark, or whatever
    else narwhals reads; or the path of a Parquet file, of a folder of them, or several paths.
    Lazy frames are grouped by their engine; Parquet is streamed.  The counts are the same.
    Raises DataError (a column is wanting, or holds no states), UnknownStateError (a cell is no
    state), SourceError (a file or an engine fails).
    """
    return counted(frame, graph)[0]


def counted(frame: Any, graph: CausalGraph) -> tuple[Counts, int]:
    """``count_frame``, and the number of rows that were read, known or not.

    Which of five ways is taken is decided by what the frame is: Parquet files are streamed, an
    Arrow table is cut in batches, Dask counts each partition where it lies, a lazy frame is grouped
    by its engine, an eager one is read column by column.
    """
    if isinstance(frame, str | Path) or (
        isinstance(frame, Sequence) and all(isinstance(f, str | Path) for f in frame)
    ):
        return _parquet(frame, graph)
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(frame, arrow.Table):
        pooling = pool_families(graph, frame.num_rows)
        check_columns(pooling, frame.column_names)
        table = tally(pooling, arrow_partitions(frame, pooling), frame.num_rows)
        return pooling.counts(table), frame.num_rows
    if type(frame).__module__.startswith("dask"):
        return _dask(frame, graph)
    import narwhals as nw

    try:
        known = nw.from_native(frame)
    except (TypeError, ImportError, nw.exceptions.NarwhalsError) as problem:
        raise DataError(
            f"A {type(frame).__name__} is no table of states that narwhals reads: {problem}",
            "States are counted from a frame, an Arrow table or Parquet files.",
            "Pass one of these.",
        ) from None
    return _lazy(known, graph) if isinstance(known, nw.LazyFrame) else _eager(known, graph)


def check_columns(pooling: Pooling, names: Sequence[str]) -> None:
    """Raise DataError, naming every axis of the graph that is no column."""
    known = [str(name) for name in names]
    lines = []
    for axis in pooling.axes:
        if axis in known:
            continue
        if axis.endswith(LAST) and unlagged(axis) in known:
            lines.append(
                f"`{axis}`, the state of `{unlagged(axis)}` on the day before, is wanting."
            )
        else:
            lines.append(f"`{axis}` is no column. {nearest(axis, known)}")
    if lines:
        raise DataError(
            f"The frame lacks {len(lines)} column(s) that the graph asks for: {' '.join(lines)}",
            "Their families cannot be counted.",
            "Name the columns like the variables; make a lagged one by a shift of one row within "
            "each asset.",
        )


def _parquet(source: Any, graph: CausalGraph) -> tuple[Counts, int]:
    """Count files: their heads are looked at first, so that none is read in vain."""
    files = parquet_files(source)
    rows = 0
    for path in files:
        file = open_parquet(path)
        rows += file.metadata.num_rows
        check_columns(pool_families(graph, 0), file.schema_arrow.names)
        file.close()
    pooling = pool_families(graph, rows)
    threads = max(1, processors() // len(files))
    partitions = [
        partition for path in files for partition in parquet_partitions(path, pooling, threads)
    ]
    return pooling.counts(tally(pooling, partitions, rows)), rows


def _eager(frame: Any, graph: CausalGraph) -> tuple[Counts, int]:
    """Count the columns of an eager narwhals frame."""
    rows = len(frame)
    pooling = pool_families(graph, rows)
    check_columns(pooling, frame.columns)
    numbers = _numbers(frame, pooling)
    columns = [
        frame_codes(frame[axis], axis, pooling) if held is None else held
        for axis, held in zip(pooling.axes, numbers, strict=True)
    ]
    return pooling.counts(tally(pooling, _slices(columns, rows), rows)), rows


def _numbers(frame: Any, pooling: Pooling) -> list[CodeColumn | None]:
    """The columns of a pandas frame that are codes as they lie; None for the others."""
    if not frame.implementation.is_pandas():
        return [None] * len(pooling.axes)
    native = frame.to_native()
    kinds = dict(native.dtypes)
    return [
        native[axis].to_numpy()
        if isinstance(kinds[axis], np.dtype) and kinds[axis].kind in "iu"
        else None
        for axis in pooling.axes
    ]


def _slices(columns: Block, rows: int) -> list[Partition]:
    """Columns in memory as partitions of ``PIECE`` rows; views, no copies."""

    def partition(low: int) -> Partition:
        return lambda: [[column[low : low + PIECE] for column in columns]]

    return [partition(low) for low in range(0, rows, PIECE)]


def frame_codes(series: Any, axis: str, pooling: Pooling) -> CodeColumn:
    """The codes of a narwhals column: integers, whole floats, or words.

    Raises DataError for a column of another type, UnknownStateError for a cell that is no state.
    """
    import narwhals as nw

    kind, held = series.dtype, getattr(series.to_native(), "dtype", None)
    if isinstance(held, np.dtype) and held.kind in "iu":  # pandas would look for gaps in vain
        return np.asarray(series)
    if series.null_count() == len(series):
        return np.full(len(series), -1, dtype=np.int8)
    if kind.is_float() or (kind.is_unsigned_integer() and series.null_count()):
        return whole_codes(series.cast(nw.Float64()).to_numpy(), axis, pooling)
    if kind.is_integer():
        return np.asarray(series.fill_null(-1) if series.null_count() else series)
    if kind in (nw.String, nw.Categorical, nw.Enum):
        return _word_codes(series, axis, pooling)
    raise no_codes(axis, str(kind))


def _word_codes(series: Any, axis: str, pooling: Pooling) -> CodeColumn:
    """The codes of a column of words, each distinct word looked up once; categories as stored."""
    import narwhals as nw

    if series.dtype != nw.String and series.implementation.is_pandas_like():
        held = series.to_native().cat
        return used_codes(held.categories.tolist(), np.asarray(held.codes), axis, pooling)
    text = series.cast(nw.String())
    words = [word for word in text.unique().to_list() if isinstance(word, str)]
    codes = used_codes(words, np.arange(len(words)), axis, pooling)
    read = text.replace_strict(words, codes.tolist(), return_dtype=nw.Int32())
    return np.asarray(read.fill_null(-1))


def _lazy(frame: Any, graph: CausalGraph) -> tuple[Counts, int]:
    """One group-by a pool in the frame's own engine: distinct rows come back, with their number.

    SELECT axes, count(*) GROUP BY axes.  What crosses over is bounded by the cells of the pools (of
    ``GROUPS`` at most, unless one family is larger), whatever the size of the frame.
    Raises SourceError where the engine fails, DataError and UnknownStateError as ``count_frame``.
    """
    import narwhals as nw

    pooling = pool_families(graph, 0, cells=GROUPS)
    polars = frame.implementation.is_polars()
    table, rows = pooling.table(), 0
    try:
        check_columns(pooling, frame.collect_schema().names())
        for at, pool in enumerate(pooling.pools):
            axes = [pooling.axes[i] for i in pool.places]
            grouped = frame.select(*axes).group_by(*axes).agg(nw.len().alias(NUMBER))
            distinct = (
                grouped.collect("polars", engine="streaming")
                if polars
                else grouped.collect("pandas")
            )
            times = distinct[NUMBER].to_numpy().astype(np.int64)
            columns = [frame_codes(distinct[axis], axis, pooling) for axis in axes]
            add_rows(pooling, at, table, columns, times)
            rows = int(times.sum())
    except CausalError:
        raise
    except Exception as problem:
        raise SourceError(
            f"{frame.implementation} could not count the rows: {problem}",
            "Nothing came back from the engine that holds them.",
            "Ask the same engine for the number of rows of this frame, and mend what it reports.",
        ) from problem
    return pooling.counts(table), rows


def _dask(frame: Any, graph: CausalGraph) -> tuple[Counts, int]:
    """Each partition counted where it lies; tables add, eight at a time, as a tree."""
    from dask.delayed import delayed

    pooling = pool_families(graph, len(frame.divisions) * PIECE)
    check_columns(pooling, list(frame.columns))
    partitions = frame[list(pooling.axes)].to_delayed()
    found = [delayed(_partition)(partition, pooling) for partition in partitions]
    while len(found) > 1:
        found = [delayed(_together)(found[i : i + 8]) for i in range(0, len(found), 8)]
    table, rows = found[0].compute()
    return pooling.counts(table), rows


def _partition(frame: Any, pooling: Pooling) -> tuple[IntArray, int]:
    """The table and the rows of one partition, in the worker that holds it."""
    import narwhals as nw

    known = nw.from_native(frame, eager_only=True)
    columns = [frame_codes(known[axis], axis, pooling) for axis in pooling.axes]
    return tally(pooling, [lambda: [columns]], len(known)), len(known)


def _together(found: Sequence[tuple[IntArray, int]]) -> tuple[IntArray, int]:
    return np.sum([table for table, _ in found], axis=0), sum(rows for _, rows in found)
