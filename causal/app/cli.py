"""The command line: every command is a question or a file, and stands in its own file.

Nothing here decides or computes.  Exit status: 0 answered, 2 the user's input, 1 anything else.
Heavy imports stand inside the commands, so that ``causal --help`` and the shell's completion stay
quick.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from causal.app.commands.ask.ask import ask
from causal.app.commands.ask.ladder import ladder
from causal.app.commands.ask.now import now
from causal.app.commands.ask.sweep import sweep
from causal.app.commands.check.conditionals import conditionals
from causal.app.commands.check.coverage import coverage
from causal.app.commands.check.dependence import dependence
from causal.app.commands.check.drawdowns import drawdowns
from causal.app.commands.check.rungs import rungs
from causal.app.commands.check.skill import skill
from causal.app.commands.data.fit import fit
from causal.app.commands.data.hours import hours
from causal.app.commands.data.pull import pull
from causal.app.commands.data.status import status
from causal.app.commands.explain.draw import draw
from causal.app.commands.explain.loop import loop
from causal.app.commands.explain.path import path
from causal.app.commands.explain.show import show
from causal.app.commands.explain.tornado import tornado
from causal.app.commands.laboratory.gain import gain
from causal.app.commands.laboratory.run import run
from causal.app.commands.laboratory.truth import truth
from causal.app.failure import defect, quoting, tell
from causal.app.interruption import tell_interrupted
from causal.app.output import flush, say
from causal.errors import CausalError, ExecutorError

ANSWERED, OTHER, INPUT = 0, 1, 2


class Commands(TyperGroup):
    """The group of commands; it turns errors into a message and an exit status."""

    def make_context(self, *words: Any, **more: Any) -> Any:
        try:
            return super().make_context(*words, **more)
        except Exception as error:
            raise quoting(error) from None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CausalError as error:
            tell(error)
            raise typer.Exit(OTHER if isinstance(error, ExecutorError) else INPUT) from None
        except KeyboardInterrupt as stopped:
            raise typer.Exit(tell_interrupted(stopped)) from None
        except (typer.Abort, BrokenPipeError):
            raise
        except MemoryError:
            tell(
                CausalError(
                    "There is not enough memory for this question.",
                    "The tables that it needs at once are too large for this machine.",
                    "Ask with fewer draws (`--draws 200`) or a shorter horizon.",
                )
            )
            raise typer.Exit(OTHER) from None
        except OSError as error:
            tell(
                CausalError(
                    f"The system refused: {error.strerror or error}.",
                    "The answer could not be written where it should go.",
                    "Check the disk, the folder and the place that the output goes to.",
                )
            )
            raise typer.Exit(OTHER) from None
        except Exception as error:
            if hasattr(error, "exit_code"):  # a usage error or an exit, which typer knows to handle
                raise quoting(error) from None
            tell(defect(error))
            raise typer.Exit(OTHER) from None


app = typer.Typer(
    name="causal",
    cls=Commands,
    help="Why does crypto crash, and what if?  Questions to a causal Bayesian network.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
check = typer.Typer(
    name="check",
    help="The model beside the history: what agrees, and what does not.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
data = typer.Typer(
    name="data",
    help="The history: pull it from its publishers into a local cache, split its days.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
laboratory = typer.Typer(
    name="laboratory",
    help="A market whose causes are known: run it, ask it what is true, take its loop apart.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
COMMANDS: dict[typer.Typer, tuple[Callable[..., None], ...]] = {
    app: (ask, now, sweep, ladder, tornado, path, loop, show, draw, fit),
    check: (conditionals, drawdowns, rungs, skill, coverage, dependence),
    data: (pull, status, hours),
    laboratory: (run, truth, gain),
}
for group, commands in COMMANDS.items():
    for command in commands:
        group.command()(command)
app.add_typer(check)
app.add_typer(data)
app.add_typer(laboratory)


def _version(wanted: bool) -> None:
    if wanted:
        from causal import __version__

        say(f"causal {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and leave.", is_eager=True, callback=_version
        ),
    ] = False,
) -> None:
    """Options of the whole command; ``--version`` answers in its callback."""


def main() -> None:
    """Any command, with its options, its help and its errors (``entry.main`` comes first)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without these letters shows `?`
    try:
        typer.main.get_command(app).main(prog_name="causal")
    finally:
        flush()
