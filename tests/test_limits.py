"""Requests built to be slow, and what is said of those that go too far."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from priorauth import Client, RequestRefused
from production import CALLER, COMPOSE, ROOT, Bundles, Production, eventually, signed

pytestmark = pytest.mark.long

REQUEST: dict[str, Any] = json.loads((ROOT / "examples" / "xpovio-initial.json").read_text())
LARGEST = 524288

BOUND_S = 20.0
"""What any call may take, on a slow and busy machine. Alone on two cores the slowest takes 5 s."""


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    folder = tmp_path_factory.mktemp("production")
    content = signed(folder / "b.tar.gz", "r-1")
    with Bundles(content).serving() as bundles, Production(folder, bundles) as running:
        eventually(running.ready)
        yield running


def call(production: Production, body: bytes, rule: str = "decision", **headers: str) -> Any:
    """Status and answer, within the time that any call may take."""
    started = time.monotonic()
    token = {"Authorization": f"Bearer {CALLER}"}
    target = f"/v1/data/priorauth/{rule}"
    status, text = production.ask("POST", target, body, headers=token | headers)
    assert time.monotonic() - started < BOUND_S
    return status, json.loads(text)


def asking(request: Any) -> bytes:
    return json.dumps({"input": request}, separators=(",", ":")).encode()


def nested(start: bytes, end: bytes, depth: int) -> bytes:
    return b'{"input":' + start * depth + b"1" + end * depth + b"}"


@pytest.mark.parametrize(
    "body",
    [
        nested(b"[", b"]", 9_000),
        nested(b'{"a":', b"}", 9_000),
        b'{"input":{"type":' + b"[" * 9_000 + b"]" * 9_000 + b"}}",
        asking({**REQUEST, **{f"x{n}": 1 for n in range(38_000)}}),
        asking({**REQUEST, **{f"x{n}": None for n in range(32_000)}}),
        asking({**REQUEST, "documentation": [{}] * 49_000}),
        asking({**REQUEST, "documentation": [0] * 49_000}),
        asking({**REQUEST, "documentation": [{"reference": f"{n}"} for n in range(20_000)]}),
        asking({**REQUEST, "nccn": [{"source": "guidelines", "category": "3"}] * 12_000}),
        asking({**REQUEST, "prescriber": {"taxonomies": [1] * 49_000}}),
        asking({**REQUEST, "prescriber": {"taxonomies": [f"{n:09}X" for n in range(40_000)]}}),
        asking({**REQUEST, "request_id": "x" * 500_000}),
        asking({**REQUEST, "drug": {"name": " " * 500_000 + "Xpovio"}}),
        asking({**REQUEST, "diagnosis": {"icd10": " " * 500_000}}),
        asking({**REQUEST, "~" * 500_000: 1}),
        b'{"input":{"dose":{"mg_per_week":1e400}}}',
    ],
    ids=lambda body: body[:24].decode(),
)
def test_what_is_slow_to_decide_is_decided_in_bounded_time(
    production: Production, body: bytes
) -> None:
    assert len(body) <= LARGEST
    status, answer = call(production, body)
    assert status == 200
    assert answer["result"]["outcome"]


@pytest.mark.parametrize(
    "requests",
    [
        [{}] * 1000,
        [REQUEST] * 1000,
        [{f"x{n}": 1 for n in range(48)}] * 1000,
        [{"documentation": [0] * 40}] * 1000,
    ],
    ids=["empty", "full", "wide", "faults"],
)
def test_the_longest_batch_is_decided_in_bounded_time(
    production: Production, requests: list[Any]
) -> None:
    status, answer = call(production, asking({"requests": requests}), "decisions")
    assert status == 200
    assert len(answer["result"]) == 1000


def test_others_are_not_kept_waiting(production: Production) -> None:
    """A quick request is answered while slow ones are at it."""
    slow = asking({**REQUEST, "documentation": [0] * 49_000})
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(call, production, slow)
        answered = 0
        while not waiting.done():
            assert call(production, asking(REQUEST))[0] == 200
            answered += 1
        assert waiting.result()[0] == 200
    assert answered > 10


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (asking({"requests": [{}] * 1001}), "a batch has at most 1000 requests: send it in parts"),
        (asking({**REQUEST, "x": [0] * 100_000}), "a call has at most 50000 values in all"),
        (asking({**REQUEST, "documentation": [{}] * 100_000}), "a call has at most 50000 values"),
        (b'{"input":{"x":%s}}' % (b"9" * 500_000), "a number has at most 32 characters"),
        (b'{"input":{"x":0.%s}}' % (b"1" * 500_000), "a number has at most 32 characters"),
    ],
    ids=["batch", "array", "documents", "digits", "fraction"],
)
def test_what_goes_too_far_is_refused_with_the_reason(
    production: Production, body: bytes, reason: str
) -> None:
    started = time.monotonic()
    status, answer = call(production, body, "decisions")
    assert time.monotonic() - started < BOUND_S / 4
    assert (status, answer["code"]) == (401, "unauthorized")
    assert reason in answer["message"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"input":"%s"}' % (b"x" * LARGEST), {}),
        (gzip.compress(b'{"input":"%s"}' % (b"x" * 50_000_000)), {"Content-Encoding": "gzip"}),
    ],
    ids=["plain", "gzip"],
)
def test_a_body_that_is_too_large(
    production: Production, body: bytes, headers: dict[str, str]
) -> None:
    status, answer = call(production, body, **headers)
    assert (status, answer["code"]) == (400, "invalid_parameter")
    assert "request body too large" in answer["message"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (nested(b"[", b"]", 100_000), 400, "exceeded max depth"),
        (b'{"input":{"x":1e999999}}', 500, "number too big"),
        (b'{"input":{"x":1e-999999}}', 500, "number too big"),
    ],
    ids=["depth", "exponent", "negative exponent"],
)
def test_what_opa_itself_refuses(
    production: Production, body: bytes, status: int, message: str
) -> None:
    found, answer = call(production, body)
    assert (found, message in answer["message"]) == (status, True)


def test_yaml_that_multiplies_itself(production: Production) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    body = "\n".join(lines).encode()
    status, answer = call(production, body, **{"Content-Type": "application/yaml"})
    assert status == 400
    assert "excessive aliasing" in answer["message"]


def test_the_server_is_still_small(production: Production) -> None:
    """The most memory that it ever had: after the longest batch, and after all of the above."""
    assert call(production, asking({"requests": [REQUEST] * 1000}), "decisions")[0] == 200
    status = Path(f"/proc/{production.process.pid}/status")
    if not status.exists():
        pytest.skip("this system has no /proc")
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    assert COMPOSE["mem_limit"] == "512m"
    assert int(peak.split()[1]) < 512 * 1024, peak


def test_the_client_gives_the_reason(production: Production) -> None:
    with (
        Client(production.url, token=CALLER) as client,
        pytest.raises(RequestRefused, match="at most 1000 requests: send it in parts"),
    ):
        list(client.decide_many([{}] * 1001, batch_size=1001))
