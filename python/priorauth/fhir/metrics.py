"""What the service counts and logs. It quotes nothing of a call."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from .. import errors

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""The media type of `Metrics.text`."""

log = logging.getLogger("priorauth.fhir")

_KINDS = {
    each.__name__
    for each in (
        errors.MalformedResult,
        errors.PriorAuthError,
        errors.SidecarHTTPError,
        errors.SidecarTimeout,
        errors.SidecarUnreachable,
        errors.TokenRefused,
        errors.UndefinedResult,
    )
}

_OTHERS = ("aiohttp.internal", "aiohttp.server", "aiohttp.web", "asyncio")


class Call:
    """One call, while it is served. `status` is that of its answer, 0 while it has none."""

    status = 0


class Metrics:
    """The counters."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "priorauth_fhir_call_seconds",
            "How long calls took, by route and status",
            ["route", "status"],
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
            registry=registry,
        )
        self._orders = Counter(
            "priorauth_fhir_orders", "Orders decided, by outcome", ["outcome"], registry=registry
        )
        self._faults = Counter(
            "priorauth_fhir_faults", "Faults of the service, by kind", ["kind"], registry=registry
        )
        # A counter that begins at 1 has not increased, by Prometheus.
        for kind in (*_KINDS, "other"):
            self._faults.labels(kind)
        self._feedback = Counter(
            "priorauth_fhir_feedback", "Feedback on answers", ["outcome"], registry=registry
        )

    @contextlib.contextmanager
    def call(self, route: str) -> Iterator[Call]:
        """Time a call, however it ends."""
        started = time.perf_counter()
        call = Call()
        try:
            yield call
        finally:
            seconds = time.perf_counter() - started
            self._seconds.labels(route, str(call.status or "broken off")).observe(seconds)

    def decided(self, outcomes: Iterable[str]) -> None:
        """Count the orders that were decided."""
        for outcome in outcomes:
            self._orders.labels(outcome).inc()

    def feedback(self, outcome: object) -> None:
        """Count what a user did with an answer."""
        known = outcome in ("accepted", "overridden")
        self._feedback.labels(str(outcome) if known else "other").inc()

    def fault(self, error: Exception) -> None:
        """Count a fault and log it, by its kind and place: its message may quote the call, unless
        it is one of ours."""
        kind = type(error).__name__
        self._faults.labels(kind if kind in _KINDS else "other").inc()
        if isinstance(error, errors.PriorAuthError):
            log.error("%s: %s", kind, error)
        else:
            log.error("%s", _told(error))

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)


def quieten() -> None:
    """Have aiohttp and asyncio log errors as we do: their words may hold the bytes of a request."""
    for name in _OTHERS:
        logging.getLogger(name).addFilter(_bare)


def _bare(record: logging.LogRecord) -> bool:
    """Leave of a record that has an error its first line, and the error's kind and place."""
    if record.exc_info and record.exc_info[1]:
        first = record.getMessage().partition("\n")[0]
        record.msg, record.args = f"{first}: {_told(record.exc_info[1])}", None
        record.exc_info = record.exc_text = None
    return True


def _told(error: BaseException) -> str:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "nowhere"
    return f"{type(error).__name__} at {where}"
