"""Serve the report of a store that is being written: the page loads itself again when the store has changed."""

from __future__ import annotations

import contextlib
import html
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bnnbench.errors import BnnbenchError, InputError, restated
from bnnbench.store.file import FILE

HOST = "127.0.0.1"
"""Nobody else's machine can ask."""
REST = 5.0
"""Of the time, at most a sixth goes into making pages: each rests five times as long as it took."""
WAITING = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="3"><link rel="icon" href="data:,">
<title>bnnbench</title><p>{}</p></html>"""


class LiveReport:
    """The page of a store, made anew when the store has changed and the last page has rested."""

    def __init__(
        self, folder: Path, render: Callable[[Path, str], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._render, self._clock = folder, render, clock
        self._lock = threading.Lock()
        self._page, self._version, self._next = "", "", 0.0

    def version(self) -> str:
        """Return a text that changes when there is a new page to be had."""
        changed = _stamp(self._folder)
        return changed if self._clock() >= self._next else self._version

    def page(self) -> str:
        """Return the newest page; a sentence that waits, while there is no store or it cannot be read."""
        with self._lock:
            version = self.version()
            if version != self._version or not self._page:
                start = self._clock()
                try:
                    self._page = self._render(self._folder, version)
                except BnnbenchError as error:
                    self._page, self._version = "", ""
                    return WAITING.format(html.escape(str(error)))
                self._version = version
                self._next = self._clock() + REST * (self._clock() - start)
            return self._page


def _stamp(folder: Path) -> str:
    """Return times and sizes of the store's file and its log; a log without content comes and goes with readers."""
    parts = []
    for name in (FILE, f"{FILE}-wal"):
        with contextlib.suppress(OSError):
            status = (folder / name).stat()
            parts += [f"{status.st_mtime_ns}.{status.st_size}"] if status.st_size else []
    return "-".join(parts)


def make_server(report: LiveReport, port: int) -> ThreadingHTTPServer:
    """Return a server on this machine alone; port 0 takes a free one.

    Raises
    ------
    InputError
        If the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if self.headers.get("Host", "").partition(":")[0] not in (HOST, "localhost"):
                self._answer(HTTPStatus.FORBIDDEN, "This page is for this machine alone.", "text/plain")
            elif path == "/":
                self._answer(HTTPStatus.OK, report.page(), "text/html")
            elif path == "/version":
                self._answer(HTTPStatus.OK, report.version(), "text/plain")
            else:
                self._answer(HTTPStatus.NOT_FOUND, "There is one page, at /.", "text/plain")

        def _answer(self, status: HTTPStatus, text: str, kind: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            try:
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # nobody waits any more

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that http.server gives it
            """Say nothing: a line every three seconds tells nothing."""

    advice = "; give another one with --port, or 0."
    with restated(InputError, f"port {port} cannot be used: ", advice, OSError, OverflowError):
        return ThreadingHTTPServer((HOST, port), Handler)
