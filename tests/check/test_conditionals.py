"""What the shipped model says of days as they come agrees with the panel, and could have failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import causal
from causal.check.conditionals import (
    LEAST,
    TOMORROW,
    ConditionalRow,
    conditionals,
    in_scope,
    windows,
)
from causal.data.states import States, states
from causal.graph.dag import CausalGraph, Edge, Variable
from causal.graph.story import Story
from causal.learn.fit import fit_states
from causal.model.network import CausalModel, fitted
from causal.model.store import load, shipped
from tests.strategies import with_tables

MOST, MOST_LATER = 0.005, 0.01  # share of pairs of a day, and of two days, that may disagree
# (equal quantities with 90 % intervals: about 0.02)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "seeing.md"

Rows = tuple[ConditionalRow, ...]


@pytest.fixture(scope="module")
def model() -> CausalModel:
    return load(shipped())


@pytest.fixture(scope="module")
def read(model: CausalModel, panel_path: Path) -> States:
    assert model.fit is not None
    panel = causal.read_panel(panel_path)
    return states(panel, model.graph, cuts=model.fit.provenance.cuts)


@pytest.fixture(scope="module")
def rows(model: CausalModel, read: States) -> Rows:
    return conditionals(model, read)


def in_question(model: CausalModel, rows: Rows) -> list[ConditionalRow]:
    return [r for r in rows if r.enough and not r.certain and in_scope(model.graph, r)]


def apart(rows: list[ConditionalRow]) -> float:
    return sum(not r.agrees for r in rows) / len(rows)


def test_every_single_agrees(model: CausalModel, rows: Rows) -> None:
    singles = [r for r in rows if not r.given]
    assert len(singles) == sum(model.graph.size(n) for n in model.graph.names)
    assert all(r.agrees and r.enough for r in singles)


def test_pairs_of_a_day_agree(model: CausalModel, rows: Rows) -> None:
    pairs = [r for r in in_question(model, rows) if r.given and not r.event.endswith(TOMORROW)]
    assert len(pairs) > 1_500
    assert apart(pairs) <= MOST
    assert all(r.agrees_jointly for r in pairs)


def test_what_is_carried_into_the_day_after_agrees(model: CausalModel, rows: Rows) -> None:
    pairs = [r for r in in_question(model, rows) if r.event.endswith(TOMORROW)]
    assert len(pairs) > 400
    assert apart(pairs) <= MOST_LATER
    assert all(r.agrees_jointly for r in pairs)


def test_what_is_certain_never_failed_to_happen(rows: Rows) -> None:
    certain = [r for r in rows if r.certain and r.days]
    assert len(certain) > 100
    assert all(r.agrees for r in certain)
    assert all(r.frequency == pytest.approx(r.model, abs=1e-12) for r in certain)


def test_rows_are_the_plain_frequencies(model: CausalModel, read: States, rows: Rows) -> None:
    by = {(r.event, r.given): r for r in rows}
    bitcoin, leverage = read.of("bitcoin"), read.of("leverage")
    row = by["bitcoin=crash", "leverage=high"]
    days = (leverage == 2) & (bitcoin >= 0)
    assert (row.days, row.frequency) == (days.sum(), pytest.approx((bitcoin[days] == 2).mean()))
    answer = causal.ask(model, "P(bitcoin=crash | leverage=high)")
    assert row.model == pytest.approx(answer.probability, abs=1e-9)
    assert row.model_interval == pytest.approx(answer.interval(0.9), abs=1e-9)
    later = by["bitcoin=crash at 1d", "leverage=high"]
    after = (leverage[:-1] == 2) & (bitcoin[1:] >= 0)
    assert later.days == after.sum() >= LEAST
    assert later.frequency == pytest.approx((bitcoin[1:][after] == 2).mean())
    answer = causal.ask(model, "P(bitcoin=crash at 1d | leverage=high)")
    assert later.model == pytest.approx(answer.probability, abs=0.002)  # fewer draws


def test_the_weekly_base_rate_agrees(model: CausalModel, read: States) -> None:
    row = windows(model, read, "bitcoin", "crash", 7)
    assert row.days > 3_000
    assert row.effect > 3, "windows overlap"
    assert row.agrees
    assert row.model == causal.ask(model, "P(bitcoin=crash within 7d)").probability


@pytest.mark.parametrize(
    ("cause", "effect"),
    [
        ("risk_off", "equity_selling"),
        ("liquidations", "bitcoin"),
        ("near_support", "support_break"),
    ],
)
def test_a_missing_arrow_shows(model: CausalModel, read: States, cause: str, effect: str) -> None:
    left = tuple(e for e in model.graph.edges if (e.cause, e.effect) != (cause, effect))
    assert len(left) == len(model.graph.edges) - 1
    graph = replace(model.graph, edges=left)
    cut = fit_states(Story(graph), read, draws=300)
    pairs = [r for r in in_question(cut, conditionals(cut, read, after=False)) if r.given]
    assert apart(pairs) > MOST


def test_a_shuffled_history_shows(model: CausalModel, read: States) -> None:
    codes = read.codes.copy()
    place = read.names.index("crypto_selling")
    known = codes[:, place] >= 0
    codes[known, place] = np.random.default_rng(1).permutation(codes[known, place])
    assert model.fit is not None
    few = fitted(model.graph, replace(model.fit, draws=300))
    rows = conditionals(few, replace(read, codes=codes), after=False)
    assert all(r.agrees for r in rows if not r.given), "the margins are what they were"
    pairs = [r for r in in_question(few, rows) if r.given]
    assert apart(pairs) > MOST
    assert not all(r.agrees_jointly for r in pairs)


def test_the_page_says_what_disagrees(model: CausalModel, rows: Rows) -> None:
    page = PAGE.read_text(encoding="utf-8")
    named: Callable[[ConditionalRow], str] = lambda r: f"P({r.event} \\| {r.given})"  # noqa: E731
    found = page.partition("<!-- made: disagreements -->")[2].partition("<!-- end -->")[0]
    disagree = [named(r) for r in in_question(model, rows) if not r.agrees]
    assert [line.split(" | ")[0].removeprefix("| ") for line in found.split("\n") if "P(" in line]
    assert all(name in found for name in disagree)
    assert found.count("**no**") == len(disagree)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_every_pair_of_a_model_of_any_size(count: int) -> None:
    """Groups of three variables are open at a time; fewer are no less a model."""
    rng = np.random.default_rng(count)
    names = tuple(f"x{i}" for i in range(count))
    graph = CausalGraph(
        tuple(Variable(n, ("a", "b")) for n in names),
        tuple(Edge(one, other) for one, other in pairwise(names)),
    )
    small = with_tables(rng, graph, 3)
    days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    codes = rng.integers(2, size=(len(days), count)).astype(np.int8)
    rows = conditionals(small, States(days, names, codes, {}, days[-1]), least=1)
    asked = {(r.event, r.given) for r in rows}
    known = causal.marginals(small, draws=True)
    can_be = sum(int((known[n].min(axis=-1) > 0).sum()) for n in names)
    assert len(asked) == len(rows) == 2 * count + 2 * can_be * (count - 1)
    for row in rows:
        event, given = (dict([v.split("=")]) if v else {} for v in (row.event, row.given))
        want = causal.probability(small, event, given=given).probability
        assert row.model == pytest.approx(want, abs=1e-9)
