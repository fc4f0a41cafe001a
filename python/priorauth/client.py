"""The client of a priorauth sidecar."""

from __future__ import annotations

import http.client
import os
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from ._document import Object, mapping
from ._transport import OPA, Traceparent
from .decider import Decider, _named
from .errors import (
    ConfigurationError,
    SidecarError,
    SidecarTimeout,
    SidecarUnreachable,
    UndefinedResult,
)

DEFAULT_URL = "http://127.0.0.1:8181"

_UNIX = "unix://"
_LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107

_T = TypeVar("_T")

StrPath = str | os.PathLike[str]


class Client(Decider):
    """Asks a sidecar for decisions. Safe to share between threads; also a context manager.

    `url` is the sidecar's root, `http` or `https`. `uds` is the path of its unix socket, if it has
    one instead; `url` can name that too, as `unix:///run/priorauth/opa.sock`. `token` is sent as a
    bearer token. `ca` is the PEM file (or directory) of the authorities to trust for `https`,
    instead of the usual ones. `certificate` is the client's own: the paths of a PEM certificate
    and of its key. `timeout` is for a call as a whole, in seconds (except for resolving the host's
    name). An answer of more than 64 MiB is a MalformedResult.

    `traceparent` is called, in the caller's thread, for the W3C header of that name to send with
    each call; if it returns None, none is sent.

    Neither redirects nor the environment's proxies, netrc and CA bundles have any effect.
    Raises ConfigurationError when any of these cannot work.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        uds: StrPath | None = None,
        token: str | None = None,
        ca: StrPath | None = None,
        certificate: tuple[StrPath, StrPath] | None = None,
        timeout: float = 10.0,
        traceparent: Traceparent | None = None,
    ) -> None:
        if uds is None and url is not None and url.startswith(f"{_UNIX}/"):
            uds, url = url.removeprefix(_UNIX), None
        if uds is None:
            secure, host, port = _parts(DEFAULT_URL if url is None else url)
            self.url = f"{'https' if secure else 'http'}://{host}:{port}"
        elif url is None:
            secure, host, port, uds = False, "localhost", 80, _socket(os.fspath(uds))
            self.url = f"{_UNIX}{uds}"
        else:
            raise ConfigurationError("a sidecar has a URL or a unix socket; pass one of the two")
        if token is not None and not (token and token.isascii() and token.isprintable()):
            raise ConfigurationError(
                "the token is empty, or has characters that an HTTP header cannot hold"
            )
        if not secure and (ca is not None or certificate is not None):
            raise ConfigurationError("a CA or a client certificate needs an https URL")
        if not 0 < timeout < 1e6:
            raise ConfigurationError("the timeout must be a number of seconds above 0")
        paths = [os.fspath(path) for path in certificate or ()]
        for path in [*paths, *([] if ca is None else [os.fspath(ca)])]:
            if not Path(path).exists():
                raise ConfigurationError(f"no such file: {path}")
        if paths:
            _check_pair(*paths)
        self._timeout = timeout
        self._opa = OPA(
            host,
            port,
            ssl=secure and (ca is None or os.fspath(ca)),
            cert=tuple(paths) or None,
            token=token,
            timeout=timeout,
            uds=uds,
        )
        self._opa.trace(traceparent)

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._opa.close_connection()

    def opa_version(self) -> str | None:
        """The version that the sidecar's OPA reports. Raises as `decide` does."""
        return _named(self._ask("decision"), "provenance", "version")

    def ready(self) -> bool:
        """Whether the sidecar reports that its policy is loaded and sound, as it does to probes.

        Raises SidecarUnreachable and SidecarTimeout.
        """
        return self._answer(self._opa.ready)

    def _ask(self, rule: str, document: object = None) -> Object:
        """OPA's answer for a rule, with its `result`."""
        query = {"strict-builtin-errors": "true", "provenance": "true"}
        body: Object = self._answer(
            lambda: self._opa.query_rule(document, "priorauth", rule, query)
        )
        if "result" in mapping(body, ()):
            return body
        raise UndefinedResult(
            f"{self.url} has no result for priorauth/{rule}: its policy is not loaded, or its "
            "guideline data lacks what a rule needs; run `priorauth health` to see"
        )

    def _answer(self, ask: Callable[[], _T]) -> _T:
        """The result of a call. No exception of the transport is chained to the ones raised: those
        hold the request, and some quote the answer."""
        started = time.monotonic()
        try:
            return ask()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if time.monotonic() - started >= self._timeout:
                fault: SidecarError = SidecarTimeout(
                    f"no complete answer from {self.url} within {self._timeout:g} s; "
                    "check whether the sidecar is overloaded, or allow more time"
                )
            else:
                fault = SidecarUnreachable(
                    f"no answer from {self.url}: {_cause(error)}; "
                    "check that the sidecar runs, its URL and its certificates"
                )
        raise fault


def _check_pair(certificate: str, key: str) -> None:
    try:
        # A wrong passphrase, so that the terminal does not ask for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password="-")
    except (OSError, ValueError):
        fault = ConfigurationError(
            f"{certificate} and {key} are not a PEM certificate and its key, without a passphrase"
        )
    else:
        return
    raise fault


def _socket(path: str) -> str:
    """The path of a unix socket, made absolute."""
    path = os.path.abspath(path) if path else ""
    if not path or "\0" in path or len(os.fsencode(path)) > _LONGEST_SOCKET:
        raise ConfigurationError(
            f"a unix socket is named by a path of 1 to {_LONGEST_SOCKET} bytes, as in "
            f"{_UNIX}/run/priorauth/opa.sock"
        )
    return path


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
            "the sidecar's URL is not like http://host:port, https://host:port or unix:///path"
        )
    if "@" in parts.netloc:
        raise ConfigurationError("the sidecar's URL holds credentials; pass a token instead")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError(
            f"the sidecar's URL must end after the host and port, as in {DEFAULT_URL}; "
            "the client adds the path"
        )
    secure = parts.scheme == "https"
    if port is None:
        port = 443 if secure else 80
    if not port:
        raise ConfigurationError("the sidecar's URL has port 0, at which nothing can be reached")
    return secure, f"[{host}]" if ":" in host else host, port


def _cause(error: BaseException) -> str:
    """The innermost exception's message if it is the system's; never words that were received."""
    while inner := (
        getattr(error, "reason", None)
        or next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        or error.__cause__
        or error.__context__
    ):
        if not isinstance(inner, BaseException):
            break
        error = inner
    if isinstance(error, (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError)):
        return "the host's name is not valid"
    if isinstance(error, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(error, OSError) and isinstance(error.strerror, str):
        return error.strerror
    if isinstance(error, (OSError, urllib3.exceptions.TimeoutError)):
        return f"the connection failed ({type(error).__name__})"
    if isinstance(error, (http.client.IncompleteRead, urllib3.exceptions.IncompleteRead)):
        return "the answer broke off"
    return "the answer is not HTTP"
