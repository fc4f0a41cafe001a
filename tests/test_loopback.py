"""Every port that is opened on this machine: for programs on it, and never for a web page.

A page can have its own name resolve to 127.0.0.1, so `Host` is what tells that it is one; and
what it sends to another address has its `Origin`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from servers import port

TOKEN = "the-token"
CALLER = f"Authorization: Bearer {TOKEN}"
DECISION = "/v1/data/priorauth/decision"
BODY = "Content-Type: application/json\nContent-Length: 2\n\n{}"


@pytest.fixture(scope="module")
def listeners() -> Iterator[dict[str, int]]:
    """The ports that `priorauth serve` opens, by what answers at each."""
    environment = os.environ | {"PRIORAUTH_TOKEN": TOKEN}
    command = [sys.executable, "-m", "priorauth.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        try:
            sidecar = process.stdout.readline().strip()
            # OPA may have to be fetched first, which is told as well.
            page = next(line for line in process.stderr if "page is at" in line)
            yield {"sidecar": port(sidecar), "page": port(page.split()[-1])}
        finally:
            process.terminate()
            process.communicate(timeout=20)


def status(port: int, text: str) -> int:
    """The status of the answer to a request that is sent as it is spelt; 0 for none."""
    head, _, body = text.replace("PORT", str(port)).partition("\n\n")
    sent = head.replace("\n", "\r\n") + "\r\n\r\n" + body
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            first = answer.readline().split()
    return int(first[1]) if first[:1] in ([b"HTTP/1.1"], [b"HTTP/1.0"]) else 0


ASKED = {
    "sidecar": [
        "GET /health HTTP/1.1\nHEADERS\n\n",
        "GET /health/ready HTTP/1.1\nHEADERS\n\n",
        "GET /health/ready HTTP/1.0\nHEADERS\n\n",
        f"POST {DECISION} HTTP/1.1\nHEADERS\n{CALLER}\n{BODY}",
        f"POST {DECISION} HTTP/1.0\nHEADERS\n{CALLER}\n{BODY}",
    ],
    "page": ["GET / HTTP/1.1\nHEADERS\n\n", "GET / HTTP/1.0\nHEADERS\n\n"],
}
OURS = ["Host: 127.0.0.1:PORT", "Host: localhost:PORT", "host:127.0.0.1:PORT"]
FOREIGN = [
    "Host: page.example",
    "Host: page.example:PORT",
    "Host: 127.0.0.1.page.example:PORT",
    "Host: localhost.page.example:PORT",
    "Host: 127.0.0.1:PORT.page.example",
    "Host: user@127.0.0.1:PORT",
    "Host: 0.0.0.0:PORT",
    "Host: 127.0.0.2:PORT",
    "Host: 127.1:PORT",
    "Host: 2130706433:PORT",
    "Host: localhost.:PORT",
    "Host: [::ffff:127.0.0.1]:PORT",
    "Host: \xe9\xe9\xe9",
    "Host:",
    "X-Forwarded-Host: 127.0.0.1:PORT",
    "Host: 127.0.0.1:PORT\nHost: page.example",
    "Host: page.example\nHost: 127.0.0.1:PORT",
    "Host: 127.0.0.1:PORT\nOrigin: http://page.example",
    "Host: 127.0.0.1:PORT\nOrigin: https://127.0.0.1:PORT",
    "Host: 127.0.0.1:PORT\nOrigin: http://localhost.page.example:PORT",
    "Host: 127.0.0.1:PORT\nOrigin: null",
    "Host: 127.0.0.1:PORT\nOrigin: file://",
    "Host: 127.0.0.1:PORT\nOrigin: http://127.0.0.1:PORT\nOrigin: http://page.example",
    "Host: 127.0.0.1:PORT\nOrigin: http://127.0.0.1:PORT.page.example",
]
CASES = [(name, asked) for name, all_asked in ASKED.items() for asked in all_asked]


@pytest.mark.parametrize(("name", "asked"), CASES)
def test_programs_on_this_machine_are_answered(
    listeners: dict[str, int], name: str, asked: str
) -> None:
    for headers in OURS:
        assert status(listeners[name], asked.replace("HEADERS", headers)) == 200


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(("name", "asked"), CASES)
def test_web_pages_are_not(listeners: dict[str, int], name: str, asked: str, headers: str) -> None:
    assert status(listeners[name], asked.replace("HEADERS", headers)) in (400, 401, 403, 421)


@pytest.mark.parametrize("name", ASKED)
def test_a_page_may_not_ask_whether_it_may(listeners: dict[str, int], name: str) -> None:
    """The question that browsers put before a request of another page's is not answered."""
    head = "Host: 127.0.0.1:PORT\nOrigin: http://page.example"
    asked = f"OPTIONS {DECISION} HTTP/1.1\n{head}\nAccess-Control-Request-Method: POST\n\n"
    with socket.create_connection(("127.0.0.1", listeners[name]), timeout=20) as connection:
        connection.sendall(
            asked.replace("PORT", str(listeners[name])).replace("\n", "\r\n").encode()
        )
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            said = answer.read()
    assert int(said.split()[1]) >= 400
    assert b"access-control-allow" not in said.lower()


@pytest.mark.parametrize("name", ASKED)
def test_nobody_else_reaches_it(listeners: dict[str, int], name: str) -> None:
    """What listens everywhere listens there too."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", listeners[name]), timeout=20)
