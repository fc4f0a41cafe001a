"""The sidecar asked over plain HTTP, so that what is tested is the policy and not the client."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar

from servers import connection

T = TypeVar("T")

BATCH = 500


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


class Asked:
    """One connection, kept open. JSON may be given as text, to be sent as it is spelt."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = connection(url)

    def close(self) -> None:
        self._connection.close()

    def answer(self, path: str, body: str) -> dict[str, Any]:
        """The whole response document to `body`; HTTP errors fail the test."""
        target = f"/v1/data/{path}?strict-builtin-errors=true"
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", target, body.encode(), headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        assert response.status == 200, f"HTTP {response.status} {text[:400]}"
        answer: dict[str, Any] = json.loads(text)
        return answer

    def decide_text(self, request: str) -> Any:
        """The decision on a request given as JSON text."""
        return self.answer("priorauth/decision", f'{{"input": {request}}}')["result"]

    def decide(self, request: Any) -> Any:
        return self.decide_text(json.dumps(request))

    def decide_batch(self, requests: list[Any]) -> list[Any]:
        body = json.dumps({"input": {"requests": requests}})
        decisions: list[Any] = self.answer("priorauth/decisions", body)["result"]
        assert len(decisions) == len(requests)
        return decisions

    def decide_all(self, requests: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Each request with its decision, in order, asked for in batches, two at a time."""
        asked = list(batches(requests))

        def decide(batch: list[Any]) -> list[Any]:
            with closing(Asked(self._url)) as own:
                return own.decide_batch(batch)

        with ThreadPoolExecutor(2) as pool:
            for batch, decisions in zip(asked, pool.map(decide, asked), strict=True):
                yield from zip(batch, decisions, strict=True)


@functools.lru_cache(maxsize=1)
def ask(url: str) -> Asked:
    return Asked(url)
