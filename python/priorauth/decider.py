"""The interface of everything that decides: a sidecar, or an engine in this process."""

from __future__ import annotations

import abc
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ._document import At, Object, items, malformed, mapping, text
from ._json import not_json, sent_size
from .catalog import Guideline, read_catalog
from .decision import Decision, read_decision
from .errors import (
    ConfigurationError,
    Finding,
    NotJSON,
    UndefinedResult,
    UnsoundPolicy,
    listed,
)

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")

BUNDLE = "priorauth"
"""The name under which `opa-config.yaml` has the bundle that decides."""

MOST_BYTES = 400_000
"""The most bytes sent in one call, unless one request is larger: a sidecar in production takes at
most 524,288 bytes."""


@dataclass(frozen=True)
class Health:
    """A decider that is ready: its URL, a sidecar's OPA version, and the guidelines on file."""

    url: str
    opa_version: str | None
    guidelines: tuple[Guideline, ...]


class Decider(abc.ABC):
    """Decides request documents: a Client, or a WasmEngine. Also a context manager."""

    url: str
    """The URL of the sidecar, or of the bundle that an engine decides by."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @abc.abstractmethod
    def close(self) -> None:
        """Release what it holds."""

    def decide(self, request: object) -> Decision:
        """Decide one request document: any JSON value. Malformed requests are `invalid`.

        Raises NotJSON, before anything is sent, for a value that cannot be written as JSON, and
        SidecarError when the sidecar gives no decision.
        """
        body = self._ask("decision", request)
        decision = _reader(body)(mapping(body["result"], ()), ())
        _check_echo(request, decision, ())
        return decision

    def decide_many(
        self, requests: Iterable[object], *, batch_size: int = 100
    ) -> Iterator[Decision]:
        """Decide many request documents, lazily and in their order.

        A call holds at most `batch_size` of them and at most `MOST_BYTES`. Raises as `decide` does.
        A request that is not JSON raises before its batch is sent; `NotJSON.index` is its number,
        from 0. The time allowed is for each call.
        """
        if batch_size < 1:
            raise ConfigurationError("batch_size must be 1 or more")
        return self._batches(requests, batch_size)

    def _batches(self, requests: Iterable[object], most: int) -> Iterator[Decision]:
        for batch in packed(_sized(requests), most):
            yield from self._batch(batch)

    def _batch(self, batch: list[object]) -> tuple[Decision, ...]:
        try:
            body = self._ask("decisions", {"requests": batch})
        except NotJSON:
            # Each request can be written here, where the stack is less deep than where it is sent.
            fault = NotJSON("it, or a request sent with it, is nested too deeply")
        else:
            decisions = items(body["result"], (), _reader(body))
            if len(decisions) != len(batch):
                malformed((), f"{len(decisions)} answers to {len(batch)} requests")
            for n, (request, decision) in enumerate(zip(batch, decisions, strict=True)):
                _check_echo(request, decision, ((), n))
            return decisions
        raise fault

    def catalog(self) -> tuple[Guideline, ...]:
        """The guidelines on file, with their versions, sections, clauses and questions."""
        return read_catalog(self._ask("catalog")["result"])

    def facts(self) -> dict[str, Mapping[str, Any]]:
        """The vocabulary: every fact that a request can state, by its path with dots.

        Each is as it is declared: keywords of JSON Schema, `title`, `question`, `known_by`. They
        are in the order of their paths, whatever order the host gives them in.
        """
        declared = mapping(self._ask("facts")["result"], ())
        for path, fact in declared.items():
            text(mapping(fact, ((), path)), "type", ((), path))
        return dict(sorted(declared.items()))

    def integrity(self) -> tuple[Finding, ...]:
        """The findings on the guidelines on file; empty when they are sound.

        They come from OPA, even for a WasmEngine: see there.
        """
        return items(self._ask("integrity")["result"], (), finding)

    def ready(self) -> bool:
        """Whether it is known to be ready to decide; False where that is not known."""
        return False

    def health(self) -> Health:
        """Check that it is ready to decide: reachable, its policy loaded, its guidelines sound.

        Raises SidecarError when it is not. When its guidelines are not sound that is UnsoundPolicy,
        with every finding and its file. A sidecar that says it is ready has been found sound.
        """
        if not self.ready() and (findings := self.integrity()):
            raise UnsoundPolicy(
                f"the policy at {self.url} finds fault with its own data; correct it before "
                f"anything is decided by it:{listed(findings)}",
                findings=findings,
            )
        body = self._ask("catalog")
        guidelines = read_catalog(body["result"])
        if not guidelines:
            raise UndefinedResult(f"no guideline is on file at {self.url}; load the policy's data")
        return Health(self.url, _named(body, "provenance", "version"), guidelines)

    @abc.abstractmethod
    def _ask(self, rule: str, document: object = None) -> Object:
        """The answer for a rule: its `result`, and whatever else it says of its origin."""


def packed(sized: Iterable[tuple[T, int]], most: int) -> Iterator[list[T]]:
    """Split items, each with its size in bytes, into parts of one call each."""
    part: list[T] = []
    size = 0
    for each, more in sized:
        if part and size + more > MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(each)
        size += more
        if len(part) == most:
            yield part
            part, size = [], 0
    if part:
        yield part


def _sized(requests: Iterable[object]) -> Iterator[tuple[object, int]]:
    for index, request in enumerate(requests):
        size = sent_size(request)
        if size is None:
            raise not_json(request, index=index)
        yield request, size


def _reader(body: Object) -> Callable[[Object, At], Decision]:
    """Reads the decisions of one answer, which share their origin."""
    return functools.partial(
        read_decision,
        decision_id=_named(body, "decision_id"),
        revision=_named(body, "provenance", "bundles", BUNDLE, "revision"),
    )


def _named(body: Object, *path: str) -> str | None:
    """What an answer says of its origin, or None. No decision depends on it."""
    found: object = body
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


def _check_echo(request: object, decision: Decision, at: At) -> None:
    """A decision on another request than the one asked about must never be taken for its own."""
    asked = request.get("request_id") if isinstance(request, dict) else None
    unread = decision.outcome == "invalid" and decision.request_id is None
    if decision.request_id != asked and not unread:
        malformed((at, "request_id"), "it is on another request")


def finding(doc: Object, at: At) -> Finding:
    """Read one of the findings that `integrity` lists."""
    return Finding(
        guideline=text(doc, "guideline", at),
        version=text(doc, "version", at),
        path=text(doc, "path", at),
        message=text(doc, "message", at),
    )
