"""As of a day, a drawdown is sized by what was known then: nothing later is read, anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import causal
from causal.app.cli import app
from causal.data.dates import DAY
from causal.data.history import Holdings
from causal.data.panel import Panel
from causal.errors import DataError
from causal.graph.dag import CausalGraph
from causal.graph.story import Story
from causal.graph.variable import Edge
from causal.learn.as_of import GRACE, OLDEST, readings, with_known_evidence, with_usual_volatility
from causal.learn.fit import fit, measured_moves
from causal.model.network import CausalModel
from causal.model.store import save
from causal.query.parser import parse
from tests.app.toy import toy
from tests.conftest import wanting
from tests.laws.test_no_lookahead import KINDS, altered
from tests.learn.test_price_moves import GRAPH, TOLD, history

LASTING = replace(GRAPH, edges=(Edge("fall", "fall", 1, "falls last"),))
QUESTION = "P(drawdown <= -10% within 7d)"
DAYS = (150, 260, 390)  # of 500: the volatility is high, middling and low


def calming(days: int = 500) -> Panel:
    """A history whose moves grow ever smaller."""
    panel = history(days)
    shrink = np.linspace(2.0, 0.3, days)
    close = panel.column("close")
    moves = np.concatenate([[0.0], np.diff(np.log(close))]) * shrink
    values = panel.values.copy()
    values[:, 0] = 100 * np.exp(np.cumsum(moves))
    values[:, 1] = values[:, 0] * 0.99
    return Panel(panel.dates, panel.names, values)


def held(panel: Panel, lag: int = 0) -> Holdings:
    """A panel of which every value can be read ``lag`` days later."""
    when = np.repeat(panel.dates[:, None] + lag * DAY, len(panel.names), axis=1)
    return Holdings(panel, when, {})


def usual(model: CausalModel) -> float:
    assert model.fit is not None
    assert model.fit.moves is not None
    return model.fit.moves.usual


@pytest.fixture(scope="module")
def model() -> CausalModel:
    assert isinstance(LASTING, CausalGraph)
    return fit(Story(LASTING, draws=8, moves=TOLD), calming())


@pytest.mark.parametrize("row", DAYS)
def test_it_is_the_volatility_of_that_day(model: CausalModel, row: int) -> None:
    panel = calming()
    _, _, scale = measured_moves(TOLD, panel)
    found = with_usual_volatility(model, held(panel), panel.dates[row])
    assert usual(found) == pytest.approx(scale[row], rel=1e-4)
    assert usual(found) > 1.05 * usual(model)
    assert causal.ask(found, QUESTION).draws.mean() > causal.ask(model, QUESTION).draws.mean()
    assert causal.ladder(found, thresholds=-0.1, horizons=7).usual == usual(found)
    given = causal.ladder(model, thresholds=-0.1, horizons=7, usual=usual(found)).rungs[0].answer
    np.testing.assert_array_equal(causal.ask(found, QUESTION).draws, given.draws)


@pytest.mark.parametrize("row", DAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_after_the_day_is_read(model: CausalModel, row: int, kind: str) -> None:
    """The law: whatever is altered, blanked or cut off after the day, the answer stays the same."""
    panel, rng = calming(), np.random.default_rng(row)
    day = panel.dates[row]

    def answer(of: Panel) -> np.ndarray:
        stored = held(of)
        found = with_usual_volatility(model, stored, day)
        asked, _ = with_known_evidence(
            found, parse(QUESTION, LASTING), readings(found, stored, day), day
        )
        return causal.ask(found, asked).draws

    want = answer(panel)
    np.testing.assert_array_equal(answer(altered(panel, row, rng, kind)), want)
    rougher = panel.values.copy()
    rougher[row - 60 : row + 1, 0] *= np.exp(rng.normal(0, 0.1, 61))
    assert not np.array_equal(answer(Panel(panel.dates, panel.names, rougher)), want)


def test_what_was_not_published_yet_is_not_known(model: CausalModel) -> None:
    panel = calming()
    day = panel.dates[300]
    slow, prompt = held(panel, lag=2), held(panel)
    assert usual(with_usual_volatility(model, slow, day)) == usual(
        with_usual_volatility(model, prompt, day - 2 * DAY)
    )
    assert usual(with_usual_volatility(model, slow, day)) != usual(
        with_usual_volatility(model, prompt, day)
    )


def test_a_stale_one_is_refused_rather_than_carried_on(model: CausalModel) -> None:
    panel = calming()
    last, border = panel.dates[-1], OLDEST + GRACE
    assert usual(with_usual_volatility(model, held(panel), last + border * DAY)) == usual(model)
    with pytest.raises(DataError, match="5 days old"):
        with_usual_volatility(model, held(panel), last + (border + 1) * DAY)
    with pytest.raises(DataError, match="is not known"):
        with_usual_volatility(model, held(panel), panel.dates[5])
    nothing = held(Panel(panel.dates, ("low", "wind"), panel.values[:, [1, 3]]))
    with pytest.raises(DataError, match=r"`close` is not known.*--usual"):
        with_usual_volatility(model, nothing, last)
    assert with_usual_volatility(toy(5), nothing, last).fit is not None


# On the command line

Run = Callable[..., Any]


@pytest.fixture
def run(model: CausalModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    save(model, tmp_path / "m.json")
    monkeypatch.setattr("causal.app.opening.open_history", lambda *_: held(calming()))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Any:
        result = CliRunner().invoke(app, [*words, "--model", "m.json"])
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout) if "--json" in words else result.stdout

    return call


def test_every_command_sees_the_same_day(run: Run, model: CausalModel) -> None:
    panel = calming()
    day = str(panel.dates[260])
    size = usual(with_usual_volatility(model, held(panel), day))
    asked = run("ask", QUESTION, "--asof", day, "--json")
    rungs = run("ladder", "--thresholds=-10%", "--horizons=7", "--asof", day, "--json")
    swept = run(
        "sweep", "--event", "drawdown <= -10%", "--within", "7d", "--do", "windy=no|-",
        "--asof", day, "--json",
    )  # fmt: skip
    assert asked["as_of"]["usual_volatility"] == rungs["usual_volatility"] == size
    assert "windy=" in asked["query"]
    assert rungs["rungs"][0]["probability"] == pytest.approx(asked["probability"], abs=1e-12)
    alone = next(r for r in swept["rows"] if not r["do"])
    assert alone["probability"] == pytest.approx(asked["probability"], abs=1e-12)
    assert alone["given"] in asked["query"]
    assert swept["as_of"] == rungs["as_of"] == asked["as_of"]
    late = run("ask", QUESTION, "--asof", str(panel.dates[-1]), "--json")
    assert late["probability"] < asked["probability"] / 1.5


def test_the_call_that_repeats_it_says_the_day(run: Run) -> None:
    import shlex

    day = str(calming().dates[260])
    shown = run("ask", QUESTION, "--asof", day)
    (again,) = [line.strip() for line in shown.splitlines() if line.strip().startswith("causal ")]
    assert f"--asof {day}" in again
    words = shlex.split(again)[1:]
    words = words[: words.index("--model")] + words[words.index("--model") + 2 :]
    repeated = run(*words, "--json")
    assert repeated["probability"] == run("ask", QUESTION, "--asof", day, "--json")["probability"]
    plain = run("ask", "P(fall=yes within 7d)", "--asof", day)
    assert "--asof" not in plain


def test_a_scenario_goes_before_the_history(run: Run) -> None:
    day = str(calming().dates[260])
    swept = run(
        "sweep", "--event", "fall=yes", "--within", "7d", "--given", "windy=no|yes|-",
        "--asof", day, "--json",
    )  # fmt: skip
    seen = [sorted(row["given"].split(", ")) for row in swept["rows"]]
    assert [[item.split("=")[0] for item in some] for some in seen] == [["fall", "windy"]] * 3
    assert seen[0] != seen[1]
    assert seen[2] in seen[:2]


def test_a_volatility_that_is_given_needs_no_history(run: Run) -> None:
    late = str(calming().dates[-1] + (OLDEST + GRACE + 1) * DAY)
    words = ("ladder", "--thresholds=-10%", "--horizons=7", "--model", "m.json", "--asof", late)
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "--usual" in refused.stderr
    assert run(*words[:3], "--asof", late, "--usual", "3%", "--json")["usual_volatility"] == 0.03


def test_on_the_real_history(panel_path: Path) -> None:
    """After the fall of June 2022 a day was worth 3.6 %, and at the end of the data 2.0 %."""
    from causal.data.panel import read_panel

    shipped = causal.load(causal.shipped())
    if shipped.fit is None:
        wanting("The shipped model has no fit.")
    assert shipped.fit is not None
    panel = read_panel(panel_path)
    found = with_usual_volatility(shipped, held(panel), "2022-06-18")
    assert usual(found) == pytest.approx(0.0362, abs=5e-5)
    assert usual(shipped) == pytest.approx(0.0200, abs=1e-4)
