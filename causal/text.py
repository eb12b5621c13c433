"""Text from outside: which characters a name may not hold, and how what is echoed is spelt.

A terminal obeys control characters, XML may not hold them, and bidirectional overrides show other
words than were written.  So no name, state, label or reason may hold one (``fault``); and what is
only echoed (a question, a path, a publisher's answer) is shown with each of them spelt out,
``\\x1b``, and with its middle left out where it is long (``shown``).
"""

from __future__ import annotations

import re

LINES = "\n\t"  # what prose may hold besides printable text
WORD, WHOLE = 300, 4_000  # characters of a word, and of a text, that a message shows
VALUE = 60  # characters of a value that a message shows
CUT = " ... "
OBEYED = "A terminal obeys such a character, and a picture may not hold it."

# C0, DEL and C1; the separators of lines and paragraphs and the bidirectional embeddings, overrides
# and isolates; halves of surrogate pairs, and the two noncharacters that XML 1.0 excludes.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
LONG = re.compile(rf"\S{{{WORD + 1},}}")


def controls(text: str, keep: str = "") -> tuple[str, ...]:
    """The control characters in ``text`` besides those of ``keep``, each once, spelt out."""
    if text.isprintable():  # then no character is one of them, and most texts are
        return ()
    found = dict.fromkeys(CONTROL.findall(text))
    return tuple(_spelt(char) for char in found if char not in keep)


def fault(text: str, *, prose: bool = False) -> str:
    """What is wrong with ``text`` as a name, or as prose, which may hold line breaks and tabs.

    "holds the control character \\x1b; write it without", said of the text; "" if nothing is wrong.
    """
    found = controls(text, LINES if prose else "")
    if not found:
        return ""
    many = "s" if len(found) > 1 else ""
    return f"holds the control character{many} {', '.join(found)}; write it without"


def escaped(text: str, keep: str = "") -> str:
    """``text`` with every control character spelt out as in Python, besides those of ``keep``."""
    return CONTROL.sub(lambda m: m[0] if m[0] in keep else _spelt(m[0]), text)


def escaped_json(text: str) -> str:
    """JSON text, line breaks between its values, with control characters as ``\\u009b``: it reads
    back as the same values."""
    return CONTROL.sub(lambda m: m[0] if m[0] == "\n" else f"\\u{ord(m[0]):04x}", text)


def shortened(text: str, most: int) -> str:
    """At most ``most`` characters of ``text``, its middle left out where it is longer."""
    if len(text) <= most:
        return text
    half = (most - len(CUT)) // 2
    return f"{text[:half].rstrip()}{CUT}{text[len(text) - half :].lstrip()}"


def shown(text: str, keep: str = "") -> str:
    """What a message shows of a text: control characters spelt out, long words and texts shortened.

    Shown twice is shown once: ``shown(shown(x)) == shown(x)``.
    """
    plain = shortened(escaped(text, keep), WHOLE)
    return LONG.sub(lambda m: shortened(m[0], WORD), plain)


def written(value: object) -> str:
    """A value as a message shows it: as Python writes it, its middle left out where it is long.

    One that Python cannot print is described.
    """
    try:
        text = repr(value)
    except ValueError:
        text = "a number of very many digits"
    except RecursionError:
        text = f"a {type(value).__name__} that is nested too deep"
    return shortened(text, VALUE)


def _spelt(char: str) -> str:
    return ascii(char)[1:-1]
