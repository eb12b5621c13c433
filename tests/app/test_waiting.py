"""The sign of life: on a terminal's stderr, and nowhere else."""

from __future__ import annotations

import io

import pytest

from causal.app.waiting import waiting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_what_is_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with waiting("counting to a million"):
        pass
    assert "counting to a million" in screen.getvalue()


def test_a_file_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("counting to a million"):
        pass
    assert capsys.readouterr() == ("", "")
