"""Networks of others: what pgmpy holds comes over unchanged, and a bad file says why."""

from __future__ import annotations

import functools
import gzip
import itertools
import logging
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal.errors import CausalError, ModelError, TableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.model.interchange import read_network
from causal.model.network import CausalModel, fitted
from causal.model.pgmpy_network import from_pgmpy, to_pgmpy
from causal.model.table import table
from causal.query.assignment import Hard, Mix
from causal.query.intervention import Schedule
from tests import strategies
from tests.model.pgmpy_parts import inference, network, pgmpy, readwrite
from tests.model.test_store import fit_of
from tests.reference import truth

EXAMPLES = Path(pgmpy.__file__).parent / "utils" / "example_models"

BIF = """network tiny {
}
variable market {
  type discrete [ 3 ] { very calm, calm, up-roar };
}
variable fear {
  type discrete [ 2 ] { no, yes };
}
variable crash {
  type discrete [ 2 ] { no, yes };
}
probability ( fear | market ) {
  (very calm) 0.9, 0.1;
  (calm) 0.7, 0.3;
  (up-roar) 0.2, 0.8;
}
probability ( market ) {
  table 0.5, 0.3, 0.2;
}
probability ( crash | fear, market ) {
  (no, very calm) 1.0, 0.0;
  (yes, very calm) 0.9, 0.1;
  (no, calm) 0.95, 0.05;
  (yes, calm) 0.8, 0.2;
  (no, up-roar) 0.7, 0.3;
  (yes, up-roar) 0.25, 0.75;
}
"""

XDSL = """<?xml version="1.0" encoding="UTF-8"?>
<smile version="1.0" id="Tiny" numsamples="1000">
  <nodes>
    <cpt id="fear">
      <state id="no" /><state id="yes" />
      <probabilities>0.6 0.4</probabilities>
    </cpt>
    <cpt id="war">
      <state id="no" /><state id="yes" />
      <parents>fear</parents>
      <probabilities>0.9 0.1
         0.3 0.7</probabilities>
    </cpt>
    <deterministic id="either">
      <state id="Nothing" /><state id="Something" />
      <parents>fear  war</parents>
      <resultingstates>Nothing Something Something Something</resultingstates>
    </deterministic>
  </nodes>
</smile>
"""


@functools.cache
def grammar(name: str) -> Any:
    return MAKERS[name](None)


MAKERS = {n: getattr(readwrite.BIFReader, n) for n in vars(readwrite.BIFReader) if "grammar" in n}


@pytest.fixture
def quick_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    """pgmpy builds its grammar anew for every file, at half a second; here once for all."""
    for name in ("get_variable_grammar", "get_probability_grammar"):
        monkeypatch.setattr(readwrite.BIFReader, name, lambda _, name=name: grammar(name))


def written(tmp_path: Path, name: str, text: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def assert_same(one: CausalModel, other: CausalModel, tolerance: float = 1e-12) -> None:
    """The same variables, states and tables, whatever the order of variables and parents."""
    assert set(one.graph.names) == set(other.graph.names)
    for name in one.graph.names:
        mine, theirs = one.tables[name], other.tables[name]
        assert one.graph.variable(name).states == other.graph.variable(name).states
        assert set(mine.axes) == set(theirs.axes)
        order = [theirs.axes.index(a) for a in mine.axes]
        np.testing.assert_allclose(
            mine.values.mean(-1), theirs.values.mean(-1, keepdims=True).transpose(order)[..., 0],
            atol=tolerance, rtol=0,
        )  # fmt: skip


def test_a_bif_file_is_read_value_by_value(tmp_path: Path) -> None:
    model = read_network(written(tmp_path, "tiny.bif", BIF))
    graph = model.graph
    assert graph.name == "tiny"
    assert graph.names == ("market", "fear", "crash")
    assert graph.variable("market").states == ("very calm", "calm", "up-roar")
    assert graph.parents("crash") == ("fear", "market")
    assert (model.draws, model.fit, graph.persistent) == (1, None, ())
    np.testing.assert_allclose(model.tables["market"].values[:, 0], [0.5, 0.3, 0.2])
    np.testing.assert_allclose(
        model.tables["crash"].values[..., 1, 0], [[0.0, 0.05, 0.3], [0.1, 0.2, 0.75]]
    )
    answer = truth(model, {"crash": "yes"}, given={"market": "very calm"})
    np.testing.assert_allclose(answer.draws, 0.01)


def test_compressed_upper_case_and_line_ends(tmp_path: Path, quick_grammar: None) -> None:
    plain = read_network(written(tmp_path, "tiny.bif", BIF))
    for name, raw in {
        "tiny.bif.gz": gzip.compress(BIF.encode()),
        "TINY.BIF": BIF.encode(),
        "crlf.bif": BIF.replace("\n", "\r\n").encode(),
        "no_last_line_end.bif": BIF.rstrip().encode(),
        "mark.bif": b"\xef\xbb\xbf" + BIF.encode(),
    }.items():
        assert_same(plain, read_network(written(tmp_path, name, raw)), 0)


def test_accents_in_either_encoding(tmp_path: Path, quick_grammar: None) -> None:
    text = BIF.replace("up-roar", "trés agité")
    for name, encoding in (("utf.bif", "utf-8"), ("old.bif", "latin-1")):
        model = read_network(written(tmp_path, name, text.encode(encoding)))
        assert model.graph.variable("market").states[2] == "trés agité"


def test_an_unnamed_network_is_called_like_its_file(tmp_path: Path, quick_grammar: None) -> None:
    text = BIF.replace("network tiny", "network unknown")
    assert read_network(written(tmp_path, "my.net.bif", text)).name == "my.net"
    zipped = written(tmp_path, "zipped.bif.gz", gzip.compress(text.encode()))
    assert read_network(zipped).name == "zipped"


@pytest.mark.parametrize("name", ["asia", "alarm", "sachs"])
def test_public_networks_keep_every_number(name: str, quick_grammar: None) -> None:
    path = EXAMPLES / f"{name}.bif.gz"
    model = read_network(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = readwrite.BIFReader(string=gzip.decompress(path.read_bytes()).decode()).get_model()
    assert model.name == name
    assert model.graph.names == tuple(theirs.nodes)
    for cpd in theirs.get_cpds():
        mine = model.tables[cpd.variable]
        assert mine.parents == tuple(cpd.variables[1:])
        for states in itertools.product(*(cpd.state_names[v] for v in cpd.variables)):
            place = dict(zip(cpd.variables, states, strict=True))
            at = tuple(model.graph.variable(a).index(place[a]) for a in mine.axes[:-1])
            assert abs(mine.values[(*at, 0)] - cpd.get_value(**place)) < 1e-6


def test_rounding_is_mended_and_nothing_more(tmp_path: Path, quick_grammar: None) -> None:
    near = BIF.replace("(calm) 0.7, 0.3", "(calm) 0.7, 0.2995")
    model = read_network(written(tmp_path, "near.bif", near))
    np.testing.assert_allclose(model.tables["fear"].values.sum(axis=-2), 1, atol=1e-15)
    far = BIF.replace("(calm) 0.7, 0.3", "(calm) 0.7, 0.25")
    with pytest.raises(TableError, match=r"P\(fear \| market=calm\) is \[0\.7, 0\.25\].* 0\.95"):
        read_network(written(tmp_path, "far.bif", far))
    root = BIF.replace("table 0.5, 0.3, 0.2", "table 0.5, 0.3, 0.3")
    with pytest.raises(TableError, match=r"P\(market\) is .*summing to 1\.1"):
        read_network(written(tmp_path, "root.bif", root))


def test_a_row_left_out(tmp_path: Path, quick_grammar: None) -> None:
    with pytest.raises(ModelError, match=r"the table of `fear` has no row for market=calm"):
        read_network(written(tmp_path, "x.bif", BIF.replace("  (calm) 0.7, 0.3;\n", "")))


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("x.txt", BIF.encode(), r"does not end in \.bif, \.bif\.gz, .*\.xdsl"),
        ("x.json", b"{}", "does not end in"),
        ("x.gz", b"", "does not end in"),
        ("x.bif", b"", r"x\.bif cannot be read|no variable"),
        ("x.bif", b"\x00\xff" * 50, r"x\.bif is not written in UTF-8"),
        ("x.bif.gz", BIF.encode(), r"x\.bif\.gz cannot be read"),
        ("x.bif.gz", gzip.compress(BIF.encode())[:-20], r"x\.bif\.gz cannot be read"),
        ("x.bif", BIF.replace("table 0.5", "table half").encode(), r"x\.bif cannot be read"),
        ("x.bif", BIF.replace("(no, calm)", "(on, calm)").encode(), r"x\.bif cannot be read"),
        ("x.bif", BIF.replace("| market", "| markt").encode(), r"x\.bif cannot be read"),
        ("x.bif", BIF.replace("market )", "market | crash )").encode(), r"x\.bif cannot be read"),
        ("x.xdsl", b"", r"x\.xdsl cannot be read"),
        ("x.xdsl", b"<smile id='x'></smile>", r"x\.xdsl cannot be read"),
        ("x.xdsl", b"<smile id='x'><nodes/></smile>", "no variable"),
        ("x.xdsl", XDSL.replace("0.6 0.4", "0.6").encode(), r"x\.xdsl cannot be read"),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, quick_grammar: None, name: str, raw: bytes, message: str
) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        read_network(written(tmp_path, name, raw))
    assert caught.value.means
    assert caught.value.do


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no file .*none\.bif"):
        read_network(tmp_path / "none.bif")
    (tmp_path / "folder.bif").mkdir()
    with pytest.raises(ModelError, match="is a folder"):
        read_network(tmp_path / "folder.bif")


@pytest.mark.parametrize(("suffix", "text"), [("bif", BIF), ("xdsl", XDSL)])
def test_a_file_cut_short_is_always_an_error(
    tmp_path: Path, quick_grammar: None, suffix: str, text: str
) -> None:
    raw = text.encode().rstrip()
    tried = 0
    for end in range(0, len(raw), 31):
        with pytest.raises(CausalError):
            read_network(written(tmp_path, f"cut.{suffix}", raw[:end]))
        tried += 1
    assert tried > 15


@pytest.mark.parametrize(("suffix", "text"), [("bif", BIF), ("xdsl", XDSL)])
def test_flipped_bytes_are_an_error_or_a_model(
    tmp_path: Path, quick_grammar: None, suffix: str, text: str
) -> None:
    raw = text.encode()
    errors = 0
    for place in range(0, len(raw), 13):
        bad = raw[:place] + bytes([raw[place] ^ 0x11]) + raw[place + 1 :]
        try:
            model = read_network(written(tmp_path, f"flip.{suffix}", bad))
        except CausalError:
            errors += 1
        else:
            for found in model.tables.values():
                found.checked()
    assert errors > 20


def test_an_xdsl_file_with_a_deterministic_node(tmp_path: Path) -> None:
    model = read_network(written(tmp_path, "any.xdsl", XDSL))
    assert model.name == "Tiny"
    assert model.graph.parents("either") == ("fear", "war")
    np.testing.assert_allclose(model.tables["war"].values[..., 0], [[0.9, 0.1], [0.3, 0.7]])
    np.testing.assert_allclose(model.tables["either"].values[..., 1, 0], [[0, 1], [1, 1]])


def test_what_pgmpy_writes_reads_back(tmp_path: Path, quick_grammar: None) -> None:
    model = read_network(written(tmp_path, "tiny.bif", BIF))
    readwrite.BIFWriter(to_pgmpy(model)).write(str(tmp_path / "again.bif"))
    assert_same(model, read_network(tmp_path / "again.bif"))
    readwrite.XDSLWriter(to_pgmpy(model)).write(str(tmp_path / "again.xdsl"))
    assert_same(model, read_network(tmp_path / "again.xdsl"))


@pytest.mark.parametrize("seed", range(40))
def test_any_one_slice_model_comes_back_from_pgmpy(seed: int) -> None:
    model = strategies.one_slice(seed)
    network = to_pgmpy(model)
    assert network.check_model()
    assert list(network.nodes) == list(model.graph.names)
    back = from_pgmpy(network)
    assert_same(model, back)
    assert back.graph.names == model.graph.names
    assert back.name == model.name


def test_a_fitted_model_goes_over_at_its_posterior_mean() -> None:
    graph = CausalGraph(
        (Variable("a", ("x", "y")), Variable("b", ("x", "y"))), (Edge("a", "b"),), name="g"
    )
    model = fitted(graph, fit_of(graph))
    assert_same(from_pgmpy(to_pgmpy(model)), model.mean())


@pytest.mark.parametrize("seed", range(12))
def test_surgery_goes_over(seed: int) -> None:
    model = strategies.one_slice(seed + 100, draws=1)
    rng = np.random.default_rng(seed)
    done = model.graph.variables[int(rng.integers(len(model.graph.variables)))]
    shares = rng.dirichlet(np.ones(len(done.states)))
    mix = Mix(done.name, tuple(zip(done.states, map(float, shares), strict=True)))
    for what in (Hard(done.name, done.states[-1]), mix):
        network = to_pgmpy(model.do(Hard(done.name, done.states[0])).do(what))
        assert list(network.predecessors(done.name)) == []
        engine = inference.VariableElimination(network)
        for variable in model.graph.variables:
            asked = engine.query([variable.name], show_progress=False)
            for state in variable.states:
                want = truth(model, {variable.name: state}, do=(what,)).draws[0]
                got = asked.get_value(**{variable.name: state})
                assert abs(got - want) < 1e-9


def test_a_schedule_does_not_fit_into_one_slice() -> None:
    model = strategies.one_slice(1)
    one = model.graph.variables[0]
    for_two_days = model.do(Schedule(Hard(one.name, one.states[0]), 1, 2))
    with pytest.raises(ModelError, match="schedule"):
        to_pgmpy(for_two_days)


def test_pgmpy_is_quiet_and_its_logger_is_left_alone(
    tmp_path: Path, quick_grammar: None, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("pgmpy")
    before = (logger.level, logger.disabled, list(logger.handlers), list(warnings.filters))
    with caplog.at_level(logging.DEBUG):
        model = read_network(written(tmp_path, "tiny.bif", BIF))
        from_pgmpy(network(to_pgmpy(model).get_cpds("market"), nodes=["market"]))
    assert caplog.records == []
    assert (logger.level, logger.disabled, list(logger.handlers)) == before[:3]


def test_the_door_imports_no_pgmpy() -> None:
    code = (
        "import sys; import causal.model.interchange;"
        "print('heavy', sorted({'pgmpy', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True
    )
    assert run.stdout.strip() == "heavy []"


def test_a_point_model_made_by_hand_goes_over() -> None:
    graph = CausalGraph((Variable("my var", ("very low", "high")),), name="hand")
    model = CausalModel(graph, {"my var": table((), "my var", np.array([0.1, 0.9]))})
    assert_same(from_pgmpy(to_pgmpy(model)), model, 0)
