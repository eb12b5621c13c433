"""The house keeps its own rules: budgets, layers, names, public surface, what an import costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = sorted((ROOT / "causal").rglob("*.py"))
IDS = [str(p.relative_to(ROOT)) for p in SOURCE]
PYTHON = [p for d in ("causal", "tests", "docs") for p in sorted((ROOT / d).rglob("*.py"))]
TEXTS = [
    *PYTHON,
    *(p for p in sorted((ROOT / "docs").rglob("*")) if p.suffix in {".md", ".toml", ".txt"}),
    *(
        p
        for p in (ROOT / "README.md", ROOT / "pyproject.toml", ROOT / ".ci" / "run")
        if p.is_file()
    ),
    *sorted((ROOT / "models").glob("*.toml")),
]
LINES, BODY, NAMES = 450, 60, 42
TOP = {".ci", ".git", ".gitignore", "LICENSE", "README.md", "causal", "docs", "models"}
TOP |= {"pyproject.toml", "tests", ".github", "DEVELOPERS.md"}
PASSING = re.compile(
    r"^crash\.svg$|^\.\w+_cache$|^\.(venv|hypothesis|coverage)$|^(dist|build)$|\.egg-info$"
)
BANNED_MODULES = {"utils", "util", "helpers", "helper", "misc", "manager", "engine", "common"}
BANNED_NAMES = re.compile(r"^_?(get|compute)_|utils?$|helpers?$|misc$|manager$|^engine$", re.I)
HEAVY = {"numpy", "pandas", "scipy", "networkx", "pgmpy", "sklearn", "matplotlib", "typer", "rich"}
HEAVY |= {"narwhals", "opt_einsum", "graphviz", "pygraphviz", "numba", "tomlkit", "torch"}
NEVER_FOR_ASK = {"pandas", "pgmpy", "scipy", "sklearn", "matplotlib", "torch", "pyarrow", "polars"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_there_is_a_house() -> None:
    assert len(SOURCE) > 10
    assert len(TEXTS) > len(SOURCE)


@pytest.mark.parametrize("path", SOURCE, ids=IDS)
def test_budgets(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LINES, f"{lines} lines"
    for function in functions(path):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= BODY, f"{function.name} has {length} lines"


@pytest.mark.parametrize("path", SOURCE, ids=IDS)
def test_names(path: Path) -> None:
    assert path.stem not in BANNED_MODULES
    assert path.parent.name not in BANNED_MODULES
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            assert not BANNED_NAMES.search(node.name), node.name


@pytest.mark.parametrize("path", SOURCE, ids=IDS)
def test_nothing_unsafe_or_unfinished(path: Path) -> None:
    """No pickle, no eval, no swallowed exception, no stub."""
    for node in ast.walk(tree(path)):
        where = f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            assert not {a.name.partition(".")[0] for a in node.names} & FORBIDDEN, where
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in FORBIDDEN, where
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "__import__"}, where
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"bare except, {where}"
            assert not all(isinstance(n, ast.Pass) for n in node.body), f"swallowed, {where}"
        if isinstance(node, ast.Raise) and node.exc is not None:
            assert "NotImplementedError" not in ast.unparse(node.exc), f"stub, {where}"


FORBIDDEN = {"pickle", "cPickle", "dill", "shelve", "marshal", "cloudpickle"}


@pytest.mark.parametrize("path", TEXTS, ids=[str(p.relative_to(ROOT)) for p in TEXTS])
def test_no_loose_ends(path: Path) -> None:
    """No note to self, and no path of one machine."""
    text = path.read_text(encoding="utf-8")
    if path != Path(__file__).resolve():
        assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)
        assert not re.search(r"(?<![\w.])/(work|home|Users|root)/\w", text)


def test_one_docstring_each() -> None:
    for path in SOURCE:
        assert ast.get_docstring(tree(path)), f"{path}: no module docstring"


def test_layers(needs: Callable[[str], ModuleType]) -> None:
    """The contract of pyproject.toml, kept by import-linter."""
    needs("importlinter")
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 0 broken" in run.stdout, run.stdout


def layer_names() -> set[str]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return set(re.findall(r"causal\.(\w+)", text.partition("layers = [")[2].partition("]")[0]))


def test_every_part_has_a_layer() -> None:
    """A module or folder outside the layers would escape the contract."""
    parts = {p.stem if p.is_file() else p.name for p in (ROOT / "causal").iterdir()}
    parts = {p for p in parts if (ROOT / "causal" / p / "__init__.py").is_file()} | {
        p.stem for p in (ROOT / "causal").glob("*.py") if not p.stem.startswith("__")
    }
    assert parts <= layer_names(), parts - layer_names()


def test_public_surface() -> None:
    import causal

    assert list(causal.__all__) == sorted(causal.__all__)
    assert len(set(causal.__all__)) == len(causal.__all__)
    assert 5 <= len(causal.__all__) <= NAMES
    for name in causal.__all__:
        thing = getattr(causal, name)
        if not isinstance(thing, str):
            assert (thing.__doc__ or "").strip(), f"causal.{name} has no docstring"
    assert set(causal.__all__) <= set(dir(causal))
    with pytest.raises(AttributeError):
        _ = causal.no_such_name  # type: ignore[attr-defined]


def imported_by(code: str) -> set[str]:
    """Top-level modules in memory after running ``code`` in a fresh interpreter."""
    last = (
        "\nimport sys; print('\\n' + ' '.join(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code + last], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.splitlines()[-1].split())


def test_import_is_light() -> None:
    found = imported_by("import causal")
    assert "causal" in found
    assert not found & HEAVY


def test_the_light_test_can_fail() -> None:
    assert "numpy" in imported_by("import causal.model.table")


def test_asking_is_light() -> None:
    """``causal ask`` on the shipped model does not pay for what fitting and reading need."""
    code = """
from causal.app.cli import main
import sys
sys.argv = ["causal", "ask", "P(bitcoin=crash within 7d | do(geopolitics=escalation))", "--json"]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
"""
    found = imported_by(code)
    assert "numpy" in found
    assert not found & NEVER_FOR_ASK


def test_help_is_light() -> None:
    code = """
from causal.app.cli import main
import sys
sys.argv = ["causal", "--help"]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
"""
    assert not imported_by(code) & (NEVER_FOR_ASK | {"numpy", "networkx"})


def test_top_level() -> None:
    found = {p.name for p in ROOT.iterdir() if not PASSING.search(p.name)}
    assert found <= TOP, found - TOP
    assert {"causal", "tests", "pyproject.toml"} <= found


def test_every_test_folder_is_a_package() -> None:
    """So that two test files may share a name."""
    folders = {p.parent for p in (ROOT / "tests").rglob("test_*.py")}
    assert {str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").is_file()} == set()
