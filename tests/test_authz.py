"""Who may ask for what, by what the server does and not by what its rules say."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from priorauth import Client, SidecarError, SidecarHTTPError, SidecarUnreachable, TokenRefused
from priorauth.bundle import ENTRYPOINTS, FHIR_ENTRYPOINTS
from production import CALLER, LEVELS, OPERATOR, Bundles, Production, eventually, signed

TLS = Path(__file__).with_name("tls")
DECISION = "/v1/data/priorauth/decision"
REFUSED = "the credentials sent, if any, do not give access to this method, path and parameters"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return signed(tmp_path_factory.mktemp("bundle") / "b.tar.gz", "r-1")


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> Iterator[Production]:
    folder = tmp_path_factory.mktemp("production")
    with Bundles(content).serving() as bundles, Production(folder, bundles) as running:
        eventually(running.ready)
        yield running


def refused(production: Production, method: str, target: str, token: str | None) -> None:
    status, text = production.ask(method, target, {"input": {}}, token=token)
    assert status == 401, text
    assert json.loads(text) == {"code": "unauthorized", "message": REFUSED}


@pytest.mark.parametrize("rule", [*ENTRYPOINTS, *FHIR_ENTRYPOINTS, "integrity"])
def test_callers_may_post_to_the_entry_points(production: Production, rule: str) -> None:
    target = f"/v1/data/priorauth/{rule}"
    for parameters in ("", "?provenance=true&strict-builtin-errors=true"):
        status, text = production.ask("POST", target + parameters, {"input": {}}, token=CALLER)
        assert status == 200, text
    refused(production, "POST", target, OPERATOR)
    refused(production, "POST", target, None)
    refused(production, "POST", target, "another-token")
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
        refused(production, method, target, CALLER)
    # OPA itself has no HEAD here, and says so before it asks its rules.
    assert production.ask("HEAD", target, token=CALLER) == (405, "")


@pytest.mark.parametrize("target", ["/metrics", "/v1/status"])
def test_operators_may_get_metrics_and_status(production: Production, target: str) -> None:
    assert production.ask("GET", target, token=OPERATOR)[0] == 200
    refused(production, "POST", target, OPERATOR)
    refused(production, "GET", target, CALLER)
    refused(production, "GET", target, None)


@pytest.mark.parametrize(
    "target", ["/health", "/health?bundles&plugins", "/health/live", "/health/ready"]
)
def test_anyone_may_probe(production: Production, target: str) -> None:
    for token in (None, CALLER, OPERATOR, "another-token"):
        assert production.ask("GET", target, token=token)[0] == 200


@pytest.mark.parametrize("token", [None, CALLER, OPERATOR])
@pytest.mark.parametrize(
    "line",
    [
        "GET /",
        "POST /",
        "GET /v1/config",
        "GET /v1/data",
        "POST /v1/data",
        "GET /v1/data/access",
        "GET /v1/data/facts",
        "GET /v1/data/priorauth/decision",
        "POST /v1/data/access/tokens",
        "POST /v1/data/guidelines",
        "POST /v1/data/priorauth",
        "POST /v1/data/priorauth/decision/outcome",
        "POST /v1/data/priorauth/request/errors",
        "POST /v1/data/system/authz/allow",
        "PUT /v1/data/access",
        "PUT /v1/data/priorauth/decision",
        "PATCH /v1/data/access",
        "DELETE /v1/data/guidelines",
        "GET /v1/policies",
        "PUT /v1/policies/x",
        "DELETE /v1/policies/priorauth/priorauth.rego",
        "GET /v1/query?q=data",
        "POST /v1/query",
        "POST /v1/compile",
        "POST /v1/compile/priorauth/decision",
        "POST /v0/data/priorauth/decision",
        "GET /debug/pprof/heap",
        "GET /health/other",
        "GET /health/ready/more",
        "POST /health",
    ],
)
def test_nobody_reaches_anything_else(production: Production, line: str, token: str | None) -> None:
    method, target = line.split()
    refused(production, method, target, token)


@pytest.mark.parametrize(
    "target",
    [
        "//v1/data/priorauth/decision",
        "/v1//data/priorauth/decision",
        "/v1/data/priorauth//decision",
        "/./v1/data/priorauth/decision",
        "/v1/data/./priorauth/decision",
        "/v1/data/priorauth/decision/.",
        "/v1/data/x/../priorauth/decision",
        "/v1/data/priorauth/decision/..",
        "/v1/policies/../data/priorauth/decision",
        "/v1/data/priorauth%2fdecision",
        "/v1/data%2Fpriorauth/decision",
        "/v1%2fdata%2fpriorauth%2fdecision",
        "/v1/data/priorauth/%2564ecision",
        "/v1/data/priorauth/decision%00",
        "/v1/data/priorauth/decision%20",
        "/v1/data/priorauth/decision;x=1",
        "/v1/data/priorauth/decision%3Fx",
        "/v1/data/priorauth/%2e%2e/priorauth/decision",
        "/v1/data/priorauth/%2e/decision",
        "/V1/data/priorauth/decision",
        "/v1/data/priorauth/Decision",
        "/v1/data.priorauth.decision",
        "http://127.0.0.1/v1/query",
    ],
)
def test_other_spellings_of_a_path_are_refused(production: Production, target: str) -> None:
    refused(production, "POST", target, CALLER)


def test_a_slash_at_the_end_leads_back_and_decides_nothing(production: Production) -> None:
    status, text = production.ask("POST", f"{DECISION}/", {"input": {}}, token=CALLER)
    assert (status, text) == (301, "")


def test_an_encoded_letter_is_that_letter(production: Production) -> None:
    """OPA decodes each step before its rules see it. So this is no way around them."""
    assert production.ask("POST", "/v1/data/priorauth/%64ecision", {}, token=CALLER)[0] == 200
    refused(production, "POST", "/v1/data/priorauth/%64ecision", OPERATOR)
    for target in ("/v1/%64ata/access", "/v1/%71uery", "/v1/p%6Flicies", "/v1/c%6fnfig"):
        refused(production, "POST", target, CALLER)
        refused(production, "GET", target, OPERATOR)


def test_methods_in_other_case(production: Production) -> None:
    assert production.ask("post", DECISION, {"input": {}}, token=CALLER)[0] == 405
    refused(production, "get", "/v1/config", OPERATOR)


@pytest.mark.parametrize(
    "parameter",
    ["explain=full", "metrics", "instrument=true", "pretty", "input=%7B%7D", "%65xplain"],
)
def test_parameters_that_are_not_needed_are_refused(production: Production, parameter: str) -> None:
    refused(production, "POST", f"{DECISION}?{parameter}", CALLER)
    refused(production, "POST", f"{DECISION}?provenance=true&{parameter}", CALLER)


@pytest.mark.parametrize(
    "header",
    [f"Basic {CALLER}", CALLER, f"Bearer {CALLER} x", f"Bearer  {CALLER}", "Bearer", "Bearer ", ""],
)
def test_other_ways_to_send_a_token(production: Production, header: str) -> None:
    status, _ = production.ask("POST", DECISION, {}, headers={"Authorization": header})
    assert status == 401


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("CONNECT /v1/query HTTP/1.1", b"HTTP/1.1 401 Unauthorized\r\n"),
        ("POST v1/query HTTP/1.1", b"HTTP/1.1 400 Bad Request\r\n"),
        ("POST http://other/v1/query HTTP/1.1", b"HTTP/1.1 401 Unauthorized\r\n"),
        # The HTTP library's own answer: nothing, about no resource.
        ("OPTIONS * HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
    ],
)
def test_raw_request_lines(production: Production, line: str, answer: bytes) -> None:
    port = int(production.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"{line}\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
        assert connection.recv(65536).startswith(answer)


def test_the_client_says_what_was_refused(production: Production) -> None:
    with Client(production.url, token=CALLER) as client:
        assert client.health().guidelines
        assert client.decide({}).outcome == "invalid"
    with (
        Client(production.url, token="another") as client,
        pytest.raises(TokenRefused, match="do not give access") as caught,
    ):
        client.decide({})
    assert (caught.value.status, caught.value.code) == (401, "unauthorized")


# --------------------------------------------------------------------------------------------
# TLS
# --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> Iterator[Production]:
    folder = tmp_path_factory.mktemp("secured")
    options = [
        *LEVELS[0],
        *(f"--tls-cert-file={TLS / 'server.pem'}", f"--tls-private-key-file={TLS / 'server.key'}"),
        *(f"--tls-ca-cert-file={TLS / 'ca.pem'}", "--authentication=tls", "--min-tls-version=1.2"),
    ]
    with (
        Bundles(content).serving() as bundles,
        Production(folder, bundles, *options, scheme="https") as running,
    ):
        yield running


def test_a_certificate_is_a_callers_credential(secured: Production) -> None:
    pair = (TLS / "client.pem", TLS / "client.key")
    with Client(secured.url, ca=TLS / "ca.pem", certificate=pair) as client:
        eventually(lambda: healthy(client))
        assert client.decide({}).outcome == "invalid"
    # It is an operator's as well with an operator's token; a caller's is what it needs here.
    with Client(secured.url, ca=TLS / "ca.pem", certificate=pair, token=OPERATOR) as client:
        assert client.decide({}).outcome == "invalid"


def healthy(client: Client) -> bool:
    try:
        return bool(client.health())
    except SidecarError:
        return False


def test_without_a_certificate_there_is_no_connection(secured: Production) -> None:
    with (
        Client(secured.url, ca=TLS / "ca.pem", token=CALLER) as client,
        pytest.raises(SidecarUnreachable, match="certificate"),
    ):
        client.decide({})
    plain = secured.url.replace("https", "http")
    with Client(plain, token=CALLER) as client, pytest.raises(SidecarHTTPError) as caught:
        client.decide({})
    assert caught.value.status == 400


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        (ssl.TLSVersion.TLSv1, False),
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
def test_tls_is_1_2_at_least(secured: Production, version: ssl.TLSVersion, accepted: bool) -> None:
    context = ssl.create_default_context(cafile=str(TLS / "ca.pem"))
    context.load_cert_chain(TLS / "client.pem", TLS / "client.key")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    port = int(secured.url.rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        if not accepted:
            # The server's own words: a library too old or new to ask for it proves nothing.
            stack.enter_context(pytest.raises(ssl.SSLError, match=r"(?i)alert.protocol.version"))
        plain = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        stack.enter_context(context.wrap_socket(plain, server_hostname="127.0.0.1"))
