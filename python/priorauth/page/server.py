"""The reviewer's page at a URL on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from ..errors import PriorAuthError, SidecarStartError

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    # What a page cannot declare itself; the rest is in the page.
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PageServer:
    """Serves the page, and nothing else, on 127.0.0.1 for as long as a `with` block lasts.

    `make` makes the page when it is first requested; `port` is 0 for a free one. Entering returns
    the URL, and raises SidecarStartError when the port is taken.
    """

    def __init__(self, make: Callable[[], bytes], *, port: int = 0) -> None:
        self._make = make
        self._port = port

    def __enter__(self) -> str:
        try:
            self._server = _Server(self._make, self._port)
        except OSError as error:
            raise SidecarStartError(
                f"the page cannot be served at port {self._port}: {error.strerror}"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return f"{self._server.origin}/"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, make: Callable[[], bytes], port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._make = make
        self._lock = threading.Lock()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def page(self) -> bytes:
        with self._lock:
            return self._page

    @cached_property
    def _page(self) -> bytes:
        return self._make()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10
    server_version, sys_version = "priorauth", ""

    def do_GET(self) -> None:
        # Any other name is one that somebody has made resolve to this machine.
        own = {self.server.origin, self.server.origin.replace("127.0.0.1", "localhost")}
        hosts, origins = (self.headers.get_all(name, []) for name in ("Host", "Origin"))
        if len(hosts) != 1 or f"http://{hosts[0]}" not in own:
            self._answer(421, b"This is served to this machine only.")
        elif not own.issuperset(origins):
            self._answer(403, b"Other pages may not ask for this one.")
        elif self.path != "/":
            self._answer(404, b"There is one page, at /.")
        else:
            try:
                page = self.server.page()
            except PriorAuthError as error:
                self._answer(503, str(error).encode(), "text/plain; charset=utf-8")
            else:
                self._answer(200, page)

    def _answer(self, status: int, body: bytes, kind: str | None = None) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, kind or value if name == "Content-Type" else value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""
