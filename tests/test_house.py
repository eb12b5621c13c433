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

from tests import house
from tests.house import tree

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "causal"
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
FILES, ROOM = 16, 1 / 5  # files a folder, share of the house a room
EXPLAINED = {"contract": 0.18, "infer": 0.18, "learn": 0.18, "drawdown": 0.18}  # docstring lines
# kinds of tests that stand beside the mirror of the house
KINDS = {
    "against",
    "bench",
    "docs",
    "downstream",
    "fuzz",
    "golden",
    "laws",
    "mutation",
    "papers",
    "replay",
}
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


def test_no_import_circle() -> None:
    """None of any kind: lazy imports, those for types and those by name are counted."""
    assert house.circles(HOUSE) == []


def test_folders_are_small() -> None:
    assert {n: size for n, size in house.folders(HOUSE).items() if size > FILES} == {}


def test_no_room_is_the_house() -> None:
    assert {n: share for n, share in house.rooms(HOUSE).items() if share > ROOM} == {}


def test_a_public_name_is_defined_once() -> None:
    assert house.defined_twice(HOUSE) == {}


def test_a_file_name_is_given_once() -> None:
    assert house.called_twice(HOUSE) == {}


def test_nothing_of_ours_is_renamed() -> None:
    assert house.renamed(HOUSE) == []


@pytest.mark.parametrize("path", SOURCE, ids=IDS)
def test_a_module_says_what_it_is_in_one_sentence(path: Path) -> None:
    assert house.sentences(house.opening(path)) == 1, house.opening(path)
    assert not house.empty_guards(path)


@pytest.mark.parametrize("room", EXPLAINED)
def test_numbers_are_explained(room: str) -> None:
    """Formula, reference, shapes, units and errors stand beside the code."""
    assert house.documented(HOUSE)[room] >= EXPLAINED[room]


def test_test_files_are_short() -> None:
    sizes = {str(p.relative_to(ROOT)): house.lines(p) for p in (ROOT / "tests").rglob("*.py")}
    assert {n: size for n, size in sizes.items() if size > LINES} == {}


def test_tests_mirror_the_house() -> None:
    """A folder of tests is a folder of the house, or a kind of tests of its own."""
    inner = {p.parent.relative_to(ROOT / "tests") for p in (ROOT / "tests").rglob("test_*.py")}
    strays = {f for f in inner if f.parts and f.parts[0] not in KINDS}
    assert {str(f) for f in strays if not (HOUSE / f / "__init__.py").is_file()} == set()


def test_files_that_are_named_exist() -> None:
    """In the pages and in docstrings; decisions and the changelog tell of their own day."""
    known = [*(str(p) for p in PYTHON), "array_api_backend.py"]  # a backend that might be
    strays: list[str] = []
    pages = [p for p in TEXTS if p.suffix in {".md", ".py"} and p.name != "changelog.md"]
    for page in pages:
        if page.parent.name != "decisions" and page != Path(__file__).resolve():
            named = house.named(page.read_text(encoding="utf-8"))
            missing = [n for n in named if not any(f"/{p}".endswith(f"/{n}") for p in known)]
            strays += [f"{page.relative_to(ROOT)}: {n}" for n in missing]
    assert strays == []


def test_the_glossary_speaks_of_the_code() -> None:
    text = (ROOT / "docs" / "notation.md").read_text(encoding="utf-8")
    rows = house.glossary(text.partition("## Glossary")[2].partition("\n## ")[0])
    assert len(rows) > 30
    code = "\n".join(p.read_text(encoding="utf-8") for p in SOURCE)
    unknown = {n for names in rows for n in names if not re.search(rf"\b{re.escape(n)}\b", code)}
    assert not unknown, unknown


def built(folder: Path, **files: str) -> Path:
    """A made-up house of ``room__file=text``."""
    for name, text in files.items():
        path = folder / "hut" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "hut"


ONE = "import hut.room.two\n"


@pytest.mark.parametrize(
    "back",
    [
        "from hut.room.one import thing\n",
        "def late():\n    from hut.room import one\n",
        "if TYPE_CHECKING:\n    from hut.room.one import Thing\n",
        "import importlib\none = importlib.import_module('hut.room.one')\n",
    ],
)
def test_the_circle_law_can_fail(tmp_path: Path, back: str) -> None:
    hut = built(tmp_path, room__one=ONE, room__two=back, room__three=ONE)
    assert house.circles(hut) == [["hut.room.one", "hut.room.two"]]
    built(tmp_path, room__two="import os\n")
    assert house.circles(hut) == []


def test_the_laws_of_size_can_fail(tmp_path: Path) -> None:
    files = {f"big__f{i}": "x = 1\n" * 4 for i in range(FILES + 1)} | {"small__f": "x = 1\n"}
    hut = built(tmp_path, **files)
    assert house.folders(hut) == {"hut/big": FILES + 1, "hut/small": 1}
    assert house.rooms(hut)["big"] == pytest.approx(68 / 69)


def test_the_laws_of_names_can_fail(tmp_path: Path) -> None:
    hut = built(
        tmp_path,
        contract__a_backend="def able(): ...\ndef run(): ...\n",
        contract__b_backend="def able(): ...\ndef run(): ...\nSIZE = 1\n",
        room__thing="Alias = int\ndef run(): ...\nSIZE = 2\n",
        other__thing="from hut.room import thing as it\nimport hut.room as r\nclass Alias: ...\n",
        app__thing="import hut\nclass Alias: ...\ndef _run(): ...\n",
        app__commands__thing="from os import path as p\n",
    )
    assert house.defined_twice(hut) == {"Alias": ["other/thing.py", "room/thing.py"]}
    assert house.called_twice(hut) == {"thing": ["app/thing.py", "other/thing.py", "room/thing.py"]}
    assert house.renamed(hut) == ["other/thing.py: thing as it", "other/thing.py: hut.room as r"]
    built(tmp_path, other__third="def run(): ...\n")
    assert house.defined_twice(hut)["run"] == ["other/third.py", "room/thing.py"]


def test_the_laws_of_words_can_fail(tmp_path: Path) -> None:
    texts = ("One thing.", "One: ``a. b.`` of 1.5, e.g. this one.", "Is it?  It is.", "no stop")
    assert [house.sentences(t) for t in texts] == [1, 1, 2, 0]
    guard = "if TYPE_CHECKING:\n    pass\n"
    text = f'"""One.\n\nTwo.  Three.\n"""\n\ndef f():\n    """Four."""\n{guard}'
    hut = built(tmp_path, room__file=text)
    assert house.sentences(house.opening(hut / "room" / "file.py")) == 1
    assert house.documented(hut) == {"room": 5 / 9}
    assert house.empty_guards(hut / "room" / "file.py") == [8]
    text = "`room/file.py`, ``a/b/c.py`` and c.py, `d.py`"
    assert house.named(text) == ["room/file.py", "a/b/c.py", "d.py"]
    assert house.glossary("| a | b | `One.two(3)`, `x <= 2` | `no` |") == [["One", "two", "x"]]
