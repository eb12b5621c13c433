"""The way in: a plain question is answered before the command line has even been loaded.

``causal ask "P(...)" --json`` needs no options, no help text and no colours, and loading what does
those takes a good part of its time.  Everything else, and everything that fails, goes to ``cli``.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence


def main() -> None:
    """The ``causal`` command; Ctrl-C while it is being loaded ends as it does later."""
    standing()
    try:
        _answered()
    except KeyboardInterrupt as stopped:
        from causal.app.interruption import tell_interrupted

        raise SystemExit(tell_interrupted(stopped)) from None


def _answered() -> None:
    gc.disable()  # one command and the process ends; nothing that it holds is worth looking for
    query = plain_question(sys.argv[1:])
    if query is not None and _told(query):
        from causal.app.output import flush

        flush()
        os._exit(0)  # all is said; taking the process apart piece by piece would take longer
    gc.enable()
    from causal.app import cli

    cli.main()


def standing() -> None:
    """Open what the caller has closed (``>&-``, some daemons), as if it went to /dev/null.

    The next file that is opened would take the number of a closed stream, and whatever C prints
    would end up in it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is not None:
            continue
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
        setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def plain_question(words: Sequence[str]) -> str | None:
    """The question of ``causal ask QUERY --json``; None for any other command."""
    if len(words) != 3 or words[0] != "ask" or "--json" not in words[1:]:
        return None
    (query, *more) = [word for word in words[1:] if word != "--json"] or [""]
    return query if query and not more and not query.startswith("-") else None


def _told(query: str) -> bool:
    """Answer a question on the shipped model; False where that fails."""
    from causal.app.opening import open_model
    from causal.app.output import flush, json_text
    from causal.ask import ask
    from causal.query.parser import parse

    try:
        model = open_model(None)
        text = json_text(ask(model, parse(query, model.graph, priced=model.priced)).to_dict())
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        flush()
        raise SystemExit(1) from None
    except Exception:  # the command line meets it again, and reports it
        return False
    return True
