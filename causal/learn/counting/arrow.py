"""States in Arrow columns and in Parquet files, read batch by batch; dictionary codes as stored.

A column becomes codes, one a row: 0 to n - 1 the states in their order, -1 where nothing is known.
Words are looked up once a dictionary, not once a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causal.errors import DataError, SourceError
from causal.graph.variable import unlagged
from causal.learn.counting.counts import BLOCK, Block, Partition, no_such_code
from causal.learn.counting.pool import CodeColumn, Pooling

if TYPE_CHECKING:
    import pyarrow as pa

PART = 1 << 20  # rows that one thread takes at a time, whole row groups
BUFFER = 1 << 20  # bytes of a compressed column that are read at a time


def arrow_partitions(table: pa.Table, pooling: Pooling) -> list[Partition]:
    """The partitions of an Arrow table: its batches, cut to ``PART`` rows; nothing is copied."""
    chosen = table.select(pooling.axes)
    return [partial(_columns, [batch], pooling) for batch in chosen.to_batches(max_chunksize=PART)]


def parquet_files(source: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files that a path, a folder of ``*.parquet``, or several of these stand for.

    Raises SourceError for a path where nothing is, and where no file is left.
    """
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


def parquet_partitions(path: Path, pooling: Pooling, threads: int) -> list[Partition]:
    """The partitions of one Parquet file: consecutive row groups of PART rows or more together.

    With fewer partitions than ``threads`` the columns of a batch are decoded side by side.
    Raises SourceError, now for a file that cannot be opened, and later where it ends too soon.
    """
    import pyarrow as pa

    file = open_parquet(path)
    metadata, schema = file.metadata, file.schema_arrow
    text = (pa.types.is_string, pa.types.is_large_string)
    words = [a for a in pooling.axes if any(is_text(schema.field(a).type) for is_text in text)]
    groups: list[list[int]] = []
    rows = PART
    for group in range(metadata.num_row_groups):
        if rows >= PART:
            groups.append([])
            rows = 0
        groups[-1].append(group)
        rows += metadata.row_group(group).num_rows
    side = len(groups) < threads

    def batches(some: list[int]) -> Iterator[Block]:
        reader = open_parquet(path, metadata, words)
        try:
            found = reader.iter_batches(
                batch_size=BLOCK, row_groups=some, columns=list(pooling.axes), use_threads=side
            )
            yield from _columns(found, pooling)
        except (OSError, pa.ArrowException) as problem:
            raise SourceError(
                f"`{path}` cannot be read to its end: {problem}",
                "It is no whole Parquet file.",
                "Open it and check it.",
            ) from problem
        finally:
            reader.close()

    return [partial(batches, some) for some in groups]


def _columns(batches: Any, pooling: Pooling) -> Iterator[Block]:
    """The codes of every batch, a column an axis of the pooling."""
    for batch in batches:
        found = dict(zip(batch.schema.names, batch.columns, strict=True))
        yield [arrow_codes(found[axis], axis, pooling) for axis in pooling.axes]


def arrow_codes(array: pa.Array, axis: str, pooling: Pooling) -> CodeColumn:
    """The codes of one Arrow array: integers, whole floats, words, or a dictionary of words.

    Raises DataError for another type, UnknownStateError for a word or number that is no state.
    Integers are passed on as they are: they are checked when they are counted.
    """
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        return _dictionary_codes(array, axis, pooling)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _dictionary_codes(array.dictionary_encode(), axis, pooling)
    if pa.types.is_null(kind):
        return np.full(len(array), -1, dtype=np.int8)
    if pa.types.is_integer(kind):
        if array.null_count:
            if pa.types.is_unsigned_integer(kind):
                values = array.to_numpy(zero_copy_only=False)  # floats, NaN where null
                return whole_codes(values, axis, pooling)
            array = array.fill_null(-1)
        found: CodeColumn = array.to_numpy(zero_copy_only=False)
        return found
    if pa.types.is_floating(kind):
        return whole_codes(array.to_numpy(zero_copy_only=False), axis, pooling)
    raise no_codes(axis, str(kind))


def _dictionary_codes(array: Any, axis: str, pooling: Pooling) -> CodeColumn:
    """The codes of an array that holds places in a dictionary of words."""
    import pyarrow as pa

    indices, words = array.indices, array.dictionary.to_pylist()
    places = indices.cast(pa.int64()).fill_null(-1) if indices.null_count else indices
    return used_codes(words, places.to_numpy(zero_copy_only=False), axis, pooling)


def used_codes(words: Sequence[Any], places: CodeColumn, axis: str, pooling: Pooling) -> CodeColumn:
    """The codes of rows that hold ``words[place]``, nothing where ``place`` is -1.

    Raises UnknownStateError when a row holds a word that is no state; a word that no row holds
    does not matter.
    """
    states = pooling.graph.variable(unlagged(axis)).states
    code: dict[Any, int] = {None: -1, **{state: i for i, state in enumerate(states)}}
    found = [code.get(word, len(states)) for word in words]
    table: CodeColumn = np.array([*found, -1], dtype=np.int8 if len(states) < 127 else np.int32)
    codes: CodeColumn = table[places]
    if len(states) in found:
        wrong = places[codes == len(states)]
        if wrong.size:
            raise no_such_code(pooling, axis, words[int(wrong[0])])
    return codes


def whole_codes(values: Any, axis: str, pooling: Pooling) -> CodeColumn:
    """Codes that came as floats because some are missing (NaN), which become -1.

    Raises UnknownStateError for a fraction, and for a number that is the code of no state.
    """
    size = pooling.sizes[pooling.axes.index(axis)]
    gap = np.isnan(values)
    good = gap | ((values >= -1) & (values < size) & (values == np.floor(values)))
    if not good.all():
        raise no_such_code(pooling, axis, float(values[~good][0]))
    return np.where(gap, -1, values).astype(np.int8 if size < 128 else np.int32)


def no_codes(axis: str, kind: str) -> DataError:
    """The error for a column whose type holds neither codes nor names."""
    return DataError(
        f"The column `{axis}` holds {kind}.",
        "A state is its name or its code (an integer), -1 or nothing where it is missing.",
        "Cast the column.",
    )
