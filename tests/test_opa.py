"""OPA is found, or fetched and checked, or it is said what was tried."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
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
    return going(here, opa._GO_SUM)


def going(here: Path, found: str) -> Callable[[], list[str]]:
    """With this as the checksum of the source that it has."""
    note, source = here / "note", here / "source"
    source.mkdir()
    told = json.dumps({"Sum": found, "Dir": str(source)})
    executable(
        here / "bin" / "go",
        f'echo "$CGO_ENABLED $PWD $*" >> {note}\n'
        f"if [ $1 = mod ]; then echo '{told}'; exit; fi\n"
        'while [ "$1" != -o ]; do shift; done\n'
        f'printf "#!/bin/sh\\n{saying(opa.VERSION)}\\n" > "$2"\n'
        '/bin/chmod +x "$2"',
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


@pytest.mark.parametrize("variable", ["PRIORAUTH_OPA", "PRIORAUTH_CACHE"])
def test_of_a_user_without_a_home(
    here: Path, offline: None, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "~nobody-of-this-name/opa")
    for fetch in (opa.find, opa.ensure):
        with pytest.raises(OpaNotFound, match="home"):
            fetch()


def test_the_release_is_fetched_once(here: Path, releases: Releases) -> None:
    releases.publish(RELEASE)
    told: list[str] = []
    cached = opa.ensure(told.append)
    assert cached.read_bytes() == RELEASE
    assert opa.version(cached) == opa.VERSION
    assert opa.ensure() == opa.find() == cached
    assert len(releases.asked) == 2
    assert all(f"/v{opa.VERSION}/opa_" in path for path in releases.asked)
    assert told[0] == f"Downloading OPA {opa.VERSION}"
    assert "checksum is known only from the same server" in told[1]
    assert len(told) == 2


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
        (RELEASE, "<html>a hotel's welcome page</html>", r"\.sha256 is not a SHA-256"),
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


def test_a_release_without_end_is_given_up(
    here: Path, releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases.publish(RELEASE * 10_000)
    monkeypatch.setattr(opa, "_LARGEST", 1 << 16)
    with pytest.raises(OpaNotFound, match="is larger than"):
        opa.ensure()
    assert [path.name for path in (here / "cache").iterdir()] == [".lock"]


def test_a_release_whose_checksum_is_known_is_not_asked_for_it(
    here: Path, releases: Releases, go: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it comes before what go would build."""
    releases.publish(RELEASE, "0" * 64)
    known = hashlib.sha256(RELEASE).hexdigest()
    monkeypatch.setattr(opa, "_SHA256", dict.fromkeys(opa._ASSETS.values(), known))
    told: list[str] = []
    assert opa.ensure(told.append).read_bytes() == RELEASE
    assert [path.rpartition(".")[2] for path in releases.asked] != ["sha256"]
    assert len(releases.asked) == 1
    assert told == [f"Downloading OPA {opa.VERSION}"]
    assert go() == []
    assert here


def test_a_release_that_is_not_the_known_one_is_not_taken(
    here: Path, releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the server says of itself."""
    releases.publish(RELEASE + b"rm -rf ~")
    known = hashlib.sha256(RELEASE).hexdigest()
    monkeypatch.setattr(opa, "_SHA256", dict.fromkeys(opa._ASSETS.values(), known))
    with pytest.raises(OpaNotFound, match="does not match the checksum that it must have"):
        opa.ensure()
    assert not (here / "cache" / f"opa-{opa.VERSION}").exists()


def test_known_checksums_are_of_releases_that_there_are() -> None:
    assert set(opa._SHA256) <= set(opa._ASSETS.values())
    assert all(len(bytes.fromhex(known)) == 32 for known in opa._SHA256.values())


def test_the_one_that_is_demanded(
    here: Path, releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = executable(here / "bin" / "opa", saying(opa.VERSION))
    monkeypatch.setenv("PRIORAUTH_OPA_SHA256", hashlib.sha256(theirs.read_bytes()).hexdigest())
    assert opa.ensure() == theirs
    monkeypatch.setenv("PRIORAUTH_OPA_SHA256", hashlib.sha256(RELEASE).hexdigest().upper())
    theirs.write_text(theirs.read_text() + "# another\n")
    with pytest.raises(OpaNotFound, match="does not have the checksum in PRIORAUTH_OPA_SHA256"):
        opa.find()
    releases.publish(RELEASE, "0" * 64)
    cached = opa.ensure()
    assert cached == here / "cache" / f"opa-{opa.VERSION}"
    monkeypatch.setenv("PRIORAUTH_OPA_SHA256", "0" * 64)
    with pytest.raises(
        OpaNotFound, match=r"cache: .* does not have the checksum in PRIORAUTH_OPA_SHA256"
    ):
        opa.find()
    monkeypatch.setenv("PRIORAUTH_OPA_SHA256", "none")
    with pytest.raises(OpaNotFound, match="PRIORAUTH_OPA_SHA256 is not a SHA-256"):
        opa.ensure()


def test_what_was_kept_is_checked_before_it_is_run(here: Path, releases: Releases) -> None:
    releases.publish(RELEASE)
    cached = opa.ensure()
    assert cached.parent.stat().st_mode & 0o777 == 0o700
    record = cached.with_name(f"{cached.name}.sha256")
    assert record.read_text() == f"{hashlib.sha256(RELEASE).hexdigest()}  {cached.name}\n"
    spoilt = RELEASE.replace(b"echo", b"ohce")
    cached.write_bytes(spoilt)
    with pytest.raises(OpaNotFound, match=f"cache: {cached} is not what was kept there"):
        opa.find()
    assert opa.ensure().read_bytes() == RELEASE
    record.unlink()
    with pytest.raises(OpaNotFound, match="is not what was kept there"):
        opa.find()


# --------------------------------------------------------------------------------------------
# Folders that others can write to
# --------------------------------------------------------------------------------------------


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def open_to_all_but_for_what_is_others(folder: Path) -> None:
    folder.chmod(0o1777)


def of_a_group_with_others(folder: Path) -> None:
    os.chown(folder, -1, 65534)
    folder.chmod(0o770)


def of_another(folder: Path) -> None:
    os.chown(folder, 65534, -1)


def needs_root(spoil: Callable[[Path], None]) -> None:
    if os.getuid() and spoil in (of_a_group_with_others, of_another):
        pytest.skip("only root can give a file away")


SPOILT = [open_to_all, open_to_all_but_for_what_is_others, of_a_group_with_others, of_another]


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("how", ["PATH", "PRIORAUTH_OPA", "link"])
def test_none_is_run_from_a_folder_that_others_can_write_to(
    here: Path, monkeypatch: pytest.MonkeyPatch, how: str, spoil: Callable[[Path], None]
) -> None:
    needs_root(spoil)
    folder = here / "theirs"
    theirs = executable(folder / "opa", f": > {here}/ran\n{saying(opa.VERSION)}")
    if how == "link":
        (here / "bin").mkdir()
        (here / "bin" / "opa").symlink_to(theirs)
    elif how == "PATH":
        monkeypatch.setenv("PATH", str(folder))
    else:
        monkeypatch.setenv("PRIORAUTH_OPA", str(theirs))
    assert opa.find()
    (here / "ran").unlink()
    spoil(folder)
    with pytest.raises(OpaNotFound, match=f"{folder}.*, who could replace|{folder}.*so replace"):
        opa.find()
    folder.chmod(0o700)
    os.chown(folder, os.getuid(), os.getgid())
    theirs.chmod(0o777)
    with pytest.raises(OpaNotFound, match=r"everybody can write to .*/opa, and"):
        opa.find()
    theirs.chmod(0o755)
    # Nor where a folder further up can be exchanged.
    here.chmod(0o777)
    with pytest.raises(OpaNotFound, match=f"everybody can write to {here}"):
        opa.find()
    assert not (here / "ran").exists()
    here.chmod(0o1777)
    assert opa.find()
    here.chmod(0o700)


def test_a_group_of_ones_own_is_not_others(here: Path) -> None:
    theirs = executable(here / "bin" / "opa", saying(opa.VERSION))
    theirs.parent.chmod(0o775)
    alone = {os.getuid(), 0}
    members = {user.pw_uid for user in pwd.getpwall() if user.pw_gid == os.getgid()}
    if os.getgid() and not members <= alone:
        pytest.skip("this user's group has others")
    assert opa.find() == theirs


@pytest.mark.parametrize("spoil", [open_to_all, of_another], ids=lambda spoil: spoil.__name__)
def test_the_cache_is_its_users_alone(
    here: Path, releases: Releases, spoil: Callable[[Path], None]
) -> None:
    needs_root(spoil)
    releases.publish(RELEASE)
    cache = here / "cache"
    cache.mkdir()
    spoil(cache)
    if spoil is of_another:
        with pytest.raises(OpaNotFound, match=f"cache: {cache} belongs to another user"):
            opa.ensure()
        return
    opa.ensure()
    assert cache.stat().st_mode & 0o777 == 0o700
    here.chmod(0o777)
    with pytest.raises(OpaNotFound, match=f"everybody can write to {here}"):
        opa.ensure()
    here.chmod(0o700)


def test_one_can_be_named_from_here(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the work is done later."""
    theirs = executable(here / "elsewhere" / "opa", saying(opa.VERSION))
    monkeypatch.setenv("PRIORAUTH_OPA", "elsewhere/opa")
    monkeypatch.chdir(here)
    assert opa.ensure() == theirs
    monkeypatch.setenv("PRIORAUTH_OPA", "opa")
    with pytest.raises(OpaNotFound, match=f"PRIORAUTH_OPA: {here}/opa does not run: No such file"):
        opa.ensure()
    monkeypatch.delenv("PRIORAUTH_OPA")
    monkeypatch.setenv("PATH", "elsewhere")
    assert opa.ensure() == theirs


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
    download, build = go()
    assert download.endswith(f" mod download -json {package}")
    assert build.startswith(f"0 {here}/source build -trimpath -ldflags -s -w -o ")
    assert told == [f"Building OPA {opa.VERSION} with go, once only: this takes a minute or two"]


def test_go_builds_it_rather_than_that_a_checksum_is_taken_on_trust(
    here: Path, releases: Releases, go: Callable[[], list[str]]
) -> None:
    releases.publish(RELEASE)
    assert opa.ensure().exists()
    assert len(go()) == 2
    assert releases.asked == []


@pytest.mark.usefixtures("offline")
def test_go_builds_no_other_source(here: Path) -> None:
    calls = going(here, "h1:another=")
    with pytest.raises(OpaNotFound, match="go: the source is not what Go's checksum database has"):
        opa.ensure()
    assert len(calls()) == 1


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
    assert told[3] == "  - go: no such module"
    assert told[4].startswith("  - official release: http://127.0.0.1:9/v")
    assert told[4].endswith("Connection refused")
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
