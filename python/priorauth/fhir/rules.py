"""Asking the sidecar, from an event loop.

The same as `priorauth.Client` in what it trusts and raises, but it passes on what came in, and what
is answered, byte for byte: a decimal keeps its zeros.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import msgspec

from .._transport import refusal
from ..client import Client, StrPath
from ..errors import (
    MalformedResult,
    SidecarError,
    SidecarTimeout,
    SidecarUnreachable,
    UndefinedResult,
)

if TYPE_CHECKING:
    from typing_extensions import Self

_UNIX = "unix://"
_LARGEST = 1 << 24
_POOL_SIZE = 64

T = TypeVar("T")


class _Answer(msgspec.Struct):
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Rules:
    """The rules of a sidecar. The parameters are those of `priorauth.Client`; also an async
    context manager."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        ca: StrPath | None = None,
        certificate: tuple[StrPath, StrPath] | None = None,
        timeout: float = 4.0,
    ) -> None:
        # What cannot work is found as the client finds it.
        with Client(url, token=token, ca=ca, certificate=certificate, timeout=timeout) as client:
            self.url = client.url
        self._timeout = timeout
        self._headers = {
            "Content-Type": "application/json",
            # Unpacked, an answer could have any size.
            "Accept-Encoding": "identity",
            "User-Agent": "priorauth",
        }
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._socket = self.url.removeprefix(_UNIX) if self.url.startswith(_UNIX) else None
        self._root = "http://localhost" if self._socket else self.url
        self._ssl = _context(ca, certificate) if self.url.startswith("https:") else True
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector: aiohttp.BaseConnector
        if self._socket:
            connector = aiohttp.UnixConnector(self._socket, limit=_POOL_SIZE)
        else:
            connector = aiohttp.TCPConnector(limit=_POOL_SIZE, ssl=self._ssl)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(),  # that of `_send` is for both attempts
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, rule: str, document: Any, kind: type[T]) -> T:
        """The answer of a rule under `priorauth`, as what `kind` says it is. Raises SidecarError.

        `document` is what msgspec can encode, with `msgspec.Raw` for what is JSON already.
        """
        path = f"/v1/data/priorauth/{rule}"
        body = msgspec.json.encode({"input": document})
        content = await self._send("POST", f"{path}?strict-builtin-errors=true", body)
        try:
            result = msgspec.json.decode(content, type=_Answer).result
            if result is not msgspec.UNSET:
                return msgspec.json.decode(result, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            fault: SidecarError = MalformedResult(
                f"{self.url}{path} gave a malformed answer; check that the policy and this "
                "service are of one release"
            )
        else:
            fault = UndefinedResult(
                f"{self.url}{path} has no result: its policy is not loaded, or its data lacks "
                "what a rule needs"
            )
        raise fault

    async def ready(self) -> bool:
        """Whether the sidecar is: its policy loaded, and sound."""
        try:
            await self._send("GET", "/health/ready", None)
        except SidecarError:
            return False
        return True

    async def _send(self, method: str, target: str, body: bytes | None) -> bytes:
        try:
            return await asyncio.wait_for(self._sent_twice(method, target, body), self._timeout)
        except asyncio.TimeoutError:
            fault: SidecarError = SidecarTimeout(
                f"no complete answer from {self.url} within {self._timeout:g} s; "
                "see whether the sidecar is overloaded, or allow more time"
            )
        except (aiohttp.ClientError, OSError):
            fault = SidecarUnreachable(
                f"no answer from {self.url}; check that the sidecar runs, and its address"
            )
        # Out here, so that nothing of the transport is chained to it.
        raise fault

    async def _sent_twice(self, method: str, target: str, body: bytes | None) -> bytes:
        # Every entry point is a pure function of its input, so a call may be sent again; it is,
        # once, for the sake of kept-alive connections that a restarted sidecar has dropped.
        with contextlib.suppress(aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            return await self._sent(method, target, body)
        return await self._sent(method, target, body)

    async def _sent(self, method: str, target: str, body: bytes | None) -> bytes:
        assert self._session is not None, "it is used outside its `async with`"
        place = f"{self.url}{target.partition('?')[0]}"
        async with self._session.request(
            method, f"{self._root}{target}", data=body, allow_redirects=False
        ) as response:
            content = b""
            while len(content) <= _LARGEST and not response.content.at_eof():
                content += await response.content.read(_LARGEST + 1 - len(content))
        if len(content) > _LARGEST:
            raise MalformedResult(f"{place} answered with more than {_LARGEST} bytes")
        if response.status != 200:
            said: object = None
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                said = msgspec.json.decode(content)
            raise refusal(place, response.status, said)
        return content


def _context(ca: StrPath | None, certificate: tuple[StrPath, StrPath] | None) -> ssl.SSLContext:
    folder = ca is not None and Path(ca).is_dir()
    context = ssl.create_default_context(
        cafile=None if folder or ca is None else str(ca), capath=str(ca) if folder else None
    )
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context
