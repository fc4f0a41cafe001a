"""The client of a priorauth sidecar."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import requests
import urllib3

from ._document import At, Object, items, malformed, mapping, text
from ._transport import OPA, is_json, not_json
from .catalog import Guideline, read_catalog
from .decision import Decision, read_decision
from .errors import (
    ConfigurationError,
    IntegrityFault,
    MalformedResult,
    NotJSON,
    SidecarError,
    SidecarTimeout,
    SidecarUnreachable,
    UndefinedResult,
    UnsoundPolicy,
)

DEFAULT_URL = "http://127.0.0.1:8181"

StrPath = str | os.PathLike[str]


@dataclass(frozen=True)
class Health:
    """A sidecar that is fit to decide: its URL, its OPA's version, and the guidelines on file."""

    url: str
    opa_version: str | None
    guidelines: tuple[Guideline, ...]


class Client:
    """Asks a sidecar for decisions. Safe to share between threads; also a context manager.

    `url` is the sidecar's root, `http` or `https`. `token` is sent as a bearer token. `ca` is the
    PEM file (or directory) of the authorities to trust for `https`, instead of the usual ones;
    `certificate` is the client's own, as the paths of a PEM certificate and of its key. `timeout`
    is the time for a call as a whole, in seconds (but for resolving the host's name).

    Neither redirects nor the environment's proxies, netrc and CA bundles have any effect.
    Raises ConfigurationError when any of these cannot work.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        ca: StrPath | None = None,
        certificate: tuple[StrPath, StrPath] | None = None,
        timeout: float = 10.0,
    ) -> None:
        secure, host, port = _parts(url)
        if token is not None and not (token and token.isascii() and token.isprintable()):
            raise ConfigurationError("the token is empty, or has what an HTTP header cannot hold")
        if not secure and (ca is not None or certificate is not None):
            raise ConfigurationError("a CA or a client certificate needs an https URL")
        if not 0 < timeout < 1e6:
            raise ConfigurationError("the timeout must be a number of seconds above 0")
        paths = [os.fspath(path) for path in certificate or ()]
        for path in [*paths, *([] if ca is None else [os.fspath(ca)])]:
            if not Path(path).exists():
                raise ConfigurationError(f"no such file: {path}")
        self.url = f"{'https' if secure else 'http'}://{host}:{port}"
        self._timeout = timeout
        self._opa = OPA(
            host,
            port,
            ssl=secure and (ca is None or os.fspath(ca)),
            cert=tuple(paths) or None,
            token=token,
            timeout=timeout,
        )

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._opa.close_connection()

    def decide(self, request: object) -> Decision:
        """Decide one request document: any JSON value, and what is no request is `invalid`.

        Raises NotJSON, before anything is sent, for what cannot be written as JSON, and
        SidecarError when the sidecar gives no decision.
        """
        decision = Decision.from_document(self._ask("decision", request)["result"])
        _check_echo(request, decision, ())
        return decision

    def decide_many(
        self, requests: Iterable[object], *, batch_size: int = 100
    ) -> Iterator[Decision]:
        """Decide many request documents, lazily and in their order, `batch_size` of them a call.

        Raises as `decide` does. A request that is not JSON raises before its batch is sent;
        `NotJSON.index` is its number, from 0. The time allowed is for each call.
        """
        if batch_size < 1:
            raise ConfigurationError("batch_size must be 1 or more")
        return self._batches(iter(requests), batch_size)

    def _batches(self, rest: Iterator[object], size: int) -> Iterator[Decision]:
        done = 0
        while batch := list(islice(rest, size)):
            yield from self._batch(batch, done)
            done += len(batch)

    def _batch(self, batch: list[object], done: int) -> tuple[Decision, ...]:
        try:
            body = self._ask("decisions", {"requests": batch})
        except NotJSON:
            index = next(n for n, request in enumerate(batch) if not is_json(request))
            fault = not_json(batch[index], index=done + index)
        else:
            decisions = items(body["result"], (), read_decision)
            if len(decisions) != len(batch):
                malformed((), f"{len(decisions)} answers to {len(batch)} requests")
            for n, (request, decision) in enumerate(zip(batch, decisions, strict=True)):
                _check_echo(request, decision, ((), n))
            return decisions
        raise fault

    def catalog(self) -> tuple[Guideline, ...]:
        """The guidelines on file, with their versions, sections, clauses and questions."""
        return read_catalog(self._ask("catalog")["result"])

    def integrity(self) -> tuple[IntegrityFault, ...]:
        """What is wrong with the guideline data on file; empty when it is sound."""
        return items(self._ask("integrity")["result"], (), _integrity_fault)

    def health(self) -> Health:
        """Is the sidecar fit to decide: reachable, its policy loaded, its guideline data sound?

        Raises SidecarError when it is not: UnsoundPolicy when its guideline data is at fault.
        """
        if faults := self.integrity():
            first = faults[0]
            raise UnsoundPolicy(
                f"the policy at {self.url} finds {len(faults)} fault(s) in its guideline data, the "
                f"first in {first.guideline} {first.version} at {first.path}: {first.message}; "
                "mend the data before anything is decided on it",
                faults=faults,
            )
        body = self._ask("catalog", provenance=True)
        guidelines = read_catalog(body["result"])
        if not guidelines:
            raise UndefinedResult(f"no guideline is on file at {self.url}; load the policy's data")
        provenance = body.get("provenance")
        version = provenance.get("version") if isinstance(provenance, dict) else None
        return Health(self.url, version if isinstance(version, str) else None, guidelines)

    def _ask(self, rule: str, document: object = None, *, provenance: bool = False) -> Object:
        """OPA's answer for a rule, with its `result`. Nothing of the transport is chained to what
        it raises: those exceptions hold the request, and some of them quote the answer."""
        query = {"strict-builtin-errors": "true"}
        if provenance:
            query["provenance"] = "true"
        started = time.monotonic()
        try:
            body: Object = self._opa.query_rule(document, "priorauth", rule, query)
        except (requests.exceptions.JSONDecodeError, RecursionError):
            fault: SidecarError = MalformedResult(
                f"{self.url} answered 200 with what is not JSON; check that it is an OPA"
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if time.monotonic() - started >= self._timeout:
                fault = SidecarTimeout(
                    f"no whole answer from {self.url} within {self._timeout:g} s; "
                    "see whether the sidecar is overloaded, or allow more time"
                )
            else:
                fault = SidecarUnreachable(
                    f"no answer from {self.url}: {_cause(error)}; "
                    "check that the sidecar runs, its URL and its certificates"
                )
        else:
            if "result" in mapping(body, ()):
                return body
            fault = UndefinedResult(
                f"{self.url} has no result for priorauth/{rule}: its policy is not loaded, or its "
                "guideline data lacks what a rule needs; `priorauth health` tells"
            )
        raise fault


def _parts(url: str) -> tuple[bool, str, int]:
    """Whether it is https, the host (an IPv6 address in brackets) and the port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise ConfigurationError(
            "the sidecar's URL is not like http://host:port or https://host:port"
        )
    if "@" in parts.netloc:
        raise ConfigurationError("the sidecar's URL holds credentials; pass a token instead")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError(
            f"the sidecar's URL goes on after the host and port, as in {DEFAULT_URL}; "
            "leave off the path, the client knows it"
        )
    secure = parts.scheme == "https"
    return secure, f"[{host}]" if ":" in host else host, port or (443 if secure else 80)


def _cause(error: BaseException) -> str:
    """The innermost exception's own words: the outer ones only repeat the URL."""
    while inner := (
        getattr(error, "reason", None)
        or next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        or error.__cause__
        or error.__context__
    ):
        if not isinstance(inner, BaseException):
            break
        error = inner
    words = getattr(error, "strerror", None) or str(error)
    return words or type(error).__name__


def _check_echo(request: object, decision: Decision, at: At) -> None:
    """A decision on another request than the one asked about must never be taken for its own."""
    asked = request.get("request_id") if isinstance(request, dict) else None
    unread = decision.outcome == "invalid" and decision.request_id is None
    if decision.request_id != asked and not unread:
        malformed((at, "request_id"), "it is of another request")


def _integrity_fault(doc: Object, at: At) -> IntegrityFault:
    return IntegrityFault(
        guideline=text(doc, "guideline", at),
        version=text(doc, "version", at),
        path=text(doc, "path", at),
        message=text(doc, "message", at),
    )
