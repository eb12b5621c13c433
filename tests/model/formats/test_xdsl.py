"""XDSL: every kind of table, dynamic networks day by day, and words for what is no causal model."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import causal
from causal.errors import CausalError, ModelError
from causal.model.formats.noisy_max import noisy_max
from causal.model.interchange import read_network
from causal.model.pgmpy_network import to_pgmpy
from tests import strategies
from tests.model.pgmpy_parts import readwrite
from tests.model.test_interchange import XDSL, assert_same, written

DYNAMIC = """<smile version="1.0" id="days">
 <nodes>
  <cpt id="sky" dynamic="plate"><state id="dry"/><state id="wet"/>
   <probabilities>{sky}</probabilities></cpt>
  <cpt id="road" dynamic="plate"><state id="dry"/><state id="wet"/><parents>sky</parents>
   <probabilities>{road}</probabilities></cpt>
 </nodes>
 <dynamic numslices="9">
  <cpt id="sky" order="1"><parents>sky</parents><probabilities>{sky_1}</probabilities></cpt>
  <cpt id="road" order="1"><parents>road sky</parents><probabilities>{road_1}</probabilities></cpt>
 </dynamic>
</smile>
"""
GENIE = '<extensions><genie version="1.0" app="GeNIe 4">{}</genie></extensions></smile>'
NOISY = "<noisymax id='either'><state id='Something'/><state id='Nothing'/>"


def flat(values: object) -> str:
    return " ".join(map(repr, np.asarray(values, dtype=float).ravel().tolist()))


def rows(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])


def days(rng: np.random.Generator) -> tuple[str, dict[str, np.ndarray]]:
    tables = {
        "sky": rows(rng, 2), "road": rows(rng, 2, 2), "sky_1": rows(rng, 2, 2),
        "road_1": rows(rng, 2, 2, 2),
    }  # fmt: skip
    return DYNAMIC.format(**{name: flat(values) for name, values in tables.items()}), tables


@pytest.mark.parametrize("seed", range(5))
def test_slice_t_of_a_dynamic_network_is_day_t(tmp_path: Path, seed: int) -> None:
    text, of = days(np.random.default_rng(seed))
    model = read_network(written(tmp_path, "days.xdsl", text))
    joint = of["sky"][:, None] * of["road"]  # P(sky, road) on slice 0
    assert causal.probability(model, {"road": "wet"}).probability == pytest.approx(
        joint[:, 1].sum()
    )
    for day in range(1, 6):
        joint = np.einsum("sr,st,rtu->tu", joint, of["sky_1"], of["road_1"])
        asked = causal.probability(model, {"sky": "wet", "road": "dry"}, at=day)
        assert asked.probability == pytest.approx(joint[1, 0], abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_seen_in_the_first_slice_moves_the_later_ones(tmp_path: Path, seed: int) -> None:
    text, of = days(np.random.default_rng([1, seed]))
    model = read_network(written(tmp_path, "days.xdsl", text))
    joint = of["sky"][:, None] * of["road"]
    joint[:, 0] = 0
    joint /= joint.sum()
    joint = np.einsum("sr,st,rtu->tu", joint, of["sky_1"], of["road_1"])
    asked = causal.probability(model, {"sky": "wet"}, given={"road": "wet"}, at=1)
    assert asked.probability == pytest.approx(joint[1].sum(), abs=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id="sky" order="1"', 'id="sky" order="2"', "temporal table of order 2"),
        ('id="road" dynamic="plate"', 'id="road" dynamic="anchor"', "outside the plate"),
        ('id="road" dynamic="plate"', 'id="road"', "outside the plate"),
        ("<parents>road sky</parents>", "<parents>road</parents>", "parents of the same slice"),
        ("<parents>road sky</parents>", "<parents>sky</parents>", "no parent of the day before"),
        ("<parents>road sky</parents>", "<parents>sky road sky</parents>", "stands on"),
        ('id="road" order', 'id="sky" order', "comes twice"),
        ('id="road" order', 'id="rode" order', "has no node"),
        ("</dynamic>", "</dynamic><dynamic/>", "2 elements <dynamic>"),
    ],
)
def test_what_two_slices_cannot_hold_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text, _ = days(np.random.default_rng(0))
    assert old in text
    with pytest.raises(ModelError, match=message):
        read_network(written(tmp_path, "days.xdsl", text.replace(old, new, 1)))


@pytest.mark.parametrize("seed", range(12))
def test_a_noisy_max_is_the_strongest_of_what_its_parents_contribute(seed: int) -> None:
    """Enumerated: every parent and the leak contribute a state, the first of them counts."""
    rng = np.random.default_rng([2, seed])
    causes, states = rng.integers(1, 4, size=rng.integers(1, 4)).tolist(), int(rng.integers(2, 4))
    columns = [rows(rng, size, states) for size in causes]
    for column in columns:
        column[-1] = np.eye(states)[-1]
    leak, orders = rows(rng, states), [rng.permutation(size) for size in causes]
    want = np.zeros((*causes, states))
    for where in itertools.product(*map(range, causes)):
        each = [c[o.tolist().index(x)] for c, o, x in zip(columns, orders, where, strict=True)]
        for drawn in itertools.product(range(states), repeat=len(causes) + 1):
            chance = np.prod([p[s] for p, s in zip([*each, leak], drawn, strict=True)])
            want[(*where, min(drawn))] += chance
    strengths = [str(state) for order in orders for state in order]
    parameters = np.concatenate([*columns, leak[None]]).ravel().tolist()
    got = noisy_max("x", want.shape, strengths, parameters)
    np.testing.assert_allclose(got, want, atol=1e-12)


@pytest.mark.parametrize(
    ("strengths", "parameters", "message"),
    [
        ("0 1 0 1", ".9 .1 0 1 .8 .2 0 1", "holds 8 numbers"),
        ("0 1 0", ".9 .1 0 1 .8 .2 0 1 .1 .9", "3 strengths for 4 states"),
        ("0 0 0 1", ".9 .1 0 1 .8 .2 0 1 .1 .9", "no order of states"),
        ("0 1 0 1", ".9 .2 0 1 .8 .2 0 1 .1 .9", "no distribution"),
        ("0 1 0 1", ".9 .1 .5 .5 .8 .2 0 1 .1 .9", "The weakest state of a parent"),
        ("0 1 0 1", ".9 .1 0 1 .8 .2 0 1 .1 NaN", "`NaN` is no number"),
    ],
)
def test_a_noisy_max_that_contradicts_itself(
    tmp_path: Path, strengths: str, parameters: str, message: str
) -> None:
    head, _, tail = XDSL.partition('<deterministic id="either">')
    tail = tail.partition("</deterministic>")[2]
    node = f"{NOISY}<parents>fear war</parents><strengths>{strengths}</strengths>"
    node += f"<parameters>{parameters}</parameters></noisymax>"
    with pytest.raises(ModelError, match=message):
        read_network(written(tmp_path, "x.xdsl", head + node + tail))


@pytest.mark.parametrize("kind", ["decision", "utility", "mau", "equation", "demorgan"])
def test_nodes_without_probabilities_are_named_and_not_called_damaged(
    tmp_path: Path, kind: str
) -> None:
    text = XDSL.replace("<deterministic", f"<{kind}").replace("</deterministic", f"</{kind}")
    with pytest.raises(ModelError, match=f"`either` is a {kind} node") as caught:
        read_network(written(tmp_path, "x.xdsl", text))
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('<cpt id="war">', '<cpt id="fear">', "declared twice"),
        ('<state id="yes" />', '<state id="no" />', "The states of `fear`"),
        ("0.6 0.4", "0.6 0.4 0.0", "holds 3 numbers"),
        ("0.6 0.4", "0.6 NaN", "`NaN` is no number"),
        ("0.6 0.4", "0.6 1e400", "`1e400` is no number"),
        ("0.6 0.4", "0.6 0.5", r"P\(fear\)"),
        ("Nothing Some", "None Some", "results in `None`"),
        ("<parents>fear</parents>", "<parents>peace</parents>", "`peace` of `war` is not declared"),
        ("<parents>fear</parents>", "<parents>war</parents>", "stands on"),
        ("<parents>fear</parents>", 2 * "<parents>fear</parents>", "2 elements <parents>"),
        ("<nodes>", "<nodes/><nodes>", "holds 2 elements <nodes>"),
        ("<smile", "<smiles", "no XML"),
        ("<smile", "<!DOCTYPE smile><smile", "document type"),
        ("<smile", '<!DOCTYPE s [<!ENTITY a "b">]><smile', "document type|entity"),
        ("<nodes>", "<nodes>" + "<a>" * 99, "nests more than 64"),
        ('encoding="UTF-8"', 'encoding="rot13"', "not text in the encoding"),
    ],
)
def test_what_contradicts_itself_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in XDSL
    with pytest.raises(CausalError, match=message):
        read_network(written(tmp_path, "x.xdsl", XDSL.replace(old, new, 1)))


def test_the_names_that_genie_shows_are_labels(tmp_path: Path) -> None:
    shown = '<submodel id="s"><node id="war"><name>War\n or  peace</name></node></submodel>'
    text = XDSL.replace("</smile>", GENIE.format(shown))
    graph = read_network(written(tmp_path, "x.xdsl", text)).graph
    assert [v.label for v in graph.variables] == ["", "War or peace", ""]
    with pytest.raises(CausalError, match="control character"):
        read_network(written(tmp_path, "x.xdsl", text.replace("War", "\u202e")))


def test_chinese_in_gbk_is_read_as_it_says(tmp_path: Path) -> None:
    text = XDSL.replace('"Nothing"', '"无"').replace("Nothing", "无").replace("UTF-8", "GBK")
    graph = read_network(written(tmp_path, "x.xdsl", text.encode("gbk"))).graph
    assert graph.variable("either").states == ("无", "Something")


@pytest.mark.parametrize("seed", range(10))
def test_what_pyagrum_writes_is_transposed_back(
    tmp_path: Path, needs: Callable[[str], ModuleType], seed: int
) -> None:
    gum = needs("pyagrum")
    gum.initRandom(seed + 1)
    theirs = gum.fastBN("a{x|y|z}->c[2]<-b;d->c;a->b;d[4]")
    path = tmp_path / "x.xdsl"
    gum.saveBN(theirs, str(path))
    model = read_network(path)
    for name in theirs.names():
        table = model.tables[name]
        names = list(reversed(theirs.cpt(name).names))
        values = theirs.cpt(name).toarray().transpose([names.index(a) for a in table.axes[:-1]])
        np.testing.assert_allclose(table.values[..., 0], values, atol=2e-6)
    other = path.read_text().replace('app="aGrUM', 'app="GeNIe')
    with pytest.raises(ModelError, match="A comment says that pyAgrum wrote it"):
        read_network(written(tmp_path, "y.xdsl", other))


@pytest.mark.parametrize("seed", range(10))
def test_what_pgmpy_writes_comes_back(tmp_path: Path, seed: int) -> None:
    model = strategies.one_slice(seed)
    logging.getLogger("pgmpy").setLevel(logging.CRITICAL)
    readwrite.XDSLWriter(to_pgmpy(model)).write(str(tmp_path / "x.xdsl"))
    assert_same(model, read_network(tmp_path / "x.xdsl"), 1e-9)
