"""Hostile texts in every place that takes one, through every command: text stays text."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tomlkit
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.text import Text
from typer.testing import CliRunner

from causal.app.cli import app
from causal.app.console import Console
from causal.app.output import shell_word
from causal.graph.story import write_story
from causal.model.store import save
from causal.query.event import quoted
from tests.app.odd import (
    OBEYED,
    PROSE,
    Texts,
    answered,
    document_of,
    item,
    panel_of,
    refused,
    run,
    spelt,
    story_of,
)
from tests.app.toy import toy
from tests.conftest import ROOT
from tests.strategies import CONTROLS, law_models, letters

MARKUP = "[bold]x[/]"

ODD = [
    MARKUP, "[/]", "[link=http://e.org]y[/link]", ":smile:", "$x$", "$\\frac{", "<b>&amp;",
    "\\N\\l", "{x|y}", 'say "hi"', "崩盤", "🏳️‍🌈 🚀", "é\u0301", "שלום\u200f", "%s %(a)s {0}",
    "=1+1", "#",
]  # fmt: skip

odd = st.sampled_from(ODD) | st.text(letters, min_size=1, max_size=8)

odd = odd.map(lambda text: text.replace("@", "a").strip()).filter(
    lambda text: text not in ("", "b")
)


@st.composite
def texts(draw: st.DrawFn) -> Texts:
    """Odd and harmless texts, those of one list distinct."""
    calm, bad = draw(st.lists(odd, min_size=2, max_size=2, unique=True))
    cause = draw(odd.filter(lambda text: text not in ("price", "third", "draw")))
    more = {f.name: draw(odd) for f in fields(Texts) if f.name not in ("calm", "bad", "cause")}
    column = f"c{more.pop('column')}".strip()
    return Texts(calm=calm, bad=bad, cause=cause, column=column, **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd")


@pytest.fixture(scope="module")
def model(folder: Path) -> str:
    save(toy(draws=20), folder / "toy.json")
    return str(folder / "toy.json")


def drawing(path: Path) -> str:
    """The texts of an SVG, which has to be XML."""
    assert not OBEYED.search(path.read_text(encoding="utf-8"))
    parts = [part for e in ElementTree.parse(path).iter() for part in (e.text, *e.attrib.values())]
    return " ".join(" ".join(filter(None, parts)).split())


@settings(max_examples=law_models(2))
@given(texts())
@example(Texts(**dict.fromkeys((f.name for f in fields(Texts)), MARKUP)).but(calm="[/]"))
@example(Texts(**dict.fromkeys((f.name for f in fields(Texts)), "$x$")).but(calm="崩 🚀"))
def test_odd_texts_are_shown_as_they_are(folder: Path, t: Texts) -> None:
    story, fitted, out = folder / "odd.toml", str(folder / "odd.json"), folder / "odd.svg"
    write_story(story_of(t), story)
    panel = panel_of(folder / "odd.csv", t.column)
    words = ("fit", story, "--data", panel, "--out", fitted)
    assert t.story in answered(*words)
    assert json.loads(answered(*words, "--json"))["model"]["name"] == t.story
    m = ("--model", fitted)

    screen = answered("show", *m)
    for text in (t.story, t.cause, t.calm, t.bad, t.label, t.because, t.hidden):
        assert " ".join(text.split()) in " ".join(screen.split())
    shown = json.loads(answered("show", *m, "--json"))
    assert shown["variables"][0]["name"] == t.cause
    assert [s["name"] for s in shown["variables"][0]["states"]] == [t.calm, t.bad]
    assert shown["edges"][0]["because"] == t.because

    event, does = item("price", t.bad), item(t.cause, t.calm)
    question = f"P({event} within 2d | do({does}), {item('price', t.calm)})"
    assert question in answered("ask", question, *m, "--draw", out)
    assert json.loads(answered("ask", question, *m, "--json"))["query"] == question
    if len(t.label) <= 22:
        assert " ".join(t.label.split()) in drawing(out)
    answered("draw", *m, "--out", out, "--lang", "zh")
    drawing(out)
    for command in ("tornado", "path"):
        assert question in answered(command, question, *m)
        assert json.loads(answered(command, question, *m, "--json"))
    answered("tornado", question, *m, "--out", out)
    assert " ".join(question.split()) in drawing(out)
    loop = ("loop", f"P({event} within 2d)", "--edge", f"price@-1 -> {quoted(t.cause)}", *m)
    assert event in answered(*loop)
    json.loads(answered(*loop, "--json"))
    rungs = ("ladder", "--do", does, "--horizons", "1", "--thresholds", "-5%", *m)
    assert does in answered(*rungs)
    json.loads(answered(*rungs, "--json"))
    answered(*rungs, "--draw", out)
    assert does in drawing(out)
    grid = ("sweep", "--event", event, "--do", does, "--do", "third=a|b", *m)
    assert does in answered(*grid)
    rows = json.loads(answered(*grid, "--json", "--out", folder / "odd.rows.csv"))["rows"]
    with (folder / "odd.rows.csv").open(newline="", encoding="utf-8") as stream:
        assert [r["do"] for r in csv.DictReader(stream)] == [r["do"] for r in rows]
    mapped = ("sweep", "--event", event, "--do", f"{does}|-", "--do", "third=a|b", *m)
    answered(*mapped, "--draw", out)
    drawing(out)


hostile = st.sampled_from(CONTROLS)

places = st.sampled_from([f.name for f in fields(Texts)])


@settings(max_examples=law_models(40))
@given(places, hostile, st.booleans())
def test_a_story_with_a_control_character_is_refused(
    folder: Path, place: str, char: str, stored: bool
) -> None:
    """In a TOML, or in the story of a fitted model; line breaks are for prose."""
    document = document_of(Texts().but(**{place: f"a{char}[/]b"}))
    if stored:
        path = folder / "hostile.json"
        path.write_text(_fitted(document), encoding="utf-8")
        words: tuple[object, ...] = ("show", "--model", path)
    else:
        path = folder / "hostile.toml"
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
        words = ("fit", path, "--data", folder / "none.csv", "--out", folder / "none.json")
    said = refused(*map(str, words))
    if char in "\n\t" and place in PROSE:
        assert "control character" not in said
    else:
        assert f"a{spelt(char)}[/]b` holds the control character {spelt(char)}" in said


def _fitted(document: dict[str, object]) -> str:
    """The story as a fitted model without counts: enough to be read as far as its names."""
    story = {k: v for k, v in document.items() if k != "fit"}
    content = {"format": "causal-model", "version": 1, "story": story}
    canonical = json.dumps(content, separators=(",", ":"))
    digest = "sha256:" + hashlib.sha256(canonical.encode("ascii")).hexdigest()
    return json.dumps({**content, "checksum": digest})


@settings(max_examples=law_models(8))
@given(hostile.filter(lambda char: char not in "\r\n\t"))
def test_a_panel_with_a_control_character_is_refused(folder: Path, char: str) -> None:
    story = folder / "plain.toml"
    write_story(story_of(Texts()), story)
    panel = panel_of(folder / "hostile.csv", f"a{char}b[/]")
    said = refused("fit", str(story), "--data", str(panel), "--out", str(folder / "no.json"))
    named = f"`a{spelt(char)}b[/]` holds the control character {spelt(char)}"
    assert ("holds a NUL byte on line 1" if char == "\0" else named) in said


@settings(max_examples=law_models(16))
@given(hostile, st.sampled_from(["csv", "toml"]))
def test_a_scenario_with_a_control_character_is_refused(
    folder: Path, model: str, char: str, kind: str
) -> None:
    path, name = folder / f"hostile.{kind}", f"a{char}b"
    if kind == "csv":
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("name", "do"), (name, "leverage=low")])
    else:
        path.write_text(tomlkit.dumps({"scenario": [{"name": name, "do": "leverage=low"}]}))
    words = ("sweep", "--event", "bitcoin=crash", "--scenarios", str(path), "-m", model)
    assert f"a{spelt(char)}b" in refused(*words)
    path.write_text(path.read_text(encoding="utf-8").replace(name, "[/]崩"), encoding="utf-8")


def test_a_source_with_a_control_character_is_refused(folder: Path) -> None:
    plain = {"path": "a.csv", "columns": {"mine": "value"}, "publisher": "p", "licence": "l"}
    for key in ("path", "date", "unit", "title", "publisher", "licence", "citation"):
        path = folder / "sources.toml"
        path.write_text(tomlkit.dumps({"sources": {"mine": {**plain, key: "a\x1b]0;b\a"}}}))
        said = refused("data", "pull", "mine", "--sources", str(path))
        assert f"sources.mine.{key}" in said
        assert "control characters \\x1b, \\x07" in said


any_text = st.text(letters | hostile, max_size=12)

QUESTION = "P(bitcoin=crash within 2d | do(leverage=high))"


@settings(max_examples=law_models(40))
@given(st.data())
def test_no_argument_gives_an_order(model: str, data: st.DataObject) -> None:
    """Questions, options, paths and words of the shell are answered, or refused in three parts."""
    text = data.draw(any_text)
    bits = [text, f'"{text}"', f"bitcoin={text}", f'"{text}"=crash', f"bitcoin=crash {text}"]
    bit = data.draw(st.sampled_from(bits))
    words = data.draw(
        st.sampled_from(
            [
                ("ask", f"P({bit})", "-m", model),
                ("ask", f"P(bitcoin=crash | do({bit}))", "-m", model, "--json"),
                ("ask", QUESTION, "-m", text),
                ("ask", QUESTION, "-m", model, "--draw", f"{text}.gif"),
                ("ask", QUESTION, "-m", model, "--asof", text),
                ("ask", "--event", bit, "--within", text, "-m", model),
                ("ladder", "--thresholds", text, "-m", model),
                ("sweep", "--event", "bitcoin=crash", "--do", f"leverage={text}|low", "-m", model),
                ("sweep", "--event", bit, "--scenarios", f"{text}.csv", "-m", model),
                ("loop", QUESTION, "--edge", bit, "-m", model),
                ("fit", text, "--data", text, "--out", text),
                ("data", "pull", text, "--since", text),
            ]
        )
    )
    result = run(*words)
    assert result.exit_code in (0, 2), (words, result.stderr)
    if result.exit_code and "Usage:" not in result.stderr:
        refused(*words)
    if "--json" in words and not result.exit_code:
        json.loads(result.stdout)


@pytest.mark.parametrize(
    "words", [("{}",), ("ask", "--{}"), ("ask", "a", "{}"), ("ask", "a", "--draws", "{}")]
)
def test_a_usage_error_gives_no_order(words: tuple[str, ...]) -> None:
    result = run(*(word.format("x\x1b]0;y\a\x9b\u202e[/]" + "z" * 10_000) for word in words))
    assert result.exit_code == 2
    assert "\\x1b]0;y" in result.stderr or "--draws" in words
    assert len(result.stderr) < 2_000


@pytest.mark.parametrize("size", [100_000])
def test_what_is_enormous_is_not_echoed_whole(folder: Path, model: str, size: int) -> None:
    long, panel, story = "x" * size, folder / "long.csv", folder / "plain.toml"
    write_story(story_of(Texts()), story)
    panel.write_text(f"{long},{'y ' * (size // 2)}\n1,2\n", encoding="utf-8")
    scenarios = folder / "long.rows.csv"
    scenarios.write_text(f"name,do\n{long},{long}=low\n{long},leverage={long}\n", encoding="utf-8")
    for words in (
        ("ask", f"P({long}=crash)", "-m", model),
        ("ask", f"P(bitcoin={long})", "-m", model),
        ("ask", f'P("{"x " * (size // 2)}"=crash)', "-m", model),
        ("ask", long, "-m", model),
        ("ask", QUESTION, "-m", long),
        ("fit", str(story), "--data", str(panel), "--out", "none.json"),
        ("sweep", "--event", "bitcoin=crash", "--scenarios", str(scenarios), "-m", model),
    ):
        result = run(*words)
        assert result.exit_code == 2
        assert " ... " in " ".join(result.stderr.split())
        assert len(result.stderr) < 15_000, words[0]


def test_a_path_is_spelt_out_and_the_call_can_be_repeated(
    model: str, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "a\x1b[1m'\u202e\\[x].json"
    path.write_bytes(Path(model).read_bytes())
    printed = answered("ask", QUESTION, "--model", str(path))
    call = next(line for line in printed.splitlines() if line.startswith("  causal ask"))
    again = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {call}"], capture_output=True, check=True
    ).stdout.split(b"\0")
    assert str(path).encode() in again
    assert os.fsencode("\udcff") == _read_back(shell_word("\udcff"))
    story, out = folder / "plain.toml", tmp_path / "b\x9b.json"
    write_story(story_of(Texts()), story)
    words = (
        "fit",
        str(story),
        "--data",
        str(panel_of(folder / "p.csv", "fear")),
        "--out",
        str(out),
    )
    assert "b\\x9b.json" in answered(*words)
    assert json.loads(answered(*words, "--json"))["out"] == str(out)


def _read_back(word: str) -> bytes:
    return subprocess.run(
        ["bash", "-c", f"printf %s {word}"], capture_output=True, check=True
    ).stdout


def test_a_damaged_checkpoint_gives_no_order(model: str, tmp_path: Path) -> None:
    """What a file of finished rows says is printed, and drawn, as text."""
    kept, out = tmp_path / "kept", tmp_path / "map.svg"
    grid = ("sweep", "--event", "bitcoin=crash", "--do", "leverage=low|high", "--given",
            "geopolitics=calm|elevated", "-m", model, "--checkpoint", str(kept))  # fmt: skip
    answered(*grid)
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["row"]["thinnest_row"] = row["row"]["effect"] = "a\x1b[31m\x9b<b>[/]"
    kept.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    assert "a\\x1b[31m\\x9b<b>[/]" in answered(*grid, "--draw", str(out))
    assert "a\\x1b[31m\\x9b<b>[/]" in drawing(out)
    found = json.loads(answered(*grid, "--json"))["rows"]
    assert {row["thinnest_row"] for row in found} == {"a\x1b[31m\x9b<b>[/]"}


def test_a_damaged_cache_gives_no_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "c\x1b[31m\u202e[/]"
    monkeypatch.setenv("CAUSAL_CACHE", str(cache))
    assert "c\\x1b[31m\\u202e[/]" in answered("data", "status")
    (cache / "s\x1b]0;t\a[bold]").mkdir(parents=True)
    (cache / "s\x1b]0;t\a[bold]" / "manifest.json").write_text("{}")
    assert "s\\x1b]0;t\\x07[bold]" in answered("data", "status")
    found = json.loads(answered("data", "status", "--json"))
    assert found["cache"] == str(cache)
    assert found["sources"][0]["name"] == "s\x1b]0;t\a[bold]"


def test_an_odd_history_is_pulled_and_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source of one's own, all of whose texts are markup, from the pull to ``now``."""
    monkeypatch.setenv("CAUSAL_CACHE", str(tmp_path / "[bold]cache[/]"))
    t = Texts(cause=MARKUP, calm="[/]", bad="ราคา", because="[/]", column=MARKUP)
    story, model = tmp_path / "odd.toml", str(tmp_path / "odd.json")
    write_story(story_of(t), story)
    panel_of(tmp_path / "odd.csv", t.column)
    facts = dict.fromkeys(("title", "publisher", "licence", "citation", "unit"), MARKUP)
    columns = {t.column: t.column, "close": "close"}
    sources = tmp_path / "sources.toml"
    plain = {"path": "odd.csv", "columns": columns, **facts}
    sources.write_text(tomlkit.dumps({"sources": {"mine": plain}}), encoding="utf-8")
    assert MARKUP in answered("data", "pull", "mine", "--sources", str(sources))
    status = answered("data", "status")
    assert status.count(MARKUP) == 2
    assert "[bold]cache[/]" in status
    answered("fit", str(story), "--out", model)
    last = ("--asof", "2024-04-29", "--model", model)
    page = answered("now", *last)
    assert f"{MARKUP} " in page
    assert "[/]" in page
    assert json.loads(answered("now", *last, "--json"))["variables"][0]["variable"] == MARKUP
    assert MARKUP in answered("ask", f"P({item('price', t.bad)})", *last)
    boxes = ("tornado", f"P({item('price', t.bad)})", "--model", model)
    assert "its font lacks" in refused(*boxes, "--out", str(tmp_path / "boxes.png"))


def test_colours_are_all_that_a_terminal_is_told(model: str) -> None:
    """On a terminal rich adds its own colours, and nothing else that a terminal obeys."""
    runner = CliRunner(env={"FORCE_COLOR": "1", "COLUMNS": "200", "TERM": "xterm-256color"})
    result = runner.invoke(app, ["show", "--model", model], color=True)
    assert "\x1b[" in result.stdout
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert not OBEYED.search(plain)


def test_the_console_prints_text(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    hidden = Text("b", "link http://e.org").append("\x1b]8;;http://e.org\x1b\\c")
    console.print(MARKUP, ":smile:", "\x1b[31m\a", hidden)
    assert capsys.readouterr().out == (
        f"{MARKUP} :smile: \\x1b[31m\\x07 b\\x1b]8;;http://e.org\\x1b\\c\n"
    )


def test_every_command_prints_through_one_place() -> None:
    """No module of ``app`` prints by itself; ``entry`` writes the JSON that ``output`` made."""
    own = re.compile(r"typer\.echo|rich\.console import|\bprint\(|json\.dumps|std(out|err)\.write")
    places = sorted((ROOT / "causal" / "app").rglob("*.py"))
    found = {p.name for p in places if own.search(p.read_text().replace("console.print(", ""))}
    assert found == {
        "output.py",
        "console.py",
        "entry.py",
    }
