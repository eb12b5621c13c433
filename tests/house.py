"""How the house is read: its files as syntax trees, and what they say of imports, names and words.

Every function takes the folder of a package, so that a made-up house can show that a law fails.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import networkx as nx

BACKENDS = re.compile(r"contract/\w+_backend\.py")
PROTOCOL = {"able", "run"}  # one Protocol, one file a backend: the same names are the point
ALIKE = ("app/commands/", "data/sources/")  # one file a command, one file a publisher
ABBREVIATED = re.compile(r"\b(e\.g|i\.e|cf|etc|vs|al|Eq|Fig|Sec|No|p|pp|ch|approx)\.")
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def modules(package: Path) -> dict[str, Path]:
    """Every module of a package by its dotted name, the package itself among them."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of ``known`` that a file imports: at its top, in a function, for types alone.

    A text that is a module's dotted name counts too: it is what a look-up by name imports.
    """
    for node in ast.walk(tree(path)):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                for name in names:
                    inner = f"{module}.{name.name}"
                    yield inner if inner in known else module
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.Constant(value=str(text)) if "." in text and text in known:
                yield text


def circles(package: Path) -> list[list[str]]:
    """Modules that import each other, directly or by others: strongly connected components.

    The package's own ``__init__`` is left out: it is where everything is put together, and no
    module asks it for more than its version.
    """
    known = modules(package)
    graph = nx.DiGraph()
    for name, path in known.items():
        if name != package.name:
            graph.add_edges_from(
                (name, other)
                for other in imports(path, known)
                if other in known and other not in (name, package.name)
            )
    return sorted(sorted(c) for c in nx.strongly_connected_components(graph) if len(c) > 1)


def folders(package: Path) -> Counter[str]:
    """Files in every folder."""
    return Counter(str(p.parent.relative_to(package.parent)) for p in package.rglob("*.py"))


def rooms(package: Path) -> dict[str, float]:
    """The share of the house's lines in every room, a room being a top-level folder."""
    sizes: Counter[str] = Counter()
    for path in package.rglob("*.py"):
        sizes[path.relative_to(package).parts[0]] += lines(path)
    return {n: s / sizes.total() for n, s in sizes.items() if (package / n).is_dir()}


def public(path: Path) -> Iterator[str]:
    """Functions, classes and aliases at the top of a file; CONSTANTS and _private are neither."""
    for node in tree(path).body:
        names: list[str] = []
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names = [node.name]
            case ast.Assign():
                names = [n.id for n in node.targets if isinstance(n, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case _ if type(node).__name__ == "TypeAlias":  # a statement of Python 3.12
                names = [ast.unparse(node).split()[1]]
        yield from (n for n in names if not n.startswith("_") and not n.isupper())


def defined_twice(package: Path, *, apart: str = "app/") -> dict[str, list[str]]:
    """Public names that two files below ``app`` define, with the files."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(package.rglob("*.py")):
        place = str(path.relative_to(package))
        if place.startswith(apart):
            continue
        for name in set(public(path)):
            if not (name in PROTOCOL and BACKENDS.fullmatch(place)):
                found[name].append(place)
    return {n: places for n, places in sorted(found.items()) if len(places) > 1}


def called_twice(package: Path) -> dict[str, list[str]]:
    """File names that come twice, but for commands and publishers."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(package.rglob("*.py")):
        place = str(path.relative_to(package))
        if not path.stem.startswith("__") and not place.startswith(ALIKE):
            found[path.stem].append(place)
    return {n: places for n, places in found.items() if len(places) > 1}


def renamed(package: Path) -> list[str]:
    """Imports of our own modules and names under another name."""
    found = []
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                own = [n for n in node.names if n.name.partition(".")[0] == package.name]
            elif isinstance(node, ast.ImportFrom):
                ours = node.level or (node.module or "").partition(".")[0] == package.name
                own = node.names if ours else []
            else:
                continue
            place = path.relative_to(package)
            found += [
                f"{place}: {n.name} as {n.asname}" for n in own if n.asname not in (None, n.name)
            ]
    return found


def sentences(text: str) -> int:
    """Full stops, question marks and exclamation marks at the end of a word; not those in code."""
    plain = ABBREVIATED.sub("", re.sub(r"``.*?``", "code", text, flags=re.DOTALL))
    return len(re.findall(r"[.?!](?=[)\"'”’]*(?:\s|$))", plain))


def opening(path: Path) -> str:
    """The first paragraph of a module's docstring."""
    return (ast.get_docstring(tree(path)) or "").partition("\n\n")[0]


def documented(package: Path) -> dict[str, float]:
    """The share of docstring lines in every room.

    A docstring's lines are those of its statement in the tree, quotes and blank lines among them,
    of modules, classes and functions; they are held against all lines of the room's files.
    """
    words: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for path in package.rglob("*.py"):
        room = path.relative_to(package).parts[0]
        sizes[room] += lines(path)
        for node in ast.walk(tree(path)):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
                text = node.body[0]
                words[room] += (text.end_lineno or 0) - text.lineno + 1
    return {n: words[n] / sizes[n] for n in sizes if sizes[n]}


def empty_guards(path: Path) -> list[int]:
    """Lines of ``if TYPE_CHECKING:`` with nothing in it."""
    return [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.If)
        and ast.unparse(node.test).endswith("TYPE_CHECKING")
        and all(isinstance(n, ast.Pass) for n in node.body)
    ]


def named(text: str) -> list[str]:
    """Python files in code marks, with a folder or without."""
    return re.findall(r"`((?:[a-z_]+/)*[a-z_0-9]+\.py)`", text)


def glossary(text: str) -> list[list[str]]:
    """The names of the third column of a table, a list a row, files left out."""
    cells = [
        row.replace("\\|", "").split("|")[3] for row in text.splitlines() if row.count("|") > 4
    ]
    code = [" ".join(re.findall(r"`([^`]*)`", c)) for c in cells]
    return [re.findall(r"[A-Za-z_]+", re.sub(r"\S+/\S+|@-?\d+|\d+d", "", c)) for c in code if c]
