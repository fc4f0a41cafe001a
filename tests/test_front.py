"""nginx by `deploy/nginx.conf` before a sidecar: what it admits, and what never reaches OPA."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import bomb
from priorauth import Client, RequestRefused, SidecarUnreachable, TokenRefused
from production import CALLER, OPERATOR, ROOT, Bundles, Production, eventually, signed
from servers import free_port, nginx, private_opa, spent

CONF = ROOT / "deploy" / "nginx.conf"
TLS = Path(__file__).with_name("tls")
DECISION = "/v1/data/priorauth/decision"
JSON = {"Content-Type": "application/json"}
AS_CALLER = {"Authorization": f"Bearer {CALLER}"}
AS_OPERATOR = {"Authorization": f"Bearer {OPERATOR}"}


class Front(NamedTuple):
    callers: str
    """Where callers ask,"""
    watchers: str
    """and where Prometheus does."""
    opa: Production
    folder: Path


def configured(folder: Path, uds: Path, ports: tuple[int, int], tls: bool = False) -> str:
    """The configuration, with the paths and ports of this machine."""
    text = CONF.read_text()
    replaced = {
        "/tmp/": f"{folder}/",
        "/run/priorauth/opa.sock": str(uds),
        "listen 8181": f"listen 127.0.0.1:{ports[0]}{' ssl' if tls else ''}",
        "listen 8282": f"listen 127.0.0.1:{ports[1]}",
    }
    if tls:
        replaced |= {"# ssl_": "ssl_", "/etc/priorauth/tls": str(TLS)}
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def standing(folder: Path, tls: bool = False) -> Iterator[Front]:
    content = signed(folder / "b.tar.gz", "r-1")
    own = folder / "nginx"
    own.mkdir()
    ports = free_port(), free_port()
    uds = folder / "opa.sock"
    with (
        Bundles(content).serving() as bundles,
        Production(folder, bundles, uds=uds) as opa,
        nginx(configured(own, uds, ports, tls), own),
    ):
        eventually(opa.ready)
        bomb.bounded(opa.process.pid)
        scheme = "https" if tls else "http"
        yield Front(f"{scheme}://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}", opa, own)
        assert opa.ready()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with standing(tmp_path_factory.mktemp("front")) as standing_front:
        yield standing_front


def ask(
    url: str, method: str, path: str, body: bytes | None = None, /, **headers: str
) -> tuple[int, str]:
    with contextlib.closing(bomb.to(url)()) as connection:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_callers_are_answered(front: Front) -> None:
    with Client(front.callers, token=CALLER) as client:
        assert client.health().guidelines
        assert client.decide({}).revision == "r-1"
        decisions = client.decide_many([{"request_id": str(n)} for n in range(1000)])
        assert [decision.request_id for decision in decisions] == [str(n) for n in range(1000)]
    for kind in ("application/json", "application/json; charset=UTF-8", "Application/JSON"):
        status, _ = ask(
            front.callers, "POST", DECISION, b'{"input": {}}', Content_Type=kind, **AS_CALLER
        )
        assert status == 200


def test_who_may_ask_is_left_to_the_rules(front: Front) -> None:
    with Client(front.callers, token="another") as client, pytest.raises(TokenRefused):
        client.decide({})
    for method, path in (("GET", "/v1/config"), ("POST", "/v1/query"), ("GET", "/metrics")):
        assert ask(front.callers, method, path, b"{}", **JSON, **AS_CALLER)[0] == 401
    headers = {**JSON, **AS_CALLER, "Origin": "http://localhost"}
    status, said = ask(front.callers, "POST", DECISION, b"{}", **headers)
    assert (status, json.loads(said)["message"]) == (401, "refused: web pages may not ask")


def test_the_bomb_does_not_reach_opa(front: Front) -> None:
    before = front.opa.process.pid
    for path in (DECISION, "/", "/v1/query", "/health"):
        assert bomb.thrown(bomb.to(front.callers), path) == dict.fromkeys(bomb.TYPES, 415)
    for path, status in (("/metrics", 403), ("/health/ready", 403), (DECISION, 404), ("/", 404)):
        assert bomb.thrown(bomb.to(front.watchers), path) == dict.fromkeys(bomb.TYPES, status)
    assert bomb.ports(before) == set()
    assert front.opa.process.poll() is None
    assert front.opa.revision() == "r-1"


@pytest.mark.parametrize(
    ("method", "body", "headers", "status"),
    [
        ("POST", b"{}", {}, 415),
        ("POST", b"{}", {"Content-Type": "text/plain"}, 415),
        ("POST", b"{}", {"Content-Type": "application/jsonyaml"}, 415),
        ("POST", gzip.compress(b"{}", mtime=0), {**JSON, "Content-Encoding": "gzip"}, 415),
        ("PUT", b"{}", JSON, 415),
        ("PATCH", b"[]", JSON, 415),
        ("DELETE", b"", JSON, 415),
        ("OPTIONS", b"", JSON, 415),
        ("POST", b" " * 524_289, JSON, 413),
    ],
)
def test_what_is_not_admitted(
    front: Front, method: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    found, said = ask(front.callers, method, DECISION, body, **headers, **AS_CALLER)
    assert (found, json.loads(said)["code"]) == (status, "invalid_parameter")


def test_a_body_in_parts_is_bounded_too(front: Front) -> None:
    with contextlib.closing(bomb.to(front.callers)()) as connection:
        connection.request("POST", DECISION, iter([b" " * 65536] * 9), {**JSON, **AS_CALLER})
        assert connection.getresponse().status == 413
    with contextlib.closing(bomb.to(front.callers)()) as connection:
        connection.request("POST", DECISION, iter([b'{"input"', b": {}}"]), {**JSON, **AS_CALLER})
        assert connection.getresponse().status == 200


def test_the_client_says_what_is_too_large(front: Front) -> None:
    with (
        Client(front.callers, token=CALLER) as client,
        pytest.raises(RequestRefused, match="too large: at most 524288 bytes") as caught,
    ):
        client.decide({"request_id": "x" * 524_288})
    assert caught.value.status == 413


def test_a_second_content_type_does_not_make_it_yaml(front: Front) -> None:
    for kinds in (["application/json", "application/yaml"], ["application/yaml", JSON]):
        with contextlib.closing(bomb.to(front.callers)()) as connection:
            connection.putrequest("POST", DECISION)
            for kind in kinds:
                connection.putheader("Content-Type", str(kind))
            connection.putheader("Content-Length", str(len(bomb.BOMB)))
            connection.endheaders(bomb.BOMB)
            assert connection.getresponse().status in (400, 415)
    assert front.opa.process.poll() is None


@pytest.mark.parametrize("host", ["page.example", "127.0.0.1.page.example", "10.0.0.1:8181"])
def test_another_host(front: Front, host: str) -> None:
    headers = {**JSON, **AS_CALLER, "Host": host}
    assert ask(front.callers, "POST", DECISION, b"{}", **headers)[0] == 421
    assert ask(front.callers, "GET", "/health", Host=host)[0] == 421


def test_watchers_may_only_look(front: Front) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert ask(front.watchers, "GET", path, Host="10.0.0.1:8282")[0] == 200
    for path in ("/metrics", "/v1/status"):
        assert ask(front.watchers, "GET", path, **AS_OPERATOR)[0] == 200
        assert ask(front.watchers, "GET", path)[0] == 401
        assert ask(front.watchers, "POST", path, b"{}", **JSON, **AS_OPERATOR)[0] == 403
    for path in (DECISION, "/v1/config", "/v1/data", "/"):
        assert ask(front.watchers, "GET", path, **AS_OPERATOR)[0] == 404
        assert ask(front.watchers, "POST", path, b"{}", **JSON, **AS_CALLER)[0] == 404


def test_whoever_probes_spoils_no_other_s_probe(front: Front) -> None:
    """By a page's name, a parameter that is refused, or a body."""
    for url in (front.callers, front.watchers):
        assert ask(url, "GET", "/health/ready", Origin="http://localhost")[0] == 401
        for path in ("/health/ready?pretty", "/health/ready?bundles", "/health/%72eady"):
            assert ask(url, "GET", path, b"[" * 10_000, **JSON)[0] == 200
        assert ask(url, "POST", "/health/ready", b"{}", **JSON)[0] == 403
        assert ask(url, "GET", "/health/ready")[0] == 200


def test_probes_are_cheap_though_each_would_check_all_guidelines(tmp_path: Path) -> None:
    """Those of a policy in folders, as Compose has it. Measured in the time of OPA's CPU."""
    uds, ports = tmp_path / "opa.sock", (free_port(), free_port())
    options = (f"--addr=unix://{uds}", "--authorization=basic", "--ignore=*_test.rego")
    folders = [ROOT / "policy", ROOT / "rego", ROOT / "deploy" / "access-local"]
    with (
        private_opa(*options, *folders) as (url, process),
        nginx(configured(tmp_path, uds, ports), tmp_path),
    ):
        costs = []
        for probed in (url, *(f"http://127.0.0.1:{port}" for port in ports)):
            before = spent(process.pid)
            for _ in range(100):
                assert ask(probed, "GET", "/health/ready")[0] == 200
            costs.append(spent(process.pid) - before)
        assert max(costs[1:]) < costs[0] / 5, costs
        process.kill()
        process.wait()
        eventually(lambda: ask(f"http://127.0.0.1:{ports[0]}", "GET", "/health/ready")[0] == 502)


def test_nothing_of_a_request_is_logged_or_written(front: Front) -> None:
    """The largest body that is admitted, one that is not, and a path that names a member."""
    mark = "MEMBER-4711"
    for size in (524_000, 600_000):
        body = json.dumps({"input": {"request_id": mark, "note": "x" * size}}).encode()
        ask(front.callers, "POST", DECISION, body, **JSON, **AS_CALLER)
    for path in (f"/{mark}", f"{DECISION}?{mark}", f"/%00{mark}"):
        ask(front.callers, "GET", path)
    written = [path for path in front.folder.rglob("*") if path.is_file()]
    kept = [path for path in written if path.parent.name == "ready"]
    assert len(kept) <= 1
    assert {path.name for path in written if path not in kept} == {"log", "nginx.conf", "nginx.pid"}
    assert not any(mark in path.read_text(errors="replace") for path in written)


def test_when_opa_is_gone(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    with nginx(configured(tmp_path, tmp_path / "opa.sock", ports), tmp_path):
        status, said = ask(f"http://127.0.0.1:{ports[0]}", "POST", DECISION, b"{}", **JSON)
    assert (status, json.loads(said)["code"]) == (502, "internal_error")


def test_with_tls(tmp_path: Path) -> None:
    pair = (TLS / "client.pem", TLS / "client.key")
    with standing(tmp_path, tls=True) as front:
        with Client(front.callers, ca=TLS / "ca.pem", certificate=pair, token=CALLER) as client:
            assert client.decide({}).revision == "r-1"
        # nginx says so itself, in HTTP, because it asks once the connection stands.
        with (
            Client(front.callers, ca=TLS / "ca.pem", token=CALLER) as client,
            pytest.raises(Exception, match="answered 400"),
        ):
            client.decide({})
        with (
            Client(front.callers, token=CALLER) as client,
            pytest.raises(SidecarUnreachable, match="certificate verify failed"),
        ):
            client.decide({})
