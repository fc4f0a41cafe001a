"""A port of this machine for a sidecar on a unix socket: open to programs, closed to web pages.

OPA parses a body as YAML before it asks its rules, and a few kilobytes of YAML can fill any memory;
its rules see no `Host` header. So where others can connect, this stands in front of it, as nginx
does in production (`deploy/nginx.conf`), and admits only JSON of limited size.
"""

from __future__ import annotations

import json
import re
import socketserver
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import urllib3

from ._transport import unix_pool

LARGEST_BODY = 524288
"""The bytes that a body may have: what `opa-config.yaml` lets a sidecar take."""

_READY = "/health/ready"
_FRESH_S = 1.0
_DRAINED = 1 << 24
_LONGEST_S = 600.0
_LONGEST_PROBE_S = 5.0
_HOSTS = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)
_JSON = re.compile(r"application/json\s*(;\s*charset=utf-8\s*)?", re.IGNORECASE)
_OWN = {
    *("connection", "content-length", "content-type", "expect", "host", "keep-alive"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}


class _Answer(NamedTuple):
    status: int
    kind: str | None
    body: bytes


class Relay(socketserver.ThreadingTCPServer):
    """Holds a port of 127.0.0.1, 0 for a free one, from the start; it opens with `serve`.

    Raises OSError when the port is not available.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    pool: urllib3.HTTPConnectionPool

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler, bind_and_activate=False)
        try:
            self.server_bind()
        except BaseException:
            self.server_close()
            raise
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._ready: _Answer | None = None
        self._fresh_until = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def serve(self, uds: Path) -> None:
        """Pass on what is admitted to the unix socket, until the relay is closed."""
        self.pool = unix_pool(str(uds))("localhost", maxsize=self.request_queue_size)
        self.server_activate()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def asked(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        within: float = _LONGEST_S,
    ) -> _Answer:
        """What the sidecar says to a request, when it says so within these seconds."""
        try:
            answer = self.pool.urlopen(
                method,
                path,
                body,
                headers,
                retries=False,
                timeout=urllib3.Timeout(within),
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError):
            return _said(502, "the sidecar behind this port does not answer")
        return _Answer(answer.status, answer.headers.get("Content-Type"), answer.data)

    def ready(self) -> _Answer:
        """What the sidecar says of being ready, asked again once that is a second old.

        Anyone may ask, and OPA would check all guidelines each time when they come in no bundle.
        All who ask meanwhile wait for the one answer, so it may not take long.
        """
        with self._lock:
            if not self._ready or time.monotonic() > self._fresh_until:
                self._ready = self.asked("GET", _READY, b"", {}, _LONGEST_PROBE_S)
                self._fresh_until = time.monotonic() + _FRESH_S
            return self._ready

    def close(self) -> None:
        """Give the port back."""
        if self._thread:
            self.shutdown()
            self._thread.join()
            self.pool.close()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Tell of a fault here, without its message, which can quote what was asked.

        Of a connection that broke off there is nobody to tell.
        """
        error = sys.exc_info()[1]
        if error and not isinstance(error, (ConnectionError, TimeoutError)):
            where = "".join(traceback.format_tb(error.__traceback__))
            print(
                f"a call failed, a fault in priorauth itself: {type(error).__name__}\n{where}",
                file=sys.stderr,
            )


class _Handler(BaseHTTPRequestHandler):
    server: Relay
    protocol_version = "HTTP/1.1"
    # A caller that is silent for so long is gone.
    timeout = 30
    # An answer is sent as a whole: in parts it would wait for the other side.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = self._header("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,18}", length):
            self._refuse(411, "a body must come whole, with its Content-Length")
            return
        left = int(length)
        if left > LARGEST_BODY:
            refusal = 413, f"request body too large: at most {LARGEST_BODY} bytes"
        elif left and not _JSON.fullmatch(self._header("Content-Type")):
            refusal = 415, "a body must be application/json, in UTF-8"
        elif "Content-Encoding" in self.headers:
            refusal = 415, "a body must not be compressed"
        elif not _HOSTS.fullmatch(self._header("Host")) or not self.path.startswith("/"):
            refusal = 421, "the request is for another host than this machine"
        else:
            body = self.rfile.read(left)
            self._answer(self.server.ready() if self._is_probe() else self._passed_on(body))
            return
        # A client that still sends does not read, so a body of moderate size is read and dropped.
        while (left := min(left, _DRAINED)) and (part := self.rfile.read(min(left, 1 << 16))):
            left -= len(part)
        self._refuse(*refusal)

    def _header(self, name: str) -> str:
        return ",".join(self.headers.get_all(name, []))

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815

    def _is_probe(self) -> bool:
        path = unquote(self.path.partition("?")[0])
        return self.command == "GET" and path == _READY and "Origin" not in self.headers

    def _passed_on(self, body: bytes) -> _Answer:
        headers = urllib3.HTTPHeaderDict(
            (name, value) for name, value in self.headers.items() if name.lower() not in _OWN
        )
        headers["Content-Type"] = "application/json"
        return self.server.asked(self.command, self.path, body, headers)

    def _refuse(self, status: int, message: str) -> None:
        # The unread rest of a body must not be taken for the next request.
        self.close_connection = True
        self._answer(_said(status, message))

    def _answer(self, answer: _Answer) -> None:
        self.send_response_only(answer.status)
        if answer.kind:
            self.send_header("Content-Type", answer.kind)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged: a path can hold anything."""


def _said(status: int, message: str) -> _Answer:
    said = {"code": "invalid_parameter", "message": message}
    return _Answer(status, "application/json", json.dumps(said).encode())
