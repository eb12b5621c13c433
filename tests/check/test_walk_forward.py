"""Walks: out of sample, with what could be read that day, and the same numbers as a question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import causal
from causal.check.inputs import inputs
from causal.check.rivals import climatology, frequencies_of, logistic
from causal.check.skill import period, skills, worst_came
from causal.check.walk_forward import (
    NETWORK,
    Board,
    Walk,
    refit_stretches,
    upstream,
    walk_forward,
)
from causal.data.history import Holdings, panel_holdings
from causal.data.panel import DAY, Panel, read_panel
from causal.data.states import states
from causal.errors import DataError, QueryError
from causal.learn.as_of import readings, with_known_evidence
from causal.query.parser import parse
from tests.app.wheat import write_wheat

LAGS = {"gpr_daily": 7, "tpu_daily": 7, "us10y_yield": 1, "nasdaq_close": 1, "vix_close": 7}
FIRST, LAST = np.datetime64("2023-03-15"), np.datetime64("2023-04-20")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    story, panel = write_wheat(tmp_path_factory.mktemp("wheat"))
    held = panel_holdings(read_panel(panel), {"rain_deficit": 2, "ban": 1})
    told = causal.read_story(story)
    return Walk(told, held, "wheat", FIRST, LAST, "month", 3, ("drought",))


@pytest.fixture(scope="module")
def boards(walk: Walk) -> list[Board]:
    return walk_forward(walk)


def spoilt(held: Holdings, first: np.datetime64) -> Holdings:
    """The same history with other numbers from a day on."""
    values = held.panel.values.copy()
    late = held.panel.dates >= first
    values[late] = values[late][::-1]
    panel = Panel(held.panel.dates, held.panel.names, values)
    return replace(held, panel=panel)


def test_boards_and_their_days(walk: Walk, boards: list[Board]) -> None:
    assert [b.name for b in boards] == ["all states", "upstream", "tomorrow", "within 3d"]
    for board in boards:
        assert board.dates[0] == FIRST
        assert board.dates[-1] == LAST
        for name, chances in board.forecasts.items():
            assert chances.shape == (len(board.dates), 2), name
            assert ((chances >= 0) & (chances <= 1)).all(), name
            assert (chances[:, 1] <= chances[:, 0] + 1e-9).all(), name
    assert "drought alone" in boards[2].forecasts


def test_levels_are_those_that_came(walk: Walk, boards: list[Board]) -> None:
    code = states(walk.held.panel, walk.story.graph).of("wheat")
    at = np.searchsorted(walk.held.panel.dates, boards[0].dates)
    np.testing.assert_array_equal(boards[0].level, code[at])
    np.testing.assert_array_equal(boards[2].level, code[at + 1])
    np.testing.assert_array_equal(boards[3].level, [code[i + 1 : i + 4].max() for i in at])


def test_the_network_says_what_a_question_says(walk: Walk, boards: list[Board]) -> None:
    """Of a model fitted to what came before the month, as of that day."""
    day = np.datetime64("2023-04-10")
    model = causal.fit(walk.story, walk.held.as_of("2023-03-31"), draws=0)
    known = readings(model, walk.held, day)
    for board, text in ((boards[2], "P(wheat=crash)"), (boards[3], "P(wheat=crash within 3d)")):
        query, _ = with_known_evidence(model, parse(text, model.graph), known, day)
        want = causal.ask(model, query).probability
        row = int(np.searchsorted(board.dates, day))
        assert board.forecasts[NETWORK][row, 1] == pytest.approx(want)


def test_inputs_are_the_readings_of_every_day(walk: Walk) -> None:
    model = causal.fit(walk.story, walk.held.panel, draws=0)
    assert model.fit is not None
    known = inputs(walk.held, walk.story.graph, model.fit.provenance.cuts)
    for row in (400, 471, 523):
        day = walk.held.panel.dates[row]
        for mine, theirs in zip(known.readings(row), readings(model, walk.held, day), strict=True):
            assert (mine.variable, mine.state, mine.age, mine.left_out) == (
                theirs.variable,
                theirs.state,
                theirs.age,
                theirs.left_out,
            )


@pytest.mark.parametrize("age", [0, 1, 2, 4])
def test_inputs_of_the_shipped_story_are_its_readings(age: int, panel_path: str) -> None:
    """Carried values, composites that are read in part, yields that wait for a Monday."""
    model = causal.load(causal.shipped())
    assert model.fit is not None
    whole = read_panel(panel_path)
    late = whole.dates >= np.datetime64("2022-06-01")
    held = panel_holdings(Panel(whole.dates[late], whole.names, whole.values[late]), LAGS)
    known = inputs(held, model.graph, model.fit.provenance.cuts)
    row = 1_000 + 37 * age
    for mine, theirs in zip(
        known.readings(row), readings(model, held, held.panel.dates[row]), strict=True
    ):
        if not model.graph.variable(mine.variable).rule:  # told by its causes, where they are old
            got = (mine.variable, mine.state, mine.age, mine.left_out)
            assert got == (theirs.variable, theirs.state, theirs.age, theirs.left_out)


def test_nothing_is_known_too_early(walk: Walk, boards: list[Board]) -> None:
    """Other numbers from a day on: forecasts made before it stay, those of the day itself too
    where its numbers are published later."""
    cut = np.datetime64("2023-04-11")
    other = walk_forward(replace(walk, held=spoilt(walk.held, cut)))
    for mine, theirs in zip(boards, other, strict=True):
        early = mine.dates < cut
        both = np.isin(theirs.dates, mine.dates[early])
        for name, chances in mine.forecasts.items():
            if mine.name in ("all states", "upstream", "tomorrow") or name != "":
                np.testing.assert_array_equal(chances[early], theirs.forecasts[name][both], name)
    assert not np.array_equal(boards[0].forecasts[NETWORK][-5:], other[0].forecasts[NETWORK][-5:])


def test_it_does_not_depend_on_who_does_the_work(walk: Walk, boards: list[Board]) -> None:
    short = replace(walk, first=np.datetime64("2023-04-10"))
    one, two = walk_forward(short), walk_forward(short, executor="processes")
    for mine, theirs in zip(one, two, strict=True):
        for name, chances in mine.forecasts.items():
            np.testing.assert_allclose(chances, theirs.forecasts[name], atol=1e-12)


def test_stretches_and_upstream(walk: Walk) -> None:
    found = refit_stretches(FIRST, LAST, "month")
    assert found == [(FIRST, np.datetime64("2023-03-31")), (np.datetime64("2023-04-01"), LAST)]
    assert len(refit_stretches(FIRST, FIRST + 700 * DAY, "year")) == 3
    crash = causal.load(causal.shipped()).graph
    beside = {"liquidations", "support_break", "crypto_selling", "bitcoin"}
    assert set(upstream(crash, "bitcoin")) == set(crash.names) - beside
    with pytest.raises(QueryError):
        refit_stretches(FIRST, LAST, "week")


def test_what_does_not_fit_is_refused(walk: Walk) -> None:
    for wrong in ({"first": np.datetime64("2022-02-01")}, {"last": np.datetime64("2031-01-01")}):
        with pytest.raises(DataError):
            walk_forward(replace(walk, **wrong))
    with pytest.raises(causal.CausalError):
        walk_forward(replace(walk, target="barley"))


def test_rivals_learn_what_there_is() -> None:
    rng = np.random.default_rng(1)
    inputs_ = rng.integers(-1, 3, (6_000, 3)).astype(np.int8)
    chance = np.where(inputs_[:, 1] == 2, 0.6, 0.1)
    level = ((rng.random(6_000) < chance) * rng.integers(1, 3, 6_000)).astype(np.int8)
    later = np.array([[0, 2, 0], [0, -1, 0]], dtype=np.int8)
    usual = climatology(inputs_, level, later, 2)
    assert usual[0] == pytest.approx([(level >= 1).mean(), (level >= 2).mean()], abs=1e-3)
    for rival in (logistic, frequencies_of(1)):
        found = rival(inputs_, level, later, 2)
        assert found[0, 0] == pytest.approx(0.6, abs=0.05)
        assert found[1, 0] == pytest.approx(0.1, abs=0.03)
        assert found[0, 1] == pytest.approx(0.3, abs=0.05)
    none = np.zeros(6_000, dtype=np.int8)
    assert (logistic(inputs_, none, later, 2) < 0.01).all()


def test_boards_are_scored(boards: list[Board]) -> None:
    found = skills(boards, apart={"within 3d": 3})
    for board, scored in zip(boards, found, strict=True):
        rows = {r.forecaster: r for r in scored.rows}
        assert rows["climatology"].brier_skill == rows[NETWORK].nats.total == 0
        assert scored.events == worst_came(board).sum()
        record = scored.to_dict()
        assert record["forecasters"][0]["forecaster"] == NETWORK
        for row in scored.rows:
            assert row.mcb - row.dsc + row.unc == pytest.approx(row.brier)
    assert len(found[3].sequence) == -(-found[3].days // 3)
    april = period(boards[0], "2023-04-01", "2023-04-30")
    assert april.dates[0] == np.datetime64("2023-04-01")


def test_a_picture_of_every_board(boards: list[Board], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from causal.show.reliability import reliability_figure, save_reliability

    axes = reliability_figure(boards).axes
    assert len(axes) == 2 * len(boards)
    path = save_reliability(boards, tmp_path / "reliability.svg")
    text = path.read_text(encoding="utf-8")
    for word in ("MCB", "upstream", "elementary score", "network"):
        assert word in text
