"""Small faults put into a module: one operator, number or return at a time.

A mutant is one edit of the syntax tree.  The edits of a source come in the order in which it is
written, so that a mutant is named by its place among them.  Left alone are texts, annotations,
decorators, `zip(strict=True)` (it asserts what cannot happen) and what only a type checker reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPPOSITE = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
SIGN = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
LOGIC = {ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
TWINS = (("min", "max"), ("any", "all"), ("minimum", "maximum"), ("argmin", "argmax"))
EXTREME = {**dict(TWINS), **{b: a for a, b in TWINS}}

Body = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Edit:
    """One node, what stands in its place, and the kind of the fault."""

    kind: str
    was: ast.AST
    now: ast.AST

    def __str__(self) -> str:
        return f"{_short(self.was)} -> {_short(self.now)}"


@dataclass(frozen=True, order=True)
class Mutant:
    """A fault in a file: its place among the edits of the source, its line, what it does."""

    path: str
    place: int
    line: int
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}  {self.kind}: {self.what}"


def mutants(source: str, path: str) -> list[Mutant]:
    """Every mutant of a source."""
    found = enumerate(edits(ast.parse(source)))
    return [Mutant(path, n, getattr(e.was, "lineno", 0), e.kind, str(e)) for n, e in found]


def mutated(source: str, place: int) -> str:
    """The source with one of its edits made."""
    tree = ast.parse(source)
    edit = list(edits(tree))[place]
    return ast.unparse(ast.fix_missing_locations(_Swap(edit).visit(tree)))


def edits(tree: ast.AST) -> Iterator[Edit]:
    """Every edit of a tree, outer before inner."""
    yield from _of(tree)
    for child in _children(tree):
        yield from edits(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What may be mutated below a node."""
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "bases", "keywords"} and isinstance(
            node, ast.arg | ast.AnnAssign | Body
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _left_alone(node, child):
                yield child


def _left_alone(parent: ast.AST, child: ast.AST) -> bool:
    if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
        return True
    if isinstance(parent, ast.Module) and isinstance(child, ast.Assign | ast.AnnAssign):
        return isinstance(child.value, ast.Subscript | ast.BinOp)  # the name of a type
    return isinstance(child, ast.keyword) and child.arg == "strict"


def _of(node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.Compare():
            yield from _comparison(node)
        case ast.BinOp(left, op, right):
            for kind, table in (("sign", SIGN), ("logic", LOGIC)):
                if type(op) in table and not _text(left) and not _text(right):
                    yield Edit(kind, node, ast.BinOp(left, table[type(op)](), right))
        case ast.AugAssign(target, op, value):
            for kind, table in (("sign", SIGN), ("logic", LOGIC)):
                if type(op) in table:
                    yield Edit(kind, node, ast.AugAssign(target, table[type(op)](), value))
        case ast.BoolOp(op, values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield Edit("logic", node, ast.BoolOp(other, values))
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            yield Edit("not", node, operand)
        case ast.UnaryOp(ast.USub(), operand):
            yield Edit("sign", node, operand)
        case ast.If() | ast.IfExp() | ast.While() | ast.comprehension():
            yield from _condition(node)
        case ast.Constant(bool(value)):
            yield Edit("constant", node, ast.Constant(not value))
        case ast.Constant(int(value)):
            yield Edit("constant", node, ast.Constant(value + 1))
        case ast.Constant(float(value)):
            yield Edit("constant", node, ast.Constant(2 * value or 1.0))
        case ast.Return(value) if value is not None and not _empty(value):
            yield Edit("return", node, ast.Return(ast.Constant(None)))
        case ast.Name(id=name) if name in EXTREME:
            yield Edit("extreme", node, ast.Name(EXTREME[name], node.ctx))
        case ast.Attribute(value, name) if name in EXTREME:
            yield Edit("extreme", node, ast.Attribute(value, EXTREME[name], node.ctx))


def _comparison(node: ast.Compare) -> Iterator[Edit]:
    for place, op in enumerate(node.ops):
        for kind, table in (("boundary", BOUNDARY), ("comparison", OPPOSITE)):
            if type(op) in table:
                ops = [*node.ops[:place], table[type(op)](), *node.ops[place + 1 :]]
                yield Edit(kind, node, ast.Compare(node.left, ops, node.comparators))


def _condition(node: ast.If | ast.IfExp | ast.While | ast.comprehension) -> Iterator[Edit]:
    """A condition turned round, unless one of its own edits does so already."""
    tests = node.ifs if isinstance(node, ast.comprehension) else [node.test]
    for test in tests:
        if not isinstance(test, ast.Compare | ast.UnaryOp | ast.Constant):
            yield Edit("not", test, ast.UnaryOp(ast.Not(), test))


def _text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


def _empty(node: ast.AST) -> bool:
    """Whether a value is as false as None, and mostly taken for it."""
    if isinstance(node, ast.Constant):
        return not node.value
    return isinstance(node, ast.Tuple | ast.List | ast.Dict) and not ast.unparse(node)[1:-1]


class _Swap(ast.NodeTransformer):
    def __init__(self, edit: Edit) -> None:
        self.edit = edit

    def visit(self, node: ast.AST) -> ast.AST:
        return self.edit.now if node is self.edit.was else self.generic_visit(node)


def _short(node: ast.AST) -> str:
    """The code of a node on one line, its middle left out when it is long."""
    text = " ".join(ast.unparse(ast.fix_missing_locations(node)).split())
    return f"`{text}`" if len(text) <= 70 else f"`{text[:50]} ... {text[-15:]}`"
