"""Stories: from TOML and JSON to a graph and back, and files that are no story."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal.errors import CausalError, SpecError
from causal.graph.dag import CausalGraph
from causal.graph.story import Story, read_story, story_from_dict, story_to_dict, write_story
from causal.graph.variable import Confounded, Edge, Measurement, Series, Variable
from tests import strategies
from tests.graph.small import TOML


def test_every_part_of_a_story_is_read(path: Path) -> None:
    story = read_story(path)
    graph = story.graph
    assert (story.strength, story.draws, story.seed) == (2.5, 100, 7)
    assert (graph.name, story.title, story.title_zh) == ("small", 'Why it "falls"', "為何崩盤")
    assert graph.names == ("us", "war", "trade", "geopolitics", "equity", "leverage")
    assert graph.variable("war") == Variable(
        "war",
        ("calm", "elevated", "escalation"),
        Measurement(
            (
                Series("gpr", ("log", "zscore 365 250"), 2.0, ("2021-04-27",)),
                Series("acts"),
            ),
            cuts=(1.0, 2.5),
        ),
        publication_lag=7,
        label="War risk",
        label_zh="戰爭風險",
        states_zh=("平靜", "升溫", "升級"),
        why="newspapers",
    )
    assert graph.variable("us").measurement == Measurement(calendar="us")
    assert graph.variable("trade").measurement == Measurement(
        (Series("tpu"),), quantiles=(0.8, 0.95)
    )
    assert graph.variable("trade").start == ("war",)
    assert graph.variable("equity").start == ()
    assert graph.variable("war").start is None
    assert graph.variable("geopolitics").rule == "worst"
    assert graph.variable("geopolitics").measurement is None
    assert graph.variable("equity").measurement == Measurement(
        (Series("vix"),), cuts=(25.0,), closed=True
    )
    assert graph.variable("leverage").manipulable
    assert graph.edges[-1] == Edge("leverage", "leverage", 1, "positions last")
    assert graph.edges[0].lag == 0
    assert [(c.one, c.other) for c in graph.confounded] == [("equity", "leverage")]


def test_defaults_of_the_fit(document: dict[str, Any]) -> None:
    del document["fit"]
    story = story_from_dict(document, complete=True)
    assert (story.strength, story.draws, story.seed) == (None, 2000, 0)


def test_toml_and_json_read_back_equal(path: Path, tmp_path: Path) -> None:
    story = read_story(path)
    write_story(story, tmp_path / "again.toml")
    assert read_story(tmp_path / "again.toml") == story
    write_story(read_story(tmp_path / "again.toml"), tmp_path / "third.toml")
    assert (tmp_path / "third.toml").read_bytes() == (tmp_path / "again.toml").read_bytes()
    assert story_from_dict(json.loads(json.dumps(story_to_dict(story)))) == story


def test_written_toml_is_for_human_eyes(path: Path, tmp_path: Path) -> None:
    write_story(read_story(path), tmp_path / "again.toml")
    text = (tmp_path / "again.toml").read_text(encoding="utf-8")
    assert "戰爭風險" in text
    assert "\n[variables.war]\n" in text
    assert '\n    {column = "acts"},\n' in text
    assert "\n[[edges]]\ncause = " in text
    assert "manipulable = false" not in text


@given(strategies.models)
def test_any_structure_survives_a_json_round_trip(model: Any) -> None:
    story = Story(model.graph, 0.5, 0, 3)
    assert story_from_dict(json.loads(json.dumps(story_to_dict(story)))) == story


@given(
    st.text(strategies.letters, max_size=30),
    st.text(strategies.letters, min_size=1).filter(lambda name: "@" not in name),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_text_and_number_survives(tmp_path: Path, text: str, name: str, number: float) -> None:
    name = f"x{name}"
    variable = Variable(
        name,
        (f"s{text}", "b"),
        Measurement((Series(f"c{text}", (f"s{text}",)),), (number,)),
        label=text,
        why=text,
    )
    graph = CausalGraph((variable,), (Edge(name, name, 1, f"b{text}"),), name=f"n{text}")
    story = Story(graph, title=text)
    write_story(story, tmp_path / "any.toml")
    assert read_story(tmp_path / "any.toml") == story


@pytest.mark.parametrize("place", ["graph", "name", "state", "label", "states_zh", "column"])
@pytest.mark.parametrize("char", ["\x1b", "\x9b", "\n", "\u202e", "\ufffe", "\ud800"])
def test_a_graph_takes_no_control_character(place: str, char: str) -> None:
    texts = dict.fromkeys(("graph", "name", "state", "label", "states_zh", "column"), "a")
    t = texts | {place: f"a{char}b"}
    with pytest.raises(SpecError) as caught:
        CausalGraph(
            (
                Variable(
                    t["name"],
                    (t["state"], "b"),
                    Measurement((Series(t["column"]),)),
                    label=t["label"],
                    states_zh=(t["states_zh"], "b"),
                ),
            ),
            name=t["graph"],
        )
    spelt = ascii(char)[1:-1]
    assert f"`a{spelt}b` holds the control character {spelt};" in str(caught.value)
    assert char not in str(caught.value).replace("\n  - ", "")


def test_reasons_may_have_lines_and_nothing_else() -> None:
    def graph(reason: str) -> CausalGraph:
        pair = (Variable("a", ("x",), why=reason), Variable("b", ("x",)))
        edges, hidden = (Edge("a", "b", 0, reason),), (Confounded("a", "b", reason),)
        return CausalGraph(pair, edges, hidden)

    graph("one line,\n\tand another")
    with pytest.raises(SpecError, match="3 problem"):
        graph("one line,\rand another over it")


def test_an_empty_measurement_is_not_no_measurement() -> None:
    graph = CausalGraph((Variable("a", ("x",), Measurement()), Variable("b", ("x",))))
    assert story_from_dict(story_to_dict(Story(graph))).graph == graph


def test_broken_syntax_says_where(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("[story]\nname = \n")
    with pytest.raises(SpecError) as caught:
        read_story(path)
    assert "line 2, column 8" in caught.value.problems[0]
    assert caught.value.problems[0].startswith("broken.toml: ")


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe[story]", b"x = " + b"[" * 100_000, b"x = " + b"9" * 10_000, b"a=1\na=2"]
)
def test_bytes_that_are_no_toml(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x.toml").write_bytes(raw)
    with pytest.raises(SpecError, match=r"x\.toml"):
        read_story(tmp_path / "x.toml")


def test_a_byte_order_mark_does_no_harm(path: Path) -> None:
    plain = read_story(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_story(path) == plain


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"There is no file .*none\.toml"):
        read_story(tmp_path / "none.toml")
    with pytest.raises(SpecError, match="is a folder"):
        read_story(tmp_path)
    with pytest.raises(SpecError, match="cannot be read"):
        read_story("a\0b.toml")


def test_a_story_cut_short_is_an_error_or_a_story(tmp_path: Path) -> None:
    raw = TOML.encode()
    outcomes = []
    for end in range(0, len(raw), 23):
        (tmp_path / "cut.toml").write_bytes(raw[:end])
        try:
            read_story(tmp_path / "cut.toml")
            outcomes.append(True)
        except CausalError:
            outcomes.append(False)
    assert outcomes.count(False) > 50


def test_flipped_bytes_are_an_error_or_a_story(tmp_path: Path) -> None:
    raw = TOML.encode()
    errors = 0
    for place in range(0, len(raw), 11):
        (tmp_path / "flip.toml").write_bytes(
            raw[:place] + bytes([raw[place] ^ 0x15]) + raw[place + 1 :]
        )
        try:
            read_story(tmp_path / "flip.toml")
        except CausalError:
            errors += 1
    assert errors > 50


def test_writing_refuses_what_reading_would(tmp_path: Path) -> None:
    story = Story(CausalGraph((Variable("a", ("x", "y")),), name="bare"))
    with pytest.raises(SpecError, match="nothing says how it is measured"):
        write_story(story, tmp_path / "bare.toml")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story, before = read_story(path), path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SpecError, match="No space left"):
        write_story(story, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_writing_into_nowhere(path: Path, tmp_path: Path) -> None:
    story = read_story(path)
    with pytest.raises(SpecError, match="cannot be written"):
        write_story(story, tmp_path / "none" / "x.toml")
    with pytest.raises(SpecError, match="it is a folder"):
        write_story(story, tmp_path)


def test_reading_imports_nothing_heavy(path: Path) -> None:
    code = (
        "import sys; from causal.graph.story import read_story; read_story(sys.argv[1]);"
        "heavy = {'tomlkit', 'pandas', 'scipy', 'pgmpy', 'matplotlib'} & set(sys.modules);"
        "print('heavy', sorted(heavy))"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        cwd=root,
        check=True,
    )
    assert run.stdout.strip() == "heavy []"
