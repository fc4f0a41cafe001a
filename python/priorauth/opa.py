"""Find or fetch the `opa` executable.

In this order: the one that `PRIORAUTH_OPA` names, a suitable one on `PATH`, the one in the cache
(`PRIORAUTH_CACHE`, or the platform's own), the official release (checked against the checksum
published beside it), and `go install`. `python -m priorauth.opa` prints where it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
import urllib3

from .errors import OpaNotFound

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
_SILENCE_S = 4.0
_DOWNLOAD_S = 600.0

Progress = Callable[[str], None]


def find() -> Path:
    """The `opa` that is already here: `PRIORAUTH_OPA`, `PATH` or the cache. Fetches nothing.

    Raises `OpaNotFound`, also when `PRIORAUTH_OPA` names one that will not do.
    """
    found, why_not = _look()
    if found:
        return found
    raise _not_found(why_not)


def ensure(progress: Progress | None = None) -> Path:
    """Like `find`, and fetches it into the cache when it is not here.

    `progress` is called with a line of text as the work goes on. Safe from several threads and
    processes at once: one fetches, the others wait for it. Raises `OpaNotFound`.
    """
    found, why_not = _look()
    if found:
        return found
    say = progress or (lambda _: None)
    target = _cached()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.parent, say):
            if _ready(target):
                return target
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                for how, fetch in (("official release", _download), ("go install", _go_install)):
                    try:
                        opa = fetch(Path(scratch), say)
                        _check(opa)
                        return opa.replace(target)
                    except (OpaNotFound, OSError) as error:
                        why_not.append(f"{how}: {error}")
    except OSError as error:
        why_not.append(f"cache: {error}")
    raise _not_found(why_not)


def version(opa: Path) -> str:
    """The version that this executable says it is, such as `"1.22.2"`. Raises `OpaNotFound`."""
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
            return _check(Path(named)), []
        except OpaNotFound as error:
            raise OpaNotFound(f"PRIORAUTH_OPA: {error}") from error
    why_not = []
    on_path = shutil.which("opa")
    try:
        if on_path:
            return _check(Path(on_path)), []
        why_not.append("PATH: it has no opa")
    except OpaNotFound as error:
        why_not.append(f"PATH: {error}")
    cached = _cached()
    if _ready(cached):
        return cached, []
    why_not.append(f"cache: {cached} is not there")
    return None, why_not


def _check(opa: Path) -> Path:
    has = version(opa)
    wanted_major, wanted_minor = _major_minor(VERSION)
    major, minor = _major_minor(has)
    if major != wanted_major or minor < wanted_minor:
        wanted = f"{wanted_major}.{wanted_minor} or a later {wanted_major}.x"
        raise OpaNotFound(f"{opa} is version {has}; {wanted} is needed")
    return opa


def _major_minor(version: str) -> tuple[int, int]:
    major, minor, _ = version.split(".", 2)
    return int(major), int(minor)


def cache() -> Path:
    """The folder where priorauth keeps what it has fetched or built; it may not be there yet."""
    cache = os.environ.get("PRIORAUTH_CACHE")
    if not cache:
        default = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
        cache = str(Path(os.environ.get("XDG_CACHE_HOME") or default, "priorauth"))
    return Path(cache).expanduser()


def _cached() -> Path:
    return cache() / f"opa-{VERSION}"


def _ready(cached: Path) -> bool:
    # Only a checked executable is ever moved there, so it need not be run again to be trusted.
    return os.access(cached, os.X_OK)


@contextlib.contextmanager
def _locked(folder: Path, say: Progress) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another process that is fetching OPA")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(scratch: Path, say: Progress) -> Path:
    machine = (platform.system(), platform.machine())
    if machine not in _ASSETS:
        raise OpaNotFound(f"none is published for {' '.join(machine)}")
    url = f"{_RELEASES}/v{VERSION}/{_ASSETS[machine]}"
    published = b"".join(_get(f"{url}.sha256"))[:64].decode("ascii", "replace")
    if not re.fullmatch("[0-9a-f]{64}", published):
        raise OpaNotFound(f"{url}.sha256 is not a checksum")
    say(f"Downloading OPA {VERSION}")
    opa, digest, size, told = scratch / "release", hashlib.sha256(), 0, 0
    with opa.open("wb") as file:
        for part in _get(url):
            file.write(part)
            digest.update(part)
            size += len(part)
            if size >> 20 >= told + 4:
                told = size >> 20
                say(f"Downloading OPA {VERSION}: {told} MB")
    if digest.hexdigest() != published:
        raise OpaNotFound(f"{url} does not match the checksum published beside it")
    opa.chmod(0o755)
    return opa


def _get(url: str) -> Iterator[bytes]:
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
            while part := response.raw.read1(1 << 16):
                yield part
                if time.monotonic() > deadline:
                    raise OpaNotFound(f"{url} took more than {_DOWNLOAD_S:g} s")
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise OpaNotFound(f"{url} cannot be read: {_root(error)}") from error


def _root(error: BaseException) -> BaseException:
    return _root(error.__context__) if error.__context__ else error


def _go_install(scratch: Path, say: Progress) -> Path:
    go = shutil.which("go")
    if not go:
        raise OpaNotFound("PATH has no go")
    say(f"Building OPA {VERSION} with go, this once: a minute or two")
    native = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH")}
    done = subprocess.run(
        [go, "install", "-trimpath", "-ldflags", "-s -w", f"{_GO_PACKAGE}@v{VERSION}"],
        env=native | {"CGO_ENABLED": "0", "GOBIN": str(scratch)},
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OpaNotFound(done.stdout.strip()[-500:] or f"exit code {done.returncode}")
    return scratch / "opa"


def _not_found(why_not: list[str]) -> OpaNotFound:
    tried = "\n".join(f"  - {reason}" for reason in why_not)
    return OpaNotFound(
        f"no usable opa (Open Policy Agent {VERSION}). What was tried:\n{tried}\n"
        "Put a suitable one on PATH, or name it in PRIORAUTH_OPA, or get it once online."
    )


def _main() -> None:
    try:
        opa = ensure(functools.partial(print, file=sys.stderr, flush=True))
    except OpaNotFound as error:
        sys.exit(str(error))
    sys.stdout.write(f"{opa}\n")


if __name__ == "__main__":
    _main()
