"""The part ``[fit]`` of a story: how tables are learnt, and what days count for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from causal.errors import SpecError
from causal.graph.story import Story, read_story, story_from_dict, story_to_dict, write_story
from causal.graph.weighing import Weighing, weighing_to_dict
from causal.learn.fit import STRENGTH, fit_states
from causal.learn.learnt import kind_of
from causal.model.learnt.prior import LearntPrior
from causal.model.posterior import Dirichlet
from tests.model.learnt.worlds import GAPPY, history

FITS: tuple[dict[str, Any], ...] = (
    {},
    {"table": "ordinal"},
    {"table": "logit", "strength": 3.0},
    {"table": "backoff", "block": 1},
    {"table": "dirichlet"},
    {"strength": 2.5},
    {"block": 60, "half_life": 730, "since": "2019-06-30", "start": "observed"},
)


def with_fit(document: dict[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "fit": dict(part)}


@pytest.mark.parametrize("part", FITS, ids=str)
def test_every_word_of_the_fit_is_read_and_written(
    document: dict[str, Any], tmp_path: Path, part: dict[str, Any]
) -> None:
    story = story_from_dict(with_fit(document, part), complete=True)
    days = ("block", "half_life", "since", "start")
    wanted = {"block": 20, "half_life": 0, "since": "", "start": "stationary", **part}
    assert {k: getattr(story.weighing, k) for k in days} == {k: wanted[k] for k in days}
    assert (story.table, story.strength) == (part.get("table", ""), part.get("strength"))
    write_story(story, tmp_path / "again.toml")
    assert read_story(tmp_path / "again.toml") == story
    assert story_from_dict(json.loads(json.dumps(story_to_dict(story)))) == story
    written = {k: v for k, v in story_to_dict(story)["fit"].items() if k not in ("draws", "seed")}
    assert written == part


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({}, "ordinal"),
        ({"strength": 4.0}, "dirichlet"),
        ({"strength": 4.0, "table": "ordinal"}, "ordinal"),
        ({"strength": 4.0, "table": "dirichlet"}, "dirichlet"),
        ({"table": "logit"}, "logit"),
        ({"block": 1}, "ordinal"),
    ],
    ids=str,
)
def test_a_strength_alone_is_the_closed_form(
    document: dict[str, Any], part: dict[str, Any], kind: str
) -> None:
    story = story_from_dict(with_fit(document, part), complete=True)
    assert story.kind == kind


@pytest.mark.parametrize(
    ("how", "prior"),
    [
        ({"strength": 3.0}, Dirichlet(3.0)),
        ({"table": "dirichlet"}, Dirichlet(STRENGTH)),
        ({}, None),
        ({"strength": 3.0, "table": "ordinal"}, None),
    ],
    ids=str,
)
def test_the_fit_follows_the_story(how: dict[str, Any], prior: Dirichlet | None) -> None:
    model = fit_states(Story(GAPPY, draws=5, **how), history(GAPPY, 60))
    assert model.fit is not None
    if prior is not None:
        assert model.fit.prior == prior
        assert model.fit.evidence is None
    else:
        assert isinstance(model.fit.prior, LearntPrior)
        assert model.fit.evidence is not None


WRONG = {
    "block zero": ({"block": 0}, "fit.block: must be one day at least"),
    "block text": ({"block": "20"}, "fit.block: must be a whole number"),
    "block part": ({"block": 1.5}, "fit.block: must be a whole number"),
    "block true": ({"block": True}, "fit.block: must be a whole number"),
    "half-life": ({"half_life": -3}, "fit.half_life: must be a whole number, zero or more"),
    "half-life far": ({"half_life": 10**9}, "fit.half_life: must be at most"),
    "since": ({"since": "2019-02-30"}, "fit.since: `2019-02-30` is no day; write it like"),
    "since short": ({"since": "2019-2-3"}, "fit.since: `2019-2-3` is no day"),
    "since number": ({"since": 2019}, "fit.since: must be text"),
    "start": ({"start": "observd"}, "fit.start: `observd` is none of these. Did you mean"),
    "table": ({"table": "ordnal"}, "fit.table: `ordnal` is none of these. Did you mean `ordinal`"),
    "table list": ({"table": ["logit"]}, "fit.table: must be text"),
    "key": ({"blocks": 20}, "fit.blocks: unknown key. Did you mean `block`"),
}


@pytest.mark.parametrize(("part", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_with_its_place(
    document: dict[str, Any], part: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        story_from_dict(with_fit(document, part), where="small.toml", complete=True)
    assert any(p.startswith(f"small.toml: {message}") for p in caught.value.problems), (
        caught.value.problems
    )
    assert len(caught.value.problems) == 1


def test_a_variable_may_have_a_kind_of_its_own(document: dict[str, Any], tmp_path: Path) -> None:
    document["variables"]["war"]["table"] = "logit"
    document["variables"]["trade"]["table"] = "backoff"
    story = story_from_dict(with_fit(document, {"table": "ordinal"}), complete=True)
    kinds = {n: kind_of(story, n) for n in ("war", "trade", "leverage")}
    assert kinds == {"war": "logit", "trade": "backoff", "leverage": "ordinal"}
    write_story(story, tmp_path / "again.toml")
    assert read_story(tmp_path / "again.toml") == story
    text = (tmp_path / "again.toml").read_text(encoding="utf-8")
    assert text.count("table = ") == 3


@pytest.mark.parametrize("table", ["dirichlet", "logits", 3, ""])
def test_a_kind_that_no_table_has(document: dict[str, Any], table: Any) -> None:
    """Rows of one table cannot be in closed form among others that are not."""
    document["variables"]["war"]["table"] = table
    with pytest.raises(SpecError) as caught:
        story_from_dict(document, where="small.toml", complete=True)
    assert caught.value.problems[0].startswith("small.toml: variables.war.table: ")


@pytest.mark.parametrize(
    "how",
    [
        {"block": 0},
        {"block": -1},
        {"block": True},
        {"block": 2.0},
        {"block": 10**12},
        {"half_life": -1},
        {"half_life": 365.25},
        {"start": "settled"},
        {"since": "yesterday"},
    ],
    ids=str,
)
def test_days_cannot_be_weighed_so(how: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="Days cannot be weighed so") as caught:
        Weighing(**how)
    assert next(iter(how)) in str(caught.value)


def test_what_is_usual_is_not_written() -> None:
    assert weighing_to_dict(Weighing()) == {}
    assert weighing_to_dict(Weighing(block=1, start="observed")) == {
        "block": 1,
        "start": "observed",
    }
