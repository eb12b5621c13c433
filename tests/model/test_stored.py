"""A stored model at its edges: the bytes it is written as, and how its mistakes are told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal.errors import ModelError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Measurement, Series, Variable
from causal.model.network import CausalModel, Fit, Provenance, family, fitted
from causal.model.posterior import Counts, Dirichlet
from causal.model.store import load, save
from tests.model.test_store import assert_same, rewritten, small

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save(small(), tmp_path / "small.json")
    return tmp_path / "small.json"


def test_the_layout_is_a_line_for_each_variable_edge_and_family(path: Path) -> None:
    """Down to three levels; what is deeper stands on one line, and what is empty too."""
    document = json.loads(path.read_text(encoding="utf-8"))

    def laid(value: Any, depth: int) -> list[str]:
        wide = isinstance(value, dict) or (
            isinstance(value, list) and all(isinstance(v, dict) for v in value)
        )
        if depth == 3 or not value or not wide:
            return [json.dumps(value, ensure_ascii=False)]
        keys = [f"{json.dumps(k, ensure_ascii=False)}: " for k in value] if isinstance(
            value, dict) else [""] * len(value)  # fmt: skip
        items = list(value.values()) if isinstance(value, dict) else value
        lines = ["{" if isinstance(value, dict) else "["]
        for key, item in zip(keys, items, strict=True):
            inner = laid(item, depth + 1)
            lines += [f"  {key}{inner[0]}", *(f"  {line}" for line in inner[1:])]
            lines[-1] += ","
        lines[-1] = lines[-1].removesuffix(",")
        return [*lines, "}" if isinstance(value, dict) else "]"]

    assert path.read_text(encoding="utf-8") == "\n".join(laid(document, 0)) + "\n"


def test_the_checksum_is_that_of_the_content_without_spaces(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    signed = document.pop("checksum")
    assert document["version"] == 4, "its calendar follows the week"
    plain = json.dumps(document, separators=(",", ":"))
    assert signed == f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"


def test_a_name_that_is_no_ascii_is_a_key(tmp_path: Path) -> None:
    graph = CausalGraph(
        (Variable("戰爭", ("平靜", "升級")),), (Edge("戰爭", "戰爭", 1),), name="題"
    )
    ones = {"戰爭": np.ones((2, 2), dtype=np.int64)}
    card = Provenance("", "", 0, "", "")
    fit = Fit(Counts(ones, {"戰爭": np.ones(2, dtype=np.int64)}), Dirichlet(4.0), 3, 1, card)
    save(fitted(graph, fit), tmp_path / "x.json")
    assert '"戰爭": {"given": ["戰爭@-1"]' in (tmp_path / "x.json").read_text(encoding="utf-8")
    assert_same(fitted(graph, fit), load(tmp_path / "x.json"))


def spoilt(document: dict[str, Any], times: int) -> None:
    """So many mistakes of the same kind: keys that nobody knows."""
    document["data"].update({f"more{k}": 1 for k in range(times)})


@pytest.mark.parametrize("times", [1, 4, 5, 6, 9])
def test_five_mistakes_are_named_and_the_rest_counted(path: Path, times: int) -> None:
    rewritten(path, lambda d: spoilt(d, times))
    with pytest.raises(ModelError) as caught:
        load(path)
    assert caught.value.what.count("unknown key") == min(times, 5)
    assert caught.value.what.endswith(f" and {times - 5} more." if times > 5 else ".")
    assert (" more" in caught.value.what.rpartition(";")[2].replace("more", "", 1)) == (times > 5)


@pytest.mark.parametrize("key", ["from", "to", "rows", "hash"])
def test_all_of_where_the_data_came_from_is_wanted(path: Path, key: str) -> None:
    rewritten(path, lambda d: d["data"].pop(key))
    with pytest.raises(ModelError, match=f"data.{key}: missing") as caught:
        load(path)
    assert caught.value.what.count(";") == 0


@pytest.mark.parametrize("key", ["draws", "seed", "version", "prior", "strength"])
def test_what_is_missing_is_the_only_mistake(path: Path, key: str) -> None:
    rewritten(path, lambda d: (d["prior"] if key == "strength" else d).pop(key))
    with pytest.raises(ModelError, match=rf"{key}.*(missing|must be)") as caught:
        load(path)
    assert caught.value.what.count(";") == 0


@pytest.mark.parametrize("strength", [0, 0.0, -1.0])
def test_a_prior_is_worth_something(path: Path, strength: float) -> None:
    rewritten(path, lambda d: d["prior"].update(strength=strength))
    with pytest.raises(ModelError, match="strength: must be more than zero"):
        load(path)


@pytest.mark.parametrize("strength", [0.5, 1, 1e-3])
def test_a_small_prior_is_one(path: Path, strength: float) -> None:
    rewritten(path, lambda d: d["prior"].update(strength=strength))
    fit = load(path).fit
    assert fit is not None
    assert fit.prior == Dirichlet(float(strength))


def test_zero_is_a_count_a_seed_and_a_number_of_draws(path: Path) -> None:
    def zeros(document: dict[str, Any]) -> None:
        document["counts"]["start"]["us"]["days"] = [0, 0]
        document.update(seed=0, draws=0)
        document["data"]["rows"] = 0

    rewritten(path, zeros)
    fit = load(path).fit
    assert fit is not None
    assert (fit.seed, fit.draws, fit.provenance.rows) == (0, 0, 0)
    assert fit.counts.start["us"].tolist() == [0, 0]


@pytest.mark.parametrize("days", [[-1, 5], [5, -1], [-1, -1]])
def test_any_negative_count_is_one_too_many(path: Path, days: list[int]) -> None:
    rewritten(path, lambda d: d["counts"]["day"]["us"].update(days=days))
    with pytest.raises(ModelError, match=r"counts\.day\.us\.days: a count is negative"):
        load(path)


@pytest.mark.parametrize("more", [0, 1])
def test_as_many_days_as_a_float_can_count(path: Path, more: int) -> None:
    most = [2**53 - 7, 7 + more]
    rewritten(path, lambda d: d["counts"]["start"]["us"].update(days=most))
    if more:
        with pytest.raises(ModelError, match=r"counts\.start\.us\.days: more than 2\^53"):
            load(path)
    else:
        fit = load(path).fit
        assert fit is not None
        assert fit.counts.start["us"].tolist() == most


def test_a_family_that_has_a_rule_needs_no_counts_and_may_have_them(tmp_path: Path) -> None:
    model = small()
    assert model.fit is not None
    day = {n: c for n, c in model.fit.counts.day.items() if n != "worse"}
    start = {n: c for n, c in model.fit.counts.start.items() if n != "worse"}
    bare = fitted(model.graph, replace(model.fit, counts=Counts(day, start)))
    save(bare, tmp_path / "bare.json")
    assert "worse" not in json.loads((tmp_path / "bare.json").read_text())["counts"]["day"]
    assert_same(bare, load(tmp_path / "bare.json"))


def test_a_model_whose_tables_are_not_drawn_is_sent_elsewhere(tmp_path: Path) -> None:
    """Counts and tables that somebody put there need not belong together."""
    model = small()
    for other in (replace(model, tables=dict(model.tables)), replace(model.mean(), fit=None)):
        with pytest.raises(ModelError, match="not fitted"):
            save(other, tmp_path / "x.json")


CUTS = {"two": (1.0,), "three": (1.0, 1.0), "market": (2.0,)}


def cut_model(cuts: dict[str, tuple[float, ...]]) -> CausalModel:
    how = Measurement((Series("c"),), cuts=(0.0,))
    graph = CausalGraph(
        (
            Variable("two", ("a", "b"), how),
            Variable("three", ("a", "b", "c"), replace(how, cuts=(0.0, 1.0))),
            Variable("market", ("closed", "a", "b"), replace(how, closed=True)),
            Variable("hidden", ("a", "b")),
        ),
        (Edge("two", "three"), Edge("two", "two", 1)),
    )
    ones = [
        {n: np.ones([graph.size(a) for a in family(graph, n, p)], dtype=np.int64)
         for n in graph.names}
        for p in ("day", "start")
    ]  # fmt: skip
    card = Provenance("", "", 0, "", "", cuts)
    return fitted(graph, Fit(Counts(*ones), Dirichlet(4.0), 3, 1, card))  # type: ignore[arg-type]


def test_cut_points_come_back_in_the_order_of_the_story(tmp_path: Path) -> None:
    for names in (["two", "three", "market"], ["market", "three", "two"], ["three"]):
        save(cut_model({n: CUTS[n] for n in names}), tmp_path / "x.json")
        stored = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["cuts"]
        assert list(stored) == [n for n in CUTS if n in names]
        fit = load(tmp_path / "x.json").fit
        assert fit is not None
        assert fit.provenance.cuts == {n: CUTS[n] for n in names}


@pytest.mark.parametrize(
    ("name", "cuts", "says"),
    [
        ("two", (), "1 rising"),
        ("two", (1.0, 2.0), "1 rising"),
        ("three", (2.0, 1.0), "2 rising"),
        ("three", (1.0,), "2 rising"),
        ("market", (1.0, 2.0), "1 rising"),
        ("hidden", (1.0, 2.0), "1 rising"),
        ("two", (float("inf"),), "finite"),
        ("three", (1.0, float("nan")), "finite"),
        ("three", (float("nan"), 1.0), "finite"),
        ("nobody", (1.0,), "no such variable"),
    ],
)
def test_cut_points_fit_their_variable(
    tmp_path: Path, name: str, cuts: tuple[float, ...], says: str
) -> None:
    with pytest.raises(ModelError, match=rf"cuts.{name}: .*{says}"):
        save(cut_model({name: cuts}), tmp_path / "x.json")
