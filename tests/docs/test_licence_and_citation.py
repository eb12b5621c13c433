"""The licence is where pyproject.toml says, and the citation says what pyproject.toml does."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution

import pytest

from tests.docs.page import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = ROOT / "docs" / "citation.cff"
FIELDS = {"cff-version", "message", "type", "title", "abstract", "authors", "version"}
FIELDS |= {"date-released", "license", "keywords"}


def cff(text: str) -> dict[str, str | list[str]]:
    """The fields of a citation: plain values, folded text (``>-``), and lists of plain values."""
    found: dict[str, str | list[str]] = {}
    for match in re.finditer(r"^([a-z-]+):(.*)\n((?:[ ]+.*\n)*)", text, re.MULTILINE):
        name, plain, more = match[1], match[2].strip(), [n.strip() for n in match[3].splitlines()]
        if plain == ">-":
            found[name] = " ".join(more)
        else:
            found[name] = plain or [line.removeprefix("- ") for line in more]
    return found


def test_the_licence_is_named_and_there() -> None:
    assert PROJECT["license"] == "MIT"
    for name in PROJECT["license-files"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert text.startswith("MIT License\n\nCopyright (c) 2026 The causal authors\n")
        assert "WITHOUT WARRANTY OF ANY KIND" in text
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"[MIT licence]({PROJECT['license-files'][0]})" in readme


def test_an_installed_package_carries_its_licence() -> None:
    try:
        found = distribution(PROJECT["name"])
    except PackageNotFoundError:
        pytest.skip(f"`{PROJECT['name']}` is not installed; this is a checkout.")
    assert found.metadata.get_all("License-File") == PROJECT["license-files"]
    stored = [f for f in found.files or () if f.match("*.dist-info/licenses/docs/LICENSE")]
    assert [f.read_text() for f in stored] == [
        (ROOT / name).read_text(encoding="utf-8") for name in PROJECT["license-files"]
    ]


def test_the_citation_agrees_with_the_package() -> None:
    found = cff(CITATION.read_text(encoding="utf-8"))
    assert set(found) == FIELDS
    assert found["cff-version"] == "1.2.0"
    assert found["title"] == PROJECT["name"]
    assert found["version"] == PROJECT["version"]
    assert found["abstract"] == PROJECT["description"]
    assert found["license"] == PROJECT["license"]
    assert found["authors"] == ["name: The causal authors"]
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(found["date-released"]))
    assert len(found["keywords"]) >= 3


def test_the_small_reader_reads_as_yaml_does() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with other packages, or not at all")
    text = CITATION.read_text(encoding="utf-8")
    whole = {name: value for name, value in yaml.safe_load(text).items() if name != "authors"}
    whole["date-released"] = whole["date-released"].isoformat()
    assert {name: value for name, value in cff(text).items() if name != "authors"} == whole
