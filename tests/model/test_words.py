"""What a first mistake is told, and what a model says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal import limit
from causal.ask import probability
from causal.errors import CausalError, ModelError, QueryError, TableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Variable
from causal.model.network import CausalModel
from causal.model.store import load, shipped
from causal.model.table import DRAW, Table, table
from causal.query.assignment import Hard
from tests import strategies


@pytest.mark.parametrize("raw", [b"network n {\n}\n", b"{}", b"\xff\xfe\x00", b""])
@pytest.mark.parametrize("name", ["x.bif", "x.xdsl", "x.bif.gz", "model"])
def test_load_names_what_reads_networks(tmp_path: Path, name: str, raw: bytes) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ModelError, match=rf"causal\.read_network\('{name}'\)"):
        load(tmp_path / name)


@pytest.mark.parametrize("percent", [90, 95, 99.5, 2])
def test_a_level_in_per_cent(percent: float) -> None:
    with pytest.raises(QueryError, match=f"Write {percent / 100:g} for {percent:g} %"):
        limit.level(percent)
    for other in (0, 1, 100, -3, True, "0.9", float("nan")):
        with pytest.raises(QueryError, match=r"Write 0\.9 for 90 %"):
            limit.level(other)


@pytest.mark.parametrize(
    ("states", "said", "meant"),
    [
        (("False", "True"), True, "True"),
        (("False", "True"), False, "False"),
        (("true", "false"), False, "false"),
        (("0", "1"), 0, "0"),
        (("no", "yes"), True, "yes"),
    ],
)
def test_states_are_text(states: tuple[str, ...], said: Any, meant: str) -> None:
    graph = CausalGraph((Variable("X", states),))
    model = CausalModel(graph, {"X": table((), "X", np.array([0.5, 0.5]))})
    for asked in (lambda: probability(model, {"X": said}), lambda: model.do(X=said)):
        with pytest.raises(QueryError, match=rf'Write \{{"X": "{meant}"\}}') as caught:
            asked()
        assert "as text" in caught.value.means
    if meant in map(str, (said,)):
        with pytest.raises(CausalError, match=f"Did you mean `{meant}`"):
            model.do(Hard("X", said))


def test_a_model_says_what_it_is_in_a_line() -> None:
    model = load(shipped())
    text = repr(model)
    for part in ("crash", "variables", "states", f"{model.draws:,} draws", " to 20"):
        assert part in text
    assert "do(1)" in repr(model.do(leverage="low"))
    assert model.fit is not None
    for thing in (model, model.graph, model.fit, model.fit.counts, model.tables["bitcoin"]):
        assert len(repr(thing)) < 1_000
        assert len(str(thing)) < 1_000
    assert "1 draws" in repr(model.mean())
    long = CausalModel(CausalGraph((Variable("a", ("x",)),), name="n" * 10_000),
                       {"a": table((), "a", np.array([1.0]))})  # fmt: skip
    assert len(repr(long)) < 1_000


@pytest.mark.parametrize("seed", range(20))
def test_tables_of_single_precision_are_scaled(seed: int) -> None:
    for name, held in strategies.one_slice(seed).tables.items():
        single = held.values.astype(np.float32)
        for found in (
            Table(held.axes, single),  # type: ignore[arg-type]
            table(held.parents, name, single[..., 0].astype(np.float64)),
        ):
            assert found.values.dtype == np.float64
            np.testing.assert_allclose(found.checked(1e-15 * 8).values.sum(axis=-2), 1, atol=1e-14)


def test_more_than_rounding_is_refused() -> None:
    with pytest.raises(TableError, match=r"sums to 1\.00001, not to one"):
        table((), "a", np.array([0.5, 0.50001]))
    with pytest.raises(TableError, match=r"sums to 1\.0000001, not to one"):
        Table(("a", DRAW), np.array([[0.5], [0.5000001]])).checked()
    exact = np.array([0.1, 0.2, 0.7])
    np.testing.assert_array_equal(table((), "a", exact).values[:, 0], exact)
