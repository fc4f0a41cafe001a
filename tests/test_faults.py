"""What the client makes of sidecars that fail: each failure its own error, none a decision."""

from __future__ import annotations

import gzip
import json
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import priorauth
from priorauth import (
    Client,
    MalformedResult,
    PriorAuthError,
    RequestRefused,
    SidecarHTTPError,
    SidecarTimeout,
    SidecarUnreachable,
    TokenRefused,
    UndefinedResult,
    UnsoundPolicy,
)
from servers import Answer, answering, dripping, hanging_up, http, pause, private_opa

SECRET = "MEMBER-4711"
REQUEST: dict[str, Any] = {
    "request_id": SECRET,
    "type": "initial",
    "service_date": "2022-11-01",
    "drug": {"name": "Xpovio"},
}
INVALID: dict[str, Any] = {
    "request_id": SECRET,
    "outcome": "invalid",
    "requires_clinician_review": False,
    "guideline": None,
    "criteria": [],
    "reasons": [],
    "missing": [],
    "authorization": None,
    "notices": [],
    "errors": [{"path": "", "message": "no"}],
}
FINE = json.dumps({"result": INVALID}).encode()


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A policy that answers anything, for OPAs that are to fail in other ways."""
    path = tmp_path / "policy.rego"
    path.write_text(
        f"package priorauth\n\ndecision := {json.dumps(INVALID)}\n\n"
        "decisions := [decision | some _ in input.requests]\n"
    )
    return path


def failure(url: str, **options: Any) -> PriorAuthError:
    """What `decide` raises, checked for what no error may show."""
    with Client(url, **options) as client, pytest.raises(PriorAuthError) as caught:
        client.decide(REQUEST)
    discreet(caught.value)
    return caught.value


def discreet(error: PriorAuthError) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert SECRET not in shown
    assert error.__cause__ is None
    assert error.__context__ is None
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


# --------------------------------------------------------------------------------------------
# No answer, or not in time
# --------------------------------------------------------------------------------------------


def test_no_sidecar() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        error = failure(url)
    assert type(error) is SidecarUnreachable
    assert url in str(error)
    assert "Connection refused" in str(error)


def test_a_name_that_does_not_resolve() -> None:
    assert type(failure("http://sidecar.invalid:8181")) is SidecarUnreachable


def test_a_killed_sidecar(stand_in: Path) -> None:
    with private_opa(stand_in) as (url, process), Client(url) as client:
        assert client.decide(REQUEST).outcome == "invalid"
        process.kill()
        process.wait()
        with pytest.raises(SidecarUnreachable) as caught:
            client.decide(REQUEST)
    discreet(caught.value)


def test_a_paused_sidecar_and_its_return(stand_in: Path) -> None:
    with private_opa(stand_in) as (url, process), Client(url, timeout=2) as client:
        client.decide(REQUEST)
        pause(process)
        started = time.monotonic()
        with pytest.raises(SidecarTimeout) as caught:
            client.decide(REQUEST)
        # Once, and not once again for a second attempt.
        assert 2 <= time.monotonic() - started < 3.6
        discreet(caught.value)
        assert isinstance(caught.value, TimeoutError)
        os.kill(process.pid, signal.SIGCONT)
        assert client.decide(REQUEST).outcome == "invalid"


HEAD = f"HTTP/1.1 200 OK\r\nContent-Length: {len(FINE)}\r\n\r\n".encode()
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED += b"%x\r\n%b\r\n0\r\n\r\n" % (len(FINE), FINE)


@pytest.mark.parametrize("whole", [HEAD + FINE, CHUNKED], ids=["length", "chunked"])
def test_bytes_that_drip(whole: bytes) -> None:
    """Every read is quick, from the status line on; it is the whole that takes too long."""
    with answering(dripping(whole)) as (url, _):
        started = time.monotonic()
        error = failure(url, timeout=1.5)
        assert 1.5 <= time.monotonic() - started < 3
    assert type(error) is SidecarTimeout
    assert "1.5 s" in str(error)


def test_a_body_that_drips_in_time() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        dripping(FINE, 0.0005)(connection)

    with answering(answer) as (url, _), Client(url) as client:
        assert client.decide(REQUEST).raw == INVALID


def test_a_connection_that_is_dropped_is_tried_once_more() -> None:
    with answering(hanging_up, http(FINE)) as (url, heads), Client(url) as client:
        assert client.decide(REQUEST).raw == INVALID
    assert len(heads) == 2


def test_a_sidecar_that_always_hangs_up() -> None:
    with answering(hanging_up) as (url, heads):
        assert type(failure(url)) is SidecarUnreachable
    assert len(heads) == 2


def test_a_truncated_body() -> None:
    with answering(http(FINE[:-10], length=len(FINE))) as (url, _):
        assert type(failure(url)) is SidecarUnreachable


def test_a_server_that_does_not_speak_http() -> None:
    with answering(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")) as (url, _):
        assert type(failure(url)) is SidecarUnreachable


def raw(answer: bytes) -> Answer:
    return lambda connection: connection.sendall(answer)


ECHO = json.dumps({"input": REQUEST}).encode()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (raw(ECHO + b"\r\n\r\n"), SidecarUnreachable),
        (raw(b"HTTP/1.1 " + ECHO + b"\r\n\r\n"), SidecarUnreachable),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + ECHO), SidecarUnreachable),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: " + ECHO + b"\r\n\r\n"), MalformedResult),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + ECHO), UndefinedResult),
        (raw(b"HTTP/1.1 200 OK\r\n" + ECHO + b"\r\n\r\n" + ECHO), UndefinedResult),
        (raw(b"HTTP/1.1 404 No\r\n" + ECHO.replace(b":", b"") + b"\r\n\r\n"), SidecarHTTPError),
        (http(ECHO), UndefinedResult),
        (http(ECHO[:-1]), MalformedResult),
    ],
)
def test_a_server_that_echoes_is_quoted_nowhere(
    answer: Answer, kind: type[PriorAuthError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(answer) as (url, _):
        assert type(failure(url)) is kind
    assert caplog.records
    assert SECRET not in caplog.text


def test_https_to_a_sidecar_without_it(stand_in: Path) -> None:
    with private_opa(stand_in) as (url, _):
        assert type(failure(url.replace("http:", "https:"))) is SidecarUnreachable


# --------------------------------------------------------------------------------------------
# An answer that is an error
# --------------------------------------------------------------------------------------------


def test_a_refused_token(stand_in: Path) -> None:
    authz = stand_in.with_name("authz.rego")
    authz.write_text(
        'package system.authz\n\ndefault allow := false\n\nallow if input.identity == "good"\n'
    )
    flags = ("--authentication=token", "--authorization=basic")
    with private_opa(stand_in, authz, *flags) as (url, _):
        for options in ({}, {"token": "wrong-secret"}):
            error = failure(url, **options)
            assert isinstance(error, TokenRefused)
            assert (error.status, error.code) == (401, "unauthorized")
            assert "wrong-secret" not in str(error)
        with Client(url, token="good") as client:
            assert client.decide(REQUEST).outcome == "invalid"


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        ("401 Unauthorized", "unauthorized", "refused: a batch has at most 1000 requests"),
        ("400 Bad Request", "invalid_parameter", "request body too large"),
        ("413 Too Large", None, "without OPA's own error"),
        ("415 No JSON", "invalid_parameter", "a body is application/json"),
    ],
)
def test_a_refused_request(status: str, code: str | None, said: str) -> None:
    """By OPA, or by whatever stands in front of it."""
    body = b"<html>" if code is None else json.dumps({"code": code, "message": said}).encode()
    with answering(http(body, status)) as (url, _):
        error = failure(url)
    assert type(error) is RequestRefused
    assert (error.status, error.code) == (int(status.split()[0]), code)
    assert said in str(error)


@pytest.mark.parametrize("message", ["refuse", "no refused: x", "invalid: refused: x"])
def test_a_refused_token_is_no_refused_request(message: str) -> None:
    for body in ({"code": "unauthorized", "message": message}, {"message": "refused: x"}):
        with answering(http(json.dumps(body).encode(), "401 No")) as (url, _):
            assert type(failure(url)) is TokenRefused


def test_opas_own_error_with_its_code_and_place(tmp_path: Path) -> None:
    path = tmp_path / "policy.rego"
    path.write_text("package priorauth\n\ndecision := to_number(input.request_id)\n")
    with private_opa(path) as (url, _):
        error = failure(url)
    assert type(error) is SidecarHTTPError
    assert (error.status, error.code) == (500, "internal_error")
    (listed,) = error.errors
    assert listed.code == "eval_builtin_error"
    assert listed.location == f"{path}:3"
    assert "eval_builtin_error" in str(error)
    assert f"{path}:3" in str(error)


@pytest.mark.parametrize("status", ["204 No Content", "201 Created", "404 Not Found", "502 Bad"])
def test_any_status_but_200(status: str) -> None:
    with answering(http(FINE, status)) as (url, _):
        error = failure(url)
    assert type(error) is SidecarHTTPError
    assert error.status == int(status.split()[0])
    assert error.code is None


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary"])
def test_redirects_are_not_followed(status: str) -> None:
    with (
        answering(http(FINE)) as (elsewhere, heads),
        answering(http(b"", status, f"Location: {elsewhere}/v1/data/x")) as (url, _),
    ):
        error = failure(url, token="secret")
    assert isinstance(error, SidecarHTTPError)
    assert error.status == int(status.split()[0])
    assert heads == []


# --------------------------------------------------------------------------------------------
# 200, but no decision
# --------------------------------------------------------------------------------------------


def test_an_opa_without_the_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.rego"
    path.write_text("package somebody.elses\n\nallow := true\n")
    with private_opa(path) as (url, _):
        error = failure(url)
        with Client(url) as client, pytest.raises(UndefinedResult):
            client.health()
    assert type(error) is UndefinedResult
    assert "priorauth/decision" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>welcome MEMBER-4711</html>",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"result": ' + b"9" * 5000 + b"}",
        FINE.decode().encode("utf-16"),
        b"null",
        b"[1]",
        b'"result"',
        b'{"result": null}',
        b'{"result": []}',
        json.dumps({"result": {**INVALID, "outcome": "MEMBER-4711"}}).encode(),
        json.dumps({"result": {**INVALID, "request_id": "someone else's"}}).encode(),
    ],
)
def test_a_body_that_is_no_decision(body: bytes) -> None:
    with answering(http(body)) as (url, _):
        assert type(failure(url)) is MalformedResult


ENDLESS = b" " * (1 << 20)


def endless(head: str, part: bytes) -> Answer:
    """Sends for as long as anyone reads."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode())
        for _ in range(200):
            connection.sendall(part)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        endless("Content-Length: 999999999999\r\n", ENDLESS),
        endless("Connection: close\r\n", ENDLESS),
        endless("Transfer-Encoding: chunked\r\n", b"100000\r\n%b\r\n" % ENDLESS),
    ],
    ids=["length", "to the end", "chunked"],
)
def test_an_answer_without_end_is_not_taken_in(answer: Answer) -> None:
    with answering(answer) as (url, _):
        error = failure(url, timeout=60)
    assert type(error) is MalformedResult
    assert "more than 67,108,864 bytes" in str(error)


def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(FINE.ljust(1 << 20))
    with answering(http(packed, "200 OK", "Content-Encoding: gzip")) as (url, _):
        error = failure(url)
    assert type(error) is MalformedResult
    assert "something that is not JSON" in str(error)


@pytest.mark.parametrize("charset", ["idna", "u\0", "utf-16", "no-such", "ascii"])
def test_json_is_utf_8_whatever_the_head_says(charset: str) -> None:
    body = json.dumps({"result": {**INVALID, "request_id": "\u00e9"}}, ensure_ascii=False).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset={charset}\r\n\r\n"
    with answering(raw(head.encode() + body)) as (url, _), Client(url) as client:
        assert client.decide({**REQUEST, "request_id": "\u00e9"}).request_id == "\u00e9"
    with answering(raw(head.encode() + body.replace(b"\xc3", b"\xff"))) as (url, _):
        assert type(failure(url)) is MalformedResult


@pytest.mark.parametrize("answers", [0, 1, 3])
def test_a_batch_with_another_number_of_answers(answers: int) -> None:
    body = json.dumps({"result": [INVALID] * answers}).encode()
    with (
        answering(http(body)) as (url, _),
        Client(url) as client,
        pytest.raises(MalformedResult, match=f"{answers} answers to 2 requests") as caught,
    ):
        list(client.decide_many([REQUEST, REQUEST]))
    discreet(caught.value)


def test_a_batch_whose_answers_are_of_other_requests() -> None:
    body = json.dumps({"result": [INVALID, INVALID]}).encode()
    with (
        answering(http(body)) as (url, _),
        Client(url) as client,
        pytest.raises(MalformedResult) as caught,
    ):
        list(client.decide_many([REQUEST, {**REQUEST, "request_id": "another"}]))
    assert caught.value.pointer == "/1/request_id"
    discreet(caught.value)


def test_health_of_a_policy_with_faults(tmp_path: Path) -> None:
    fault = {"guideline": "g", "version": "1", "path": "/title", "message": "missing"}
    path = tmp_path / "policy.rego"
    path.write_text(f"package priorauth\n\nintegrity := [{json.dumps(fault)}]\n\ncatalog := []\n")
    with private_opa(path) as (url, _), Client(url) as client:
        assert not client.ready()
        with pytest.raises(UnsoundPolicy) as caught:
            client.health()
    assert caught.value.findings == (priorauth.Finding(**fault),)
    assert "policy/guidelines/g/1/data.yaml /title: missing" in str(caught.value)
    discreet(caught.value)


def test_health_without_a_guideline(tmp_path: Path) -> None:
    path = tmp_path / "policy.rego"
    path.write_text("package priorauth\n\nintegrity := []\n\ncatalog := []\n")
    with private_opa(path) as (url, _), Client(url) as client, pytest.raises(UndefinedResult):
        client.health()


# --------------------------------------------------------------------------------------------
# Surroundings that must not matter
# --------------------------------------------------------------------------------------------


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[bytes]]:
    """An environment with a proxy, a netrc and a CA bundle; what the proxy is asked."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password netrc-secret\n")
    netrc.chmod(0o600)
    with answering(http(b"{}")) as (proxy, heads):
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(netrc))
        yield heads


def test_proxies_netrc_and_cookies(hostile: list[bytes]) -> None:
    with (
        answering(http(FINE, "200 OK", "Set-Cookie: a=b; Path=/")) as (url, heads),
        Client(url, token="mine") as client,
    ):
        client.decide(REQUEST)
        client.decide(REQUEST)
    assert hostile == []
    for head in heads:
        assert b"\r\nAuthorization: Bearer mine" in head
        assert b"ookie" not in head
        assert b"strict-builtin-errors=true" in head


# --------------------------------------------------------------------------------------------
# Threads
# --------------------------------------------------------------------------------------------


def test_one_client_in_many_threads(url: str) -> None:
    with Client(url) as client, ThreadPoolExecutor(32) as threads:
        names = [f"thread-{n}" for n in range(400)]
        decided = threads.map(lambda name: client.decide({**REQUEST, "request_id": name}), names)
        assert [decision.request_id for decision in decided] == names


def test_a_timeout_in_one_thread_disturbs_no_other(stand_in: Path) -> None:
    """A call's deadline is its own, though connections and client are shared."""
    with (
        private_opa(stand_in) as (fine, _),
        answering(dripping(HEAD + FINE)) as (slow, _),
        Client(fine, timeout=5) as quick,
        Client(slow, timeout=0.3) as late,
        ThreadPoolExecutor(1) as threads,
    ):
        waiting = threads.submit(late.decide, REQUEST)
        while not waiting.done():
            assert quick.decide(REQUEST).outcome == "invalid"
        assert type(waiting.exception()) is SidecarTimeout


# --------------------------------------------------------------------------------------------
# Forks
# --------------------------------------------------------------------------------------------

FORKED = """
import json, os, sys
from priorauth import Client

url, request, calls = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
client = Client(url, traceparent=lambda: "00-" + "1" * 32 + "-" + "2" * 16 + "-01", token="t")
assert client.decide(request).authorization.quantity["tablets"] == 20

def ask(tablets):
    mine = request | {
        "dose": {"mg_per_week": 5 * tablets},
        "quantity": {"tablets": tablets, "days_supply": 28},
    }
    decided = [client.decide(mine) for _ in range(calls)]
    return [each.authorization.quantity["tablets"] for each in decided] == [tablets] * calls

children = []
for tablets in (12, 16, 20, 12):
    child = os.fork()
    if not child:
        os._exit(0 if ask(tablets) else 9)
    children.append(child)
assert ask(16)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
assert ask(12)
"""


def test_forked_processes_get_the_answers_to_their_own_requests(url: str) -> None:
    """None of these requests has an ID that its answer could be told by."""
    path = Path(__file__).with_name("cases") / "initial-approved.json"
    request = json.loads(path.read_text())["request"]
    del request["request_id"]
    subprocess.run([sys.executable, "-c", FORKED, url, json.dumps(request), "50"], check=True)
