"""The service where prescribers' systems call: CDS Hooks of Da Vinci CRD, and DTR's operation.

It interprets nothing: the rules say what a call means and what is answered. It knows the time,
makes ids, asks the plan about its members, and turns faults into HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from aiohttp import web

from ..errors import NotJSON, PriorAuthError, RequestRefused, SidecarError
from . import _body
from .callers import Callers, CallRefused
from .members import Members, NothingKnown
from .metrics import CONTENT_TYPE, Metrics, quieten
from .rules import Rules
from .undecided import Technical, undecided

LARGEST_BODY = 8 << 20
"""The largest body accepted, in bytes."""

LARGEST_ASKED = 500_000
"""The largest body sent to the rules, in bytes, without attachments and narratives."""

THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The host names of a service that only this machine may reach."""

_JSON = "application/json"
_FHIR = "application/fhir+json"
_PORT = re.compile(r":[0-9]*\Z")
_KEPT_S = 60.0
_NO_ANSWER = "the plan's systems do not answer; try again later"
_TOO_MUCH = "the call has more values than one evaluation may hold; send fewer orders"

T = TypeVar("T")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Decided(msgspec.Struct):
    outcome: str


class _Answer(msgspec.Struct):
    status: int
    body: msgspec.Raw
    decided: list[_Decided]


class _Discovery(msgspec.Struct):
    services: list[dict[str, Any]]


class _HTTPError(Exception):
    """What ends a call: a status, and an issue of an OperationOutcome."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class Service:
    """The service, as an aiohttp application (`application`). It stores nothing of a call.

    `rules` is the sidecar to ask, and is opened and closed with the application; `members` is what
    the plan knows; `callers` checks tokens; without it everybody is let in, and a gateway in front
    must check. `hosts` are the names that callers know it by, in lower
    case and without a port; a call for another host is refused. None accepts any.
    """

    def __init__(
        self,
        rules: Rules,
        members: Members | None = None,
        callers: Callers | None = None,
        hosts: Collection[str] | None = THIS_MACHINE,
    ) -> None:
        self._rules = rules
        self._members = members or NothingKnown()
        self._callers = callers
        self._hosts = hosts
        self._metrics = Metrics()
        self._discovery = _Kept(rules, "fhir/crd/services", _Discovery)
        self._metadata = _Kept(rules, "fhir/metadata", msgspec.Raw)
        self._technical = _Kept(rules, "fhir/crd/technical", Technical)

    @property
    def application(self) -> web.Application:
        """The application, to run once."""
        quieten()
        application = web.Application(middlewares=[self._answering], client_max_size=LARGEST_BODY)
        application.add_routes(
            [
                web.get("/cds-services", self._discover),
                web.post("/cds-services/{id}", self._hook),
                web.post("/cds-services/{id}/feedback", self._feedback),
                web.post("/fhir/Questionnaire/$questionnaire-package", self._package),
                web.get("/fhir/metadata", self._describe),
                web.get("/health/live", self._live),
                web.get("/health/ready", self._ready),
                web.get("/metrics", self._measure),
            ]
        )
        application.cleanup_ctx.append(self._running)
        return application

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        async with self._rules:
            # So that they are there when the sidecar is not.
            with contextlib.suppress(SidecarError):
                await asyncio.gather(*(each.get() for each in self._keepsakes))
            yield

    @property
    def _keepsakes(self) -> tuple[_Kept[Any], ...]:
        return (self._discovery, self._metadata, self._technical)

    @web.middleware
    async def _answering(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every call gets an answer, and every refusal an OperationOutcome."""
        route = request.match_info.route.resource
        name = route.canonical if route else "none"
        with self._metrics.call(name) as call:
            try:
                self._admit(request)
                if self._callers and name.startswith(("/cds-services", "/fhir")):
                    self._callers.check(request.headers.get("Authorization"), request.path)
                answer = await handler(request)
            except CallRefused as error:
                answer = _outcome(401, "login", str(error))
                answer.headers["WWW-Authenticate"] = "Bearer"
            except _HTTPError as error:
                answer = _outcome(error.status, error.code, str(error))
            except web.HTTPRequestEntityTooLarge:
                answer = _outcome(413, "too-long", f"a body has at most {LARGEST_BODY} bytes")
            except web.HTTPException as error:
                answer = _outcome(error.status, "not-found", error.reason)
                if isinstance(error, web.HTTPMethodNotAllowed):
                    answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
            except RequestRefused:
                answer = _outcome(413, "too-costly", _TOO_MUCH)
            except PriorAuthError as error:
                self._metrics.fault(error)
                answer = _outcome(503, "transient", _NO_ANSWER)
            except (ConnectionError, asyncio.CancelledError):
                raise
            except Exception as error:  # noqa: BLE001
                # Its message may quote the call; its kind and place do not.
                self._metrics.fault(error)
                answer = _outcome(500, "exception", "internal error; it was logged")
            call.status = answer.status
            return answer

    def _admit(self, request: web.Request) -> None:
        """Refuse web pages: those that send `Origin`, and those that rebind a name to this
        machine."""
        if "Origin" in request.headers:
            raise _HTTPError(403, "forbidden", "calls with an `Origin` header are refused")
        host = _PORT.sub("", ",".join(request.headers.getall("Host", ()))).lower()
        if self._hosts is not None and host not in self._hosts:
            raise _HTTPError(421, "forbidden", "the call is for another host")

    async def _discover(self, _: web.Request) -> web.Response:
        return web.Response(body=_body.write(await self._discovery.get()), content_type=_JSON)

    async def _describe(self, _: web.Request) -> web.Response:
        return web.Response(body=bytes(await self._metadata.get()), content_type=_FHIR)

    async def _hook(self, request: web.Request) -> web.Response:
        service = request.match_info["id"]
        if service not in {each.get("id") for each in (await self._discovery.get()).services}:
            raise _HTTPError(404, "not-found", "there is no such service; see /cds-services")
        body, value = await _taken(request)
        called = value if isinstance(value, dict) else {}
        prefetched = list(_body.resources(called.get("prefetch")))
        envelope = {"service": service, "hook": _asked(body, value, "prefetch")}
        try:
            return await self._answer("fhir/crd/response", envelope, prefetched, _JSON)
        except RequestRefused:
            raise
        except PriorAuthError as error:
            self._metrics.fault(error)
            return await self._undecided(called, prefetched)

    async def _undecided(
        self, called: Mapping[str, Any], prefetched: list[dict[str, Any]]
    ) -> web.Response:
        actions = undecided(await self._technical.get(), called, prefetched, *_received())
        if actions is None:
            raise _HTTPError(503, "transient", _NO_ANSWER)
        body = _body.write({"cards": [], "systemActions": actions})
        return web.Response(body=body, content_type=_JSON)

    async def _feedback(self, request: web.Request) -> web.Response:
        _, value = await _taken(request)
        given = value.get("feedback") if isinstance(value, dict) else None
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise _HTTPError(400, "structure", "`feedback` must be an array of objects")
        for each in given:
            self._metrics.feedback(each.get("outcome"))
        return web.Response(body=b"{}", content_type=_JSON)

    async def _package(self, request: web.Request) -> web.Response:
        body, value = await _taken(request)
        given = value if isinstance(value, dict) else {}
        envelope = {"parameters": _asked(body, value, "parameter")}
        found = list(_body.resources(given.get("parameter")))
        return await self._answer("fhir/dtr/questionnaire_package", envelope, found, _FHIR)

    async def _answer(
        self,
        rule: str,
        envelope: dict[str, Any],
        resources: list[dict[str, Any]],
        content_type: str,
    ) -> web.Response:
        instant, identity = _received()
        envelope["member"] = await self._members.find(_body.identifiers(resources))
        envelope["received"] = {"instant": instant, "id": identity}
        answer = await self._rules.ask(rule, envelope, _Answer)
        self._metrics.decided(each.outcome for each in answer.decided)
        refused = answer.status != 200
        return web.Response(
            body=bytes(answer.body),
            status=answer.status,
            content_type=_FHIR if refused else content_type,
        )

    async def _live(self, _: web.Request) -> web.Response:
        return web.Response(text="live\n")

    async def _ready(self, _: web.Request) -> web.Response:
        for each in self._keepsakes:
            await each.get()
        if not await self._rules.ready():
            raise _HTTPError(503, "transient", "the sidecar is not ready")
        return web.Response(text="ready\n")

    async def _measure(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})


class _Kept(Generic[T]):
    """An answer of the rules that depends on no call: refreshed after a time, and kept while they
    do not answer."""

    def __init__(self, rules: Rules, rule: str, kind: type[T]) -> None:
        self._rules = rules
        self._rule = rule
        self._kind = kind
        self._value: T | None = None
        self._due = 0.0

    async def get(self) -> T:
        """The value, at most a minute old while the sidecar answers. Raises SidecarError if none
        was ever had."""
        if self._value is None or time.monotonic() >= self._due:
            # So that concurrent calls do not all refresh it.
            self._due = time.monotonic() + _KEPT_S
            try:
                self._value = await self._rules.ask(self._rule, None, self._kind)
            except SidecarError:
                if self._value is None:
                    raise
        return self._value


def _received() -> tuple[str, str]:
    """The instant of a call, and an id for it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ"), str(uuid.uuid4())


async def _taken(request: web.Request) -> tuple[bytes, Any]:
    """The body of a call, and the JSON value that it is."""
    if request.content_type not in (_JSON, _FHIR):
        raise _HTTPError(415, "not-supported", f"a body must be {_JSON} or {_FHIR}")
    try:
        body = await request.read()
        return body, _body.read(body)
    except web.RequestPayloadError:
        raise _HTTPError(400, "structure", "the body is not as Content-Encoding says") from None
    except NotJSON as error:
        raise _HTTPError(400, "structure", f"the body is not JSON: {error.reason}") from None


def _asked(body: bytes, value: Any, part: str) -> msgspec.Raw:
    """The body for the rules; if it is large, with that part slimmed."""
    if len(body) >= _body.SLIM and isinstance(value, dict):
        body = _body.write({**value, part: _body.slim(value.get(part))})
    if len(body) > LARGEST_ASKED:
        raise _HTTPError(
            413,
            "too-long",
            f"without attachments and narratives the body has more than {LARGEST_ASKED} bytes",
        )
    return msgspec.Raw(body)


def _outcome(status: int, code: str, text: str) -> web.Response:
    issue = {"severity": "error", "code": code, "details": {"text": text}}
    body = _body.write({"resourceType": "OperationOutcome", "issue": [issue]})
    return web.Response(body=body, status=status, content_type=_FHIR)
