"""Find or fetch the `opa` executable.

In this order: the one that `PRIORAUTH_OPA` names, a suitable one on `PATH`, the one in the cache
(`PRIORAUTH_CACHE`, or the platform's own), the official release if its checksum is known, one that
Go builds from source, and last the official release without a known checksum. None is run from a
folder that others can write to. `PRIORAUTH_OPA_SHA256` is the SHA-256 that it must have, wherever
it comes from. `python -m priorauth.opa` prints its path.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from . import _cache
from .errors import OpaNotFound, UndefinedResult

VERSION = "1.22.2"
"""The OPA release that is fetched; one of a later minor version serves as well."""

_RELEASES = "https://openpolicyagent.org/downloads"
_GO_PACKAGE = "github.com/open-policy-agent/opa"
_ASSETS = {
    ("Linux", "x86_64"): "opa_linux_amd64_static",
    ("Linux", "aarch64"): "opa_linux_arm64_static",
    ("Darwin", "x86_64"): "opa_darwin_amd64",
    ("Darwin", "arm64"): "opa_darwin_arm64_static",
}
# The checksums of these releases, by name. A checksum from the server of the release proves nothing
# about that server, and for this version no other source could be asked. So this is empty, Go is
# preferred, and a download is reported as unverified. Add an entry once it has been compared with a
# source other than the download's.
_SHA256: Mapping[str, str] = {}

# The checksum of the source in Go's checksum database (sum.golang.org). It covers go.sum, which
# covers all that is built with it.
_GO_SUM = "h1:WzqReKk2VjcvBN/NQTlcIxKqFPKpzIdb6KYMHzPEbe0="

COLLECTOR = {"GOGC": "400"}
"""How OPA collects its garbage. A decision leaves much garbage and little that stays. Compared on
two busy cores: with Go's own 100 a call for one decision took 4.2 ms of
processor time, and its memory peaked at 63 MB; with 400 2.8 ms and 116 MB; with 800 no less time,
and 158 MB. A check of 170 worked cases took 1.15 s with 100, and 0.96 s with 400."""

_SILENCE_S = 4.0
_DOWNLOAD_S = 600.0
_LARGEST = 1 << 28

Progress = Callable[[str], None]


def find() -> Path:
    """The `opa` that is already here: `PRIORAUTH_OPA`, `PATH` or the cache. Fetches nothing.

    Raises `OpaNotFound`, also when `PRIORAUTH_OPA` names one that cannot be used.
    """
    found, why_not = _look()
    if found:
        return found
    raise _not_found(why_not)


def ensure(progress: Progress | None = None) -> Path:
    """Like `find`, but fetches it into the cache when it is not here.

    `progress` is called with a line of text as the work goes on. Safe from several threads and
    processes at once: one fetches, the others wait for it. Raises `OpaNotFound`.
    """
    found, why_not = _look()
    if found:
        return found
    say = progress or (lambda _: None)
    try:
        with _locked(_cache.folder(), say):
            with contextlib.suppress(OpaNotFound):
                return _kept()
            ways = [("official release", _download), ("go", _go_build)]
            if _pinned() is None:
                ways.reverse()
            with _cache.workshop() as scratch:
                for how, fetch in ways:
                    try:
                        opa = fetch(scratch, say)
                        _check(opa)
                        return _cache.keep(opa, _cached())
                    except (OpaNotFound, OSError) as error:
                        why_not.append(f"{how}: {error}")
    except OSError as error:
        why_not.append(f"cache: {error}")
    raise _not_found(why_not)


def environment() -> dict[str, str]:
    """The environment for an OPA: this process's, without the variables that set OPA's options."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("OPA_")}
    return {**COLLECTOR, **own}


def evaluate(
    query: str, *options: str | Path, given: object = None, opa: Path | None = None
) -> Any:
    """The value of a query, by an OPA with these options and this input.

    Raises UndefinedResult, with what OPA says, when there is none, and OpaNotFound.
    """
    done = subprocess.run(
        [opa or ensure(), "eval", "--format", "json", "--stdin-input", *options, query],
        input=json.dumps(given).encode(),
        env=environment(),
        capture_output=True,
        check=False,
    )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {}
    if "result" in said:
        return said["result"][0]["expressions"][0]["value"]
    told = [each["message"] for each in said.get("errors", ())]
    told = told or done.stderr.decode(errors="replace").splitlines()
    raise UndefinedResult("\n".join(told) or f"{query} has no value")


def version(opa: Path) -> str:
    """The version that this executable reports, such as `"1.22.2"`. Raises `OpaNotFound`."""
    try:
        told = subprocess.run(
            [opa, "version"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise OpaNotFound(f"{opa} does not run: {error}") from error
    match = re.search(r"^Version: (\d+\.\d+\.\S+)$", told, re.MULTILINE)
    if not match:
        raise OpaNotFound(f"{opa} is not Open Policy Agent")
    return match[1]


def _look() -> tuple[Path | None, list[str]]:
    """What is here, or why each place has none."""
    named = os.environ.get("PRIORAUTH_OPA")
    if named:
        try:
            return _check(Path(named).expanduser().absolute()), []
        # A RuntimeError is for a user without a home.
        except (OpaNotFound, RuntimeError) as error:
            raise OpaNotFound(f"PRIORAUTH_OPA: {error}") from error
    why_not = []
    on_path = shutil.which("opa")
    try:
        if on_path:
            return _check(Path(on_path).absolute()), []
        why_not.append("PATH: it has no opa")
    except OpaNotFound as error:
        why_not.append(f"PATH: {error}")
    try:
        return _kept(), []
    except OpaNotFound as error:
        why_not.append(f"cache: {error}")
    return None, why_not


def _kept() -> Path:
    """The one in the cache, which was checked before it was put there."""
    try:
        cached = _cached()
    except OSError as error:
        raise OpaNotFound(str(error)) from None
    if _cache.holds(cached):
        return _trusted(cached)
    is_it = "is not what was kept there" if os.access(cached, os.F_OK) else "is not there"
    raise OpaNotFound(f"{cached} {is_it}")


def _trusted(opa: Path) -> Path:
    """The executable, when it is the one that is demanded, and nobody else can have written it."""
    demanded = os.environ.get("PRIORAUTH_OPA_SHA256")
    try:
        if why := _cache.why_not_trusted(opa):
            raise OpaNotFound(why)
        if demanded and _cache.digest(opa) != demanded.lower():
            raise OpaNotFound(f"{opa} does not have the checksum in PRIORAUTH_OPA_SHA256")
    except OSError as error:
        raise OpaNotFound(f"{opa} does not run: {error.strerror}") from error
    return opa


def _check(opa: Path) -> Path:
    has = version(_trusted(opa))
    wanted_major, wanted_minor = _major_minor(VERSION)
    major, minor = _major_minor(has)
    if major != wanted_major or minor < wanted_minor:
        wanted = f"{wanted_major}.{wanted_minor} or a later {wanted_major}.x"
        raise OpaNotFound(f"{opa} is version {has}; {wanted} is needed")
    return opa


def _major_minor(version: str) -> tuple[int, int]:
    major, minor, _ = version.split(".", 2)
    return int(major), int(minor)


def _cached() -> Path:
    return _cache.location() / f"opa-{VERSION}"


@contextlib.contextmanager
def _locked(folder: Path, say: Progress) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another process that is fetching OPA")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _asset() -> str:
    """The name of the release for this machine, "" when there is none."""
    return _ASSETS.get((platform.system(), platform.machine()), "")


def _pinned() -> str | None:
    """The checksum that the release must have."""
    return os.environ.get("PRIORAUTH_OPA_SHA256") or _SHA256.get(_asset())


def _download(scratch: Path, say: Progress) -> Path:
    if not _asset():
        raise OpaNotFound(f"none is published for {platform.system()} {platform.machine()}")
    url = f"{_RELEASES}/v{VERSION}/{_asset()}"
    pinned = _pinned()
    expected = pinned or b"".join(_get(f"{url}.sha256"))[:64].decode("ascii", "replace")
    if not re.fullmatch("[0-9a-fA-F]{64}", expected):
        raise OpaNotFound(
            f"{'PRIORAUTH_OPA_SHA256' if pinned else url + '.sha256'} is not a SHA-256"
        )
    say(f"Downloading OPA {VERSION}")
    opa, size, told = scratch / "release", 0, 0
    with opa.open("wb") as file:
        for part in _get(url):
            file.write(part)
            size += len(part)
            if size >> 20 >= told + 4:
                told = size >> 20
                say(f"Downloading OPA {VERSION}: {told} MB")
    if _cache.digest(opa) != expected.lower():
        whose = "that it must have" if pinned else "published beside it"
        raise OpaNotFound(f"{url} does not match the checksum {whose}")
    if not pinned:
        say(
            "Its checksum is known only from the same server. To verify it, compare it with "
            "another source, and set PRIORAUTH_OPA_SHA256"
        )
    opa.chmod(0o755)
    return opa


def _get(url: str) -> Iterator[bytes]:
    # Imported only here: HTTP takes long to import, and OPA is seldom fetched.
    import requests
    import urllib3

    # A deadline of our own: the library's time-out is per read, so dripped bytes would never end.
    deadline = time.monotonic() + _DOWNLOAD_S
    try:
        with requests.get(
            url, stream=True, timeout=_SILENCE_S, headers={"Accept-Encoding": "identity"}
        ) as response:
            if response.status_code != 200:
                raise OpaNotFound(f"{url} answered {response.status_code}")
            if not response.url.startswith(_RELEASES.partition("/")[0]):
                raise OpaNotFound(f"{url} led to an address without TLS")
            left = _LARGEST
            while part := response.raw.read1(1 << 16):
                yield part
                left -= len(part)
                if left < 0:
                    raise OpaNotFound(f"{url} is larger than {_LARGEST >> 20} MB")
                if time.monotonic() > deadline:
                    raise OpaNotFound(f"{url} took more than {_DOWNLOAD_S:g} s")
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise OpaNotFound(f"{url} cannot be read: {_root(error)}") from error


def _root(error: BaseException) -> BaseException:
    return _root(error.__context__) if error.__context__ else error


def _go_build(scratch: Path, say: Progress) -> Path:
    go = shutil.which("go")
    if not go:
        raise OpaNotFound("PATH has no go")
    say(f"Building OPA {VERSION} with go, once only: this takes a minute or two")
    source = _go(go, scratch, "mod", "download", "-json", f"{_GO_PACKAGE}@v{VERSION}")
    found = json.loads(source)
    if found["Sum"] != _GO_SUM:
        raise OpaNotFound(f"the source is not what Go's checksum database has: {found['Sum']}")
    # There, and not by `go install`, so that its own go.sum decides what it is built with.
    opa = scratch / "opa"
    _go(go, Path(found["Dir"]), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(opa), ".")
    return opa


def _go(go: str, folder: Path, *arguments: str) -> str:
    own = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    native = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH")}
    done = subprocess.run(
        [go, *arguments],
        env=native | own,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr + done.stdout).strip()
        raise OpaNotFound(said[-500:] or f"exit code {done.returncode}")
    return done.stdout


def _not_found(why_not: list[str]) -> OpaNotFound:
    tried = "\n".join(f"  - {reason}" for reason in why_not)
    return OpaNotFound(
        f"no usable opa (Open Policy Agent {VERSION}). What was tried:\n{tried}\n"
        "Put a suitable one on PATH, or name it in PRIORAUTH_OPA, or run this once online."
    )


def _main() -> None:
    try:
        opa = ensure(functools.partial(print, file=sys.stderr, flush=True))
    except OpaNotFound as error:
        sys.exit(str(error))
    sys.stdout.write(f"{opa}\n")


if __name__ == "__main__":
    _main()
