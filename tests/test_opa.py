"""OPA is found, or fetched and checked, or it is said what was tried."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from priorauth import opa
from priorauth.errors import OpaNotFound


class Releases:
    """A real HTTP server with what it serves, by the end of the path, and what it was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.pause = 0.0

    def publish(self, release: bytes, checksum: str | None = None) -> None:
        checksum = checksum or hashlib.sha256(release).hexdigest()
        self.files = {"": release, ".sha256": f"{checksum}  opa_os_arch\n".encode()}


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    served = Releases()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            body = served.files.get(".sha256" if self.path.endswith(".sha256") else "")
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            for n in range(len(body or b"") if served.pause else 0):
                self.wfile.write((body or b"")[n : n + 1])
                time.sleep(served.pause)
            if body and not served.pause:
                self.wfile.write(body)

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        monkeypatch.setattr(opa, "_RELEASES", f"http://127.0.0.1:{server.server_port}")
        yield served
        server.shutdown()
        thread.join()


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def saying(version: str) -> str:
    return f"echo Version: {version}"


RELEASE = f"#!/bin/sh\n{saying(opa.VERSION)}\n".encode()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty PATH, `bin`, and an empty cache, `cache`."""
    monkeypatch.delenv("PRIORAUTH_OPA", raising=False)
    monkeypatch.setenv("PRIORAUTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opa, "_RELEASES", "http://127.0.0.1:9")


@pytest.fixture
def go(here: Path) -> Callable[[], list[str]]:
    """A go on PATH that notes how it was called; without a network the real one cannot build."""
    note = here / "note"
    executable(
        here / "bin" / "go",
        f'echo "$CGO_ENABLED $*" >> {note}\n'
        f'printf "#!/bin/sh\\n{saying(opa.VERSION)}\\n" > "$GOBIN/opa"\n'
        f'/bin/chmod +x "$GOBIN/opa"',
    )
    return lambda: note.read_text().splitlines() if note.exists() else []


@pytest.mark.parametrize("version", ["1.22.0", "1.22.9", "1.30.1", "1.23.0-dev"])
def test_a_suitable_one_on_path_is_used(here: Path, releases: Releases, version: str) -> None:
    theirs = executable(here / "bin" / "opa", saying(version))
    assert opa.find() == opa.ensure() == theirs
    assert opa.version(theirs) == version
    assert not releases.asked


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (saying("1.21.9"), "is version 1.21.9; 1.22 or a later 1.x is needed"),
        (saying("0.70.0"), "is version 0.70.0"),
        (saying("2.0.0"), "is version 2.0.0"),
        ("echo opa 12 the calculator", "is not Open Policy Agent"),
        ("exit 3", "does not run"),
    ],
)
def test_an_unsuitable_one_on_path_is_passed_over(
    here: Path, releases: Releases, script: str, why: str
) -> None:
    executable(here / "bin" / "opa", script)
    with pytest.raises(OpaNotFound, match=why):
        opa.find()
    releases.publish(RELEASE)
    assert opa.ensure() == here / "cache" / f"opa-{opa.VERSION}"


def test_one_can_be_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(here / "bin" / "opa", saying(opa.VERSION))
    named = executable(here / "elsewhere" / "my-opa", saying(opa.VERSION))
    monkeypatch.setenv("PRIORAUTH_OPA", str(named))
    assert opa.ensure() == named


def test_a_named_one_that_will_not_do_is_an_error(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(here / "bin" / "opa", saying(opa.VERSION))
    monkeypatch.setenv("PRIORAUTH_OPA", str(here / "nowhere"))
    with pytest.raises(OpaNotFound, match=r"PRIORAUTH_OPA: .*nowhere does not run"):
        opa.ensure()


def test_the_release_is_fetched_once(here: Path, releases: Releases) -> None:
    releases.publish(RELEASE)
    told: list[str] = []
    cached = opa.ensure(told.append)
    assert cached.read_bytes() == RELEASE
    assert opa.version(cached) == opa.VERSION
    assert opa.ensure() == opa.find() == cached
    assert len(releases.asked) == 2
    assert all(f"/v{opa.VERSION}/opa_" in path for path in releases.asked)
    assert told == [f"Downloading OPA {opa.VERSION}"]


def test_callers_at_once_fetch_it_once(here: Path, releases: Releases) -> None:
    releases.publish(RELEASE)
    releases.pause = 0.005
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: opa.ensure(), range(8)))
    assert found == {here / "cache" / f"opa-{opa.VERSION}"}
    assert len(releases.asked) == 2


@pytest.mark.parametrize(
    ("release", "checksum", "why"),
    [
        (RELEASE + b"rm -rf ~", hashlib.sha256(RELEASE).hexdigest(), "does not match the checksum"),
        (RELEASE, "<html>a hotel's welcome page</html>", "is not a checksum"),
        (f"#!/bin/sh\n{saying('1.2.3')}\n".encode(), None, "is version 1.2.3"),
        (b"\x7fELF of another machine", None, "does not run"),
    ],
    ids=["tampered", "no checksum", "another version", "another machine"],
)
def test_a_release_that_does_not_check_is_not_kept(
    here: Path, releases: Releases, release: bytes, checksum: str | None, why: str
) -> None:
    releases.publish(release, checksum)
    with pytest.raises(OpaNotFound, match=why):
        opa.ensure()
    assert [path.name for path in (here / "cache").iterdir()] == [".lock"]


def test_a_release_that_drips_in_is_given_up(
    here: Path, releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases.publish(RELEASE * 100)
    releases.pause = 0.02
    monkeypatch.setattr(opa, "_DOWNLOAD_S", 0.1)
    started = time.monotonic()
    with pytest.raises(OpaNotFound, match=r"took more than 0\.1 s"):
        opa.ensure()
    assert time.monotonic() - started < 5


@pytest.mark.usefixtures("offline")
def test_go_builds_it_once_when_no_release_can_be_had(
    here: Path, go: Callable[[], list[str]]
) -> None:
    told: list[str] = []
    cached = opa.ensure(told.append)
    assert opa.version(cached) == opa.VERSION
    assert opa.ensure() == cached
    package = f"github.com/open-policy-agent/opa@v{opa.VERSION}"
    assert go() == [f"0 install -trimpath -ldflags -s -w {package}"]
    assert told == [f"Building OPA {opa.VERSION} with go, this once: a minute or two"]


def test_go_builds_it_when_the_release_is_missing(
    here: Path, releases: Releases, go: Callable[[], list[str]]
) -> None:
    assert opa.ensure().exists()
    assert len(go()) == 1


@pytest.mark.usefixtures("offline")
def test_what_was_tried_is_said(here: Path) -> None:
    executable(here / "bin" / "go", "echo no such module >&2; exit 1")
    started = time.monotonic()
    with pytest.raises(OpaNotFound) as caught:
        opa.ensure()
    assert time.monotonic() - started < 5
    told = str(caught.value).splitlines()
    assert told[1] == "  - PATH: it has no opa"
    assert told[2] == f"  - cache: {here}/cache/opa-{opa.VERSION} is not there"
    assert told[3].startswith("  - official release: http://127.0.0.1:9/v")
    assert told[3].endswith("Connection refused")
    assert told[4] == "  - go install: no such module"
    assert "PRIORAUTH_OPA" in told[5]


@pytest.mark.usefixtures("offline")
def test_a_cache_that_cannot_be_written_is_said(here: Path) -> None:
    (here / "cache").write_text("a file")
    with pytest.raises(OpaNotFound, match=r"cache: .*File exists"):
        opa.ensure()


def test_the_module_prints_where_it_is(here: Path) -> None:
    theirs = executable(here / "bin" / "opa", saying(opa.VERSION))
    run = [sys.executable, "-m", "priorauth.opa"]
    assert subprocess.check_output(run, text=True, env=os.environ) == f"{theirs}\n"
