"""How the command line fails: three parts on stderr, an exit status, never a traceback."""

from __future__ import annotations

import shutil
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from causal.app.interruption import tell_interrupted
from causal.app.output import say
from causal.errors import CausalError, ExecutorError, SpecError
from causal.text import LINES, shown

ANSWERED, OTHER, INPUT = 0, 1, 2
WIDTH = 100
LABEL = 8


class Commands(TyperGroup):
    """The group of commands; it turns errors into a message and an exit status."""

    def make_context(self, *words: Any, **more: Any) -> Any:
        try:
            return super().make_context(*words, **more)
        except Exception as error:
            raise _quoting(error) from None

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
                raise _quoting(error) from None
            tell(_defect(error))
            raise typer.Exit(OTHER) from None


def _quoting(error: Exception) -> Exception:
    """The same usage error; what it quotes of the command line is text."""
    if isinstance(message := getattr(error, "message", None), str):
        error.message = shown(message, LINES)  # type: ignore[attr-defined]
    return error


def tell(error: CausalError) -> None:
    """What happened, what it means, what to do, on stderr."""
    parts = [("error", error.what), ("", error.where), ("means", error.means), ("to do", error.do)]
    if isinstance(error, SpecError):
        parts += [("", f"- {problem}") for problem in error.listed]
    with suppress(OSError):  # where stderr takes nothing, the status still tells
        for label, text in parts:
            if text:
                say(_laid_out(label, text), err=True)


def _laid_out(label: str, text: str) -> str:
    margin = " " * LABEL
    if "\n" in text:
        return textwrap.indent(textwrap.dedent(text), margin)
    width = max(min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH), 40)
    lines = textwrap.wrap(text, width - LABEL, break_long_words=False, break_on_hyphens=False)
    first, *rest = lines or [""]
    return "\n".join([label.ljust(LABEL) + first, *(margin + line for line in rest)])


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
