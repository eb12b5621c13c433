"""One option, one declaration: what several commands take means the same in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from causal.app.cli import app

COMMANDS = Path(__file__).resolve().parents[2] / "causal" / "app" / "commands"
OWN = {  # the flag has the same name, but the command takes something else by it
    "--do": {"sweep"},  # sides of a grid, and not items
    "--given": {"sweep"},
    "--draw": {"ask", "ladder", "sweep"},  # each names the forms of its own picture
    "--out": {"fit", "draw", "tornado", "sweep", "run", "hours"},
    "--seed": {"run", "truth", "coverage"},  # of what is simulated, and not of posterior draws
    "--checkpoint": {"coverage"},  # of histories, and not of rows
    "--paths": {"run", "truth"},
    "--all": {"path", "status"},
    "--price": {"ask"},  # where it stands today, and not what a drawdown is measured to
    "--event": {"sweep"},  # it must be given there
    "--from": {"skill"},  # the first day that is scored, and not today
}


def commands() -> Iterator[tuple[str, Any]]:
    """Every command of the command line, those of its groups included."""
    groups = [typer.main.get_command(app)]
    for group in groups:
        for name, command in group.commands.items():  # type: ignore[attr-defined]
            if hasattr(command, "commands"):
                groups.append(command)
            else:
                yield name, command


def test_an_option_means_the_same_wherever_it_is_taken() -> None:
    said: dict[str, dict[tuple[Any, ...], set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, command in commands():
        for option in command.params:
            flag = max(option.opts, key=len)
            if option.param_type_name == "option" and name not in OWN.get(flag, ()):
                said[flag][option.help, option.metavar, tuple(option.opts)].add(name)
    apart = {flag: dict(ways) for flag, ways in said.items() if len(ways) > 1}
    assert not apart
    assert len(said["--model"]) == 1


def test_every_command_has_a_file_of_its_name() -> None:
    files = {p.stem for p in COMMANDS.rglob("*.py") if p.stem != "__init__"}
    assert files == {name for name, _ in commands()}
