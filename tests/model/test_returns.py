"""Moves in a model file: they come back, files without them load, damaged ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal.errors import ModelError, SpecError
from causal.graph.story import Moves, Story, read_story, story_from_dict, story_to_dict, write_story
from causal.model.store import _checksum, load, save, shipped

STORY = Path(__file__).resolve().parents[2] / "models" / "crash.toml"
VERSION_2 = Path(__file__).parent / "frozen" / "crash-2.json"
Change = Callable[[dict[str, Any]], Any]


def rewritten(path: Path, change: Change) -> Path:
    """The shipped model with its document changed and its checksum made right again."""
    document = json.loads(shipped().read_text(encoding="utf-8"))
    change(document)
    content = {k: v for k, v in document.items() if k != "checksum"}
    path.write_text(json.dumps({**content, "checksum": _checksum(content)}), encoding="utf-8")
    return path


def test_moves_come_back(tmp_path: Path) -> None:
    model = load(shipped())
    save(model, tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes() == shipped().read_bytes()
    one, other = model.fit.moves, load(tmp_path / "a.json").fit.moves
    np.testing.assert_array_equal(one.days, other.days)
    assert one.declared == other.declared == read_story(STORY).moves
    assert json.loads(shipped().read_text(encoding="utf-8"))["version"] == 3


def test_a_file_of_version_1_has_no_moves_and_is_written_so_again(tmp_path: Path) -> None:
    def older(document: dict[str, Any]) -> None:
        del document["moves"], document["story"]["moves"]
        document["version"] = 1

    document = json.loads(VERSION_2.read_text(encoding="utf-8"))
    older(document)
    content = {k: v for k, v in document.items() if k != "checksum"}
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**content, "checksum": _checksum(content)}), encoding="utf-8")
    model = load(path)
    assert model.fit.moves is None
    save(model, tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))["version"] == 1


def cell(document: dict[str, Any]) -> dict[str, Any]:
    return document["moves"]["cells"][2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("moves"), "moves: missing"),
        (lambda d: d["story"].pop("moves"), "declares no price"),
        (lambda d: d["moves"].update(usual=0), "usual: must be more than zero"),
        (lambda d: d["moves"].update(usual="much"), "usual: must be a finite number"),
        (lambda d: d["moves"]["close_edges"].reverse(), "close_edges: must increase"),
        (lambda d: d["moves"].update(wick_edges=[0.5, 1.0]), "begin at zero"),
        (lambda d: d["moves"].update(close_edges=[]), "at least two rising numbers"),
        (lambda d: d["moves"]["cells"].pop(), "the story has 6 cells, the file 5"),
        (lambda d: d["moves"].update(cells="none"), "must be a list of tables"),
        (lambda d: d["moves"].update(more=1), "unknown key"),
        (lambda d: cell(d).update(bitcoin="calm"), "must be fall in this place"),
        (lambda d: cell(d).update(days=None), r"must be a list of \[close, wick, days\]"),
        (lambda d: cell(d)["days"].append([1, 2]), "must be whole numbers"),
        (lambda d: cell(d)["days"].append([1, 2, -3]), "must be whole numbers"),
        (lambda d: cell(d)["days"].append([1, 2, True]), "must be whole numbers"),
        (lambda d: cell(d)["days"].append([1, 2, 0.5]), "must be whole numbers"),
        (lambda d: cell(d)["days"].append([1000, 0, 1]), "no bin"),
        (lambda d: cell(d)["days"].append([1, 2, 0]), "holds no day"),
        (lambda d: cell(d)["days"].append(cell(d)["days"][0]), "given twice"),
        (lambda d: [c.update(days=[]) for c in d["moves"]["cells"]], "hold no day"),
    ],
)
def test_damaged_moves_are_refused(tmp_path: Path, change: Change, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load(rewritten(tmp_path / "bad.json", change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("variable"), "moves.variable: missing"),
        (lambda m: m.update(variable="bitcon"), "Did you mean `bitcoin`"),
        (lambda m: m.update(given=["bitcoin"]), "names a variable twice"),
        (lambda m: m.update(given=["voltility"]), "Did you mean `volatility`"),
        (lambda m: m.pop("close"), "moves.close: missing"),
        (lambda m: m.pop("scale"), "moves.scale: missing"),
        (lambda m: m.update(high="x"), "unknown key"),
        (lambda m: m.pop("why"), "moves.why: missing"),
    ],
)
def test_mistakes_in_the_section(change: Change, message: str) -> None:
    document = story_to_dict(read_story(STORY))
    document["moves"] = dict(document["moves"])
    change(document["moves"])
    with pytest.raises(SpecError) as found:
        story_from_dict(document, where="crash.toml", complete=True)
    assert message in str(found.value)


def test_the_section_is_written_and_read_back(tmp_path: Path) -> None:
    story = read_story(STORY)
    write_story(story, tmp_path / "again.toml")
    assert read_story(tmp_path / "again.toml") == story
    assert isinstance(story.moves, Moves)
    bare = Story(story.graph, story.strength)
    assert "moves" not in story_to_dict(bare)
