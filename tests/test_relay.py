"""The port of a sidecar of one's own: what it admits, and what never reaches OPA."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any, NoReturn

import pytest

import bomb
from asking import Asked
from priorauth import Client, RequestRefused, SidecarHTTPError
from priorauth._relay import LARGEST_BODY, Relay
from priorauth.sidecar import LocalSidecar
from production import ROOT, eventually
from servers import pause, port, private_opa, spent

DECISION = "/v1/data/priorauth/decision"
TOKEN = "the-token"
OPTIONS = ("--authorization=basic", "--optimize-store-for-read-speed", "--ignore=*_test.rego")


@pytest.fixture(scope="module")
def sidecar() -> Iterator[LocalSidecar]:
    sidecar = LocalSidecar(port=0, token=TOKEN, startup_timeout=60)
    with sidecar:
        bomb.bounded(sidecar.pid)
        yield sidecar


@pytest.fixture
def client(sidecar: LocalSidecar) -> Iterator[Client]:
    with Client(sidecar.url, token=TOKEN) as client:
        yield client


def said(sidecar: LocalSidecar, head: str, body: bytes = b"") -> tuple[int, dict[str, Any], bytes]:
    """Status, document and what else comes, after a request that is sent as it is spelt."""
    with socket.create_connection(("127.0.0.1", port(sidecar.url)), timeout=20) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            whole = answer.read()
    first, _, rest = whole.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in first.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    return int(first.split()[1]), json.loads(rest[:length] or b"{}"), rest[length:]


def test_it_answers_as_the_sidecar_does(client: Client, url: str) -> None:
    with contextlib.closing(Asked(url)) as plain:
        for request in (None, {}, {"type": "initial", "drug": {"name": "Xpovio\u00ae \U0001f600"}}):
            assert client.decide(request).raw == plain.decide(request)
    decisions = list(client.decide_many([{"request_id": str(n)} for n in range(1000)]))
    assert [decision.request_id for decision in decisions] == [str(n) for n in range(1000)]


def test_many_at_once_get_their_own_answers(client: Client) -> None:
    def decide(n: int) -> bool:
        return client.decide({"request_id": str(n)}).request_id == str(n)

    with ThreadPoolExecutor(32) as threads:
        assert all(threads.map(decide, range(400)))


def test_the_bomb_ends_an_opa_that_reads_it() -> None:
    """Before its rules are asked: it has none here, and answers nobody."""
    with private_opa("--authorization=basic") as (url, process):
        bomb.bounded(process.pid)
        status = bomb.thrown(bomb.to(url), types=["text/plain; charset=yaml"])
        assert status == {"text/plain; charset=yaml": None}
        assert process.wait(30) == 2


def test_the_bomb_does_not_reach_opa(sidecar: LocalSidecar, client: Client) -> None:
    for path in (DECISION, "/", "/v1/query", "/health"):
        assert bomb.thrown(bomb.to(sidecar.url), path) == dict.fromkeys(bomb.TYPES, 415)
    assert client.decide({}).outcome == "invalid"


HEAD = f"POST {DECISION} HTTP/1.1\nHost: 127.0.0.1\nAuthorization: Bearer {TOKEN}"
JSON = "Content-Type: application/json"


@pytest.mark.parametrize("kind", [JSON, f"{JSON}; charset=utf-8", f"{JSON.upper()};charset=UTF-8"])
def test_json_is_admitted(sidecar: LocalSidecar, kind: str) -> None:
    status, document, _ = said(sidecar, f"{HEAD}\n{kind}\nContent-Length: 2", b"{}")
    assert (status, document["result"]["outcome"]) == (200, "invalid")


@pytest.mark.parametrize(
    ("more", "body", "status"),
    [
        ("Content-Length: 2", b"{}", 415),
        ("Content-Type: text/plain\nContent-Length: 2", b"{}", 415),
        (f"{JSON}\n{JSON}\nContent-Length: 2", b"{}", 415),
        (f"{JSON}\nContent-Type: application/yaml\nContent-Length: 2", b"{}", 415),
        (f"{JSON}\nContent-Encoding: gzip\nContent-Length: 2", b"{}", 415),
        (f"{JSON}\nTransfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n", 411),
        (f"{JSON}\nContent-Length: 2\nContent-Length: 2", b"{}", 411),
        (f"{JSON}\nContent-Length: -2", b"{}", 411),
        (f"{JSON}\nContent-Length: two", b"{}", 411),
        (f"{JSON}\nContent-Length: {LARGEST_BODY + 1}", b" " * (LARGEST_BODY + 1), 413),
        (f"{JSON}\nContent-Length: {10**17}", b"{}", 413),
        (f"Host: localhost\n{JSON}\nContent-Length: 2", b"{}", 421),
    ],
)
def test_what_is_refused_is_told_and_never_half_read(
    sidecar: LocalSidecar, more: str, body: bytes, status: int
) -> None:
    smuggled = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    found, document, rest = said(sidecar, f"{HEAD}\n{more}", body + smuggled)
    assert (found, document["code"]) == (status, "invalid_parameter")
    assert rest == b""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8181", "LOCALHOST", "[::1]:1"])
def test_this_machine(sidecar: LocalSidecar, host: str) -> None:
    assert said(sidecar, f"GET /health HTTP/1.1\nHost: {host}")[0] == 200


@pytest.mark.parametrize(
    "line",
    [
        "GET /health HTTP/1.1\nHost: page.example",
        "GET /health HTTP/1.1\nHost: 127.0.0.1.page.example",
        "GET /health HTTP/1.1\nHost: localhost@page.example",
        "GET /health HTTP/1.1\nHost: ",
        "GET /health HTTP/1.1",
        "GET /health HTTP/1.1\nHost: localhost\nHost: page.example",
        "GET http://page.example/health HTTP/1.1\nHost: localhost",
        "OPTIONS * HTTP/1.1\nHost: localhost",
    ],
)
def test_another_host(sidecar: LocalSidecar, line: str) -> None:
    assert said(sidecar, line)[0] == 421


def test_the_client_says_what_is_too_large(client: Client) -> None:
    request = {"request_id": "x" * LARGEST_BODY}
    with pytest.raises(RequestRefused, match="too large: at most 524288 bytes") as caught:
        client.decide(request)
    assert caught.value.status == 413
    with pytest.raises(RequestRefused, match="a batch has at most 1000 requests"):
        list(client.decide_many([{}] * 1001, batch_size=1001))
    assert client.decide({}).outcome == "invalid"


def test_when_opa_is_gone() -> None:
    sidecar = LocalSidecar(port=0, token=TOKEN)
    with sidecar as url, Client(url, token=TOKEN) as client:
        assert client.decide({}).outcome == "invalid"
        assert sidecar._process
        sidecar._process.kill()
        sidecar.wait()
        with pytest.raises(SidecarHTTPError, match="does not answer") as caught:
            client.decide({})
        assert caught.value.status == 502


@pytest.mark.long
def test_probes_are_cheap_though_each_would_check_all_guidelines(tmp_path: Path) -> None:
    """Those of a policy in folders, as a container has it. Measured in the time of OPA's CPU."""
    uds = tmp_path / "opa.sock"
    folders = [ROOT / "policy", ROOT / "rego", ROOT / "deploy" / "access-local"]
    with private_opa(f"--addr=unix://{uds}", *OPTIONS, *folders) as (url, process):
        relay = Relay(0)
        relay.serve(uds)
        with contextlib.closing(relay):
            costs = []
            for probed in (url, relay.url):
                before = spent(process.pid)
                for _ in range(100):
                    with contextlib.closing(bomb.to(probed)()) as connection:
                        connection.request("GET", "/health/ready")
                        assert connection.getresponse().status == 200
                costs.append(spent(process.pid) - before)
    each, through_the_relay = costs
    assert through_the_relay < each / 5, costs


def test_a_probe_spoils_no_other_and_is_told_anew(tmp_path: Path) -> None:
    uds = tmp_path / "opa.sock"
    folders = [ROOT / "policy", ROOT / "rego", ROOT / "deploy" / "access-local"]
    ways = ["/health/ready", "/health/ready?pretty", "/health/%72eady?bundles", "/health/ready?"]
    with private_opa(f"--addr=unix://{uds}", *OPTIONS, *folders) as (_, process):
        relay = Relay(0)
        relay.serve(uds)
        with contextlib.closing(relay):

            def probe(path: str, **headers: str) -> int:
                with contextlib.closing(bomb.to(relay.url)()) as connection:
                    connection.request("GET", path, headers=headers)
                    return connection.getresponse().status

            assert probe("/health/ready", Origin="http://localhost") == 401
            assert [probe(path, Authorization="x") for path in ways] == [200] * 4
            process.kill()
            process.wait()
            eventually(lambda: probe("/health/ready") == 502)


def test_no_probe_waits_long_for_an_opa_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("priorauth._relay._LONGEST_PROBE_S", 1)
    uds = tmp_path / "opa.sock"
    with private_opa(f"--addr=unix://{uds}") as (_, process), contextlib.closing(Relay(0)) as relay:
        relay.serve(uds)
        pause(process)

        def probe(_: int) -> int:
            with contextlib.closing(bomb.to(relay.url)()) as connection:
                connection.request("GET", "/health/ready")
                return connection.getresponse().status

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(probe, range(8))) == [502] * 8


def test_a_fault_of_its_own_is_told_without_what_was_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def probed(error: Exception) -> str:
        def failing() -> NoReturn:
            raise error

        with contextlib.closing(Relay(0)) as relay:
            monkeypatch.setattr(relay, "ready", failing)
            relay.serve(Path("nowhere"))
            with contextlib.closing(bomb.to(relay.url)()) as connection:
                connection.request("GET", "/health/ready")
                with pytest.raises(RemoteDisconnected):
                    connection.getresponse()
        return capsys.readouterr().err

    assert probed(ConnectionResetError()) == ""
    told = probed(ValueError("what was asked"))
    assert "itself: ValueError" in told
    assert "in failing" in told
    assert "what was asked" not in told
