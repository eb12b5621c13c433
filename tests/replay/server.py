"""A local server that replays every publisher, and misbehaves on demand."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.replay import publishers
from tests.replay.history import History

PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"


@dataclass
class Fault:
    """What goes wrong on addresses that hold ``where``, the next ``times`` times."""

    where: str
    kind: str
    times: int = 10**9
    after: str = ""


@dataclass
class Replay:
    """The publishers behind one port; ``asked`` is every request, ``sent`` its header fields, and
    ``own`` what lies at addresses (host/path) that no publisher has."""

    history: History
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    own: dict[str, bytes] = field(default_factory=dict)
    agents: set[str] = field(default_factory=set)
    conditional: int = 0
    base: str = ""
    marks: bool = True
    guard: Any = field(default_factory=threading.Lock)

    def fault(self, where: str, kind: str, times: int = 10**9, after: str = "") -> None:
        """Misbehave from now on."""
        self.faults.append(Fault(where, kind, times, after))

    def well(self) -> None:
        """Behave again."""
        self.faults.clear()
        self.history.tweaks.clear()

    def due(self, address: str, headers: dict[str, str]) -> Fault | None:
        with self.guard:
            self.asked.append(address)
            self.sent.append(headers)
            for fault in self.faults:
                if fault.where in address and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None


class Handler(BaseHTTPRequestHandler):
    """One request: /host/path?query."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    replay: Replay

    def do_GET(self) -> None:
        replay = self.replay
        parts = urlsplit(self.path)
        host, _, path = parts.path.lstrip("/").partition("/")
        fault = replay.due(self.path, {n.lower(): v for n, v in self.headers.items()})
        replay.agents.add(self.headers.get("User-Agent", ""))
        if fault is not None and self.early(fault):
            return
        query = dict(parse_qsl(parts.query))
        found = replay.own.get(f"{host}/{unquote(path)}")
        if found is None:
            found = publishers.body(replay.history, host, "/" + unquote(path), query, self.headers)
        if found is None:
            self.answer(401 if "coinalyze" in host else 404, b"not here")
            return
        if fault is not None and self.late(fault, found):
            return
        mark = f'"{hashlib.sha256(found).hexdigest()[:16]}"' if replay.marks else ""
        if mark and self.headers.get("If-None-Match") == mark:
            replay.conditional += 1
            self.answer(304, b"", mark)
            return
        self.answer(200, found, mark)

    def early(self, fault: Fault) -> bool:
        """Faults that need no body."""
        if fault.kind.isdigit():
            self.answer(int(fault.kind), b"no", after=fault.after)
        elif fault.kind == "html":
            self.answer(200, PAGE)
        elif fault.kind == "echo":
            self.answer(200, f"no,{unquote(self.path)},{dict(self.headers)}\n".encode())
        elif fault.kind.startswith("to "):
            self.answer(302, b"", location=fault.kind.removeprefix("to "))
        else:
            return False
        return True

    def late(self, fault: Fault, found: bytes) -> bool:
        """Faults of the body."""
        if fault.kind == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found[: len(found) // 2])
            self.close_connection = True
        elif fault.kind == "slow":
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            for start in range(0, len(found), max(len(found) // 40, 1)):
                self.wfile.write(found[start : start + max(len(found) // 40, 1)])
                self.wfile.flush()
                time.sleep(0.1)
        elif fault.kind == "half":
            self.answer(200, found[: len(found) // 2])
        elif fault.kind.startswith("replace "):
            old, new = fault.kind.removeprefix("replace ").split("|")
            self.answer(200, found.replace(old.encode(), new.encode()))
        else:
            raise AssertionError(fault.kind)
        return True

    def answer(
        self, status: int, found: bytes, mark: str = "", after: str = "", location: str = ""
    ) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(found)))
        if mark:
            self.send_header("ETag", mark)
        if after:
            wish = formatdate(time.time() + 2, usegmt=True) if after == "date" else after
            self.send_header("Retry-After", wish)
        self.end_headers()
        self.wfile.write(found)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """A client that goes away is part of the tests."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(history: History) -> Iterator[Replay]:
    """The server, while the block runs."""
    replay = Replay(history)
    handler = type("Bound", (Handler,), {"replay": replay})
    with Quiet(("127.0.0.1", 0), handler) as server:
        replay.base = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield replay
        finally:
            server.shutdown()
            thread.join()
