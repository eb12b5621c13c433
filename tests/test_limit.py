"""What a number may be is the same at every door: just inside is answered, just outside taught."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import causal
from causal import limit
from causal.answer.draws import tail
from causal.app.cli import app
from causal.contract import dispatch
from causal.data.pull.cache import FOLDER, cache_folder, manifests
from causal.data.pull.client import Client
from causal.data.pull.transport import BASE
from causal.errors import (
    CausalError,
    DataError,
    ModelError,
    QueryError,
    SettingError,
    SourceError,
    SpecError,
)
from causal.graph.story import Story
from causal.learn.fit import fit
from causal.model.network import fitted
from causal.model.posterior import Counts, Dirichlet
from causal.model.store import _checksum, load, save
from causal.query.assignment import Hard
from causal.query.event import Condition
from causal.query.intervention import Schedule
from causal.query.query import Query
from causal.query.scenarios.scenario import grid
from causal.text import written
from tests.app.toy import GRAPH, toy
from tests.learn.test_fit import STORY_OF_TWO, history

QUESTION = "P(bitcoin=crash within 3d)"
HUGE = 10**5000  # too long to be printed


def refitted(**changes: Any) -> causal.CausalModel:
    model = toy(8)
    assert model.fit is not None
    return fitted(GRAPH, replace(model.fit, **changes))


def counted(days: int) -> Counts:
    """The toy's counts, one cell of `leverage` holding so many days and the others none."""
    model = toy(8)
    assert model.fit is not None
    tally = np.zeros_like(model.fit.counts.day["leverage"])
    tally.flat[0] = days
    return replace(model.fit.counts, day={**model.fit.counts.day, "leverage": tally})


def read(tmp_path: Path, *place: str | int, value: object) -> causal.CausalModel:
    """The toy's file with another value at a place, its checksum mended."""
    path = tmp_path / "toy.json"
    save(toy(8), path)
    document = json.loads(path.read_text(encoding="utf-8"))
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    document.pop("checksum")
    document["checksum"] = _checksum(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    return load(path)


def storable(value: object) -> bool:
    """Whether a value can stand in a model file at all."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def answers(model: causal.CausalModel) -> bool:
    draws = causal.ask(model, QUESTION).draws
    return bool(np.isfinite(draws).all() and (draws >= 0).all() and (draws <= 1).all())


CELL = ("counts", "day", "leverage", "days", 0, 0, 0)
NO_WHOLE = [True, False, 2.0, "7", -1, HUGE, [7], math.nan]


# Seeds


@pytest.mark.parametrize(
    "seed", [0, 2**53 + 1, 2**63, 2**64 - 1, np.int64(5), np.uint64(2**64 - 1)]
)
def test_a_seed_that_is_taken_is_saved_read_and_asked(seed: Any, tmp_path: Path) -> None:
    model = refitted(seed=seed)
    save(model, tmp_path / "seed.json")
    again = load(tmp_path / "seed.json")
    assert again.fit is not None
    assert again.fit.seed == int(seed)
    np.testing.assert_array_equal(
        causal.ask(again, QUESTION).draws, causal.ask(model, QUESTION).draws
    )
    assert fit(STORY_OF_TWO, history(60), draws=3, seed=seed).draws == 3
    assert replace(STORY_OF_TWO, seed=seed).seed == int(seed)


@pytest.mark.parametrize("seed", [*NO_WHOLE, 2**64, None], ids=written)
def test_a_seed_outside_is_refused_at_every_door(seed: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no seed"):
        refitted(seed=seed)
    with pytest.raises(SpecError, match="no seed"):
        replace(STORY_OF_TWO, seed=seed)
    if seed is not None:
        with pytest.raises(ModelError, match="no seed"):
            fit(STORY_OF_TWO, history(60), seed=seed)
    if storable(seed):
        with pytest.raises(ModelError, match="seed: "):
            read(tmp_path, "seed", value=seed)


def test_the_command_line_refuses_such_a_seed(tmp_path: Path) -> None:
    save(toy(8), tmp_path / "toy.json")
    for words in (["ask", QUESTION], ["sweep", "--event", "bitcoin=crash", "--do", "leverage=*"]):
        call = [*words, "--model", str(tmp_path / "toy.json"), "--json", "--seed"]
        result = CliRunner().invoke(app, [*call, str(2**64)])
        assert result.exit_code == 2
        assert "is no seed" in result.stderr
        assert CliRunner().invoke(app, [*call, str(2**64 - 1)]).exit_code == 0


# Draws, strengths, counts


@pytest.mark.parametrize("draws", [*NO_WHOLE, limit.DRAWS + 1, None], ids=written)
def test_draws_outside_are_refused(draws: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no number of draws"):
        refitted(draws=draws)
    with pytest.raises(SpecError, match="no number of draws"):
        replace(STORY_OF_TWO, draws=draws)
    if storable(draws):
        with pytest.raises(ModelError, match="draws: "):
            read(tmp_path, "draws", value=draws)


def test_draws_inside_are_taken() -> None:
    assert refitted(draws=limit.DRAWS).draws == limit.DRAWS
    assert answers(refitted(draws=np.int32(3)))
    assert answers(refitted(draws=0))


BAD_STRENGTHS = [0, -1, 5e-324, 2.2e-308, 0.999e-6, 2.0**54, math.inf, math.nan, True, "4", HUGE]


@pytest.mark.parametrize("strength", BAD_STRENGTHS, ids=written)
def test_a_strength_outside_is_refused(strength: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no strength"):
        Dirichlet(strength)
    with pytest.raises(SpecError, match="no strength"):
        Story(GRAPH, strength=strength)
    if storable(strength):
        with pytest.raises(ModelError, match="strength: "):
            read(tmp_path, "prior", "strength", value=strength)


@pytest.mark.parametrize("strength", [limit.STRENGTH, 1, np.float32(2), 2.0**53], ids=written)
@pytest.mark.parametrize("days", [0, 1, 2**53], ids=written)
def test_a_strength_inside_answers_whatever_was_counted(strength: Any, days: int) -> None:
    assert answers(refitted(prior=Dirichlet(strength), counts=counted(days)))


@pytest.mark.parametrize("days", [2**53 + 1, 2**58, 2**63 - 1], ids=written)
def test_counts_beyond_what_a_float_tells_apart_are_refused(days: int, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"2\^53"):
        counted(days)
    with pytest.raises(ModelError, match=r"leverage\.days: more than 2\^53"):
        read(tmp_path, *CELL, value=days)
    assert answers(read(tmp_path, *CELL, value=2**53 - 10_000))


def test_counts_are_numbers_and_none_is_negative() -> None:
    wrong: list[Any] = [
        [-1, 3],
        [0.5, math.nan],
        [1.0, math.inf],
        [-1e-9, 1.0],
        [True, False],
        ["1"],
    ]
    for days in wrong:
        with pytest.raises(ModelError, match="counts of `x`"):
            Counts({"x": np.array(days)}, {})
    Counts({"x": np.array([0.5, 1.5])}, {})  # expected counts are days, too
    with pytest.raises(ModelError, match="come to 18,014,398,509,481,984 days"):
        Counts({"x": np.full(4, 2**52)}, {})
    with pytest.raises(ModelError, match="73,786,976,294,838,206,456 days"):  # beyond 64 bits
        Counts({"x": np.full(8, 2**63 - 1)}, {})
    Counts({"x": np.array([2**52, 2**52])}, {})


def test_a_sum_of_counts_is_held_to_the_same() -> None:
    half = Counts({"x": np.array([2**52, 0])}, {})
    assert (half + half).day["x"].sum() == 2**53
    with pytest.raises(ModelError, match=r"2\^53"):
        _ = half + half + Counts({"x": np.array([0, 1])}, {})
    for other in (Counts({"y": np.array([1, 2])}, {}), Counts({"x": np.array([1, 2, 3])}, {})):
        with pytest.raises(ModelError, match="different families"):
            _ = half + other


@pytest.mark.parametrize("value", [True, 2.0, 2.5, "2", -1, None, 2**64, [2]])
def test_a_count_in_a_file_is_a_whole_number(value: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="days: "):
        read(tmp_path, *CELL, value=value)


# Levels, days, lists without end


@pytest.mark.parametrize("level", [0, 1, 2, -1, math.nan, True, "a", HUGE], ids=written)
def test_a_level_is_between_zero_and_one(level: Any) -> None:
    answer = causal.ask(toy(8), QUESTION)
    for asked in (answer.interval, answer.to_dict, lambda x: tail(answer.draws, x)):
        with pytest.raises(QueryError, match="level of an interval"):
            asked(level)
    assert answer.interval(1e-9)[0] <= answer.interval(1 - 1e-9)[1]


@pytest.mark.parametrize("days", [HUGE, -HUGE, limit.DAYS + 1, True, 2.0], ids=written)
def test_a_day_can_be_said(days: Any) -> None:
    model = toy(8)
    doors: list[Callable[[], object]] = [
        lambda: Query((), within=days),
        lambda: Condition("bitcoin", (("crash", 1.0),), days),
        lambda: Schedule(Hard("leverage", "low"), 1, days),
        lambda: causal.probability(model, {"bitcoin": "crash"}, within=days),
        lambda: causal.marginals(model, day=days),
        lambda: causal.likeliest(model, QUESTION, k=days),
    ]
    for door in doors:
        with pytest.raises(CausalError):
            door()


@pytest.mark.parametrize("weight", [10**400, math.inf, math.nan, -1, "x"], ids=written)
def test_a_weight_is_finite(weight: Any) -> None:
    with pytest.raises(QueryError):
        causal.probability(toy(8), {"bitcoin": "crash"}, given={"leverage": {"low": weight}})
    with pytest.raises(QueryError):
        Condition("leverage", (("low", weight),))


def test_lists_without_end_are_refused() -> None:
    forever: Iterator[str] = itertools.repeat("low")
    with pytest.raises(QueryError, match="1,000,001 scenarios"):
        grid(do={"leverage": forever})
    endless: Any = itertools.repeat(("a", None, None))
    with pytest.raises(QueryError, match="1,000,001 scenarios"):
        causal.sweep(toy(8), endless, {"bitcoin": "crash"})
    with pytest.raises(QueryError, match="too many for a ladder"):
        causal.ladder(toy(8), thresholds=itertools.repeat(-0.1))


# The environment


@pytest.mark.parametrize("text", ["abc", "nan", "-1", "inf", "0", "1e300", "9" * 5000], ids=written)
def test_a_budget_that_is_none_is_taught(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limit.MEMORY_GB, text)
    with pytest.raises(SettingError, match="CAUSAL_MEMORY_GB"):
        causal.ask(toy(8), QUESTION)
    with pytest.raises(SettingError, match="CAUSAL_MEMORY_GB"):
        fit(STORY_OF_TWO, history(60))
    result = CliRunner().invoke(app, ["ask", "P(bitcoin=crash)"])
    assert (result.exit_code, "defect" in result.stderr) == (2, False)


@pytest.mark.parametrize("text", ["", "4", "0.5", "1e8"], ids=written)
def test_a_budget_that_is_one_is_taken(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limit.MEMORY_GB, text)
    assert limit.memory() == float(text or limit.MEMORY) * 1e9
    assert answers(toy(8))


def test_every_other_variable_of_the_environment_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("abc", "2", "no"):
        monkeypatch.setenv(dispatch.SWITCH, text)
        with pytest.raises(SettingError, match=dispatch.SWITCH):
            causal.ask(toy(8), QUESTION)
    for text in ("", "0", "1"):
        monkeypatch.setenv(dispatch.SWITCH, text)
        assert answers(toy(8))
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for text in (str(tmp_path / "file"), "~no_such_user_here/cache"):
        monkeypatch.setenv(FOLDER, text)
        with pytest.raises(DataError, match=FOLDER):
            manifests(cache_folder())
    monkeypatch.setenv(FOLDER, str(tmp_path / "new"))
    assert manifests(cache_folder()) == ()
    for text in ("abc", "ftp://x", "//x"):
        with pytest.raises(SourceError, match=BASE):
            Client(environment={BASE: text})
    with Client(environment={BASE: "http://127.0.0.1:8000/"}) as client:
        assert client.base == "http://127.0.0.1:8000"
