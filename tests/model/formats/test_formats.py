"""XMLBIF, NET, UAI and DSC: as pyAgrum reads them, as pgmpy writes them, nothing passed over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from causal.errors import CausalError, ModelError
from causal.model.interchange import read_network
from causal.model.network import CausalModel
from causal.model.pgmpy_network import to_pgmpy
from tests import strategies
from tests.model.pgmpy_parts import readwrite
from tests.model.test_interchange import assert_same, written

XMLBIF = """<?xml version="1.0"?>
<!DOCTYPE BIF [
  <!ELEMENT BIF ( NETWORK )*>
  <!ATTLIST BIF VERSION CDATA #REQUIRED>
]>
<BIF VERSION="0.3" xmlns="http://www.cs.ubc.ca/labs/lci/fopi/ve/XMLBIFv0_3">
<NETWORK>
<NAME>alarms</NAME>
<VARIABLE TYPE="nature"><NAME>fire</NAME><OUTCOME>no</OUTCOME><OUTCOME>yes</OUTCOME>
  <PROPERTY>position = (1, 2)</PROPERTY></VARIABLE>
<VARIABLE TYPE="nature"><NAME>fog</NAME><OUTCOME>a</OUTCOME><OUTCOME>b</OUTCOME>
  <OUTCOME>c</OUTCOME></VARIABLE>
<VARIABLE TYPE="nature"><NAME>bell</NAME><OUTCOME>no</OUTCOME><OUTCOME>yes</OUTCOME></VARIABLE>
<DEFINITION><FOR>fire</FOR><TABLE>0.9 0.1</TABLE></DEFINITION>
<DEFINITION><FOR>fog</FOR><TABLE>0.2 0.3 0.5</TABLE></DEFINITION>
<DEFINITION><FOR>bell</FOR><GIVEN>fire</GIVEN><GIVEN>fog</GIVEN><TABLE>
  0.99 0.01 <!-- no, a --> 0.9 0.1  0.8 0.2
  0.3 0.7  0.2 0.8  0.1 0.9
</TABLE></DEFINITION>
</NETWORK>
</BIF>
"""
NET = """% of Hugin
net { name = alarms; node_size = (80 40); }
node fire { label = "Fire"; states = ("no" "yes"); position = (1 2); }
node fog { label = ""; states = ("a" "b" "c"); }
discrete node bell { states = ("no" "yes"); }
potential (fire) { data = ( 0.9 0.1 ); }
potential (fog |) { data = ( 0.2 0.3 0.5 ); }
potential (bell | fire fog)
{
  data = (((0.99 0.01) % fire=no fog=a
           (0.9 0.1)(0.8 0.2))
          ((0.3 0.7)(0.2 0.8)(0.1 0.9)));
}
"""
UAI = """BAYES
3
2 3 2
3
1 0
1 1
3 0 1 2

2 0.9 0.1
3 0.2 0.3 0.5
12
 0.99 0.01 0.9 0.1 0.8 0.2
 0.3 0.7 0.2 0.8 0.1 0.9
"""
DSC = """belief network "alarms"
node fire { type : discrete [ 2 ] = { "no", "yes" }; }
node fog { name: "Fog"; type : discrete [ 3 ] = { "a", "b", "c" }; position: (1, 2); }
node bell { type : discrete [ 2 ] = { "no", "yes" }; }
probability ( fire ) { 0.9, 0.1; }
probability ( fog ) { 0.2, 0.3, 0.5; } // of a root
probability ( bell | fire, fog ) {
  (0, 0) : 0.99, 0.01; (0, 1) : 0.9, 0.1; (0, 2) : 0.8, 0.2;
  (1, 0) : 0.3, 0.7; (1, 1) : 0.2, 0.8; (1, 2) : 0.1, 0.9;
}
"""
TEXTS = {"bifxml": XMLBIF, "net": NET, "uai": UAI, "dsc": DSC}
PLAIN = {  # without what pyAgrum does not know: types, name spaces, comments, discrete nodes
    "bifxml": '<BIF VERSION="0.3">'
    + XMLBIF.partition('XMLBIFv0_3">')[2].replace("<!-- no, a -->", ""),
    "net": NET.replace("discrete node", "node"),
}
BELL = [[0.99, 0.9, 0.8], [0.3, 0.2, 0.1]]


def theirs_agree(gum: ModuleType, path: Path, model: CausalModel, tolerance: float) -> None:
    """The tables as pyAgrum reads the file, scaled as ours are."""
    theirs = gum.loadBN(str(path))
    assert set(theirs.names()) == set(model.graph.names)
    for variable in model.graph.variables:
        table, cpt = model.tables[variable.name], theirs.cpt(variable.name)
        axes = list(reversed(cpt.names))
        values = cpt.toarray().transpose([axes.index(a) for a in table.axes[:-1]])
        values = values / values.sum(axis=-1, keepdims=True)
        assert tuple(theirs.variable(variable.name).labels()) == variable.states
        np.testing.assert_allclose(table.values[..., 0], values, atol=tolerance, rtol=0)


@pytest.mark.parametrize("suffix", TEXTS)
def test_one_network_in_every_format(tmp_path: Path, suffix: str) -> None:
    model = read_network(written(tmp_path, f"x.{suffix}", TEXTS[suffix]))
    name = "var_2" if suffix == "uai" else "bell"
    np.testing.assert_allclose(model.tables[name].values[..., 0, 0], BELL)
    assert model.name == ("x" if suffix == "uai" else "alarms")
    assert [len(v.states) for v in model.graph.variables] == [2, 3, 2]


def test_endings_of_xmlbif(tmp_path: Path) -> None:
    one, *others = (
        read_network(written(tmp_path, f"x.{suffix}", XMLBIF))
        for suffix in ("xml", "XMLBIF", "bifxml")
    )
    for other in others:
        assert_same(one, other, 0)


@pytest.mark.parametrize("suffix", ["bifxml", "net"])
@pytest.mark.parametrize("seed", range(8))
def test_what_pyagrum_writes_is_read_as_pyagrum_reads_it(
    tmp_path: Path, needs: Callable[[str], ModuleType], suffix: str, seed: int
) -> None:
    gum = needs("pyagrum")
    gum.initRandom(seed + 1)
    path = tmp_path / f"x.{suffix}"
    gum.saveBN(gum.fastBN("a{x|y|z}->c[2]<-b;d->c;a->b;d[4]->e[3]"), str(path))
    theirs_agree(gum, path, read_network(path), 1e-7)
    written(tmp_path, f"y.{suffix}", PLAIN[suffix])
    model = read_network(tmp_path / f"y.{suffix}")
    theirs_agree(gum, tmp_path / f"y.{suffix}", model, 1e-7)


@pytest.mark.parametrize("seed", range(8))
def test_uai_of_pyagrum_is_told_by_the_names_beside_its_scopes(
    tmp_path: Path, needs: Callable[[str], ModuleType], seed: int
) -> None:
    gum = needs("pyagrum")
    gum.initRandom(seed + 1)
    theirs, path = gum.fastBN("a{x|y|z}->c[2]<-b;d->c;a->b;d[4]"), tmp_path / "x.uai"
    gum.saveBN(theirs, str(path))
    model = read_network(path)
    numbers = {f"var_{theirs.idFromName(n)}": n for n in theirs.names()}
    for name, their in numbers.items():
        table, axes = model.tables[name], list(reversed(theirs.cpt(their).names))
        order = [axes.index(numbers[a]) for a in table.axes[:-1]]
        values = theirs.cpt(their).toarray().transpose(order)
        np.testing.assert_allclose(table.values[..., 0], values, atol=2e-6)


@pytest.mark.parametrize(("writer", "suffix"), [("XMLBIF", "xml"), ("NET", "net"), ("UAI", "uai")])
@pytest.mark.parametrize("seed", range(8))
def test_what_pgmpy_writes_comes_back(tmp_path: Path, writer: str, suffix: str, seed: int) -> None:
    model = strategies.one_slice(seed, states=3)
    logging.getLogger("pgmpy").setLevel(logging.CRITICAL)
    path = tmp_path / f"x.{suffix}"
    getattr(readwrite, f"{writer}Writer")(to_pgmpy(model)).write(str(path))
    back = read_network(path)
    if writer != "UAI":  # which has neither names nor the states' names
        assert_same(model, back, 1e-6)
        return
    assert sorted(len(v.states) for v in back.graph.variables) == sorted(
        len(v.states) for v in model.graph.variables
    )
    assert len(back.graph.edges) == len(model.graph.edges)


def test_uai_of_pgmpy_is_told_by_its_rows(tmp_path: Path) -> None:
    flat = "0.99 0.9 0.8 0.3 0.2 0.1 0.01 0.1 0.2 0.7 0.8 0.9"
    text = UAI[: UAI.index(" 0.99")] + flat
    model = read_network(written(tmp_path, "x.uai", text))
    np.testing.assert_allclose(model.tables["var_2"].values[..., 0, 0], BELL)


@pytest.mark.parametrize(
    ("suffix", "old", "new", "message"),
    [
        ("bifxml", 'TYPE="nature"', 'TYPE="decision"', "`fire` is a decision variable"),
        ("bifxml", "<NAME>fog", "<NAME>fire", "declared twice"),
        ("bifxml", "<OUTCOME>b</OUTCOME>", "", "holds 2|makes|make"),
        ("bifxml", "<GIVEN>fog</GIVEN>", "<GIVE>fog</GIVE>", "<GIVE> is no part of"),
        ("bifxml", "<GIVEN>fog", "<GIVEN>frog", "`frog` of `bell` is not declared"),
        ("bifxml", "<FOR>fog", "<FOR>fire", "comes twice"),
        ("bifxml", "</DEFINITION>", "<TABLE>1 0</TABLE></DEFINITION>", "2 elements <TABLE>"),
        ("bifxml", "0.9 0.1</TABLE>", "0.9 0.1</TABLE>0.5", "stands between"),
        ("bifxml", "<TABLE>0.9 0.1", "<TABLE><x>0.9</x> 0.1", "should hold text"),
        ("bifxml", "<!ELEMENT BIF", '<!ENTITY x "y"><!ELEMENT BIF', "declares the entity"),
        ("bifxml", "0.99 0.01", "0.99 0.1", r"P\(bell \| fire=no, fog=a\)"),
        ("bifxml", "<NAME>alarms</NAME>", "<NOM>a</NOM>", "<NOM> is no part of"),
        ("net", "node fog", "decision fog", "decision node, `fog`"),
        ("net", "discrete node bell", "continuous node bell", "continuous node, `bell`"),
        ("net", "net {", "class x {", "object-oriented"),
        ("net", "node fog", "node fire", "declared twice"),
        ("net", "potential (fog |)", "potential (fire)", "comes twice"),
        ("net", "(0.99 0.01)", "(0.99) (0.01", "stays open|cut through"),
        ("net", "(0.9 0.1)(0.8 0.2)", "(0.9 (0.1 0.8) 0.2)", "cut through"),
        ("net", "0.99 0.01", "0,99 0.01", "`0,99` is no number"),
        ("net", 'states = ("no" "yes");', 'states = ("no"); states = ("yes");', "given twice"),
        ("net", "data = ( 0.9 0.1 )", "model_data = ( Normal (0, 1) )", "expression"),
        ("net", "potential (bell | fire fog)", "potential (bell fire fog)", "expected"),
        ("net", '"Fire"', '"Fire', r"Line \d"),
        ("uai", "BAYES", "MARKOV", "kind `MARKOV`"),
        ("uai", "3 0 1 2", "3 0 1 1", "not every variable once|stands on"),
        ("uai", "12\n", "11\n", "holds 11 numbers"),
        ("uai", "0.1 0.9\n", "0.1 0.9 0.5\n", "left over"),
        ("uai", "2 3 2", "2 3 -2", "number of states"),
        ("dsc", "[ 3 ]", "[ 2 ]", "said to have 2 states"),
        ("dsc", "(0, 1) :", "(0, 0) :", "given twice"),
        ("dsc", "(0, 1) :", "(0, 7) :", r"no row \(0, 1\)"),
        ("dsc", "(0, 1) : 0.9, 0.1;", "", "has 5 rows"),
        ("dsc", "discrete [ 3 ]", "continuous [ 3 ]", "`fog` is continuous"),
        ("dsc", "node fog", "utility fog", "Line 3"),
    ],
)
def test_what_would_be_lost_is_refused(
    tmp_path: Path, suffix: str, old: str, new: str, message: str
) -> None:
    assert old in TEXTS[suffix]
    with pytest.raises(CausalError, match=message) as caught:
        read_network(written(tmp_path, f"x.{suffix}", TEXTS[suffix].replace(old, new, 1)))
    assert caught.value.means
    assert caught.value.do


def test_other_encodings_are_read_or_refused(tmp_path: Path) -> None:
    text = NET.replace('"yes"', '"été"').replace('"Fire"', '"火"')
    utf16 = read_network(written(tmp_path, "x.net", text.encode("utf-16"))).graph
    assert utf16.variable("fire").label == "火"
    latin = text.replace("火", "feu").encode("latin-1")
    assert read_network(written(tmp_path, "x.net", latin)).graph.variable("bell").states[1] == "été"
    chinese = written(tmp_path, "x.net", text.replace("é", "e").encode("gbk"))
    with pytest.raises(ModelError, match=r"x\.net .*not written in UTF-8: line \d+") as caught:
        read_network(chinese)
    assert 'encoding="gb18030"' in caught.value.do
    assert read_network(chinese, encoding="gb18030").graph.variable("fire").label == "火"


@pytest.mark.parametrize("suffix", [".xdsl", ".xml"])
def test_an_encoding_is_not_passed_over(tmp_path: Path, suffix: str) -> None:
    """XML says its own, so that a named one would be without effect."""
    with pytest.raises(ModelError, match="an encoding was named"):
        read_network(written(tmp_path, f"x{suffix}", "<a/>"), encoding="gb18030")
