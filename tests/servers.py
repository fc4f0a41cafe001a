"""Servers that go wrong: real OPAs of one test's own, and sockets that answer whatever it takes."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import priorauth.opa

Answer = Callable[[socket.socket], None]

_PORTS = range(20_000, 32_000)
# Another beginning for each process, as tests run in several at once.
_counted = itertools.count(os.getpid() * 101)


def free_port() -> int:
    """A port that nobody has: below those that the system gives out, and another each time."""
    for number in itertools.islice(_counted, len(_PORTS)):
        port = _PORTS[number % len(_PORTS)]
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


@contextlib.contextmanager
def private_opa(
    *arguments: str | Path, port: int = 0
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """An OPA of the test's own, on a free port or this: its URL and its process, which may be
    killed."""
    port = port or free_port()
    command: list[str | Path] = [priorauth.opa.ensure(), "run", "--server", "--skip-version-check"]
    command += ["--addr", f"127.0.0.1:{port}", "--log-level", "error"]
    process = subprocess.Popen([*command, *arguments], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, "OPA stopped"
            assert time.monotonic() < deadline, "OPA did not start"
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port), timeout=1),
            ):
                break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}", process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
        process.kill()
        process.wait()


def pause(process: subprocess.Popen[Any]) -> None:
    """Stop a child until SIGCONT, and wait until it is: its threads run on for a moment."""
    process.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)


def spent(pid: int) -> float:
    """The processor time of a process so far, in seconds."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def answering(*answers: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes requests one after the other and answers each in its own way.

    The last answer serves for all that come later. Yields its URL and, as they come in, the
    heads of the requests.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        stop, heads, threads = threading.Event(), list[bytes](), list[threading.Thread]()

        def serve(connection: socket.socket, answer: Answer) -> None:
            with connection, contextlib.suppress(OSError):
                connection.settimeout(10)
                heads.append(_request(connection))
                answer(connection)

        def accept() -> None:
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                answer = answers[min(len(threads), len(answers) - 1)]
                threads.append(threading.Thread(target=serve, args=(connection, answer)))
                threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", heads
        finally:
            stop.set()
            for thread in [acceptor, *threads]:
                thread.join()


def _request(connection: socket.socket) -> bytes:
    """Read one request whole; return its head."""
    taken = b""
    while b"\r\n\r\n" not in taken:
        taken += connection.recv(65536)
    head, _, body = taken.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head


def http(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> Answer:
    """An HTTP answer; `length` is what it claims to be the length of its body."""
    claimed = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
    head = "\r\n".join([*lines, f"Content-Length: {claimed}", "Connection: close"])

    def answer(connection: socket.socket) -> None:
        connection.sendall(f"{head}\r\n\r\n".encode() + body)

    return answer


def dripping(whole: bytes, pause: float = 0.05) -> Answer:
    """A byte at a time, each well within any time-out for a single read."""

    def answer(connection: socket.socket) -> None:
        for n in range(len(whole)):
            connection.sendall(whole[n : n + 1])
            time.sleep(pause)

    return answer


@contextlib.contextmanager
def never_answering_to(part: bytes, url: str) -> Iterator[str]:
    """A server before another, that answers to all but bodies with this in them: its URL."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if part in body:
                over.wait()
                return
            with contextlib.closing(connection(url)) as behind:
                behind.request(self.command, self.path, body, dict(self.headers))
                answer = behind.getresponse()
                content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            over.set()
            server.shutdown()
            thread.join()


def hanging_up(connection: socket.socket) -> None:
    """No answer at all."""


def connection(url: str) -> HTTPConnection:
    """A connection to `http://host:port` or `unix:///path`."""
    if url.startswith("unix://"):
        return _UnixConnection(url.removeprefix("unix://"))
    return HTTPConnection(url.partition("://")[2], timeout=60)


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def absent(what: str) -> Exception:
    """What is missing fails the test in CI; elsewhere the test is skipped."""
    if os.environ.get("CI") == "true":
        return AssertionError(what)
    pytest.skip(what)


@contextlib.contextmanager
def nginx(config: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An nginx by this configuration, until the block ends. What it logs is in `folder / "log"`."""
    command = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not command:
        raise absent("no nginx")
    file = folder / "nginx.conf"
    file.write_text(config)
    # Started by root, its workers would run as nobody, who cannot open the test's socket.
    more = "daemon off;" if os.getuid() else "daemon off; user root;"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([command, "-c", file, "-g", more], stdout=log, stderr=log)
    try:
        time.sleep(0.1)
        deadline = time.monotonic() + 20
        while not (folder / "nginx.pid").exists():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait()


def port(url: str) -> int:
    found = urlsplit(url).port
    assert found
    return found
