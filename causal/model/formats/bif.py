"""Networks in the Bayesian interchange format (BIF 0.15, and as public files write it).

``file: (network | variable | probability)*``, in any order, any blanks, comments and semicolons
between; the blocks are

- ``network NAME { property ...; }``
- ``variable NAME { type discrete [ COUNT ] { STATE, ... }; property ...; }``
- ``probability ( NAME | CAUSE, ... ) { table ...; default ...; (STATE, ...) ...; property ...; }``

``table`` holds the states of the variable under each row of causes, the variable changing slowest
and the last cause fastest; ``(STATE, ...)`` a row under the states of the causes in the order of
the header; ``default`` every row that is not given.  Whatever is said twice, or not at all, is
refused.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from math import prod

from causal import limit
from causal.errors import TableError, nearest
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.model.formats.bif_rows import (
    ProbabilityBlock,
    VariableBlock,
    names_up_to,
    read_rows,
    twice,
)
from causal.model.formats.bif_scanner import Lexeme, Scanner
from causal.model.formats.charset import decoded
from causal.model.network import CELL, CausalModel
from causal.model.pgmpy_table import bad_rows, scaled_rows
from causal.model.table import DRAW, Table, table
from causal.text import escaped

UNNAMED = ("", "unknown")
BLOCKS = ("network", "variable", "probability")


def read_bif(raw: bytes, file: str, *, stem: str, encoding: str | None = None) -> CausalModel:
    """The one-slice point model in the bytes of a BIF file; ``stem`` names a nameless network.

    Raises ModelError with line, column and a caret where the file is not well formed or says
    something twice or not at all, TableError where a row is no distribution.
    """
    text = decoded(raw, file, encoding)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _File(Scanner(text, file)).model(stem)


class _File:
    """What has been read of a file so far."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner, self.name = scanner, ""
        self.declared: dict[str, VariableBlock] = {}
        self.rows: dict[str, ProbabilityBlock] = {}
        self.cells = 0

    def model(self, stem: str) -> CausalModel:
        """Read every block, and join the tables."""
        scanner, tables, networks = self.scanner, [], 0
        while (lexeme := scanner.take()).kind != "end":
            if lexeme.is_word("network") and not networks:
                networks += 1
                self._network()
            elif lexeme.is_word("network"):
                twice(self.scanner, lexeme, "the network")
            elif lexeme.is_word("variable"):
                self._variable()
            elif lexeme.is_word("probability"):
                if self._known():
                    self._probability()
                else:
                    tables.append(scanner.place)
                    scanner.skip_block()
            elif not lexeme.is_mark(";"):
                scanner.fail(
                    lexeme,
                    f"{lexeme} stands where a block is expected",
                    f"A BIF file is blocks that begin with one of: {', '.join(BLOCKS)}.",
                    "Look for a brace too many, or a semicolon too few, before it.",
                )
        for scanner.place in tables:
            self._probability()
        return self._joined(self.name if self.name not in UNNAMED else escaped(stem))

    def _network(self) -> None:
        scanner, words = self.scanner, []
        while not (lexeme := scanner.take()).is_mark("{"):
            if lexeme.kind == "end" or lexeme.is_mark("}", ";"):
                scanner.fail(
                    lexeme,
                    f"{lexeme} stands where `{{` is expected, after the name of the network",
                    "The file is cut short, or a brace is missing.",
                    "Write `network name { }`.",
                )
            words.append(lexeme)
        self.name = " ".join(lexeme.text for lexeme in words)
        if words:
            self.scanner.printable(words[0], self.name, "network")
        while not (lexeme := scanner.take()).is_mark("}"):
            self._property(lexeme, "a network holds properties alone")

    def _property(self, lexeme: Lexeme, rule: str) -> None:
        """Step over a property or a semicolon; raises ModelError at anything else."""
        if lexeme.is_word("property"):
            self.scanner.skip_property()
        elif not lexeme.is_mark(";"):
            self.scanner.fail(
                lexeme,
                f"{lexeme} has no place here: {rule}",
                "What is not understood is not skipped: it could be data.",
                "Write it as `property ...;`, or look for a brace or a semicolon before it.",
            )

    def _variable(self) -> None:
        scanner = self.scanner
        name = self._name()
        if name.text in self.declared:
            twice(self.scanner, name, f"the variable `{name.text}`")
        scanner.expect("{", f"after the name of the variable `{name.text}`")
        states: dict[str, int] = {}
        while not (lexeme := scanner.take()).is_mark("}"):
            if lexeme.is_word("type") and not states:
                states = self._type(name)
            elif lexeme.is_word("type"):
                twice(self.scanner, lexeme, f"the type of `{name.text}`")
            else:
                self._property(lexeme, "a variable holds its type and properties")
        if not states:
            scanner.fail(
                name,
                f"the variable `{name.text}` has no type",
                "Its states are not known.",
                "Write `type discrete [ 2 ] { no, yes };`.",
            )
        self.declared[name.text] = VariableBlock(name, states)

    def _name(self) -> Lexeme:
        """A name that a variable can have; raises ModelError."""
        lexeme = self.scanner.take()
        if not lexeme.is_name or lexeme.text in ("", DRAW) or "@" in lexeme.text:
            self.scanner.fail(
                lexeme,
                f"{lexeme} cannot name a variable",
                "A name is a word or stands in quotes; `@` marks a day and `draw` an axis.",
                "Rename the variable, or quote its name.",
            )
        self.scanner.printable(lexeme, lexeme.text, "variable")
        return lexeme

    def _type(self, name: Lexeme) -> dict[str, int]:
        """``discrete [ COUNT ] { STATE, ... }``: the number of each state."""
        scanner = self.scanner
        kind = scanner.take()
        if not kind.is_word("discrete"):
            scanner.fail(
                kind,
                f"`{name.text}` is of type {kind}",
                "Only discrete variables have tables.",
                "Cut its values into states, and give it a table.",
            )
        scanner.expect("[", f"before the number of states of `{name.text}`")
        count = scanner.take()
        scanner.expect("]", f"after the number of states of `{name.text}`")
        brace = scanner.expect("{", f"before the states of `{name.text}`")
        size = int(count.text) if count.text.isdecimal() and len(count.text) < 10 else 0
        found = names_up_to(scanner, "}", size)
        if len(found) != size or not size:
            scanner.fail(
                count if found else brace,
                f"`{name.text}` declares {count.text} states and names {len(found)}",
                "One of the two is wrong, and which one cannot be known.",
                "Give every state, between commas, and their number.",
            )
        states: dict[str, int] = {}
        for lexeme in found:
            if lexeme.text in states or not lexeme.text:
                twice(self.scanner, lexeme, f"the state `{lexeme.text}` of `{name.text}`")
            self.scanner.printable(lexeme, lexeme.text, "state")
            states[lexeme.text] = len(states)
        return states

    def _known(self) -> bool:
        """Whether every name in the header that comes next has been declared; nothing is read."""
        scanner = self.scanner
        start, known = scanner.place, True
        while (lexeme := scanner.take()).kind != "end" and not lexeme.is_mark(")", "{", "}"):
            known = known and (lexeme.kind == "mark" or lexeme.text in self.declared)
        scanner.place = start
        return known

    def _header(self) -> tuple[Lexeme, ...]:
        """``( NAME | CAUSE, ... )``: the variable, then its causes; raises ModelError."""
        scanner = self.scanner
        scanner.expect("(", "after `probability`")
        found: list[Lexeme] = []
        while not (lexeme := scanner.take()).is_mark(")"):
            if lexeme.is_mark(",") or (lexeme.is_mark("|") and len(found) == 1):
                continue
            if not lexeme.is_name or lexeme.text not in self.declared:
                scanner.fail(
                    lexeme,
                    f"{lexeme} is no variable of the file",
                    "A table stands on variables that have a block of their own.",
                    nearest(lexeme.text, self.declared),
                )
            if lexeme.text in (t.text for t in found):
                twice(self.scanner, lexeme, f"`{lexeme.text}` in this header")
            found.append(lexeme)
        if not found:
            scanner.fail(
                lexeme,
                "the header names no variable",
                "It is not known whose table this is.",
                "Write `probability ( NAME | CAUSE, ... )`.",
            )
        if found[0].text in self.rows:
            twice(self.scanner, found[0], f"the table of `{found[0].text}`")
        return tuple(found)

    def _probability(self) -> None:
        header = self._header()
        name, *causes = (lexeme.text for lexeme in header)
        sizes = [len(self.declared[cause].states) for cause in causes]
        states, rows = len(self.declared[name].states), prod(sizes)
        self.cells += rows * states
        limit.afford(
            CELL * self.cells,
            f"`{name}` has {len(causes)} causes, which makes a table of "
            f"{limit.many(rows * states)} cells: the tables of the file",
            f"Give `{name}` fewer causes, or merge states",
        )
        self.scanner.expect("{", f"after the header of `{name}`")
        self.rows[name] = read_rows(self.scanner, header, self.declared)

    def _joined(self, name: str) -> CausalModel:
        """The model of all tables; raises ModelError where one is missing or causes go round."""
        scanner = self.scanner
        causes = {n: [t.text for t in rows.header[1:]] for n, rows in self.rows.items()}
        for one, declared in self.declared.items():
            if one not in self.rows:
                scanner.fail(
                    declared.lexeme,
                    f"the variable `{one}` has no table",
                    "The file is cut short, or its probability block is missing.",
                    f"Add `probability ( {one} ) {{ table ...; }}`.",
                )
        if not self.declared:
            scanner.fail(
                scanner.peek(),
                "it holds no variable",
                "It is empty, or its ending says what it is not.",
                "Give a network with at least one variable and its table.",
            )
        try:
            TopologicalSorter(causes).prepare()
        except CycleError as found:
            around = found.args[1]
            scanner.fail(
                self.rows[around[0]].header[0],
                f"its causes go round in a circle: {' -> '.join(around)}",
                "A variable cannot be a cause of itself.",
                "Take one of these arrows out.",
            )
        graph = CausalGraph(
            tuple(Variable(n, tuple(d.states)) for n, d in self.declared.items()),
            tuple(Edge(cause, n) for n in self.declared for cause in causes[n]),
            name=name,
        )
        return CausalModel(graph, {n: self._table(graph, n) for n in self.declared})

    def _table(self, graph: CausalGraph, name: str) -> Table:
        """The table of a variable, its rows scaled to one; raises TableError at a bad row."""
        rows = self.rows[name]
        axes = (*graph.parents(name), name)
        values = rows.values.reshape([graph.size(axis) for axis in axes])
        try:
            return table(axes[:-1], name, scaled_rows(graph, axes, values))
        except TableError as error:
            raise self.scanner.placed(
                error, rows.place(int(bad_rows(rows.values).argmax()))
            ) from None
