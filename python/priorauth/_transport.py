"""opa-python-client's OpaClient over a session that takes nothing from its surroundings.

The environment (proxies, netrc, CA bundles), redirects and cookies have no say; a call as a whole
has a deadline, however slowly its answer drips in, and its answer a largest size; and any status
but 200 is an error.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from opa_client.opa import OpaClient  # type: ignore[import-untyped]
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.retry import Retry

from ._json import encode
from .errors import (
    ConfigurationError,
    MalformedResult,
    OpaError,
    RequestRefused,
    SidecarHTTPError,
    TokenRefused,
)

Traceparent = Callable[[], "str | None"]

LARGEST_ANSWER = 1 << 26
"""The bytes that an answer may have, its head included."""

_POOL_SIZE = 64

# urllib3 tries nothing again: it would log why, in words that can quote what was sent and came.
_RETRIES = Retry(0, read=False)


class OPA(OpaClient):  # type: ignore[misc]
    """An OpaClient whose session is hardened; `timeout` is for a whole call, in seconds.

    With `uds`, the path of a unix socket, it connects to that, whatever the host.

    A forked process has its own session: two processes that read from one connection would take
    each other's answers.
    """

    _traceparent: Traceparent | None = None

    def __init__(self, *args: Any, uds: str | None = None, **kwargs: Any) -> None:
        self._uds = uds
        super().__init__(*args, **kwargs)

    def _init_session(self) -> _Session:
        session = _Session(self._traceparent, self._uds)
        session.headers.update(self.headers or {})
        session.verify = self.ssl or True
        session.cert = self.cert
        return session

    @property
    def _session(self) -> _Session:
        process, session = self._sessions[-1]
        if process != os.getpid():
            # The other process's session is kept, untouched: its connections are in use there, and
            # its locks may be held by a thread that does not exist in this process.
            session = self._init_session()
            self._session = session
        return session

    @_session.setter
    def _session(self, session: _Session | None) -> None:
        if session is None:  # as OpaClient has it before there is one
            self._sessions: list[tuple[int, _Session]] = []
        else:
            self._sessions.append((os.getpid(), session))

    def ready(self) -> bool:
        """Whether `/health/ready` answers 200."""
        url = f"{self.root_url.removesuffix('/v1')}/health/ready"
        try:
            self._session.get(url, timeout=self.timeout)
        except SidecarHTTPError:
            return False
        return True

    def trace(self, traceparent: Traceparent | None) -> None:
        """Send this header with every call; it is asked for in the caller's thread."""
        self._traceparent = self._session.traceparent = traceparent


class _Session(requests.Session):
    def __init__(self, traceparent: Traceparent | None, uds: str | None) -> None:
        super().__init__()
        self.traceparent = traceparent
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # A decision is a few kilobytes over a short distance: compression costs more than it saves.
        self.headers.update({"Accept-Encoding": "identity", "User-Agent": "priorauth"})
        self.mount("http://", _Adapter(uds))
        self.mount("https://", _Adapter(None))

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        if request.json is not None:
            request.data = encode(request.json)
            request.json = None
            request.headers = {"Content-Type": "application/json"}
            if self.traceparent and (header := self.traceparent()) is not None:
                request.headers["traceparent"] = _sound_traceparent(header)
        return super().prepare_request(request)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = _Deadline(kwargs["timeout"])
        response = super().send(request, **kwargs)
        if response.status_code != 200:
            raise _refusal(response)
        return response


class _Adapter(HTTPAdapter):
    def __init__(self, uds: str | None) -> None:
        self._uds = uds
        super().__init__(max_retries=_RETRIES, pool_maxsize=_POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        plain = unix_pool(self._uds) if self._uds else _HTTPPool
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": _HTTPSPool}

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        # Every entry point is a pure function of its input, so a call may always be sent again. It
        # is repeated once, because a restarted sidecar drops kept-alive connections.
        with suppress(requests.ConnectionError):
            return super().send(*args, **kwargs)
        return super().send(*args, **kwargs)

    def build_response(self, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().build_response(*args, **kwargs)
        response.__class__ = _Answer
        if self._uds:
            response.url = f"unix://{self._uds}{response.request.path_url}"
        # None was requested: once decompressed, an answer could have any size.
        response.raw.headers.discard("Content-Encoding")
        return response


class _Answer(requests.Response):
    """An answer in UTF-8, as JSON is, whatever encoding its headers name."""

    def json(self, **kwargs: Any) -> Any:
        with suppress(ValueError, RecursionError):
            return json.loads(self.content.decode())
        raise MalformedResult(
            f"{_place(self)} answered {self.status_code} with something that is not JSON; "
            "check that it is an OPA"
        )


class _Deadline(urllib3.Timeout):
    """What is left of one call's time, for each step of it and for its retries."""

    def __init__(self, seconds: float) -> None:
        super().__init__(total=seconds)
        self._end = time.monotonic() + seconds

    def clone(self) -> _Deadline:
        if time.monotonic() >= self._end:
            raise urllib3.exceptions.TimeoutError
        return self

    def start_connect(self) -> float:
        return time.monotonic()

    @property
    def connect_timeout(self) -> float:
        return max(self._end - time.monotonic(), 0.001)

    @property
    def read_timeout(self) -> float:
        return self.connect_timeout


class _Response(http.client.HTTPResponse):
    """A response that is read whole, headers and body, within the time its socket has left.

    Its size is bounded too.
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock))

    def begin(self) -> None:
        super().begin()
        # For a malformed header, urllib3 would log a record with the very bytes.
        self.msg.defects.clear()
        self.msg.set_payload("")


class _Timed(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: Any) -> None:
        self._raw = raw
        self._sock = sock
        self._end = time.monotonic() + sock.gettimeout()
        self._left = LARGEST_ANSWER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        size: int | None = self._raw.readinto(buffer)
        self._left -= size or 0
        if self._left < 0:
            raise MalformedResult(
                f"an answer has more than {LARGEST_ANSWER:,} bytes; ask for fewer decisions at "
                "once, and check that what answers is an OPA"
            )
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _HTTPConnection(HTTPConnection):
    response_class = _Response


class _HTTPSConnection(HTTPSConnection):
    response_class = _Response


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


def unix_pool(path: str) -> type[HTTPConnectionPool]:
    """A pool of connections to the unix socket at this path, whatever the host."""

    class Connection(_HTTPConnection):
        def _new_conn(self) -> socket.socket:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.settimeout(self.timeout)
                connection.connect(path)
            except BaseException:
                connection.close()
                raise
            return connection

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    return Pool


def _sound_traceparent(header: object) -> str:
    if isinstance(header, str) and re.fullmatch(
        "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", header
    ):
        return header
    raise ConfigurationError("`traceparent` returned no valid W3C traceparent; nothing was sent")


def _refusal(response: requests.Response) -> SidecarHTTPError:
    """The error for a status other than 200."""
    body: object = None
    with suppress(MalformedResult):
        body = response.json()
    return refusal(_place(response), response.status_code, body)


def refusal(place: str, status: int, body: object) -> SidecarHTTPError:
    """The error for a status other than 200, with OPA's code, its message and its places.

    `place` is the URL; `body` is the JSON of the answer, or None. The messages below the first
    can quote the request, so they are kept but not shown.
    """
    said, code = "but without OPA's own error: perhaps it is not an OPA", None
    errors: tuple[OpaError, ...] = ()
    if isinstance(body, dict) and isinstance(body.get("code"), str):
        code, listed = body["code"], body.get("errors")
        errors = tuple(map(_opa_error, listed)) if isinstance(listed, list) else ()
        said = f"{code}: {body.get('message')}"
        if errors:
            said += f" ({', '.join(f'{e.code} at {e.location}' for e in errors)})"
    kind = SidecarHTTPError
    if _refused(status, code, said):
        kind, advice = RequestRefused, "send less at once, as JSON"
    elif status in (401, 403):
        kind, advice = TokenRefused, "check the token, and what it gives access to"
    elif 300 <= status < 400:
        advice = "redirects are not followed; check the sidecar's URL"
    elif status < 500:
        advice = "check the sidecar's URL"
    else:
        advice = "see the sidecar's log"
    message = f"{place} answered {status}, {said}; {advice}"
    return kind(message, status=status, code=code, errors=errors)


def _refused(status: int, code: str | None, said: str) -> bool:
    """Whether it is the request that is refused, by OPA or by what stands in front of it."""
    if status in (413, 415):
        return True
    return (status, code) == (400, "invalid_parameter") or (
        # The access rules have only one status; the words of `rego/system/authz.rego` tell why.
        (status, code) == (401, "unauthorized") and said.startswith("unauthorized: refused: ")
    )


def _place(response: requests.Response) -> str:
    return str(response.url).split("?")[0]


def _opa_error(item: object) -> OpaError:
    item = item if isinstance(item, dict) else {}
    place = item.get("location")
    location = f"{place.get('file')}:{place.get('row')}" if isinstance(place, dict) else None
    return OpaError(str(item.get("code")), location, str(item.get("message")))
