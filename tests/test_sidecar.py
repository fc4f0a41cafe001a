"""A sidecar of one's own: it starts, says why when it does not, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import priorauth
from priorauth import Client, opa, policy
from priorauth.errors import (
    ConfigurationError,
    SidecarStartError,
    SidecarUnreachable,
    UnsoundPolicy,
)
from priorauth.sidecar import LocalSidecar
from production import free_port

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


def test_it_answers_until_the_block_ends() -> None:
    before, files = children(os.getpid()), set(os.listdir(tempfile.gettempdir()))
    sidecar = LocalSidecar()
    with sidecar as url, Client(url) as client:
        assert url == sidecar.url
        assert url.startswith("http://127.0.0.1:")
        assert sidecar.opa_version == opa.version(opa.ensure())
        assert client.health().guidelines
        pid = sidecar.pid
        assert running(pid)
    assert not running(pid)
    assert children(os.getpid()) == before
    assert set(os.listdir(tempfile.gettempdir())) <= files
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
    with pytest.raises(SidecarStartError, match=told), LocalSidecar(copy):
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
    assert caught.value.faults
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
    (fault,) = caught.value.faults
    assert (fault.guideline, fault.version, fault.file) == ("xpovio", "2022-10-03", DATA)


def test_an_unsound_policy_is_never_served_on_a_port_that_was_named(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake(copy)
    port = free_port()
    served: list[str] = []
    start = LocalSidecar._start

    def noted(sidecar: LocalSidecar) -> str:
        served.append(start(sidecar))
        return served[-1]

    monkeypatch.setattr(LocalSidecar, "_start", noted)
    with pytest.raises(UnsoundPolicy, match=MISTAKE), LocalSidecar(copy, port=port):
        pass
    (elsewhere,) = served
    assert not elsewhere.endswith(f":{port}")
    with LocalSidecar(port=port) as url:
        assert url == f"http://127.0.0.1:{port}"


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
    with LocalSidecar() as url:
        port = int(url.rpartition(":")[2])
        with (
            pytest.raises(SidecarStartError, match="address already in use"),
            LocalSidecar(port=port),
        ):
            pass


def test_one_that_takes_too_long_is_an_error(tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    before = children(os.getpid())
    with (
        pytest.raises(SidecarStartError, match=r"did not answer within 0\.3 s"),
        LocalSidecar(opa=slow, startup_timeout=0.3),
    ):
        pass
    assert children(os.getpid()) == before


def test_what_is_no_opa_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SidecarStartError, match="does not start"), LocalSidecar(opa=tmp_path / "x"):
        pass


HOLDER = """
from priorauth.sidecar import LocalSidecar
import time
sidecar = LocalSidecar()
with sidecar:
    print(sidecar.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_none_is_left_when_its_holder_ends(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as holder:
        assert holder.stdout
        pid = int(holder.stdout.readline())
        started = children(holder.pid)
        # As Ctrl-C or a closed terminal does: to the whole group, not to the holder only.
        os.killpg(holder.pid, how)
        holder.wait(10)
    assert pid in started
    assert wait_for(lambda: started.isdisjoint(processes()))
