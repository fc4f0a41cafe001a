"""The client, against a sidecar that serves the real policy."""

from __future__ import annotations

import asyncio
import json
import math
import pickle
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

import priorauth
from priorauth import (
    Client,
    ConfigurationError,
    Decider,
    NotJSON,
    SidecarUnreachable,
    TokenRefused,
    opa,
)
from servers import answering, http, private_opa

CASES = sorted(Path(__file__).with_name("cases").glob("*.json"))
TLS = Path(__file__).with_name("tls")

BARE: dict[str, Any] = {
    "type": "initial",
    "service_date": "2022-11-01",
    "drug": {"name": "Xpovio"},
}


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as opened:
        yield opened


def subset(expected: Any, found: Any) -> bool:
    """Whether a document has all that another says."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and subset(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(map(subset, expected, found))
        )
    return bool(expected == found)


# --------------------------------------------------------------------------------------------
# Deciding
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_worked_cases(client: Client, path: Path) -> None:
    case = json.loads(path.read_text())
    decision = client.decide(case["request"])
    assert subset(case["decision"], decision.raw)


def test_a_pended_request(client: Client) -> None:
    decision = client.decide({**BARE, "request_id": "r-1"})
    assert decision.request_id == "r-1"
    assert decision.outcome == "pended"
    assert decision.authorization is None
    assert "/nccn" in [missing.path for missing in decision.missing]
    assert {criterion.status for criterion in decision.criteria} == {"unknown", "met"}


@pytest.mark.parametrize("request_", [None, True, 0, 1.5, "text", [], [BARE], {}])
def test_any_json_value_is_decided(client: Client, request_: Any) -> None:
    decision = client.decide(request_)
    assert decision.outcome == "invalid"
    assert decision.errors


@pytest.mark.parametrize(
    "identifier", ["x", "\u00e9\U0001f600\u2028", 'quote " slash / backslash \\', "\u0001"]
)
def test_text_arrives_as_it_was_sent(client: Client, identifier: str) -> None:
    assert client.decide({**BARE, "request_id": identifier}).request_id == identifier


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_many_are_decided_in_order_as_one_by_one(client: Client, size: int) -> None:
    requests: list[Any] = [json.loads(path.read_text())["request"] for path in CASES]
    requests += [None, [], {**BARE, "request_id": "last"}]
    decisions = list(client.decide_many(requests, batch_size=size))
    assert [decision.raw for decision in decisions] == [client.decide(r).raw for r in requests]


def test_many_are_taken_as_they_are_needed(client: Client) -> None:
    taken = list[int]()

    def requests() -> Iterator[Any]:
        for n in count():
            taken.append(n)
            yield {**BARE, "request_id": str(n)}

    decisions = client.decide_many(requests(), batch_size=10)
    assert taken == []
    assert [d.request_id for d in islice(decisions, 15)] == [str(n) for n in range(15)]
    assert len(taken) == 20


def test_a_call_is_bounded_in_bytes_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sidecar in production takes 524,288 bytes, which are fewer than a hundred such requests."""
    long = [{"reference": f"chart-note-{n}"} for n in range(240)]
    requests = [{**BARE, "request_id": str(n), "documentation": long} for n in range(150)]
    requests.insert(7, {**BARE, "request_id": "x" * 600_000})
    sizes = []
    ask = client._ask

    def counted(rule: str, document: object = None) -> Any:
        sizes.append(len(json.dumps({"input": document})))
        return ask(rule, document)

    monkeypatch.setattr(client, "_ask", counted)
    decisions = list(client.decide_many(requests))
    assert [d.request_id for d in decisions] == [
        None if n == 7 else request["request_id"] for n, request in enumerate(requests)
    ]
    # The one that is too large by itself goes by itself.
    assert sorted(sizes)[-1] > 600_000
    assert sorted(sizes)[-2] < 524_288
    assert len(sizes) == 5


def test_none_of_many(client: Client) -> None:
    assert list(client.decide_many([])) == []


def test_a_batch_size_that_cannot_be() -> None:
    with Client() as client, pytest.raises(ConfigurationError):
        client.decide_many([], batch_size=0)


# --------------------------------------------------------------------------------------------
# Requests that are not JSON
# --------------------------------------------------------------------------------------------


def looped() -> Any:
    request: dict[str, Any] = {"drug": {}}
    request["drug"]["again"] = request
    return request


def deep() -> Any:
    value: Any = 0
    for _ in range(100_000):
        value = [value]
    return {"drug": value}


NOT_JSON: list[tuple[Any, str, str]] = [
    ({"service_date": date(2022, 11, 1)}, "/service_date", "of type date"),
    ({"dose": {"mg_per_week": math.nan}}, "/dose/mg_per_week", "not finite"),
    ({"dose": {"mg_per_week": -math.inf}}, "/dose/mg_per_week", "not finite"),
    ({"a/b": [1, {"c~d": {4711}}]}, "/a~1b/1/c~0d", "of type set"),
    ({"request_id": "\ud800"}, "/request_id", "surrogate"),
    ({"member": {(4711,): 1}}, "/member", "a key that is not text"),
    ({"member": {"\udfff": 1}}, "/member", "a key that is not text"),
    (b"4711", "", "of type bytes"),
    (looped(), "", "a part of itself"),
    (deep(), "", "too deeply"),
]


@pytest.mark.parametrize(("request_", "pointer", "why"), NOT_JSON, ids=[p for _, p, _ in NOT_JSON])
def test_a_request_that_is_not_json(request_: Any, pointer: str, why: str) -> None:
    case = Path(__file__).with_name("cases") / "invalid-not-an-object.json"
    invalid = json.loads(case.read_text(encoding="utf-8"))["decision"]
    body = json.dumps({"result": [invalid, invalid]}).encode()
    with answering(http(body)) as (url, heads), Client(url) as client:
        with pytest.raises(NotJSON) as one:
            client.decide(request_)
        with pytest.raises(NotJSON) as many:
            list(client.decide_many([BARE, BARE, request_, BARE], batch_size=2))
    assert (one.value.pointer, one.value.index) == (pointer, None)
    assert (many.value.pointer, many.value.index) == (pointer, 2)
    assert "request 2" in str(many.value)
    for error in (one.value, many.value):
        assert why in str(error)
        assert "4711" not in str(error)
        assert error.__context__ is None
        assert error.__cause__ is None
        copy = pickle.loads(pickle.dumps(error))
        assert (str(copy), vars(copy)) == (str(error), vars(error))
    # Of the batches, the first was sent; nothing of the one at fault.
    assert len(heads) == 1


def test_nesting_that_only_just_cannot_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the interpreter's stack gives out depends on how deep it is already."""
    monkeypatch.setattr("priorauth.decider.sent_size", lambda _: 1)
    with Client() as client, pytest.raises(NotJSON, match="nested too deeply") as caught:
        list(client.decide_many([BARE, deep()]))
    assert caught.value.index is None
    assert caught.value.__context__ is None


# --------------------------------------------------------------------------------------------
# Catalog, integrity, health
# --------------------------------------------------------------------------------------------


def test_the_catalog(client: Client) -> None:
    xpovio = next(guideline for guideline in client.catalog() if guideline.id == "xpovio")
    assert (xpovio.id, xpovio.drug_names) == ("xpovio", ("selinexor", "xpovio"))
    version = xpovio.versions[0]
    assert version.effective_date == date(2022, 10, 3)
    assert version.in_force_from == date(2020, 8, 1)
    assert [section.number for section in version.sections][1:4] == ["I", "II", "III"]
    assert any("32 tablets per 28 days" in section.text for section in version.sections)
    quantity = next(clause for clause in version.criteria if clause.id == "quantity")
    assert [question.path for question in quantity.questions] == [
        "/dose/mg_per_week",
        "/quantity/tablets",
        "/quantity/days_supply",
    ]
    assert xpovio.raw["id"] == "xpovio"


def test_a_policy_that_is_sound(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.integrity() == ()
    assert client.ready()
    # It was found so before; to be asked again would take long where guidelines are many.
    monkeypatch.setattr(Decider, "integrity", None)
    health = client.health()
    assert health.url == client.url
    assert health.opa_version == client.opa_version() == opa.version(opa.ensure())
    assert health.guidelines == client.catalog()


# --------------------------------------------------------------------------------------------
# Settings
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost", "http://localhost:80"),
        ("http://LOCALHOST:8181/", "http://localhost:8181"),
        ("https://opa.example", "https://opa.example:443"),
        ("http://[::1]:8181", "http://[::1]:8181"),
    ],
)
def test_urls(given: str, url: str) -> None:
    with Client(given) as client:
        assert client.url == url
        assert repr(client) == f"Client({url!r})"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8181",
        "//localhost",
        "ftp://localhost",
        "http://",
        "http://:8181",
        "http://localhost:none",
        "http://localhost:99999",
        "http://localhost:0",
        "http://local host",
        "http://localhost\r\n",
        "http://[::1",
        "http://user:4711@localhost",
        "http://4711@localhost",
        "http://localhost/v1/data",
        "http://localhost?a=4711",
        "http://localhost#a",
        "unix://",
        "unix://run/opa.sock",
        f"unix:///{'x' * 200}",
    ],
)
def test_urls_that_cannot_work(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client(url)
    assert isinstance(caught.value, ValueError)
    assert "4711" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"token": ""},
        {"token": "two\r\nlines4711"},
        {"token": "4711\u00e9"},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": math.nan},
        {"timeout": math.inf},
        {"ca": __file__},
        {"url": "https://localhost", "ca": "/no/such/file"},
        {"url": "https://localhost", "uds": "/run/opa.sock"},
        {"uds": ""},
        {"uds": "/run/4711\0"},
        {"uds": "/run/opa.sock", "ca": __file__},
        {"url": "https://localhost", "certificate": (__file__, "/no/such/file")},
    ],
)
def test_settings_that_cannot_work(options: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client(**options)
    assert "4711" not in str(caught.value)


def test_a_unix_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uds = tmp_path / "opa.sock"
    with Client(uds=uds) as client:
        with pytest.raises(SidecarUnreachable, match=f"unix://{uds}: No such file"):
            client.health()
        (tmp_path / "a.rego").write_text("package priorauth\n\nintegrity := []\n")
        with private_opa(tmp_path / "a.rego", "--addr", f"unix://{uds}"):
            assert client.integrity() == ()
            monkeypatch.chdir(tmp_path)
            for same in (Client(f"unix://{uds}"), Client(uds="opa.sock")):
                with same:
                    assert same.url == client.url == f"unix://{uds}"
                    assert same.integrity() == ()
        with pytest.raises(SidecarUnreachable, match=f"unix://{uds}: Connection refused"):
            client.health()


def test_coroutines_ask_by_threads(client: Client) -> None:
    async def ask() -> list[str | None]:
        asked = [{**BARE, "request_id": str(n)} for n in range(50)]
        decided = [asyncio.to_thread(client.decide, request) for request in asked]
        return [decision.request_id for decision in await asyncio.gather(*decided)]

    assert asyncio.run(ask()) == [str(n) for n in range(50)]


def test_no_secret_is_shown() -> None:
    with Client(token="s3cret") as client:
        assert "s3cret" not in repr(client) + repr(vars(client))


def test_tls_with_an_authority_and_a_certificate_of_ones_own(tmp_path: Path) -> None:
    policy = tmp_path / "policy.rego"
    policy.write_text("package priorauth\n\nintegrity := []\n")
    flags = [
        f"--tls-cert-file={TLS / 'server.pem'}",
        f"--tls-private-key-file={TLS / 'server.key'}",
    ]
    flags += [f"--tls-ca-cert-file={TLS / 'ca.pem'}", "--authentication=tls"]
    with private_opa(policy, *flags) as (http_url, _):
        url = http_url.replace("http:", "https:")
        certificate = (TLS / "client.pem", TLS / "client.key")
        with Client(url, ca=TLS / "ca.pem", certificate=certificate) as client:
            assert client.integrity() == ()
        with Client(url, ca=TLS / "ca.pem") as client, pytest.raises(SidecarUnreachable):
            client.integrity()
        with (
            Client(url, certificate=certificate) as client,
            pytest.raises(SidecarUnreachable, match="certificate verify failed"),
        ):
            client.integrity()


def test_a_closed_client_opens_again(url: str) -> None:
    client = Client(url)
    client.close()
    assert client.decide(BARE).outcome == "pended"
    client.close()


# --------------------------------------------------------------------------------------------
# The package
# --------------------------------------------------------------------------------------------


def test_all_that_is_public_is_listed_in_order_and_there() -> None:
    assert priorauth.__all__ == sorted(priorauth.__all__)
    assert set(priorauth.__all__) <= set(dir(priorauth))
    for name in priorauth.__all__:
        assert getattr(priorauth, name)
    with pytest.raises(AttributeError, match="module 'priorauth' has no attribute 'Requests'"):
        _ = priorauth.Requests


def test_only_what_is_used_is_imported() -> None:
    code = "import sys, priorauth; assert not {'requests', 'aiohttp', 'rich'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_error_is_of_one_family_and_in_the_tree() -> None:
    public = [getattr(priorauth, name) for name in priorauth.__all__]
    errors = [each for each in public if isinstance(each, type) and issubclass(each, Exception)]
    assert TokenRefused in errors
    assert priorauth.errors.__doc__
    for error in errors:
        assert issubclass(error, priorauth.PriorAuthError)
        assert error.__name__ in priorauth.errors.__doc__
