"""Fitted models on disk: the same model comes back, or an error that says why not."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from causal import file
from causal.errors import CausalError, IntegrityError, ModelError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Measurement, Series, Variable
from causal.model import store
from causal.model.network import CausalModel, Fit, Provenance, family, fitted
from causal.model.posterior import Counts, Dirichlet, Piece
from causal.model.store import load, save, shipped
from tests import strategies

ROOT = Path(__file__).parents[2]


def fit_of(graph: CausalGraph, seed: int = 0, cuts: dict[str, Any] | None = None) -> Fit:
    rng = np.random.default_rng(seed)

    def tallies(piece: Piece) -> dict[str, Any]:
        return {
            n: rng.integers(0, 40, [graph.size(a) for a in family(graph, n, piece)])
            for n in graph.names
        }

    data = Provenance("2015-01-01", "2026-05-31", 4169, "ab" * 32, "2026-05-31", cuts or {})
    return Fit(Counts(tallies("day"), tallies("start")), Dirichlet(4.0), 20, 11, data)


def small() -> CausalModel:
    """Every kind of variable in one graph."""
    graph = CausalGraph(
        (
            Variable("us", ("open", "closed"), Measurement(calendar="us")),
            Variable("war", ("calm", "high"), Measurement((Series("gpr"),), (1.5,)), label="戰爭"),
            Variable("worse", ("calm", "high"), rule="worst"),
            Variable(
                "equity",
                ("closed", "calm", "rush"),
                Measurement((Series("vix"),), quantiles=(0.9,), closed=True),
                start=("us",),
            ),
        ),
        (
            Edge("us", "equity", because="it closes"),
            Edge("war", "worse", because="it is it"),
            Edge("worse", "equity", because="fear"),
            Edge("equity", "equity", 1, "persistence"),
        ),
        (Confounded("war", "equity", "the dollar"),),
        "small",
    )
    return fitted(graph, fit_of(graph, cuts={"equity": (20.25,), "war": (1.5,)}))


def assert_same(one: CausalModel, other: CausalModel) -> None:
    assert one.graph == other.graph
    assert one.interventions == other.interventions
    assert one.draws == other.draws
    assert one.fit is not None
    assert other.fit is not None
    assert one.fit.prior == other.fit.prior
    assert (one.fit.draws, one.fit.seed) == (other.fit.draws, other.fit.seed)
    assert one.fit.provenance == other.fit.provenance
    for piece in ("day", "start"):
        mine, theirs = one.fit.counts.of(piece), other.fit.counts.of(piece)
        assert mine.keys() == theirs.keys()
        assert all(np.array_equal(mine[n], theirs[n]) for n in mine)
        assert all(theirs[n].dtype == np.int64 for n in theirs)
    for tables, again in ((one.tables, other.tables), (one.start, other.start)):
        assert list(tables) == list(again)
        assert all(np.array_equal(tables[n].values, again[n].values) for n in tables)
        assert all(tables[n].axes == again[n].axes for n in tables)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save(small(), tmp_path / "small.json")
    return tmp_path / "small.json"


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the content of a file and sign it again: only its sense is wrong then."""
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["checksum"]
    change(document)
    document["checksum"] = store._checksum(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_the_same_model_comes_back(path: Path) -> None:
    assert_same(small(), load(path))


def test_the_posterior_mean_comes_back(tmp_path: Path) -> None:
    save(small().mean(), tmp_path / "mean.json")
    assert_same(small().mean(), load(tmp_path / "mean.json"))


@settings(max_examples=50)
@given(strategies.models)
def test_any_fitted_model_comes_back(tmp_path: Path, model: CausalModel) -> None:
    first = fitted(model.graph, fit_of(model.graph, 5))
    save(first, tmp_path / "any.json")
    assert_same(first, load(tmp_path / "any.json"))


def test_the_same_fit_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    model = small()
    assert model.fit is not None
    counts = model.fit.counts
    shuffled = Counts(
        dict(reversed(list(counts.day.items()))), dict(reversed(list(counts.start.items())))
    )
    cuts = dict(reversed(list(model.fit.provenance.cuts.items())))
    data = replace(model.fit.provenance, cuts=cuts)
    again = fitted(model.graph, replace(model.fit, counts=shuffled, provenance=data))
    save(again, tmp_path / "again.json")
    save(load(path), tmp_path / "third.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    assert (tmp_path / "third.json").read_bytes() == path.read_bytes()


def test_the_text_is_readable(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[1] == '  "format": "causal-model",'
    assert '      {"cause": "us", "effect": "equity", "lag": 0, "because": "it closes"},' in lines
    families = [line for line in lines if line.startswith('      "equity": {"given"')]
    assert len(families) == 2
    assert families[0].startswith(
        '      "equity": {"given": ["us", "worse", "equity@-1"], "days": [[[['
    )
    assert any("戰爭" in line for line in lines)
    assert "NaN" not in path.read_text(encoding="utf-8")


def test_a_file_cut_short_is_always_an_error(path: Path) -> None:
    raw = path.read_bytes()
    tried = 0
    for end in [*range(0, len(raw) - 2, 47), len(raw) - 3]:
        path.write_bytes(raw[:end])
        with pytest.raises(CausalError):
            load(path)
        tried += 1
    assert tried > 30


@pytest.mark.parametrize("mask", [0x01, 0x10, 0x20, 0x80])
def test_flipped_bytes_are_an_error_or_the_same_model(path: Path, mask: int) -> None:
    raw, model = path.read_bytes(), small()
    errors = 0
    for place in range(mask % 7, len(raw), 7):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ mask]) + raw[place + 1 :])
        try:
            found = load(path)
        except CausalError:
            errors += 1
        else:
            assert_same(model, found)
    assert errors > 100


def test_spaces_do_not_matter_but_content_does(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(document, indent=7), encoding="utf-8")
    assert_same(small(), load(path))
    document["counts"]["start"]["war"]["days"][0] += 1
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(IntegrityError, match="does not match its checksum") as caught:
        load(path)
    assert caught.value.means
    assert caught.value.do


@pytest.mark.parametrize("checksum", [None, "", 3, "sha256:00"])
def test_a_wrong_or_missing_checksum(path: Path, checksum: Any) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    document["checksum"] = checksum
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(IntegrityError):
        load(path)


def test_a_newer_version(path: Path) -> None:
    rewritten(path, lambda d: d.update(version=5))
    with pytest.raises(ModelError, match=r"version 5 .* reads versions 1 to 4\. Upgrade"):
        load(path)


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5, True])
def test_a_version_that_never_was(path: Path, version: Any) -> None:
    rewritten(path, lambda d: d.update(version=version))
    with pytest.raises(ModelError, match="version"):
        load(path)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"causal-model"',
        b"{}",
        b'{"format": "other"}',
        b"network asia {\n}\n",
        b'{"format": "causal-model", "version": 1, "draws": NaN}',
        b"[" * 100_000,
        b"9" * 10_000,
        b"\xff\xfe{}",
        b'{"format": "causal-model", "a": "\\ud800"}',
    ],
)
def test_what_is_no_model(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x.json").write_bytes(raw)
    with pytest.raises((ModelError, IntegrityError), match=r"x\.json") as caught:
        load(tmp_path / "x.json")
    assert caught.value.means
    assert caught.value.do


def deep(*keys: str, value: Any) -> Callable[[dict[str, Any]], object]:
    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for key in keys[:-1]:
            inner = inner[key]
        if value is None:
            del inner[keys[-1]]
        else:
            inner[keys[-1]] = value

    return change


INCONSISTENT = {
    "missing family": (deep("counts", "day", "war", value=None), "counts.day.war: missing"),
    "missing start": (deep("counts", "start", "us", value=None), "counts.start.us: missing"),
    "missing slice": (deep("counts", "start", value=None), "counts.start.us: missing"),
    "missing counts": (deep("counts", value=None), "counts.day.us: missing"),
    "unknown family": (
        deep("counts", "day", "wra", value={"given": [], "days": [1, 2]}),
        "counts.day.wra: unknown key. Did you mean `war`?",
    ),
    "too long": (deep("counts", "day", "war", "days", value=[1, 2, 3]), r"whole numbers of shape"),
    "ragged": (
        deep("counts", "day", "worse", "days", value=[[1], [2, 3]]),
        "counts.day.worse.days",
    ),
    "negative": (deep("counts", "day", "war", "days", value=[1, -2]), "a count is negative"),
    "fractions": (deep("counts", "day", "war", "days", value=[1, 2.5]), "must be whole numbers"),
    "texts": (deep("counts", "day", "war", "days", value=["1", "2"]), "must be whole numbers"),
    "truths": (deep("counts", "day", "war", "days", value=[True, False]), "must be whole numbers"),
    "too large": (deep("counts", "day", "war", "days", value=[1, 10**30]), "must be whole numbers"),
    "no days": (deep("counts", "day", "war", "days", value=None), "counts.day.war.days"),
    "days is a table": (deep("counts", "day", "war", "days", value={}), "counts.day.war.days"),
    "parents swapped": (
        deep("counts", "day", "equity", "given", value=["worse", "us", "equity@-1"]),
        "counts.day.equity.given: the story says",
    ),
    "no parents": (deep("counts", "day", "equity", "given", value=None), "counts.day.equity.given"),
    "state gone": (
        deep("story", "variables", "war", "states", value=["calm"]),
        "small.json: story",
    ),
    "state more": (
        deep("story", "variables", "worse", "states", value=["calm", "high", "top"]),
        "small.json: story",
    ),
    "edge gone": (deep("story", "edges", value=[]), "needs at least one same-day cause"),
    "story gone": (deep("story", value=None), "no variable is declared"),
    "story is a text": (deep("story", value="crash"), "must be a table"),
    "cuts of nobody": (
        deep("cuts", "wra", value=[1.0]),
        "cuts.wra: no such variable. Did you mean",
    ),
    "cuts too many": (deep("cuts", "war", value=[1.0, 2.0]), "cuts.war: must be 1 rising"),
    "cuts text": (deep("cuts", "war", value="1.5"), "cuts.war: must be a list of finite"),
    "no prior": (deep("prior", value=None), "prior.strength: must be more than zero"),
    "prior zero": (deep("prior", "strength", value=0), "prior.strength: must be more than zero"),
    "prior text": (deep("prior", "strength", value="4"), "prior.strength: must be a finite number"),
    "no data": (deep("data", value=None), "data.from: missing"),
    "data from": (deep("data", "from", value=2015), "data.from: must be text"),
    "rows": (deep("data", "rows", value=-1), "data.rows: must be a whole number"),
    "no draws": (deep("draws", value=None), "draws: missing"),
    "draws": (deep("draws", value="20"), "draws: must be a whole number"),
    "seed": (deep("seed", value=-1), "seed: must be a whole number"),
    "unknown key": (deep("sed", value=1), "sed: unknown key. Did you mean `seed`?"),
}


@pytest.mark.parametrize(("change", "message"), INCONSISTENT.values(), ids=INCONSISTENT.keys())
def test_a_file_that_contradicts_itself(path: Path, change: Any, message: str) -> None:
    rewritten(path, change)
    with pytest.raises(CausalError) as caught:
        load(path)
    assert message in str(caught.value)
    assert "small.json" in str(caught.value)
    assert not isinstance(caught.value, IntegrityError)
    assert caught.value.means
    assert caught.value.do


def test_a_cycle_in_the_story(path: Path) -> None:
    edge = {"cause": "equity", "effect": "war", "lag": 0, "because": "x"}
    rewritten(path, lambda d: d["story"]["edges"].append(edge))
    with pytest.raises(CausalError, match="form a cycle"):
        load(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no file .*none\.json"):
        load(tmp_path / "none.json")
    with pytest.raises(ModelError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(ModelError, match="cannot be read"):
        load("a\0b.json")


def test_a_point_model_is_sent_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"not fitted .*to_pgmpy.*BIF"):
        save(strategies.one_slice(1), tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_a_model_after_surgery_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"do\(war=high\).*Save the model before"):
        save(small().do(war="high"), tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_saved_that_could_not_be_loaded(path: Path) -> None:
    model, before = small(), path.read_bytes()
    assert model.fit is not None
    bad = copy.deepcopy(dict(model.fit.counts.day))
    bad["war"] = bad["war"][..., :1]
    not_finite = replace(model.fit.provenance, cuts={"war": (float("nan"),)})
    fits = [
        replace(model.fit, counts=Counts(bad, model.fit.counts.start)),
        replace(model.fit, provenance=not_finite),
        replace(model.fit, provenance=replace(not_finite, cuts={"wra": (1.0,)})),
    ]
    for fit in fits:
        with pytest.raises(ModelError, match=r"small\.json contradicts"):
            save(replace(model, fit=fit), path)
    assert path.read_bytes() == before


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ModelError, match="No space left on device"):
        save(fitted(small().graph, fit_of(small().graph, 9)), path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_an_interrupted_write_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        save(small(), path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_writing_where_one_cannot(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be written"):
        save(small(), tmp_path / "none" / "x.json")
    with pytest.raises(ModelError, match="it is a folder"):
        save(small(), tmp_path)
    with pytest.raises(ModelError, match="cannot be written"):
        save(small(), "a\0b.json")


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege there")
def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(path)
    save(fitted(small().graph, fit_of(small().graph, 3)), link)
    assert link.is_symlink()
    assert_same(load(link), load(path))
    assert_same(load(path), fitted(small().graph, fit_of(small().graph, 3)))


def test_shipped_models_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "causal"
    package.mkdir()
    monkeypatch.setattr(file, "PACKAGE", package)
    with pytest.raises(ModelError, match="holds no model"):
        shipped()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "crash.json").touch()
    assert shipped() == tmp_path / "models" / "crash.json"
    (package / "shipped").mkdir()
    (package / "shipped" / "crash.json").touch()
    assert shipped("crash") == package / "shipped" / "crash.json"
    with pytest.raises(ModelError, match="Did you mean `crash`"):
        shipped("crahs")
    with pytest.raises(ModelError, match="Known: crash"):
        shipped("../secret")


def test_loading_imports_nothing_heavy(path: Path) -> None:
    code = (
        "import sys; from causal.model.store import load; load(sys.argv[1]);"
        "heavy = {'tomlkit', 'pandas', 'scipy', 'pgmpy', 'matplotlib'} & set(sys.modules);"
        "print('heavy', sorted(heavy))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert run.stdout.strip() == "heavy []"
