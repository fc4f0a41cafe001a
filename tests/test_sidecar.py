"""A sidecar of one's own: it starts, says why when it does not, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pytest

import bomb
import priorauth
from priorauth import Client, bundle, opa, policy
from priorauth.errors import (
    ConfigurationError,
    Finding,
    OpaNotFound,
    SidecarStartError,
    SidecarUnreachable,
    TokenRefused,
    UnsoundPolicy,
)
from priorauth.sidecar import LocalSidecar
from servers import free_port

DATA = "policy/guidelines/xpovio/2022-10-03/data.yaml"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the policy, to be broken."""
    for name in policy.FOLDERS:
        shutil.copytree(policy.root() / name, tmp_path / name)
    return tmp_path


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def processes() -> dict[int, int]:
    """Every process that runs (a zombie does not), and its parent."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent, *_ = stat.read_text().rpartition(")")[2].split()
            if state != "Z":
                found[int(stat.parent.name)] = int(parent)
    return found


def running(pid: int) -> bool:
    return pid in processes()


def children(of: int) -> set[int]:
    return {pid for pid, parent in processes().items() if parent == of}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A temporary folder of this process's own: others make files in the common one meanwhile."""
    with tempfile.TemporaryDirectory() as own:
        monkeypatch.setattr(tempfile, "tempdir", own)
        yield own


def test_it_answers_until_the_block_ends(folder: str) -> None:
    before = children(os.getpid())
    sidecar = LocalSidecar()
    with sidecar as url, Client(url) as client:
        assert url == sidecar.url
        assert url.startswith("unix:///")
        assert sidecar.token is None
        assert sidecar.opa_version == opa.version(opa.ensure())
        assert client.health().guidelines
        pid = sidecar.pid
        assert running(pid)
    assert not running(pid)
    assert children(os.getpid()) == before
    assert os.listdir(folder) == []
    with Client(url) as client, pytest.raises(SidecarUnreachable):
        client.health()
    with pytest.raises(RuntimeError, match="not running"):
        _ = sidecar.url
    with sidecar as again, Client(again) as client:
        assert client.health()


def test_two_at_once_are_two() -> None:
    one, two = LocalSidecar(), LocalSidecar()
    with one as first, two as second:
        assert first != second
        assert one.pid != two.pid
        os.kill(one.pid, signal.SIGKILL)
        with Client(second) as client:
            assert client.health()


def test_one_cannot_be_entered_twice() -> None:
    sidecar = LocalSidecar()
    with sidecar as url:
        with pytest.raises(RuntimeError, match="running already"), sidecar:
            pass
        with Client(url) as client:
            assert client.health()


def test_it_outlives_the_thread_that_started_it() -> None:
    sidecar = LocalSidecar()
    starter = threading.Thread(target=sidecar.__enter__)
    starter.start()
    starter.join()
    try:
        with Client(sidecar.url) as client:
            assert client.health()
    finally:
        sidecar.__exit__(None, None, None)


def test_a_paused_one_is_stopped_all_the_same() -> None:
    sidecar = LocalSidecar()
    with sidecar:
        pid = sidecar.pid
        os.kill(pid, signal.SIGSTOP)
    assert not running(pid)


def test_wait_returns_when_it_ends() -> None:
    sidecar = LocalSidecar()
    with sidecar:
        os.kill(sidecar.pid, signal.SIGTERM)
        assert sidecar.wait() == 0


def test_the_environment_gives_it_no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPA_RUN_AUTHENTICATION", "token")
    monkeypatch.setenv("OPA_RUN_AUTHORIZATION", "basic")
    with LocalSidecar() as url, Client(url) as client:
        assert client.health()


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("package broken\n\nx := nowhere\n", "rego/broken.rego:3: rego_unsafe_var_error"),
        ("package broken\n\nx := {\n", r"rego/broken.rego:\d: rego_parse_error"),
    ],
    ids=["compile", "parse"],
)
def test_a_policy_that_does_not_compile_is_an_error(copy: Path, broken: str, told: str) -> None:
    (copy / "rego" / "broken.rego").write_text(broken)
    before = children(os.getpid())
    with pytest.raises(SidecarStartError, match=f"(?s)^no bundle of .*{told}"), LocalSidecar(copy):
        pass
    assert children(os.getpid()) == before


def test_tests_are_no_part_of_what_is_served(copy: Path) -> None:
    (copy / "rego" / "broken_test.rego").write_text("package broken_test\n\nx := nowhere\n")
    with LocalSidecar(copy) as url, Client(url) as client:
        assert client.health()


def test_a_policy_at_fault_is_an_error(copy: Path) -> None:
    data = (copy / DATA).read_text()
    (copy / DATA).write_text(data.replace('effective_date: "2022-10-03"', "effective_date: never"))
    before = children(os.getpid())
    with pytest.raises(UnsoundPolicy) as caught, LocalSidecar(copy):
        pass
    assert caught.value.findings
    assert children(os.getpid()) == before


def mistake(root: Path) -> None:
    """21 where the text says "at least 18 years of age"."""
    data = (root / DATA).read_text()
    assert data.count("        minimum: 18\n") == 1
    (root / DATA).write_text(data.replace("        minimum: 18\n", "        minimum: 21\n"))


MISTAKE = rf"\n  {DATA} /criteria/coverage/initial/\S+: .*the figure 21"


def test_a_figure_that_its_clause_does_not_have_is_an_error(copy: Path) -> None:
    mistake(copy)
    with pytest.raises(UnsoundPolicy, match=MISTAKE) as caught, LocalSidecar(copy):
        pass
    (fault,) = caught.value.findings
    assert (fault.guideline, fault.version, fault.file) == ("xpovio", "2022-10-03", DATA)


def test_an_unsound_policy_is_never_served_on_a_port_that_was_named(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may know the port, and the token: who asks meanwhile is not answered."""
    mistake(copy)
    port = free_port()
    asked: list[str] = []
    integrity = bundle.integrity

    def noted(path: Path, *, opa: Path | None = None) -> tuple[Finding, ...]:
        with Client(f"http://127.0.0.1:{port}", token="t") as theirs:
            with pytest.raises(SidecarUnreachable, match="Connection refused"):
                theirs.decide({})
            asked.append(theirs.url)
        return integrity(path, opa=opa)

    monkeypatch.setattr(bundle, "integrity", noted)
    with pytest.raises(UnsoundPolicy, match=MISTAKE), LocalSidecar(copy, port=port, token="t"):
        pass
    assert asked
    monkeypatch.undo()
    with LocalSidecar(port=port, token="t") as url:
        assert url == f"http://127.0.0.1:{port}"


def test_a_policy_that_was_found_sound_is_not_checked_again(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalSidecar(copy) as url, Client(url) as client:
        assert client.ready()

    def checked(*_: object, **__: object) -> NoReturn:
        raise AssertionError("it is checked again")

    monkeypatch.setattr(bundle, "integrity", checked)
    with LocalSidecar(copy) as url, Client(url) as client:
        assert client.ready()
    # But whatever has changed is: a guideline, a rule, and what was kept for them.
    for changed in (DATA, "rego/integrity/integrity.rego"):
        content = (copy / changed).read_bytes()
        (copy / changed).write_bytes(content + b"\n")
        with pytest.raises(AssertionError, match="checked again"), LocalSidecar(copy):
            pass
        (copy / changed).write_bytes(content)
    kept = bundle.cached(copy)
    kept.write_bytes(kept.read_bytes()[:-100])
    with pytest.raises(AssertionError, match="checked again"), LocalSidecar(copy):
        pass
    monkeypatch.undo()
    with LocalSidecar(copy) as url, Client(url) as client:
        assert client.ready()


def test_it_serves_what_another_process_removes_from_the_cache(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (copy / DATA).open("a") as data:
        data.write(f"# of this test: {uuid4()}\n")
    kept = bundle.cached(copy)
    start = subprocess.Popen

    def once_removed(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        if "--server" in command:
            kept.unlink()
        return start(command, **options)

    monkeypatch.setattr("priorauth.sidecar.subprocess.Popen", once_removed)
    with LocalSidecar(copy) as url, Client(url) as client:
        assert client.ready()
    assert not kept.exists()


def test_a_mistake_in_what_was_sound_is_an_error(copy: Path) -> None:
    with LocalSidecar(copy):
        pass
    mistake(copy)
    with pytest.raises(UnsoundPolicy, match=MISTAKE), LocalSidecar(copy):
        pass


def test_a_mistake_made_while_it_is_checked_is_not_served(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is checked is what is served, and what is there now is checked the next time."""
    integrity = bundle.integrity

    def meanwhile(path: Path, *, opa: Path | None = None) -> tuple[Finding, ...]:
        mistake(copy)
        return integrity(path, opa=opa)

    monkeypatch.setattr(bundle, "integrity", meanwhile)
    (copy / "policy" / "plan" / "data.yaml").write_text(
        (copy / "policy" / "plan" / "data.yaml").read_text() + f"# of this test: {uuid4()}\n"
    )
    with LocalSidecar(copy) as url, Client(url) as client:
        (guideline,) = client.catalog()
        (age,) = (each for each in guideline.versions[0].criteria if each.id == "age")
        assert age.figures["minimum"] == 18
    monkeypatch.undo()
    with pytest.raises(UnsoundPolicy, match=MISTAKE), LocalSidecar(copy):
        pass


def test_a_folder_cannot_say_of_itself_that_it_is_sound(copy: Path) -> None:
    mistake(copy)
    said = copy / "policy" / "system" / "bundles" / "priorauth" / "manifest" / "data.yaml"
    said.parent.mkdir(parents=True)
    said.write_text(json.dumps({"roots": bundle.ROOTS, "metadata": {"integrity": []}}))
    with pytest.raises(UnsoundPolicy, match=MISTAKE), LocalSidecar(copy):
        pass


def test_without_a_cache_it_is_checked_and_served_all_the_same(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIORAUTH_OPA", str(opa.ensure()))
    (tmp_path / "file").touch()
    monkeypatch.setenv("PRIORAUTH_CACHE", str(tmp_path / "file"))
    with LocalSidecar(copy) as url, Client(url) as client:
        assert client.ready()
    mistake(copy)
    with pytest.raises(UnsoundPolicy, match=MISTAKE), LocalSidecar(copy):
        pass


def test_serve_refuses_an_unsound_policy(copy: Path) -> None:
    mistake(copy)
    # An installed package carries its policy like this.
    shutil.copytree(
        Path(priorauth.__file__).parent,
        copy / "priorauth",
        ignore=shutil.ignore_patterns("_policy"),
    )
    (copy / "priorauth" / "_policy").mkdir()
    for name in policy.FOLDERS:
        (copy / name).rename(copy / "priorauth" / "_policy" / name)
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, "-m", "priorauth.cli", "serve", "--port", str(free_port())],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert re.search(MISTAKE, done.stderr)


def test_a_folder_without_a_policy_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"{tmp_path} holds no policy"):
        LocalSidecar(tmp_path)


def test_a_taken_port_is_an_error() -> None:
    before = children(os.getpid())
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(SidecarStartError, match=f"port {port} .*Address already in use; stop"),
            LocalSidecar(port=port),
        ):
            pass
    assert children(os.getpid()) == before


def test_one_that_takes_too_long_is_an_error(tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\n[ "$1" = run ] && exec sleep 60\nexec {opa.ensure()} "$@"\n')
    slow.chmod(0o755)
    before = children(os.getpid())
    with (
        pytest.raises(SidecarStartError, match=r"did not answer within 0\.3 s"),
        LocalSidecar(opa=slow, startup_timeout=0.3),
    ):
        pass
    assert children(os.getpid()) == before


def test_what_is_no_opa_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OpaNotFound, match="does not run"), LocalSidecar(opa=tmp_path / "x"):
        pass


HOLDER = """
from priorauth.sidecar import LocalSidecar
import time
sidecar = LocalSidecar(port=0)
with sidecar:
    print(sidecar.pid, flush=True)
    time.sleep(60)
"""

FORKING = """
from priorauth.sidecar import LocalSidecar
import os, time
sidecar = LocalSidecar(port=0)
with sidecar:
    child = os.fork()
    if child:
        print(sidecar.pid, sidecar.url, child, flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def holding(code: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A process that holds a sidecar, with this for its temporary files; and what it printed."""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as holder:
        assert holder.stdout
        yield holder, holder.stdout.readline().split()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_none_is_left_when_its_holder_ends(how: signal.Signals, tmp_path: Path) -> None:
    with holding(HOLDER, tmp_path) as (holder, (pid,)):
        started = children(holder.pid)
        assert list(tmp_path.iterdir())
        # As Ctrl-C or a closed terminal does: to the whole group, not to the holder only.
        os.killpg(holder.pid, how)
        holder.wait(10)
    assert int(pid) in started
    assert wait_for(lambda: started.isdisjoint(processes()))
    assert wait_for(lambda: not list(tmp_path.iterdir()))


def test_none_is_left_when_its_holder_is_killed_and_a_forked_child_lives(tmp_path: Path) -> None:
    with holding(FORKING, tmp_path) as (holder, (pid, url, child)):
        started = children(holder.pid) - {int(child)}
        assert int(pid) in started
        holder.kill()
        holder.wait(10)
        try:
            assert wait_for(lambda: started.isdisjoint(processes()))
            assert wait_for(lambda: not list(tmp_path.iterdir()))
            assert running(int(child))
            # Nor does the child keep the port.
            with LocalSidecar(port=int(url.rpartition(":")[2])) as again:
                assert again == url
        finally:
            os.kill(int(child), signal.SIGKILL)


def test_a_forked_child_ends_nothing_of_its_parents() -> None:
    sidecar = LocalSidecar(port=0)
    child = 1
    try:
        with sidecar as url:
            child = os.fork()
            if child:
                assert os.waitpid(child, 0)[1] == 0
                with Client(url, token=sidecar.token) as client:
                    assert client.health()
    finally:
        if not child:
            os._exit(0)


# --------------------------------------------------------------------------------------------
# Who may ask it
# --------------------------------------------------------------------------------------------


def asked(
    url: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, str]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(bomb.to(url)()) as connection:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


WRITES = [
    ("PATCH", "/v1/data/plan"),
    ("PUT", "/v1/data/access"),
    ("PUT", "/v1/policies/mine"),
    ("DELETE", "/v1/data/guidelines"),
    ("POST", "/v1/query"),
    ("GET", "/v1/config"),
    ("GET", "/v1/data/guidelines"),
    ("POST", "/v1/data/access"),
]
DECISION = "/v1/data/priorauth/decision"


@pytest.mark.parametrize("port", [None, 0], ids=["socket", "port"])
def test_nobody_may_change_or_look_behind_it(port: int | None) -> None:
    sidecar = LocalSidecar(port=port)
    with sidecar as url:
        own = {"Authorization": f"Bearer {sidecar.token}"} if sidecar.token else {}
        with Client(url, token=sidecar.token) as client:
            before = client.catalog()
            for method, path in WRITES:
                for headers in ({}, own):
                    body = b'[{"op": "add", "path": "/x", "value": 1}]'
                    sent = {"Content_Type": "application/json", **headers}
                    assert asked(url, method, path, body, **sent)[0] == 401, (method, path)
            assert client.catalog() == before
            for headers in ({}, own):
                sent = {"Content_Type": "application/json", "Origin": "https://page.example"}
                status, said = asked(url, "POST", DECISION, b"{}", **sent, **headers)
                assert status == 401
                assert headers != own or "web pages may not ask" in said


def test_its_socket_is_for_its_user_alone() -> None:
    sidecar = LocalSidecar()
    with sidecar as url:
        uds = Path(url.removeprefix("unix://"))
        assert uds.parent.stat().st_mode & 0o777 == 0o700
        assert uds.stat().st_mode & 0o777 == 0o600
        assert bomb.ports(sidecar.pid) == set()
        if os.getuid() == 0:
            other = (
                "import os, socket, sys; os.setgid(65534); os.setuid(65534); "
                "socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
            )
            done = subprocess.run(
                [sys.executable, "-c", other, uds], capture_output=True, text=True, check=False
            )
            assert done.stderr.endswith("PermissionError: [Errno 13] Permission denied\n")


def test_at_a_port_it_asks_for_its_token() -> None:
    one, two = LocalSidecar(port=0), LocalSidecar(port=0)
    with one as url, two as other:
        assert one.token
        assert one.token != two.token
        assert one.url != other
        for token in (None, two.token, "x" * 64):
            with Client(url, token=token) as client, pytest.raises(TokenRefused):
                client.decide({})
        with Client(url, token=one.token) as client:
            assert client.decide({}).outcome == "invalid"
        # Neither opens a port of its own.
        assert bomb.ports(one.pid) == bomb.ports(two.pid) == set()


def test_its_token_can_be_named() -> None:
    with LocalSidecar(port=0, token="mine") as url, Client(url, token="mine") as client:
        assert client.decide({}).outcome == "invalid"


def test_a_long_folder_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket's path is at most 107 bytes long."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with LocalSidecar() as url, Client(url) as client:
        assert client.health()
