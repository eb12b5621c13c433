"""Learnt models on disk: the same model comes back, or an error that names the place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal.errors import ModelError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge
from causal.model.learnt.evidence import DayCounts
from causal.model.learnt.learnt_file import prior_to_dict
from causal.model.network import CausalModel
from causal.model.store import load, save
from tests.model.learnt.worlds import GAPPY, MARKET, history, learnt_model, measured, parts_of
from tests.model.test_store import deep, rewritten

GAPS = {"h": 0.4, "b": 0.2}
MODELS: dict[str, tuple[CausalGraph, dict[str, float], dict[str, Any]]] = {
    "plain": (GAPPY, {}, {}),
    "gaps": (GAPPY, GAPS, {}),
    "since": (GAPPY, GAPS, {"since": "2010-06-01", "block": 1}),
    "observed": (GAPPY, GAPS, {"start": "observed", "table": "logit", "block": 60}),
    "half-life": (GAPPY, {}, {"half_life": 200, "start": "observed"}),
    "half-life and gaps": (GAPPY, GAPS, {"half_life": 200}),
    "short half-life": (GAPPY, GAPS, {"half_life": 20}),
    "one strength": (GAPPY, GAPS, {"strength": 7.5, "table": "backoff"}),
    "a market": (MARKET, {"x": 0.3}, {}),
}


def made(which: str, draws: int = 40) -> CausalModel:
    graph, gaps, how = MODELS[which]
    return learnt_model(history(graph, 800, gaps=gaps), graph, draws=draws, **how)


def assert_same_days(one: DayCounts, two: DayCounts) -> None:
    """Entry by entry; shares of days to nine digits or better."""
    assert (one.length, one.span()) == (two.length, two.span())
    for mine, yours in ((one.day, two.day), (one.start, two.start)):
        assert list(mine) == list(yours)
        for name, blocks in mine.items():
            for part in ("block", "cell"):
                np.testing.assert_array_equal(getattr(blocks, part), getattr(yours[name], part))
            np.testing.assert_allclose(blocks.days, yours[name].days, rtol=1e-6, atol=1e-9)
    for gap, other in zip(one.gaps, two.gaps, strict=True):
        assert (gap.variable, gap.axes) == (other.variable, other.axes)
        np.testing.assert_allclose(gap.share, other.share, rtol=1e-6, atol=1e-9)
        np.testing.assert_array_equal(gap.codes, other.codes)
        np.testing.assert_array_equal(gap.block, other.block)


@pytest.mark.parametrize("which", MODELS)
def test_the_same_model_comes_back(tmp_path: Path, which: str) -> None:
    model = made(which)
    save(model, tmp_path / "m.json")
    again = load(tmp_path / "m.json")
    assert again.graph == model.graph
    assert model.fit is not None
    assert again.fit is not None
    assert again.fit.provenance == model.fit.provenance
    for piece in ("day", "start"):
        mine, yours = model.fit.counts.of(piece), again.fit.counts.of(piece)
        assert list(mine) == list(yours)
        for name, days in mine.items():
            np.testing.assert_array_equal(days, yours[name])
    (_, prior, evidence), (_, kept_prior, kept) = parts_of(model), parts_of(again)
    assert prior_to_dict(kept_prior) == prior_to_dict(prior)
    assert_same_days(kept, evidence)
    save(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "m.json").read_bytes()


@pytest.mark.parametrize("which", MODELS)
def test_the_same_draws_come_back(tmp_path: Path, which: str) -> None:
    model = made(which)
    save(model, tmp_path / "m.json")
    again = load(tmp_path / "m.json")
    for tables, others in ((model.tables, again.tables), (model.start, again.start)):
        for name, table in tables.items():
            np.testing.assert_array_equal(table.values, others[name].values, err_msg=name)


def test_states_beyond_the_letters_are_kept(tmp_path: Path) -> None:
    graph = CausalGraph(
        (
            measured("big", *(f"s{k}" for k in range(40))),
            measured("h", "u", "v"),
            measured("c", "u", "v"),
        ),
        (Edge("big", "h", because="made up"), Edge("h", "c", because="made up")),
    )
    model = learnt_model(history(graph, 1000, gaps={"h": 0.4}), graph, draws=5)
    save(model, tmp_path / "m.json")
    assert_same_days(parts_of(load(tmp_path / "m.json"))[2], parts_of(model)[2])


def test_the_file_names_no_day_but_the_first_and_the_last(tmp_path: Path) -> None:
    save(made("gaps"), tmp_path / "m.json")
    document = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    data = document.pop("data")
    rest = json.dumps(document)
    assert re.findall(r"\d{4}-\d{2}-\d{2}", rest) == []
    assert (data["from"], data["to"]) == ("2010-01-04", "2012-03-13")
    evidence = document["evidence"]
    assert set(evidence) == {"length", "day", "gaps"}
    for name, rows in evidence["day"].items():
        blocks = [row[0] for row in rows]
        assert blocks == sorted(set(blocks)), name
        assert all(row[1::2] == sorted(set(row[1::2])) for row in rows), name
    for gap in evidence["gaps"]:
        for _, _, *codes in gap["blocks"]:
            assert codes == sorted(codes)


FIRST_GAP: tuple[Any, ...] = ("evidence", "gaps", 0)
GONE = None
DAMAGE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no prior of a table": (deep("prior", "day", "h", value=GONE), "prior.day.h: missing"),
    "no first prior": (deep("prior", "first", "y", value=GONE), "prior.first.y: missing"),
    "no priors": (deep("prior", "day", value=GONE), "prior.day.a: missing"),
    "a coefficient gone": (
        deep("prior", "day", "b", "coefficients", value=[1.0, 2.0]),
        "prior.day.b: must have 3 coefficients",
    ),
    "no coefficients": (deep("prior", "day", "b", "coefficients", value=GONE), "prior.day.b: must"),
    "true": (deep("prior", "day", "b", "coefficients", 1, value=True), "prior.day.b.coefficients"),
    "a text": (deep("prior", "day", "b", "coefficients", 1, value="1"), "prior.day.b.coefficients"),
    "another kind": (deep("prior", "day", "b", "table", value="ordnal"), "prior.day.b.table"),
    "backoff": (deep("prior", "day", "b", "table", value="backoff"), "prior.day.b: must have 0"),
    "no strength": (deep("prior", "day", "b", "strength", value=0), "prior.day.b.strength"),
    "strength gone": (deep("prior", "day", "b", "strength", value=GONE), "prior.day.b.strength"),
    "an unknown table": (deep("prior", "day", "bb", value={}), "prior.day.bb: unknown key"),
    "an unknown key": (deep("prior", "day", "b", "mean", value=1), "prior.day.b.mean: unknown"),
    "no block": (deep("prior", "block", value=0), "prior.block: must be one day at least"),
    "block gone": (deep("prior", "block", value=GONE), "prior.block"),
    "half a block": (deep("prior", "block", value=1.5), "prior.block: must be a whole number"),
    "a half-life before": (deep("prior", "half_life", value=-1), "prior.half_life: must be"),
    "since no day": (deep("prior", "since", value="2020-02-30"), "prior.since: `2020-02-30` is no"),
    "start": (deep("prior", "start", value="settled"), "prior.start: `settled` is none of these"),
    "start gone": (deep("prior", "start", value=GONE), "prior.start"),
    "a prior of old": (deep("prior", value={"strength": 4.0}), "prior.day.a: missing"),
    "no length": (deep("evidence", "length", value=0), "evidence.length: must be one day"),
    "length gone": (deep("evidence", "length", value=GONE), "evidence.length"),
    "evidence is a list": (deep("evidence", value=[]), "evidence: must be a table"),
    "no days": (deep("evidence", "day", value=GONE), "evidence.day: every table needs its days"),
    "a table gone": (deep("evidence", "day", "h", value=GONE), "evidence.day: every table needs"),
    "a table more": (deep("evidence", "day", "hh", value=[]), "evidence.day.hh: unknown key"),
    "a negative day": (deep("evidence", "day", "a", 0, 2, value=-1), "evidence.day.a: must be"),
    "no day": (deep("evidence", "day", "a", 0, 2, value=0), "evidence.day.a: must be sub-blocks"),
    "a day true": (deep("evidence", "day", "a", 0, 2, value=True), "evidence.day.a: must be"),
    "a day's text": (deep("evidence", "day", "a", 0, 2, value="1"), "evidence.day.a: must be"),
    "a cell beyond": (deep("evidence", "day", "a", 0, 1, value=9), "cells below 9"),
    "a cell before": (deep("evidence", "day", "a", 0, 1, value=-1), "cells below 9"),
    "a cell true": (deep("evidence", "day", "a", 0, 1, value=True), "evidence.day.a: must be"),
    "half a cell": (deep("evidence", "day", "a", 0, 1, value=0.5), "evidence.day.a: must be"),
    "a block true": (deep("evidence", "day", "a", 0, 0, value=True), "evidence.day.a: must be"),
    "a block far off": (deep("evidence", "day", "a", 0, 0, value=10**7), "evidence.day.a: must"),
    "a pair cut": (deep("evidence", "day", "a", 0, value=[1461, 1]), "evidence.day.a: must be"),
    "a block alone": (deep("evidence", "day", "a", 0, value=[1461]), "evidence.day.a: must be"),
    "no list": (deep("evidence", "day", "a", value={}), "evidence.day.a: must be sub-blocks"),
    "a day more": (
        deep("evidence", "day", "a", 0, 2, value=9),
        "evidence.day.a: the sub-blocks do not add up to the counts",
    ),
    "a stretch gone": (deep("evidence", "day", "a", 0, value=GONE), "evidence.day.a: the sub"),
    "more than was filled": (deep("evidence", "day", "h", 0, 2, value=999), "evidence.day.h: the"),
    "fewer than were filled": (deep("evidence", "day", "h", 0, value=GONE), "evidence.day.h: the"),
    "a first day more": (deep("evidence", "first", "a", 0, 2, value=9), "evidence.first.a: the"),
    "gap of nobody": (
        deep(*FIRST_GAP, "variable", value="bb"),
        "evidence.gaps[1].variable: `bb` is no variable",
    ),
    "gap of another": (deep(*FIRST_GAP, "variable", value="h"), "evidence.gaps[1].given: the"),
    "given": (deep(*FIRST_GAP, "given", value=["h", "a"]), "evidence.gaps[1].given: the story"),
    "gaps gone": (deep(*FIRST_GAP, "blocks", value=GONE), "evidence.gaps[1].blocks: must be"),
    "no gap": (deep(*FIRST_GAP, "blocks", value=[]), "evidence.gaps[1].blocks"),
    "a code beyond": (deep(*FIRST_GAP, "blocks", 0, 2, value="30"), "evidence.gaps[1].blocks"),
    "no code": (deep(*FIRST_GAP, "blocks", 0, 2, value="?0"), "evidence.gaps[1].blocks: must"),
    "a code more": (deep(*FIRST_GAP, "blocks", 0, 2, value="000"), "evidence.gaps[1].blocks"),
    "a number": (deep(*FIRST_GAP, "blocks", 0, 2, value=10), "evidence.gaps[1].blocks: must"),
    "no share": (deep(*FIRST_GAP, "blocks", 0, 1, value=0), "evidence.gaps[1].blocks: must be"),
    "a share above one": (deep(*FIRST_GAP, "blocks", 0, 1, value=1.5), "evidence.gaps[1].blocks"),
    "a share true": (deep(*FIRST_GAP, "blocks", 0, 1, value=True), "evidence.gaps[1].blocks"),
    "a gap's block": (deep(*FIRST_GAP, "blocks", 0, 0, value="x"), "evidence.gaps[1].blocks: must"),
    "counts below zero": (
        deep("counts", "day", "h", "days", 0, 0, 0, value=-0.5),
        "counts.day.h.days: a count is negative",
    ),
    "counts true": (
        deep("counts", "day", "h", "days", 0, 0, 0, value=True),
        "counts.day.h.days: must be numbers of shape",
    ),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model with every part that a file may have."""
    path = tmp_path_factory.mktemp("stored") / "m.json"
    save(learnt_model(history(GAPPY, 60, gaps=GAPS), GAPPY, draws=5, start="observed"), path)
    return path.read_bytes()


@pytest.mark.parametrize(("change", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_found_and_its_place_is_named(
    tmp_path: Path, stored: bytes, change: Any, message: str
) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(stored)
    rewritten(path, change)
    with pytest.raises(ModelError, match=r"m\.json") as caught:
        load(path)
    assert message in str(caught.value)


def test_a_gap_that_no_draw_could_fill_is_refused(tmp_path: Path, stored: bytes) -> None:
    """y has no effect whose days would wait for it."""
    path = tmp_path / "m.json"
    path.write_bytes(stored)
    gap = {"variable": "y", "given": ["y@-1", "h", "a"], "blocks": [[1461, 1.0, "000"]]}
    rewritten(path, lambda d: d["evidence"]["gaps"].append(gap))
    with pytest.raises(ModelError, match=r"evidence\.gaps\[3\]"):
        load(path)
