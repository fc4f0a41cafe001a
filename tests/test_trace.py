"""The caller's trace goes through, and only as one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from priorauth import Client, ConfigurationError
from servers import answering, http

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ANSWER = json.dumps({"result": []}).encode()


@pytest.fixture
def server() -> Iterator[tuple[str, list[bytes]]]:
    with answering(http(ANSWER)) as found:
        yield found


def test_it_is_asked_for_with_each_call(server: tuple[str, list[bytes]]) -> None:
    url, heads = server
    headers = iter([TRACEPARENT, None, TRACEPARENT.replace("b7ad", "b7ae")])
    with Client(url, traceparent=lambda: next(headers)) as client:
        for _ in range(3):
            client.integrity()
    sent = [head.lower().partition(b"traceparent: ")[2][:55].decode() for head in heads]
    assert sent == [TRACEPARENT, "", TRACEPARENT.replace("b7ad", "b7ae")]


def test_without_one_none_is_sent(server: tuple[str, list[bytes]]) -> None:
    url, heads = server
    with Client(url) as client:
        client.integrity()
    assert b"traceparent" not in heads[0].lower()


@pytest.mark.parametrize("header", ["", "x", TRACEPARENT.upper(), f"{TRACEPARENT}\r\nX: y", 7])
def test_anything_else_is_not_sent(server: tuple[str, list[bytes]], header: str) -> None:
    url, heads = server
    with (
        Client(url, traceparent=lambda: header) as client,
        pytest.raises(ConfigurationError, match="no valid W3C traceparent"),
    ):
        client.integrity()
    assert heads == []
