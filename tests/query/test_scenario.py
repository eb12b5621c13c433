"""Scenarios: grids, files and the texts of the command line; every mistake with its place."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Variable
from causal.query.assignment import Hard, Mix
from causal.query.event import quoted
from causal.query.intervention import Schedule
from causal.query.parser import parse, parse_do, parse_given
from causal.query.scenarios.scenario import Scenario, grid, resolved
from causal.query.scenarios.scenario_file import alternatives, grid_of, read_scenarios
from tests.app.toy import GRAPH

QUERY = parse("P(bitcoin=crash within 5d)", GRAPH)

CSV = """\
name,do,given
shock,geopolitics=escalation for 2d,
late,"leverage=low, geopolitics=calm from d3",bitcoin=crash

,leverage=high,
"""
TOML = """\
[[scenario]]
name = "shock"
do = "geopolitics=escalation for 2d"

[[scenario]]
name = "late"
do = "leverage=low, geopolitics=calm from d3"
given = "bitcoin=crash"

[[scenario]]
do = "do(leverage=high)"
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "text"), [("s.csv", CSV), ("s.TOML", TOML)])
def test_files_are_read(name: str, text: str, tmp_path: Path) -> None:
    found = read_scenarios(written(tmp_path, name, "\ufeff" * (name == "s.csv") + text), GRAPH)
    assert [s.name for s in found] == ["shock", "late", "do(leverage=high)"]
    assert found[0].do == (Schedule(Hard("geopolitics", "escalation"), 1, 2),)
    assert found[0].given == ()
    assert found[1].do == parse_do("leverage=low, geopolitics=calm from d3", GRAPH)
    assert found[1].given == parse_given("bitcoin=crash", GRAPH)
    places = [int(s.place.rpartition(" ")[2]) for s in found]
    assert all(a < b for a, b in pairwise(places))
    assert found[0].place == f"{name}, line {2 if name == 's.csv' else 1}"
    assert resolved(GRAPH, QUERY, found) == found


def test_every_mistake_of_a_csv_with_its_line(tmp_path: Path) -> None:
    text = """\
name,do,givn
one,levrage=low,
two,leverage=low, geopolitics=calm
three,leverage=lo,
four,leverage=low for,
five,leverage=low,
"""
    with pytest.raises(QueryError) as caught:
        read_scenarios(written(tmp_path, "s.csv", text), GRAPH)
    said = str(caught.value)
    assert "4 mistakes" in said
    for line, word in ((1, "`givn`"), (2, "levrage"), (4, "`lo`"), (5, "for")):
        assert any(f"s.csv, line {line}" in part and word in part for part in said.split("\n"))
    assert "line 6" not in said


def test_a_comma_without_quotes_is_explained(tmp_path: Path) -> None:
    text = "name,do,given\nx,leverage=low, geopolitics=calm,bitcoin=crash\n"
    with pytest.raises(QueryError, match="4 cells under 3 columns") as caught:
        read_scenarios(written(tmp_path, "s.csv", text), GRAPH)
    assert "quotes" in str(caught.value)


def test_every_mistake_of_a_toml_with_its_line(tmp_path: Path) -> None:
    text = """\
other = 1
[[scenario]]
name = "one"
do = "levrage=low"
[[scenario]]
nme = "two"
[[scenario]]
do = 3
[[scenario]]
given = "bitcoin=crush"
"""
    with pytest.raises(QueryError, match="5 mistakes") as caught:
        read_scenarios(written(tmp_path, "s.toml", text), GRAPH)
    said = str(caught.value)
    for line, word in ((2, "levrage"), (5, "`nme`"), (7, "`do` must be text"), (9, "crush")):
        assert any(f"s.toml, line {line}" in part and word in part for part in said.split("\n"))
    assert "`other`" in said


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.csv", "", "no column"),
        ("s.csv", "name\nx\n", "no column"),
        ("s.csv", "name,do,given\n", "holds no scenario"),
        ("s.csv", 'do\n"leverage=low\n', "cannot be read"),
        ("s.toml", "", "holds no scenario"),
        ("s.toml", "scenario = 3", "no table"),
        ("s.toml", "[[scenario]", "cannot be read"),
        ("s.txt", "do\n", "no file of scenarios"),
    ],
)
def test_files_that_are_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(QueryError) as caught:
        resolved(GRAPH, QUERY, read_scenarios(path, GRAPH))
    assert message in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="no file"):
        read_scenarios(tmp_path / "none.csv", GRAPH)
    (tmp_path / "latin.csv").write_bytes(b"do\nleverage=h\xf6h\n")
    with pytest.raises(QueryError, match="UTF-8"):
        read_scenarios(tmp_path / "latin.csv", GRAPH)


def test_names_given_twice_in_a_file(tmp_path: Path) -> None:
    text = "name,do\nx,leverage=low\nx,leverage=high\n"
    found = read_scenarios(written(tmp_path, "s.csv", text), GRAPH)
    with pytest.raises(QueryError, match=r"given twice, first by s\.csv, line 2"):
        resolved(GRAPH, QUERY, found)


def test_days_outside_the_question_are_found_with_their_line(tmp_path: Path) -> None:
    text = "do,given\nleverage=low,\nleverage=low from d9,bitcoin@8=crash\n"
    with pytest.raises(QueryError, match="2 mistakes") as caught:
        resolved(GRAPH, QUERY, read_scenarios(written(tmp_path, "s.csv", text), GRAPH))
    assert str(caught.value).count("s.csv, line 3") == 2


def test_a_grid_is_a_product() -> None:
    found = grid(
        do={"leverage": [None, "low", {"low": 0.5, "high": 0.5}], "geopolitics": ["calm for 2d"]},
        given={"bitcoin": ["crash", ["fall", "crash"]]},
    )
    assert len(found) == 6
    names = [name for name, _, _ in found]
    assert names[0] == "do(geopolitics=calm for 2d), bitcoin=crash"
    assert names[5] == (
        "do(leverage={low: 0.5, high: 0.5}, geopolitics=calm for 2d), bitcoin={fall, crash}"
    )
    scenarios = resolved(GRAPH, QUERY, found)
    assert scenarios[5].do == (
        Mix("leverage", (("low", 0.5), ("high", 0.5))),
        Schedule(Hard("geopolitics", "calm"), 1, 2),
    )
    assert scenarios[2].coordinates == {
        "do(leverage)": "low",
        "do(geopolitics)": "calm for 2d",
        "bitcoin": "crash",
    }
    assert grid(do={"leverage": [None]})[0] == ("nothing", {}, {})


def test_a_variable_done_twice_has_one_coordinate() -> None:
    one = Scenario("x", parse_do("leverage=low for 2d, leverage=high from d3", GRAPH))
    assert one.coordinates == {"do(leverage)": "low for 2d, high from d3"}


def test_a_side_lists_values_of_its_own_variable() -> None:
    with pytest.raises(QueryError, match="`war=calm` under `leverage`"):
        grid(do={"leverage": [Hard("war", "calm")]})
    assert len(grid(do={"war": [Hard("war", "calm"), None]})) == 2


def test_empty_and_endless_grids_are_refused() -> None:
    with pytest.raises(QueryError, match="grid is empty"):
        grid()
    with pytest.raises(QueryError, match="no value for `leverage`"):
        grid(do={"leverage": []}, given={"bitcoin": ["crash"]})
    with pytest.raises(QueryError, match="10,000,000,000 scenarios"):
        grid(do={f"x{i}": range(10) for i in range(10)})


def test_alternatives_of_the_command_line() -> None:
    assert alternatives("leverage=low|mid|high", GRAPH) == [
        "leverage=low",
        "leverage=mid",
        "leverage=high",
    ]
    assert alternatives("geopolitics=escalation for 2d | calm from d3 | -", GRAPH) == [
        "geopolitics=escalation for 2d",
        "geopolitics=calm from d3",
        "",
    ]
    assert alternatives("leverage={low: 0.5, high: 0.5}|leverage=low, geopolitics=calm", GRAPH) == [
        "leverage={low: 0.5, high: 0.5}",
        "leverage=low, geopolitics=calm",
    ]
    assert alternatives("leverage=low|high for 2d, leverage=low from d3|{low, mid}", GRAPH)[1:] == [
        "leverage=high for 2d, leverage=low from d3",
        "leverage={low, mid}",
    ]
    named = [
        "geopolitics -> bitcoin cut",
        "bitcoin@-1=crash",
        "bitcoin in {fall}",
        '"bitcoin"=fall',
    ]
    assert alternatives("|".join(["leverage=low", *named]), GRAPH)[1:] == named
    assert alternatives("bitcoin@-1=*", GRAPH) == [
        f"bitcoin@-1={s}" for s in ("rise", "flat", "fall", "crash")
    ]
    assert alternatives('x="a|b"', GRAPH) == ['x="a|b"']
    for text in ("leverage=low||high", "", "-", "|"):
        with pytest.raises(QueryError, match="lacks an alternative"):
            alternatives(text, GRAPH)


NAMES = [
    "c\\d",
    'q"u',
    "x=y",
    "a|b",
    "{z}",
    "do",
    "in",
    "*",
    "- ",
    "it's",
    "a -> b",
    "c\\",
    "war risk",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_grid_takes_every_name_that_the_grammar_takes(name: str) -> None:
    """Quotes and backslashes in names, and marks in quotes, mean what they mean in a question."""
    graph = CausalGraph((Variable(name, tuple(NAMES)), Variable("y", ("a", "b"))))
    every = [Hard(name, state) for state in NAMES]
    told = [parse_do(text, graph) for text in alternatives(f"{quoted(name)}=*", graph)]
    assert [do for (do,) in told] == every
    one_by_one = f"{quoted(name)}={'|'.join(map(quoted, NAMES))}|y=a"
    told = [parse_do(text, graph) for text in alternatives(one_by_one, graph)]
    assert [do for (do,) in told] == [*every, Hard("y", "a")]


def test_a_grid_of_texts() -> None:
    found = grid_of(["leverage=low|-", "geopolitics=* for 2d"], ["bitcoin=crash|fall"], GRAPH)
    assert len(found) == 2 * 3 * 2
    scenarios = resolved(GRAPH, QUERY, found)
    assert len({(s.do, s.given) for s in scenarios}) == 12
    assert scenarios[0].do == (
        Hard("leverage", "low"),
        Schedule(Hard("geopolitics", "calm"), 1, 2),
    )
    with pytest.raises(QueryError, match="scenarios"):
        grid_of(["leverage=*"] * 20, [], GRAPH)
