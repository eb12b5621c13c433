"""The counts are the same whatever holds the rows: frames of every engine, Arrow, Parquet."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from causal.errors import CausalError, DataError, SourceError, UnknownStateError
from causal.graph.dag import CausalGraph
from causal.graph.story import Story
from causal.graph.variable import Variable
from causal.learn.counting.dataframe import count_frame, counted
from causal.learn.fit import fit
from causal.model.store import load, save
from tests.conftest import peer
from tests.learn.rows import assert_same, by_loop, chain, some_rows, words

ROWS = 700
GRAPH = chain(5, 3, lags=True)
CODES = some_rows(GRAPH, ROWS, seed=7)
EXPECTED = by_loop(GRAPH, CODES)
NAMED = words(GRAPH, CODES)
Make = Callable[[pd.DataFrame], Any]


def nullable(codes: dict[str, Any]) -> dict[str, list[int | None]]:
    return {a: [None if c < 0 else c for c in column.tolist()] for a, column in codes.items()}


def categories() -> pd.DataFrame:
    """Pandas categories in an order of their own, with one that no row has."""
    return pd.DataFrame(
        {
            axis: pd.Categorical(
                column, categories=["unused", *reversed(GRAPH.variable("v0").states)]
            )
            for axis, column in NAMED.items()
        }
    )


CELLS: dict[str, Callable[[], pd.DataFrame]] = {
    "codes of 1 byte": lambda: pd.DataFrame(CODES),
    "codes of 8 bytes": lambda: pd.DataFrame(CODES).astype(np.int64),
    "floats with NaN": lambda: pd.DataFrame(CODES).astype(float).replace(-1.0, np.nan),
    "nullable integers": lambda: pd.DataFrame(nullable(CODES), dtype="Int64"),
    "nullable unsigned": lambda: pd.DataFrame(nullable(CODES), dtype="UInt8"),
    "names": lambda: pd.DataFrame(NAMED),
    "names as objects": lambda: pd.DataFrame(NAMED, dtype=object),
    "categories": categories,
}


def duckdb_relation(frame: pd.DataFrame) -> Any:
    duckdb = peer("duckdb")
    return duckdb.connect().from_df(frame)


def arrow_table(frame: pd.DataFrame) -> Any:
    return peer("pyarrow").Table.from_pandas(frame)


def dask_frame(frame: pd.DataFrame) -> Any:
    dask = peer("dask.dataframe")
    return dask.from_pandas(frame, npartitions=11)


ENGINES: dict[str, Make] = {
    "pandas": lambda frame: frame,
    "polars": lambda frame: peer("polars").from_pandas(frame),
    "polars lazy": lambda frame: peer("polars").from_pandas(frame).lazy(),
    "arrow": arrow_table,
    "duckdb": duckdb_relation,
    "dask": dask_frame,
}


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("engine", ENGINES)
def test_engines_agree(engine: str, cells: str) -> None:
    frame = ENGINES[engine](CELLS[cells]())
    found, rows = counted(frame, GRAPH)
    assert rows == ROWS
    assert_same(found, EXPECTED)
    assert sum(int(table.sum()) for table in found.day.values()) > ROWS


def test_columns_may_stand_in_any_order_among_others() -> None:
    frame = pd.DataFrame(CODES)[list(reversed(CODES))].assign(price=1.5, note="x")
    for make in ENGINES.values():
        assert_same(count_frame(make(frame), GRAPH), EXPECTED)


def test_rows_without_anything_known() -> None:
    graph = chain(2, 2)
    for value, dtype in ((None, object), (np.nan, float), (pd.NA, "Int64"), (-1, int)):
        frame = pd.DataFrame({"v0": [value] * 3, "v1": [value] * 3}, dtype=dtype)
        for name, make in ENGINES.items():
            found, rows = counted(make(frame), graph)
            assert rows == 3, name
            assert found.day["v1"].sum() == 0, name
    for make in ENGINES.values():
        assert counted(make(pd.DataFrame({"v0": [], "v1": []}, dtype=int)), graph)[1] == 0


def test_one_slice_asks_for_no_yesterday() -> None:
    graph = chain(4, 3)
    codes = some_rows(graph, 200)
    assert set(codes) == set(graph.names)
    for make in ENGINES.values():
        assert_same(count_frame(make(pd.DataFrame(codes)), graph), by_loop(graph, codes))


def test_a_family_larger_than_every_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine groups it by itself; what comes back is counted on its complete rows."""
    monkeypatch.setattr("causal.learn.counting.dataframe.GROUPS", 30)
    for engine in ("polars lazy", "duckdb"):
        assert_same(count_frame(ENGINES[engine](pd.DataFrame(CODES)), GRAPH), EXPECTED)


def test_a_story_is_fitted_to_rows(tmp_path: Path) -> None:
    """The model is the same from every engine, without a trace of which; it is stored and read."""
    story = Story(GRAPH, draws=50)
    models = [fit(story, make(pd.DataFrame(CODES))) for make in ENGINES.values()]
    models.append(fit(story, stored(tmp_path / "rows.parquet", pd.DataFrame(NAMED))))
    for model in models:
        assert model.fit is not None
        assert_same(model.fit.counts, EXPECTED)
        assert model.fit.provenance == models[0].fit.provenance  # type: ignore[union-attr]
        assert model.fit.provenance.rows == ROWS
        np.testing.assert_array_equal(model.tables["v4"].values, models[0].tables["v4"].values)
    save(models[0], tmp_path / "model.json")
    again = load(tmp_path / "model.json")
    np.testing.assert_array_equal(again.tables["v4"].values, models[0].tables["v4"].values)
    other = fit(story, pd.DataFrame(CODES)[1:])
    assert other.fit is not None
    assert other.fit.provenance.data_hash != models[0].fit.provenance.data_hash  # type: ignore[union-attr]
    with pytest.raises(DataError, match="fit_until"):
        fit(story, pd.DataFrame(CODES), fit_until="2020-01-01")


# What is wrong with a frame, and what is said about it.


def wrong(column: str, cells: list[Any], dtype: Any = None) -> pd.DataFrame:
    frame = pd.DataFrame({"v0": [0, 1, 2], "v1": [0, 1, 2]})
    frame[column] = pd.Series(cells, dtype=dtype)
    return frame


WRONG: dict[str, tuple[pd.DataFrame, type[CausalError], str]] = {
    "code": (wrong("v1", [0, 3, 1]), UnknownStateError, "`v1` holds 3"),
    "below": (wrong("v1", [0, -2, 1]), UnknownStateError, "`v1` holds -2"),
    "wrap": (wrong("v1", [0, 257, 1]), UnknownStateError, "`v1` holds 257"),
    "fraction": (wrong("v1", [0, 0.5, np.nan]), UnknownStateError, "`v1` holds 0.5"),
    "infinite": (wrong("v1", [0, np.inf, 1]), UnknownStateError, "`v1` holds inf"),
    "word": (
        wrong("v0", ["state 0", "stat 1", None]),
        UnknownStateError,
        "`v0` holds 'stat 1'.*state 0, state 1, state 2",
    ),
    "category": (
        wrong("v0", ["state 0", "crash", None], "category"),
        UnknownStateError,
        "`v0` holds 'crash'",
    ),
    "moment": (
        wrong("v1", list(pd.to_datetime(["2020-01-01"] * 3))),
        DataError,
        "`v1` holds .*(integer)",
    ),
    "truth": (wrong("v1", [True, False, True]), DataError, "`v1` holds"),
    "column": (
        pd.DataFrame({"v0": [0], "V1 ": [0]}),
        DataError,
        "`v1` is no column. Did you mean `V1 `",
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
@pytest.mark.parametrize("engine", ENGINES)
def test_mistakes_are_named(engine: str, mistake: str) -> None:
    frame, error, says = WRONG[mistake]
    with pytest.raises(error, match=says) as caught:
        count_frame(ENGINES[engine](frame), chain(2, 3))
    assert type(caught.value) is error
    assert caught.value.do


@pytest.mark.parametrize("engine", ENGINES)
def test_a_lagged_parent_needs_its_column(engine: str) -> None:
    frame = pd.DataFrame(CODES).drop(columns="v2@-1")
    with pytest.raises(DataError, match=r"`v2@-1`, the state of `v2` on the day before"):
        count_frame(ENGINES[engine](frame), GRAPH)


@pytest.mark.parametrize("thing", [None, 3, {"v0": [1]}, object(), np.zeros((2, 2))])
def test_no_table(thing: object) -> None:
    with pytest.raises(DataError, match="no table of states that"):
        count_frame(thing, GRAPH)


def test_an_engine_that_fails_is_reported() -> None:
    duckdb = peer("duckdb")
    link = duckdb.connect()
    link.execute("create table t as select 0 as v0, 0 as v1")
    relation = link.table("t")
    link.execute("drop table t")
    with pytest.raises(SourceError, match="could not count"):
        count_frame(relation, chain(2, 3))


# Parquet.


def stored(path: Path, frame: pd.DataFrame, **how: Any) -> Path:
    pa, pq = peer("pyarrow"), peer("pyarrow.parquet")
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, **how)
    return path


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("groups", [64, 10**6])
def test_parquet(tmp_path: Path, cells: str, groups: int) -> None:
    path = stored(tmp_path / "one.parquet", CELLS[cells](), row_group_size=groups)
    found, rows = counted(path, GRAPH)
    assert rows == ROWS
    assert_same(found, EXPECTED)


def test_parquet_in_several_files(tmp_path: Path) -> None:
    frame = pd.DataFrame(CODES)
    paths = [
        stored(tmp_path / f"{low}.parquet", frame[low : low + 250]) for low in range(0, ROWS, 250)
    ]
    for source in (paths, [str(p) for p in paths], tmp_path, str(tmp_path)):
        found, rows = counted(source, GRAPH)
        assert rows == ROWS
        assert_same(found, EXPECTED)
    named = stored(tmp_path / "named.parquet", pd.DataFrame(NAMED))
    assert_same(count_frame([named, *paths], GRAPH), EXPECTED + EXPECTED)


def test_parquet_in_parts_by_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("causal.learn.counting.arrow.PART", 100)
    path = stored(tmp_path / "one.parquet", CELLS["names"](), row_group_size=50)
    for processors in (1, 2, 7):
        monkeypatch.setattr("causal.learn.counting.counts.processors", lambda n=processors: n)
        assert_same(count_frame(path, GRAPH), EXPECTED)


def test_parquet_mistakes(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file"):
        count_frame(tmp_path / "nowhere.parquet", GRAPH)
    with pytest.raises(SourceError, match="No Parquet file"):
        count_frame(tmp_path, GRAPH)
    with pytest.raises(SourceError, match="No Parquet file"):
        count_frame([], GRAPH)
    bad = tmp_path / "bad.parquet"
    bad.write_text("date,v0\n")
    with pytest.raises(SourceError, match="no whole Parquet"):
        count_frame(bad, GRAPH)
    good = stored(tmp_path / "good.parquet", pd.DataFrame(CODES).drop(columns="v3"))
    with pytest.raises(DataError, match="`v3` is no column"):
        count_frame(good, GRAPH)
    whole = stored(tmp_path / "whole.parquet", pd.DataFrame(CODES), compression="zstd")
    data = bytearray(whole.read_bytes())
    data[200:2000] = b"\0" * 1800
    whole.write_bytes(bytes(data))
    with pytest.raises(SourceError, match="cannot be read to its end"):
        count_frame(whole, GRAPH)


def test_parquet_without_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(tmp_path / "one.parquet", pd.DataFrame(CODES))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SourceError, match="pip install pyarrow"):
        count_frame(path, GRAPH)


def test_stored_dictionaries_are_not_spelt_out(tmp_path: Path) -> None:
    """Words that no row holds do not matter; those that one holds do."""
    pa, pq = peer("pyarrow"), peer("pyarrow.parquet")
    graph = CausalGraph((Variable("a", ("calm", "crash")),))
    for indices, ok in (([0, 2, None, 2], True), ([0, 1, 2], False)):
        cells = pa.DictionaryArray.from_arrays(
            pa.array(indices, pa.int32()), pa.array(["crash", "boom", "calm"])
        )
        table = pa.table({"a": cells})
        pq.write_table(table, tmp_path / "d.parquet")
        if ok:
            for source in (table, tmp_path / "d.parquet"):
                np.testing.assert_array_equal(count_frame(source, graph).day["a"], [2, 1])
        else:
            for source in (table, tmp_path / "d.parquet"):
                with pytest.raises(UnknownStateError, match="'boom'"):
                    count_frame(source, graph)


MEMORY = """
import resource, sys
from causal.graph.story import Story
from causal.learn.fit import fit
from causal.learn.counting.dataframe import counted
from causal.model.store import load, save
from tests.conftest import peer
from tests.learn.rows import chain
import pyarrow.parquet
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
_, rows = counted(sys.argv[1], chain(12, 3))
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_parquet_is_not_loaded_whole(tmp_path: Path) -> None:
    """Six million rows would be 72 MB at a byte a cell, 290 MB as Parquet decodes them."""
    pa, pq = peer("pyarrow"), peer("pyarrow.parquet")
    graph = chain(12, 3)
    piece = pa.table(some_rows(graph, 1_000_000))
    with pq.ParquetWriter(tmp_path / "long.parquet", piece.schema) as writer:
        for _ in range(6):
            writer.write_table(piece, row_group_size=1_000_000)
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "long.parquet")],
        capture_output=True,
        text=True,
        check=True,
    )
    rows, kilobytes = map(int, run.stdout.split())
    assert rows == 6_000_000
    assert kilobytes < 150_000


# PySpark, which starts a machine of its own: under a flag.


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    if os.environ.get("CAUSAL_SPARK") != "1":
        pytest.skip("PySpark needs Java and a quarter of a minute; set CAUSAL_SPARK=1.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession

        build = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        session = build.config("spark.sql.shuffle.partitions", "2").getOrCreate()
        yield session
        session.stop()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cells", ["codes of 8 bytes", "names", "floats with NaN"])
def test_spark(spark: Any, cells: str) -> None:
    frame = CELLS[cells]()
    rows = [tuple(None if pd.isna(c) else c for c in row) for row in frame.itertuples(index=False)]
    kind = {"codes of 8 bytes": "int", "names": "string", "floats with NaN": "double"}[cells]
    schema = ", ".join(f"`{axis}` {kind}" for axis in frame.columns)
    held = spark.createDataFrame(rows, schema)
    found, number = counted(held, GRAPH)
    assert number == ROWS
    assert_same(found, EXPECTED)


@pytest.mark.filterwarnings("ignore")
def test_spark_mistakes(spark: Any) -> None:
    held = spark.createDataFrame([(0, 5)], "v0 int, v1 int")
    with pytest.raises(UnknownStateError, match="`v1` holds 5"):
        count_frame(held, chain(2, 3))
    with pytest.raises(DataError, match="`v2` is no column"):
        count_frame(held, chain(3, 3))
