"""States in Arrow columns and in Parquet files, read batch by batch; dictionary codes as stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causal.errors import DataError, SourceError
from causal.graph.variable import unlagged
from causal.learn.counting.pool import Column, Plan
from causal.learn.counting.tally import BLOCK, Columns, Part, no_such_code

if TYPE_CHECKING:
    import pyarrow as pa

PART = 1 << 20  # rows that one thread takes at a time, whole row groups
BUFFER = 1 << 20  # bytes of a compressed column that are read at a time


def arrow_parts(table: pa.Table, plan: Plan) -> list[Part]:
    """The parts of an Arrow table."""
    chosen = table.select(plan.axes)
    return [partial(_columns, [batch], plan) for batch in chosen.to_batches(max_chunksize=PART)]


def parquet_files(source: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files that a path, a folder of ``*.parquet``, or several of these stand for."""
    several = [source] if isinstance(source, str | Path) else list(source)
    found: list[Path] = []
    for path in map(Path, several):
        if not path.exists():
            raise SourceError(f"There is no file `{path}`.", "Nothing was read.", "Check the path.")
        found += sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not found:
        raise SourceError(
            f"No Parquet file lies in {', '.join(f'`{p}`' for p in several) or 'an empty list'}.",
            "There is nothing to count.",
            "Pass files whose names end in `.parquet`, or the folder that holds them.",
        )
    return found


def open_parquet(path: Path, metadata: Any = None, words: Sequence[str] = ()) -> Any:
    """A Parquet file, its ``words`` columns as dictionaries; raises SourceError."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise SourceError(
            f"`{path}` is Parquet, and no Parquet reader is installed.",
            "Nothing was read.",
            "Install pyarrow (`pip install pyarrow`), or pass a frame.",
        ) from None
    try:
        return pq.ParquetFile(
            path, metadata=metadata, read_dictionary=list(words), buffer_size=BUFFER
        )
    except (OSError, pa.ArrowException) as problem:
        raise SourceError(
            f"`{path}` cannot be read: {problem}",
            "It is no whole Parquet file.",
            "Open it and check it.",
        ) from problem


def parquet_parts(path: Path, plan: Plan, threads: int) -> list[Part]:
    """The parts of one Parquet file: consecutive row groups of PART rows or more together.

    With fewer parts than ``threads`` the columns of a batch are decoded side by side.
    """
    import pyarrow as pa

    file = open_parquet(path)
    metadata, schema = file.metadata, file.schema_arrow
    text = (pa.types.is_string, pa.types.is_large_string)
    words = [a for a in plan.axes if any(is_text(schema.field(a).type) for is_text in text)]
    groups: list[list[int]] = []
    rows = PART
    for group in range(metadata.num_row_groups):
        if rows >= PART:
            groups.append([])
            rows = 0
        groups[-1].append(group)
        rows += metadata.row_group(group).num_rows
    side = len(groups) < threads

    def batches(some: list[int]) -> Iterator[Columns]:
        reader = open_parquet(path, metadata, words)
        try:
            found = reader.iter_batches(
                batch_size=BLOCK, row_groups=some, columns=list(plan.axes), use_threads=side
            )
            yield from _columns(found, plan)
        except (OSError, pa.ArrowException) as problem:
            raise SourceError(
                f"`{path}` cannot be read to its end: {problem}",
                "It is no whole Parquet file.",
                "Open it and check it.",
            ) from problem
        finally:
            reader.close()

    return [partial(batches, some) for some in groups]


def _columns(batches: Any, plan: Plan) -> Iterator[Columns]:
    for batch in batches:
        found = dict(zip(batch.schema.names, batch.columns, strict=True))
        yield [arrow_codes(found[axis], axis, plan) for axis in plan.axes]


def arrow_codes(array: pa.Array, axis: str, plan: Plan) -> Column:
    """The codes of one Arrow array: integers, whole floats, words, or a dictionary of words."""
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        return _dictionary_codes(array, axis, plan)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _dictionary_codes(array.dictionary_encode(), axis, plan)
    if pa.types.is_null(kind):
        return np.full(len(array), -1, dtype=np.int8)
    if pa.types.is_integer(kind):
        if array.null_count:
            if pa.types.is_unsigned_integer(kind):
                values = array.to_numpy(zero_copy_only=False)  # floats, NaN where null
                return whole_codes(values, axis, plan)
            array = array.fill_null(-1)
        found: Column = array.to_numpy(zero_copy_only=False)
        return found
    if pa.types.is_floating(kind):
        return whole_codes(array.to_numpy(zero_copy_only=False), axis, plan)
    raise no_codes(axis, str(kind))


def _dictionary_codes(array: Any, axis: str, plan: Plan) -> Column:
    import pyarrow as pa

    indices, words = array.indices, array.dictionary.to_pylist()
    places = indices.cast(pa.int64()).fill_null(-1) if indices.null_count else indices
    return used_codes(words, places.to_numpy(zero_copy_only=False), axis, plan)


def used_codes(words: Sequence[Any], places: Column, axis: str, plan: Plan) -> Column:
    """The codes of rows that hold ``words[place]``, nothing where ``place`` is -1.

    Raises UnknownStateError when a row holds a word that is no state; a word that no row holds
    does not matter.
    """
    states = plan.graph.variable(unlagged(axis)).states
    code: dict[Any, int] = {None: -1, **{state: i for i, state in enumerate(states)}}
    found = [code.get(word, len(states)) for word in words]
    table: Column = np.array([*found, -1], dtype=np.int8 if len(states) < 127 else np.int32)
    codes: Column = table[places]
    if len(states) in found:
        wrong = places[codes == len(states)]
        if wrong.size:
            raise no_such_code(plan, axis, words[int(wrong[0])])
    return codes


def whole_codes(values: Any, axis: str, plan: Plan) -> Column:
    """Codes that came as floats because some are missing (NaN)."""
    size = plan.sizes[plan.axes.index(axis)]
    gap = np.isnan(values)
    good = gap | ((values >= -1) & (values < size) & (values == np.floor(values)))
    if not good.all():
        raise no_such_code(plan, axis, float(values[~good][0]))
    return np.where(gap, -1, values).astype(np.int8 if size < 128 else np.int32)


def no_codes(axis: str, kind: str) -> DataError:
    """The error for a column whose type holds neither codes nor names."""
    return DataError(
        f"The column `{axis}` holds {kind}.",
        "A state is its name or its code (an integer), -1 or nothing where it is missing.",
        "Cast the column.",
    )
