"""Tables of a fit with learnt priors: drawn whole, once, and read back from where they are kept."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from causal.errors import QueryError
from causal.model.learnt.drawn_tables import StationaryTables, WeightedTables
from causal.model.learnt.kept import FEWEST
from causal.model.learnt.table_draws import TableDraws
from causal.model.network import CausalModel
from causal.model.store import load, save
from causal.model.table import DRAW
from tests.model.learnt.worlds import GAPPY, MARKET, RULED, FloatArray, history, learnt_model

GAPS = {"h": 0.4}
Drawn = dict[str, FloatArray]


def drawn_of(model: CausalModel) -> Drawn:
    """All tables of both slices, copied: kept ones are mapped into memory."""
    pieces = {"day": model.tables, "start": model.start}
    return {
        f"{p} {n}": np.array(t.values) for p, tables in pieces.items() for n, t in tables.items()
    }


def assert_equal(one: Drawn, other: Drawn) -> None:
    """Bit by bit."""
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that are made, rather than read, as they are made."""
    made: list[str] = []
    usual = TableDraws.values

    def values(self: TableDraws, piece: str, name: str) -> FloatArray:
        made.append(f"{piece} {name}")
        return usual(self, piece, name)  # type: ignore[arg-type]

    monkeypatch.setattr(TableDraws, "values", values)
    return made


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[int, str], Path]:
    """A file of a model with so many draws."""

    def make(draws: int, start: str = "stationary") -> Path:
        model = learnt_model(history(GAPPY, 300, gaps=GAPS), GAPPY, draws=draws, start=start)
        save(model, tmp_path / "model.json")
        return tmp_path / "model.json"

    return make


@pytest.mark.parametrize("start", ["stationary", "observed"])
def test_draws_that_were_kept_are_read_and_not_made(
    cache: Path, saved: Callable[[int, str], Path], counting: list[str], start: str
) -> None:
    path = saved(FEWEST, start)
    first = drawn_of(load(path))
    assert {"day a", "day y"} <= set(counting)
    assert len(list((cache / "draws").iterdir())) == 1
    counting.clear()
    assert_equal(drawn_of(load(path)), first)
    assert counting == []
    for place in (cache / "draws").rglob("*.npy"):
        raw = place.read_bytes()
        place.unlink()
        place.write_bytes(raw[:-8])
    assert_equal(drawn_of(load(path)), first)
    assert {"day a", "day y"} <= set(counting)
    counting.clear()
    assert_equal(drawn_of(load(path)), first)
    assert counting == []


@pytest.mark.parametrize("shape", [(3, 3, FEWEST - 1), (9, 3, FEWEST), (3, FEWEST - 1)], ids=str)
def test_draws_of_another_shape_are_not_taken(
    cache: Path, saved: Callable[[int], Path], counting: list[str], shape: tuple[int, ...]
) -> None:
    path = saved(FEWEST)
    first = drawn_of(load(path))
    even = np.full(shape, 1 / shape[-2])
    for place in (cache / "draws").rglob("*.npy"):
        place.unlink()
        np.save(place, even)
    counting.clear()
    assert_equal(drawn_of(load(path)), first)
    assert "day a" in counting


def test_what_is_kept_is_what_would_be_drawn(
    cache: Path, saved: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(FEWEST)
    drawn_of(load(path))
    kept = drawn_of(load(path))
    monkeypatch.setenv("CAUSAL_CACHE", str(cache / "other"))
    assert_equal(kept, drawn_of(load(path)))


@pytest.mark.usefixtures("cache")
def test_few_draws_and_models_without_a_file_are_made_anew(
    saved: Callable[[int], Path], tmp_path: Path, counting: list[str]
) -> None:
    path = saved(FEWEST - 1)
    assert_equal(drawn_of(load(path)), drawn_of(load(path)))
    assert counting.count("day a") == 2
    drawn_of(learnt_model(history(GAPPY, 100), GAPPY, draws=FEWEST))
    assert not (tmp_path / "cache").exists()


def test_where_nothing_can_be_kept_draws_are_made(
    tmp_path: Path, saved: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("CAUSAL_CACHE", str(tmp_path / "file"))
    path = saved(FEWEST)
    assert_equal(drawn_of(load(path)), drawn_of(load(path)))


def test_each_table_is_drawn_when_it_is_read_and_once(counting: list[str]) -> None:
    model = learnt_model(history(GAPPY, 200), GAPPY)
    assert counting == []
    first = model.tables["h"].values
    assert counting == ["day h"]
    assert model.tables["h"].values.base is first.base
    assert counting == ["day h"]
    _ = model.start["a"]
    assert sorted(counting) == sorted(f"day {n}" for n in GAPPY.names)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0.5


def test_the_mean_and_what_is_certain_are_not_drawn(counting: list[str]) -> None:
    model = learnt_model(history(MARKET, 200), MARKET, draws=0)
    assert model.tables["m"].values.shape == (2, 3, 3, 1)
    ruled = learnt_model(history(RULED, 200), RULED, draws=9)
    np.testing.assert_array_equal(ruled.tables["worst"].values[..., 4], np.eye(2))
    assert counting == []


def test_axes_are_those_of_the_graph() -> None:
    model = learnt_model(history(GAPPY, 200), GAPPY, draws=7)
    assert isinstance(model.tables, WeightedTables)
    assert isinstance(model.start, StationaryTables)
    assert list(model.tables) == list(model.start) == list(GAPPY.names)
    assert len(model.tables) == len(model.start) == 4
    for name in GAPPY.names:
        assert model.tables[name].axes == (*GAPPY.parents(name), name, DRAW)
        assert model.start[name].axes == (*GAPPY.start_parents(name), name, DRAW)
        assert model.tables[name].draws == model.start[name].draws == 7
    law = model.start.law()
    assert law.shape == (3, 2, 7)
    np.testing.assert_allclose(law.sum(axis=(0, 1)), 1)
    np.testing.assert_allclose(model.start["a"].values, law.sum(axis=1), atol=1e-4)


def test_the_mean_has_one_draw_and_a_first_slice_of_its_own() -> None:
    mean = learnt_model(history(GAPPY, 400), GAPPY).mean()
    assert mean.draws == 1
    again = learnt_model(history(GAPPY, 400), GAPPY, draws=0)
    assert_equal(drawn_of(mean), drawn_of(again))
    assert isinstance(mean.start, StationaryTables)
    np.testing.assert_allclose(
        mean.start["a"].values[:, 0], mean.start.law().sum(axis=1)[:, 0], atol=1e-4
    )


def test_threads_copies_and_pickles_have_the_same_draws() -> None:
    model = learnt_model(history(GAPPY, 300, gaps=GAPS), GAPPY)
    cold = pickle.dumps(model)
    names = [*GAPPY.names, *reversed(GAPPY.names)] * 2
    with ThreadPoolExecutor(8) as pool:
        starts = list(pool.map(lambda n: model.start[n].values, names))
        days = list(pool.map(lambda n: model.tables[n].values, names))
    whole = drawn_of(model)
    for name, start, day in zip(names, starts, days, strict=True):
        np.testing.assert_array_equal(start, whole[f"start {name}"])
        np.testing.assert_array_equal(day, whole[f"day {name}"])
    assert_equal(drawn_of(pickle.loads(cold)), whole)
    assert_equal(drawn_of(pickle.loads(pickle.dumps(model))), whole)
    assert_equal(drawn_of(copy.deepcopy(model)), whole)


def test_draws_that_do_not_fit_in_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = learnt_model(history(GAPPY, 100), GAPPY, draws=100_000)
    monkeypatch.setenv("CAUSAL_MEMORY_GB", "0.001")
    for read in (model.tables, model.start):
        with pytest.raises(QueryError, match="100,000 draws of the table of"):
            _ = read["y"]
