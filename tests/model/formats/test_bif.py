"""BIF files: spelt in any way they read the same; what is said twice or not at all is refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from random import Random

import numpy as np
import pytest

from causal import file
from causal.errors import CausalError, ModelError, TableError
from causal.model.formats.bif import read_bif
from causal.model.interchange import read_network
from causal.model.network import CausalModel
from tests.model.formats.bif_text import TWIN, otherwise, same
from tests.reference import truth


def read(text: str | bytes, **options: str) -> CausalModel:
    raw = text if isinstance(text, bytes) else text.encode()
    return read_bif(raw, "shop.bif", stem="shop", **options)


def refused(text: str | bytes, error: type[CausalError] = ModelError) -> str:
    """The message of a refusal, which has three parts."""
    with pytest.raises(error) as caught:
        read(text)
    assert caught.value.what
    assert caught.value.means
    assert caught.value.do
    return str(caught.value)


def chance(model: CausalModel, variable: str, state: str) -> float:
    return float(truth(model, {variable: state}).draws[0])


def test_the_twin_is_read_value_by_value() -> None:
    model = read(TWIN)
    assert model.name == "shop"
    assert model.graph.names == ("rain", "load", "Wet", "slip")
    assert model.graph.variable("load").states == ("(0, 5]", "(5, 10]", "over")
    assert model.graph.variable("slip").states == ("<1%", "1.5/2+")
    assert model.graph.parents("slip") == ("Wet", "load")
    np.testing.assert_allclose(model.tables["Wet"].values[..., 0], [[0.95, 0.05], [0.25, 0.75]])
    slippery = model.tables["slip"].values[..., 1, 0]
    np.testing.assert_allclose(slippery, [[0.1, 0.15, 0.4], [0.65, 0.7, 0.9]])


@pytest.mark.parametrize("seed", range(60))
def test_blanks_comments_and_semicolons_mean_nothing(seed: int) -> None:
    assert same(read(otherwise(Random(seed), TWIN)), read(TWIN))


def test_one_line_and_other_line_ends() -> None:
    plain = TWIN.replace("// by hand\n", "")
    for text in (
        plain.replace("\n", " "),
        plain.replace("\n", "\r\n"),
        plain.replace("\n", "\r"),
        plain.replace("( slip | Wet, load )", "( slip |\n  Wet\n  , load\n)"),
        plain.replace("( slip | Wet, load )", '( "slip" "Wet" "load" ) { //3 variables').replace(
            "3 variables {", "3 variables"
        ),
    ):
        assert same(read(text), read(TWIN)), text


def test_blocks_stand_in_any_order() -> None:
    blocks = TWIN.split("\n}\n")[:-1]
    turned = "\n}\n".join([*blocks[5:], *blocks[:5]]) + "\n}\n"
    model = read(turned.replace("// by hand\n", ""))
    assert same(model, read(TWIN))


@pytest.mark.parametrize(
    "text",
    [
        'property note = "until 2019: (no) 0.5, 0.5; table 0.1 0.9;";',
        'property "variable x { type discrete [ 2 ] { a, b }; }" ;',
        "property note (no) 0.5, 0.5 // default;",
        "property weights =\n  none ;",
        'property Source = "x"\n  property size = ( 2, 3 );',
        'property "it\'s probability" ;',
    ],
)
def test_properties_are_never_data(text: str) -> None:
    for place in ("network shop {\n", "variable Wet {\n", "probability ( Wet | rain ) {\n"):
        assert same(read(TWIN.replace(place, f"{place}  {text}\n")), read(TWIN)), place


@pytest.mark.parametrize("end", ["", ' "', ' "open ;', " { ;"])
def test_a_property_without_an_end_swallows_no_row(end: str) -> None:
    text = TWIN.replace("  (dry, over)", f"  default 0.5, 0.5;\n  property x{end}\n  (dry, over)")
    assert "`;`" in refused(text)


def test_the_name_of_a_network_may_hold_keywords() -> None:
    for name in ("my_variable_net", '"a {variable} net"', "table default", "probability"):
        model = read(TWIN.replace("network shop", f"network {name}"))
        assert model.name == name.strip('"')
    assert read(TWIN.replace("network shop", "network unknown")).name == "shop"
    assert read(TWIN.replace("network shop", "network")).name == "shop"


def test_names_that_are_keywords_or_differ_in_case() -> None:
    names = {"rain": "table", "load": "LOAD", "Wet": "Load", "slip": "variable"}
    text = TWIN
    for old, new in names.items():
        text = text.replace(f"{old} {{\n  type", f"{new} {{\n  type")
        text = text.replace(f"( {old} ", f"( {new} ").replace(f"| {old} ", f"| {new} ")
    text = text.replace("Wet, load )", "Load, LOAD )")
    model = read(text)
    assert model.graph.names == ("table", "LOAD", "Load", "variable")
    np.testing.assert_allclose(
        model.tables["variable"].values, read(TWIN).tables["slip"].values, rtol=0
    )


def small(states: str, rows: str, cause: str = "no, yes") -> str:
    return (
        f"network s {{ }} variable a {{ type discrete [ 2 ] {{ {cause} }}; }}\n"
        f"variable b {{ type discrete [ 2 ] {{ {states} }}; }}\n"
        f"probability ( a ) {{ table 0.8, 0.2; }} probability ( b | a ) {{ {rows} }}\n"
    )


@pytest.mark.parametrize(
    "rows",
    [
        "table 0.9 0.2 0.1 0.8;",
        "(no) 0.9, 0.1; (yes) 0.2, 0.8;",
        "(yes) 0.2 0.8; (no) .9 1e-1;",
        "default 0.9, 0.1; (yes) 0.2, 0.8;",
        "(yes) 0.2, 0.8; default 0.9 0.1",
        "(no) 0.9 // , 0.1;\n 0.1; (yes) 0.2 /* 0.5 */ , 0.8;",
    ],
)
def test_rows_defaults_and_tables(rows: str) -> None:
    text = small("u, v", rows if rows.endswith(";") else f"{rows};")
    assert chance(read(text), "b", "v") == pytest.approx(0.24)


@pytest.mark.parametrize(
    ("states", "found"),
    [
        ("very calm, up-roar", ("very calm", "up-roar")),
        ('"low risk" "high risk"', ("low risk", "high risk")),
        ('"[0, 1)", "[1, 2)"', ("[0, 1)", "[1, 2)")),
        ("是, 否", ("是", "否")),
        ("x>=3 Asy/Patch", ("x>=3", "Asy/Patch")),
        ("0 1", ("0", "1")),
        ("a, b,", ("a", "b")),
    ],
)
def test_states_as_public_files_write_them(states: str, found: tuple[str, ...]) -> None:
    rows = "; ".join(
        f'("{state}") {p}' for state, p in zip(found, ("0.9 0.1", "0.2 0.8"), strict=True)
    )
    model = read(small("u, v", f"{rows};", cause=states))
    assert model.graph.variable("a").states == found
    assert chance(model, "b", "v") == pytest.approx(0.24)


@pytest.mark.parametrize(
    ("old", "new", "message", "place"),
    [
        ("[ 3 ]", "[ 4 ]", "`load` declares 4 states and names 3", (10, 19)),
        ("{ no, yes }", "{ no yes maybe }", "`rain` declares 2 states and names 3", (6, 19)),
        ("{ no, yes }", "{ no, no }", "state `no` of `rain` is given twice", (6, 29)),
        ("variable Wet", "variable rain", "the variable `rain` is given twice", (12, 10)),
        ("( load )", "( rain )", "the table of `rain` is given twice", (21, 15)),
        ("(dry, over)", '(dry, "(0, 5]")', "this row of `slip` is given twice", (30, 3)),
        ("(dry, over)", "(over, dry)", "`over` is no state of `Wet`", (30, 4)),
        ("(dry, over)", "(dry)", "names 1 states of 2 causes", (30, 3)),
        ("  (dry, over) 0.6, 0.4;\n", "", "no row for Wet=dry, load=over", (27, 15)),
        ("| rain )", "| rein )", "`rein` is no variable", (24, 21)),
        ("| rain )", "| Wet )", "`Wet` in this header is given twice", (24, 21)),
        ("0.8, 0.2", "0.8, 0.1, 0.1", "has 3 numbers here and needs 2", (19, 9)),
        ("0.8, 0.2", "0,8; 0,2", "`0` has no place in the table", (19, 14)),
        ("0.8, 0.2", "4/5, 1/5", "`4/5` stands where a number", (19, 9)),
        ("0.8, 0.2", "nan, 0.2", "`nan` stands where a number", (19, 9)),
        ("table 0.8", "tabel 0.8", "`tabel` has no place in the table", (19, 3)),
        ("table 0.8, 0.2;", "", "the table of `rain` has no row", (18, 15)),
        ("variable load {", "variable load", "`type` stands where `{`", (10, 3)),
        ("discrete [ 3 ]", "continuous", "`load` is of type `continuous`", (10, 8)),
        ('"(5, 10]", over', '"(5, 10], over', "opened here and not closed", (10, 35)),
        ("// by hand", "/* by hand", "a comment is opened here", (1, 1)),
        ("// by hand", "by hand", "`by` stands where a block", (1, 1)),
        ("variable Wet", "variable Wet@0", "`Wet@0` cannot name a variable", (12, 10)),
    ],
)
def test_what_is_wrong_is_shown_with_line_column_and_caret(
    old: str, new: str, message: str, place: tuple[int, int]
) -> None:
    told = refused(TWIN.replace(old, new, 1))
    assert message in told
    assert f"line {place[0]}, column {place[1]}:" in told
    text, caret = told.split("\n")[-2:]
    assert text[2:] == TWIN.replace(old, new, 1).split("\n")[place[0] - 1]
    assert caret.index("^") == place[1] + 1


def test_a_row_that_is_no_distribution_is_shown() -> None:
    told = refused(TWIN.replace("0.35, 0.65", "0.35, 0.35"), TableError)
    assert "P(slip | Wet=soaked, load=(0, 5])" in told
    assert "line 31, column 3:" in told


def test_causes_that_go_round() -> None:
    ring = small("u, v", "default 1 0;").replace(
        "( a ) { table 0.8, 0.2; }", "( a | b ) { default 1 0; }"
    )
    assert "a -> b -> a" in refused(ring) or "b -> a -> b" in refused(ring)


CHINESE = small("低, 高", '("是") 0.9, 0.1; ("否") 0.2, 0.8;', cause="是, 否")
TRADITIONAL = small("低, 高", '("無") 0.9, 0.1; ("有") 0.2, 0.8;', cause="無, 有")
ACCENTS = small("u, v", "(agité) 0.9, 0.1; (créée) 0.2, 0.8;", cause="agité, créée")


@pytest.mark.parametrize(
    ("text", "encoding", "state"),
    [
        (CHINESE, "utf-8", "是"),
        (CHINESE, "utf-8-sig", "是"),
        (CHINESE, "utf-16", "是"),
        (CHINESE, "gbk", "是"),
        (TRADITIONAL, "big5", "無"),
        (ACCENTS, "latin-1", "agité"),
        (ACCENTS, "utf-16", "agité"),
    ],
)
def test_encodings_that_tell_what_they_are(text: str, encoding: str, state: str) -> None:
    model = read(text.encode(encoding))
    assert model.graph.variable("a").states[0] == state


@pytest.mark.parametrize(
    ("word", "encoding"),
    [
        ("низко", "cp1251"), ("있음", "euc-kr"), ("はい", "shift-jis"), ("有る", "euc-jp"),
        ("ναι", "iso8859-7"), ("כן", "cp1255"), ("Ängst", "mac-roman"), ("薔薇", "big5"),
        ("très", "latin-1"), ("mały", "iso8859-2"), ("agité", "mac-roman"), ("düşük", "iso8859-9"),
    ],
)  # fmt: skip
def test_other_encodings_are_never_read_as_other_words(word: str, encoding: str) -> None:
    text = small("u, v", f'("{word}") 0.9, 0.1; (x) 0.2, 0.8;', cause=f'"{word}", x')
    assert "not written in UTF-8" in refused(text.encode(encoding))
    assert read(text.encode(encoding), encoding=encoding).graph.variable("a").states[0] == word


def test_an_encoding_that_is_wrong_or_unknown() -> None:
    for encoding in ("ascii", "utf-17", "utf-8"):
        with pytest.raises(ModelError, match=f"cannot be read as {encoding}"):
            read(CHINESE.encode("gbk"), encoding=encoding)
    assert "zero bytes" in refused(TWIN.encode("utf-16-le"))


def test_a_compressed_file_grows_to_so_much_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shop.bif.gz"
    path.write_bytes(gzip.compress(TWIN.encode()))
    assert same(read_network(path), read(TWIN))
    half = len(TWIN) // 2
    path.write_bytes(gzip.compress(TWIN[:half].encode()) + gzip.compress(TWIN[half:].encode()))
    assert same(read_network(path), read(TWIN))
    for spoilt in (path.read_bytes()[:-9], path.read_bytes() + b"x", TWIN.encode(), b""):
        path.write_bytes(spoilt)
        with pytest.raises(ModelError, match="the gzip file is damaged"):
            read_network(path)
    monkeypatch.setattr(file, "UNPACKED", 2**20)
    path.write_bytes(gzip.compress(TWIN.encode() + b" " * 2**20))
    with pytest.raises(ModelError, match="unpacks to more than 1,048,576 bytes"):
        read_network(path)


def test_many_states_and_many_variables_take_no_square_of_time() -> None:
    """Minutes and more where each name is sought among all the others."""
    count = 50_000
    states = " ".join(f"s{i}" for i in range(count))
    rows = "\n".join(f"(s{i}) 0.25 0.75;" for i in range(count))
    text = (
        f"variable a {{ type discrete [ {count} ] {{ {states} }}; }}"
        "variable b { type discrete [ 2 ] { u, v }; }"
        f"probability ( a ) {{ default 1 {'0 ' * (count - 1)}; }}"
        f"probability ( b | a ) {{ {rows} }}"
    )
    assert read(text).tables["b"].values[-1, 1, 0] == 0.75
    many = "".join(f"variable v{i} {{ type discrete [ 1 ] {{ on }}; }}" for i in range(5_000))
    many += "".join(f"probability ( v{i} ) {{ table 1; }}" for i in range(5_000))
    assert len(read(many).graph.names) == 5_000


def test_a_table_too_large_for_the_memory_is_never_made() -> None:
    states = " ".join(f"s{i}" for i in range(1_000))
    names = [f"v{i}" for i in range(8)]
    text = "".join(f"variable {n} {{ type discrete [ 1000 ] {{ {states} }}; }}" for n in names)
    text += f"probability ( v0 | {', '.join(names[1:])} ) {{ default 1; }}"
    assert "CAUSAL_MEMORY_GB" in refused(text)
