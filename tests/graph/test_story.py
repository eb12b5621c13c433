"""The story as text: what reads back equal, and how every mistake is reported."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal.errors import CausalError, CycleError, SpecError
from causal.graph.dag import CausalGraph
from causal.graph.story import Story, read_story, story_from_dict, story_to_dict, write_story
from causal.graph.variable import Confounded, Edge, Measurement, Series, Variable
from tests import strategies

TOML = """
[story]
name = "small"
title = "Why it \\"falls\\""
title_zh = "為何崩盤"

[fit]
strength = 2.5
draws = 100
seed = 7

[variables.us]
states = ["open", "closed"]
calendar = "us"

[variables.war]
states = ["calm", "elevated", "escalation"]
states_zh = ["平靜", "升溫", "升級"]
label = "War risk"
label_zh = "戰爭風險"
cuts = [1, 2.5]
publication_lag = 7
why = "newspapers"
series = [
    { column = "gpr", steps = ["log", "zscore 365 250"], weight = 2, restart = ["2021-04-27"] },
    { column = "acts" },
]

[variables.trade]
states = ["calm", "elevated", "escalation"]
series = [{ column = "tpu" }]
quantiles = [0.8, 0.95]
start = ["war"]

[variables.geopolitics]
states = ["calm", "elevated", "escalation"]
rule = "worst"

[variables.equity]
states = ["closed", "calm", "rush"]
series = [{ column = "vix" }]
cuts = [25]
closed = true
start = []

[variables.leverage]
states = ["low", "high"]
series = [{ column = "oi" }]
cuts = [0.0]
manipulable = true

[[edges]]
cause = "war"
effect = "geopolitics"
because = "it is the worse of the two"

[[edges]]
cause = "trade"
effect = "geopolitics"
because = "it is the worse of the two"

[[edges]]
cause = "us"
effect = "equity"
because = "the exchange closes"

[[edges]]
cause = "leverage"
effect = "leverage"
lag = 1
because = "positions last"

[[confounded]]
between = ["equity", "leverage"]
because = "dollar liquidity"
"""


@pytest.fixture
def document() -> dict[str, Any]:
    return tomllib.loads(TOML)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "small.toml"
    found.write_text(TOML, encoding="utf-8")
    return found


def problems(document: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SpecError) as caught:
        story_from_dict(document, where="small.toml", complete=True)
    error = caught.value
    assert error.what
    assert error.means
    assert error.do
    assert all(p in str(error) for p in error.problems)
    return error.problems


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
    assert (story.strength, story.draws, story.seed) == (4.0, 2000, 0)


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


MISTAKES = {
    "unknown key": (
        "variables.war.cutz",
        [1.0],
        "variables.war.cutz: unknown key. Did you mean `cuts`?",
    ),
    "unknown root key": ("edge", [], "small.toml: edge: unknown key. Did you mean `edges`?"),
    "unknown story key": ("story.titel", "x", "story.titel: unknown key. Did you mean `title`?"),
    "unknown series key": (
        "variables.trade.series",
        [{"column": "t", "step": []}],
        "variables.trade.series[1].step: unknown key. Did you mean `steps`?",
    ),
    "unknown cause": (
        "edges.0.cause",
        "wra",
        "edges[1].cause: there is no variable `wra`. Did you mean `war`?",
    ),
    "unknown effect": (
        "edges.1.effect",
        "geopolitcs",
        "edges[2].effect: there is no variable `geopolitcs`. Did you mean `geopolitics`?",
    ),
    "unknown start": (
        "variables.trade.start",
        ["wor"],
        "variables.trade.start: there is no variable `wor`. Did you mean `war`?",
    ),
    "own start": ("variables.trade.start", ["trade"], "variables.trade.start: names the variable"),
    "unknown confounded": (
        "confounded.0.between",
        ["equitty", "war"],
        "confounded[1].between: there is no variable `equitty`. Did you mean `equity`?",
    ),
    "confounded alone": ("confounded.0.between", ["war"], "must name two different variables"),
    "confounded with itself": ("confounded.0.between", ["war", "war"], "two different variables"),
    "edge without reason": ("edges.0.because", None, "edges[1].because: missing: say why war -> g"),
    "edge with blank reason": ("edges.0.because", " ", "edges[1].because: empty: say why war"),
    "confounded without reason": (
        "confounded.0.because",
        None,
        "confounded[1].because: missing: say why equity <-> leverage",
    ),
    "lag 2": ("edges.0.lag", 2, "edges[1].lag: must be 0 (the same day) or 1"),
    "lag -1": ("edges.0.lag", -1, "edges[1].lag: must be a whole number, zero or more"),
    "lag true": ("edges.0.lag", True, "edges[1].lag: must be a whole number"),
    "too few cuts": (
        "variables.war.cuts",
        [1.0],
        "small.toml: variables.war.cuts: 3 states need 2 of them, found 1",
    ),
    "too many quantiles": (
        "variables.trade.quantiles",
        [0.1, 0.2, 0.3],
        "variables.trade.quantiles: 3 states need 2 of them, found 3",
    ),
    "closed counts": (
        "variables.equity.cuts",
        [1, 2],
        "variables.equity.cuts: 2 states besides `closed` need 1 of them, found 2",
    ),
    "no cuts": ("variables.leverage.cuts", None, "variables.leverage.cuts: 2 states need 1"),
    "falling cuts": ("variables.war.cuts", [2, 1], "variables.war.cuts: must increase"),
    "equal cuts": ("variables.war.cuts", [2, 2], "variables.war.cuts: must increase"),
    "cut not finite": ("variables.war.cuts", [1, float("nan")], "cuts: must be a list of finite"),
    "infinite cut": ("variables.war.cuts", [1, float("inf")], "cuts: must be a list of finite"),
    "cut is text": ("variables.war.cuts", ["1", "2"], "cuts: must be a list of finite numbers"),
    "cut is true": ("variables.war.cuts", [False, True], "cuts: must be a list of finite numbers"),
    "huge cut": ("variables.war.cuts", [1, 10**400], "cuts: must be a list of finite numbers"),
    "quantile 1": ("variables.trade.quantiles", [0.5, 1], "quantiles: must lie between 0 and 1"),
    "quantile 0": ("variables.trade.quantiles", [0.0, 0.5], "quantiles: must lie between 0 and 1"),
    "cuts and quantiles": ("variables.war.quantiles", [0.5, 0.6], "either cuts or quantiles"),
    "closed is not first": (
        "variables.equity.states",
        ["calm", "closed", "rush"],
        "variables.equity.states: the first must be `closed`",
    ),
    "closed without calendar": (
        "edges.2",
        {"cause": "us", "effect": "equity", "lag": 1, "because": "x"},
        "variables.equity.closed: needs a same-day edge from a calendar variable",
    ),
    "calendar states": ("variables.us.states", ["shut", "open"], "variables.us.states: a calendar"),
    "calendar with cuts": ("variables.us.cuts", [1], "variables.us.calendar: a calendar takes no"),
    "unknown calendar": ("variables.us.calendar", "uk", "variables.us.calendar: `uk` is none"),
    "unknown rule": ("variables.geopolitics.rule", "wurst", "Did you mean `worst`?"),
    "rule with series": (
        "variables.geopolitics.series",
        [{"column": "x"}],
        "variables.geopolitics.rule: takes none of series",
    ),
    "rule with start": (
        "variables.geopolitics.start",
        [],
        "variables.geopolitics.rule: takes none",
    ),
    "rule of unlike causes": (
        "edges.0.cause",
        "leverage",
        "variables.geopolitics.rule: its cause `leverage` must have the same states",
    ),
    "rule with a lagged cause": (
        "edges.0.lag",
        1,
        "variables.geopolitics.rule: takes same-day causes only",
    ),
    "latent": (
        "variables.leverage",
        {"states": ["low", "high"]},
        "variables.leverage.series: missing: nothing says how it is measured",
    ),
    "empty series": ("variables.leverage.series", [], "variables.leverage.series: missing"),
    "series without column": (
        "variables.trade.series",
        [{"steps": ["log"]}],
        "variables.trade.series[1].column: missing",
    ),
    "series is a text": ("variables.trade.series", "tpu", "trade.series: must be a list of tables"),
    "empty step": ("variables.trade.series", [{"column": "t", "steps": [""]}], "series[1].steps: "),
    "step is a number": ("variables.trade.series", [{"column": "t", "steps": [3]}], "[1].steps: "),
    "zero weight": ("variables.trade.series", [{"column": "t", "weight": 0}], "series[1].weight: "),
    "text weight": ("variables.trade.series", [{"column": "t", "weight": "1"}], "[1].weight: must"),
    "restart no day": (
        "variables.trade.series",
        [{"column": "t", "restart": ["2021-02-30"]}],
        "variables.trade.series[1].restart: `2021-02-30` is no day",
    ),
    "restart unquoted": (
        "variables.trade.series",
        tomllib.loads('x = [{ column = "t", restart = [2021-02-28] }]')["x"],
        "variables.trade.series[1].restart: must hold texts",
    ),
    "no states": ("variables.war.states", None, "variables.war.states: missing"),
    "empty states": ("variables.war.states", [], "variables.war.states: empty"),
    "same state twice": ("variables.war.states", ["a", "b", "a"], "states: given twice: a"),
    "state is a number": ("variables.war.states", ["a", 2, "c"], "variables.war.states: must hold"),
    "states_zh count": ("variables.war.states_zh", ["一"], "states_zh: 1 labels for 3 states"),
    "label is a number": ("variables.war.label", 3, "variables.war.label: must be text in quotes"),
    "manipulable is a text": ("variables.war.manipulable", "no", "must be true or false"),
    "negative publication lag": ("variables.war.publication_lag", -1, "publication_lag: must be a"),
    "lag as float": ("variables.war.publication_lag", 1.0, "publication_lag: must be a whole"),
    "variable is no table": ("variables.war", 3, "small.toml: variables.war: must be a table"),
    "variable with @": ("variables.x@1", {"states": ["a"], "rule": "worst"}, "cannot name a var"),
    "variable called draw": ("variables.draw", {"states": ["a"]}, "cannot name a variable"),
    "variables no table": ("variables", [], "small.toml: variables: must be a table, not []"),
    "edges no list": ("edges", {"cause": "a"}, "small.toml: edges: must be a list of tables"),
    "edge no table": ("edges", ["a -> b"], "small.toml: edges: must be a list of tables"),
    "no name": ("story.name", None, "small.toml: story.name: missing"),
    "strength zero": ("fit.strength", 0, "fit.strength: must be more than zero"),
    "strength text": ("fit.strength", "4", "fit.strength: must be a finite number"),
    "draws fraction": ("fit.draws", 10.5, "fit.draws: must be a whole number"),
    "seed negative": ("fit.seed", -1, "fit.seed: must be a whole number"),
}


def changed(document: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy with one key set, or taken out where ``value`` is None."""
    found = copy.deepcopy(document)
    inner: Any = found
    *steps, last = place.split(".")
    for step in steps:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    if value is None:
        del inner[last]
    elif isinstance(inner, list):
        inner[int(last)] = value
    else:
        inner[last] = value
    return found


@pytest.mark.parametrize(("place", "value", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_reported_with_file_and_key(
    document: dict[str, Any], place: str, value: Any, message: str
) -> None:
    found = problems(changed(document, place, value))
    assert any(message in p for p in found), found
    assert all(p.startswith("small.toml: ") for p in found)


def test_twice_given_edges_and_pairs(document: dict[str, Any]) -> None:
    document["edges"].append(document["edges"][0])
    document["confounded"].append({"between": ["leverage", "equity"], "because": "again"})
    assert problems(document) == (
        "small.toml: edges[5]: war -> geopolitics (lag 0) is given twice",
        "small.toml: confounded[2].between: leverage <-> equity is given twice",
    )


def test_a_rule_needs_a_cause(document: dict[str, Any]) -> None:
    document["edges"] = document["edges"][2:]
    assert problems(document) == (
        "small.toml: variables.geopolitics.rule: needs at least one same-day cause "
        "(an edge with lag 0)",
    )


def test_every_mistake_at_once(document: dict[str, Any]) -> None:
    document["variables"]["war"]["cuts"] = [2, 1]
    document["variables"]["trade"]["labl"] = "x"
    document["variables"]["equity"]["manipulable"] = 1
    document["edges"][0]["cause"] = "wra"
    del document["edges"][1]["because"]
    document["fit"]["draws"] = "many"
    document["edges"] += [
        {"cause": "leverage", "effect": "equity", "because": "x"},
        {"cause": "equity", "effect": "leverage", "because": "x"},
    ]
    found = problems(document)
    assert len(found) == 7
    places = {p.split(": ")[1] for p in found}
    assert places == {
        "variables.war.cuts",
        "variables.trade.labl",
        "variables.equity.manipulable",
        "edges[1].cause",
        "edges[2].because",
        "fit.draws",
        "Same-day edges form a cycle",
    }


def test_no_variable_at_all() -> None:
    assert any("no variable is declared" in p for p in problems({"story": {"name": "x"}}))
    assert any("no variable is declared" in p for p in problems({}))


@pytest.mark.parametrize("nothing", [None, [], "x", 3])
def test_not_even_a_table(nothing: Any) -> None:
    assert "must be a table" in problems(nothing)[0]


def test_a_cycle_is_shown(document: dict[str, Any]) -> None:
    document["edges"].append({"cause": "leverage", "effect": "equity", "because": "x"})
    document["edges"].append({"cause": "equity", "effect": "leverage", "because": "x"})
    with pytest.raises(CycleError, match=r"^small\.toml: .*cycle: (\w+) -> \w+ -> \1\."):
        story_from_dict(document, where="small.toml", complete=True)


def test_a_cycle_in_the_first_slice_is_shown(document: dict[str, Any]) -> None:
    document["variables"]["war"]["start"] = ["trade"]
    with pytest.raises(CycleError, match=r"`start` form a cycle"):
        story_from_dict(document, where="small.toml", complete=True)


def test_a_bare_structure_needs_neither_reasons_nor_series(document: dict[str, Any]) -> None:
    bare = {
        "variables": {"a": {"states": ["x"]}},
        "edges": [{"cause": "a", "effect": "a", "lag": 1}],
    }
    assert story_from_dict(bare).graph.edges == (Edge("a", "a", 1),)
    assert len(problems(bare)) == 3


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
