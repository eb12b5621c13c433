"""How the command line fails: three parts on stderr, an exit status, never a traceback."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from causal.errors import CausalError, ExecutorError, SpecError

ANSWERED, OTHER, INPUT = 0, 1, 2
WIDTH = 100
LABEL = 8


class Commands(TyperGroup):
    """The group of commands; it turns errors into a message and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CausalError as error:
            tell(error)
            raise typer.Exit(OTHER if isinstance(error, ExecutorError) else INPUT) from None
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
                raise
            tell(_defect(error))
            raise typer.Exit(OTHER) from None


def tell(error: CausalError) -> None:
    """What happened, what it means, what to do, on stderr."""
    parts = [("error", error.what), ("", error.where), ("means", error.means), ("to do", error.do)]
    if isinstance(error, SpecError):
        parts += [("", f"- {problem}") for problem in error.problems]
    for label, text in parts:
        if text:
            typer.echo(_laid_out(label, text), err=True)


def _laid_out(label: str, text: str) -> str:
    margin = " " * LABEL
    if "\n" in text:
        return textwrap.indent(textwrap.dedent(text), margin)
    width = max(min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH), 40)
    lines = textwrap.wrap(text, width - LABEL, break_long_words=False, break_on_hyphens=False)
    return "\n".join([label.ljust(LABEL) + lines[0], *(margin + line for line in lines[1:])])


def _defect(error: Exception) -> CausalError:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        place = f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"
    return CausalError(
        f"{type(error).__name__}: {error}{place}",
        "This is a defect of the program, not of your input.",
        "Please report it together with the command you ran.",
    )
