"""The pages on data say what the code does: tables from the catalogue, commands that run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import causal
from causal.app.cli import app
from causal.data.events import shipped_acts
from causal.data.pull.transport import BASE
from causal.data.sources.catalogue import ALL
from causal.data.sources.own import read_sources
from causal.data.states import measured_columns
from causal.learn.fit import move_columns
from tests.conftest import ROOT
from tests.entered import doing, watching
from tests.replay.history import made_up
from tests.replay.publishers import KEY
from tests.replay.server import serving

REFERENCE = ROOT / "docs" / "reference" / "data-sources.md"
JOB = "the commands of data pages"
HOW_TO = ROOT / "docs" / "how-to" / "pull-the-data.md"


def sources() -> list[str]:
    """The table of sources."""
    rows = [
        "| source | publisher, endpoint | day cut | lag | licence; cite | core | checked | note |"
    ]
    rows.append("|---|---|---|---|---|---|---|---|")
    for s in ALL:
        lag = f"{s.lag}{' s' if s.sessions else ''}"
        key = f"Needs `{s.key}`. " if s.key else ""
        core, checked = ("✓" if s.core and not s.key else ""), ("yes" if s.verified else "no")
        cells = (f"`{s.name}`", f"{s.publisher}, <{s.endpoint}>", s.day_cut, lag)
        rest = (f"{s.licence}; {s.citation}", core, checked, f"{key}{s.note}".strip())
        rows.append("| " + " | ".join((*cells, *rest)) + " |")
    return rows


def columns() -> list[str]:
    """The table of columns."""
    rows = ["| column | unit | sources |", "|---|---|---|"]
    units: dict[str, tuple[str, list[str]]] = {}
    for s in ALL:
        for c in s.columns:
            units.setdefault(c.name, (c.unit, []))[1].append(f"`{s.name}`")
    rows += [f"| `{name}` | {unit} | {', '.join(by)} |" for name, (unit, by) in units.items()]
    return rows


@pytest.mark.parametrize("name", ["sources", "columns"])
def test_the_tables_are_those_of_the_catalogue(name: str) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    found = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert found is not None
    assert found[1].splitlines() == {"sources": sources, "columns": columns}[name]()


def shipped() -> dict[str, list[str]]:
    """The table of what the shipped model reads: the cells of every column's row."""
    text = REFERENCE.read_text(encoding="utf-8")
    found = re.search(r"<!-- table: shipped -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert found is not None
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in found[1].splitlines()[2:]]
    assert {len(row) for row in rows} == {6}
    return {row[0].strip("`"): row[1:] for row in rows}


def test_every_column_of_the_shipped_fit_has_its_terms() -> None:
    model, rows = causal.load(causal.shipped()), shipped()
    assert model.fit is not None
    assert model.fit.moves is not None
    read = {*measured_columns(model.graph), *move_columns(model.fit.moves.declared)}
    assert {name for name, row in rows.items() if row[-1].startswith("yes")} == read
    assert all(row[-1].startswith(("yes", "no: ")) for row in rows.values())


def test_keys_and_lags_of_the_shipped_columns_are_those_of_the_catalogue() -> None:
    acts = {name for some in shipped_acts() for name in some.columns}
    for name, (_, key, lag, *_) in shipped().items():
        if name in acts:
            assert (key, lag) == ("no", "0"), name
            continue
        offers = [s for s in ALL if name in s.names]
        assert key == ("no" if any(s.key is None for s in offers) else "yes"), name
        first = next((s for s in offers if s.key is None), None)
        assert first is None or lag == f"{first.lag}{' s' if first.sessions else ''}", name


def commands() -> Iterator[list[str]]:
    for block in re.findall(r"^```sh\n(.*?)^```$", HOW_TO.read_text("utf-8"), re.M | re.S):
        for line in block.splitlines():
            words = [w for w in shlex.split(line) if not w.startswith("COINALYZE_KEY=")]
            if words[0] != "pip":
                assert words[0] == "causal", line
                yield words[1:]


def run(folder: Path, record: Path | None = None) -> list[tuple[list[str], Any]]:
    """Run the commands of the page in ``folder``, against replayed publishers; what came of each.

    The files of the house that they enter are written down in ``record`` (``tests/entered.py``).
    """
    own, _ = tables()
    (folder / "my-sources.toml").write_text(own, encoding="utf-8")
    (folder / "models").symlink_to(ROOT / "models")
    with serving(made_up(700)) as replay, pytest.MonkeyPatch.context() as change, chdir(folder):
        change.setenv("CAUSAL_CACHE", str(folder / "cache"))
        change.setenv("COINALYZE_KEY", KEY)
        change.setenv(BASE, replay.base)
        with watching(record):
            return [(words, CliRunner().invoke(app, words)) for words in commands()]


def tables() -> list[str]:
    """The two files of sources that the page shows."""
    return re.findall(r"^```toml\n(.*?)^```$", HOW_TO.read_text("utf-8"), re.M | re.S)


def test_every_command_of_the_page_runs(tmp_path: Path, record: Path) -> None:
    with doing(record, JOB):
        ran = run(tmp_path, record)
    for words, result in ran:
        failing = "my-sources.toml" in words  # its two places are made up
        assert result.exit_code == int(failing), (words, result.stdout, result.stderr)
    assert len(ran) >= 9


def test_the_sources_of_the_page_are_read(tmp_path: Path) -> None:
    own, secret = tables()
    described = tmp_path / "my-sources.toml"
    described.write_text(secret, encoding="utf-8")
    needed = [s.variables for s in read_sources(described)]
    user = ("EXAMPLE_USER", "EXAMPLE_PASSWORD")
    assert needed == [("EXAMPLE_KEY",), user, ("EXAMPLE_TOKEN",), ("EXAMPLE_PASSWORD",)]
    described.write_text(own, encoding="utf-8")
    assert [s.name for s in read_sources(described)] == ["my_index", "my_table"]
