"""Rows of tiny parameters, and what would not fit in memory: refused before it is allocated."""

from __future__ import annotations

import tomllib
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causal
from causal import limit
from causal.errors import ModelError, QueryError
from causal.explain.sensitivity import row_ends
from causal.graph.dag import CausalGraph
from causal.graph.story import Moves, Story, story_from_dict
from causal.graph.variable import Edge, Variable
from causal.learn.counting.pool import pool_families
from causal.model.network import CELL, LEARNING, check_moves, check_size, fitted, worst
from causal.model.posterior import Counts, Dirichlet, DrawnTables, faint
from causal.model.store import LEARNT_TEXT, TEXT, load, save
from tests.app.toy import GRAPH, toy

STATES = tuple(f"s{i}" for i in range(10))


def wide(causes: int, rule: str = "") -> CausalGraph:
    """Causes of ten states, and an effect of ten: a table of 10^(causes + 1) cells."""
    names = [f"c{i}" for i in range(causes)]
    effect = Variable("y", STATES, rule="worst" if rule else "")
    variables = (*(Variable(n, STATES) for n in names), effect)
    return CausalGraph(variables, tuple(Edge(n, "y") for n in names), name="wide")


def rows_of(graph: CausalGraph) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({v.name: rng.integers(0, len(v.states), 200) for v in graph.variables})


# Tiny parameters


def drawn(alpha: list[float], draws: int = 4000) -> np.ndarray:
    """Draws of one row, (states, draws)."""
    held = {"x": (("x",), np.array(alpha))}
    return DrawnTables(held, "day", draws, 3)["x"].values


@pytest.mark.parametrize("alpha", [[0.3, 0.3], [0.02, 0.05], [0.002, 0.003], [1e-6, 3e-6]])
def test_a_row_of_any_size_has_its_distribution(alpha: list[float]) -> None:
    """The first share is Beta(a, b), however small its gamma variates; four standard errors."""
    first = drawn(alpha)[0]
    assert np.isfinite(first).all()
    beta = stats.beta(*alpha)
    for cut in (1e-6, 0.01, 0.5, 0.99):
        share, spread = beta.cdf(cut), 0.5 / np.sqrt(len(first))
        assert (first <= cut).mean() == pytest.approx(share, abs=4 * spread)


@pytest.mark.parametrize("alpha", [[1e-6, 1e-300, 2e-6], [5e-324, 1e-6], [0.0, 1e-6, 1e-6]])
def test_no_row_is_lost_to_underflow(alpha: list[float]) -> None:
    values = drawn(alpha, 500)
    np.testing.assert_allclose(values.sum(axis=0), 1.0)
    assert (values >= 0).all()
    assert (values[np.array(alpha) == 0] == 0).all()


def test_common_rows_are_drawn_as_they_were() -> None:
    """The variates that are large enough are kept; only those of a tiny total are drawn anew."""
    alpha = np.array([0.5, 2.0, 4.0])
    rng = np.random.Generator(np.random.Philox(key=np.zeros(2, dtype=np.uint64)))
    assert faint(alpha, rng, 5).shape == (3, 5)
    values = drawn([0.001, 0.001], 2000)
    assert 0 < ((values > 1e-6) & (values < 1 - 1e-6)).any(axis=0).mean() < 0.1


def test_parents_without_a_day_keep_what_the_structure_allows() -> None:
    """However deep the back-off, no parameter that may be positive becomes zero."""
    counts = np.zeros((3,) * 6, dtype=np.int64)
    counts[0] = 2**53 // 3**6
    alpha = Dirichlet(limit.STRENGTH).alpha(counts)
    assert (alpha > 0).all()


def test_the_ends_of_a_tiny_row_are_shares() -> None:
    alpha = np.array([1e-6, 1e-6, 1e-6])
    for end in row_ends(alpha, np.array([1.0, 2.0, 3.0])):
        assert np.isfinite(end).all()
        assert end.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("how", ["draws", "delta"])
def test_a_model_without_a_day_answers_with_the_weakest_prior(how: Any) -> None:
    model = toy(300)
    assert model.fit is not None
    counts = model.fit.counts
    none = Counts(
        {n: a * 0 for n, a in counts.day.items()}, {n: a * 0 for n, a in counts.start.items()}
    )
    prior = Dirichlet(limit.STRENGTH)
    empty = fitted(GRAPH, replace(model.fit, counts=none, prior=prior))
    answer = causal.ask(empty, "P(bitcoin=crash)", interval=how)
    assert answer.probability == pytest.approx(0.25, abs=0.1)


# Memory


@pytest.mark.parametrize("rule", ["", "worst"])
def test_a_table_that_would_not_fit_is_refused_before_it_is_made(rule: str) -> None:
    graph = wide(8, rule)
    frame = rows_of(graph)
    tracemalloc.start()
    with pytest.raises(ModelError, match=r"8 causes.*1,000,000,000 cells.*about 80 GB") as caught:
        causal.fit(Story(graph, strength=4.0, draws=5), frame)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
    assert "fewer causes" in caught.value.do
    with pytest.raises(ModelError, match="8 causes"):
        pool_families(graph, 100)
    with pytest.raises(ModelError, match=r"30 causes.*1\.0e\+31 cells"):
        check_size(wide(30))


def test_the_border_is_the_budget(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    graph = wide(3)
    cells = 2 * (10**4 + 3 * 10)
    story = Story(graph, strength=4.0, draws=2)
    model = causal.fit(story, rows_of(graph))
    path = tmp_path / "wide.json"
    save(model, path)
    for share, taken in ((0.999, False), (1.001, True)):
        monkeypatch.setenv(limit.MEMORY_GB, repr(share * CELL * cells / 1e9))
        if taken:
            assert (
                load(path).draws
                == causal.fit(Story(graph, strength=4.0, draws=2), rows_of(graph)).draws
            )
        else:
            for door in (
                lambda: load(path),
                lambda: causal.fit(Story(graph, strength=4.0), rows_of(graph)),
            ):
                with pytest.raises(ModelError, match="CAUSAL_MEMORY_GB"):
                    door()
        monkeypatch.setenv(limit.MEMORY_GB, repr(share * TEXT * cells / 1e9))
        if taken:
            save(model, path)
        else:
            with pytest.raises(ModelError, match="CAUSAL_MEMORY_GB"):
                save(model, path)


@pytest.mark.parametrize(
    ("strength", "most", "text"),
    [(4.0, CELL, TEXT), (None, LEARNING, LEARNT_TEXT)],
    ids=["dirichlet", "learnt"],
)
def test_the_estimate_is_what_it_takes(
    strength: float | None,
    most: int,
    text: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two tables of 10,000 cells, what was imported and planned before left out, on NumPy."""
    monkeypatch.setenv("CAUSAL_COMPILED", "0")
    found: list[float] = []
    for causes in (2, 3):
        graph, cells = wide(causes), 2 * 10 ** (causes + 1)
        frame = rows_of(graph)
        tracemalloc.start()
        model = causal.fit(Story(graph, strength=strength, draws=0), frame)
        found = [tracemalloc.get_traced_memory()[1] / cells]
        for act in (
            lambda m: causal.ask(m, "P(y=s0 | c0=s1)"),
            lambda m: save(m, tmp_path / "wide.json"),
        ):
            tracemalloc.reset_peak()
            act(model)
            found.append(tracemalloc.get_traced_memory()[1] / cells)
        tracemalloc.stop()
    counting, asking, writing = found
    assert counting < most
    assert 0.5 * CELL < asking < max(1.2 * CELL, 0.8 * most if strength is None else 0)
    assert 0.5 * text < writing < text + 1_000_000 / cells  # a megabyte, whatever the size


def test_draws_that_would_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy(1000)
    assert model.fit is not None
    need = 8 * 1000 * 3 * 3 * 4
    for share, taken in ((0.999, False), (1.001, True)):
        monkeypatch.setenv(limit.MEMORY_GB, repr(share * need / 1e9))
        fresh = fitted(GRAPH, model.fit)
        if taken:
            assert fresh.tables["bitcoin"].values.nbytes == need
        else:
            with pytest.raises(QueryError, match="1,000 draws of the table"):
                _ = fresh.tables["bitcoin"]


def test_the_certain_table_is_the_worst_of_its_causes() -> None:
    graph = wide(2, "worst")
    table = worst(graph, ("c0", "c1", "y"))
    for place in np.ndindex(10, 10):
        assert table[place].argmax() == max(place)
        assert table[place].sum() == 1


def test_moves_in_too_many_cells_are_refused() -> None:
    graph = wide(8)
    with pytest.raises(ModelError, match="fewer variables under `given`"):
        check_moves(Moves("y", "close", given=tuple(graph.names[:8])), graph, 885)
    check_moves(Moves("y", "close", given=("c0",)), graph, 885)


BIF = "network x {{}}\n{variables}\nprobability ( y | {causes} ) {{ table 0.5, 0.5; }}\n"


@pytest.mark.parametrize(("causes", "message"), [(33, "33 causes"), (3, "cannot be read")])
def test_a_network_file_does_not_choose_how_much_is_allocated(
    causes: int, message: str, tmp_path: Path
) -> None:
    """Its reader would make room for 2^34 entries before it saw a single row."""
    names = [f"p{i}" for i in range(causes)]
    declared = "\n".join(
        f"variable {n} {{ type discrete [ 2 ] {{ u, v }}; }}" for n in [*names, "y"]
    )
    roots = "\n".join(f"probability ( {n} ) {{ table 0.5, 0.5; }}" for n in names)
    path = tmp_path / "x.bif"
    text = BIF.format(variables=f"{declared}\n{roots}", causes=", ".join(names))
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        causal.read_network(path)


def test_a_number_in_a_story_is_held_to_the_same() -> None:
    def story(line: str) -> Story:
        text = f'[story]\nname = "s"\n[fit]\n{line}\n[variables.x]\nstates = ["a", "b"]\n'
        return story_from_dict(tomllib.loads(text))

    for line in ("seed = 18446744073709551616", "strength = 5e-324", "draws = 1000001"):
        with pytest.raises(causal.SpecError, match=f"fit.{line.split()[0]}"):
            story(line)
    for line in ("seed = 18446744073709551615", "strength = 1e-6", "draws = 1000000"):
        assert story(line).graph.names == ("x",)
