"""A sidecar in a container: the same answers, no privileges, and nothing left behind."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest
from docker.errors import DockerException

import bomb
from priorauth import Client, opa, policy
from priorauth.errors import (
    ConfigurationError,
    OpaNotFound,
    SidecarStartError,
    TokenRefused,
    UnsoundPolicy,
)
from priorauth.sidecar import IMAGE, LABEL, DockerSidecar
from servers import absent, spent

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerClient]:
    engine = connect()
    if isinstance(engine, str):
        raise absent(f"no Docker engine: {engine}")
    yield engine
    engine.close()


def connect() -> DockerClient | str:
    """The engine, or why there is none."""
    with warnings.catch_warnings():
        # What cannot connect leaves its socket to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return docker.from_env()
        except DockerException as error:
            why_not = str(error)
        gc.collect()
    return why_not


def containers(engine: DockerClient) -> set[str]:
    return {
        str(container.id)
        for container in engine.containers.list(
            all=True, filters={"label": LABEL}, ignore_removed=True
        )
    }


@pytest.fixture(autouse=True)
def none_left(engine: DockerClient) -> Iterator[None]:
    before = containers(engine)
    yield
    assert containers(engine) == before


def test_it_answers_until_the_block_ends(engine: DockerClient) -> None:
    before = containers(engine)
    sidecar = DockerSidecar()
    with sidecar as url, Client(url) as client:
        assert url == sidecar.url
        assert sidecar.opa_version == opa.VERSION
        assert client.health().guidelines
        assert len(containers(engine) - before) == 1


def test_it_can_do_nothing_but_answer(engine: DockerClient) -> None:
    before = containers(engine)
    with DockerSidecar() as url:
        (mine,) = containers(engine) - before
        attributes = engine.containers.get(mine).attrs
    host = attributes["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert not host["Privileged"]
    assert host["Memory"] > 0
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] > 0
    assert attributes["Config"]["User"].split(":")[0] != "0"
    written = {mount["Destination"] for mount in attributes["Mounts"] if mount["RW"]}
    assert written == {"/run/priorauth"}
    assert host["NetworkMode"] == "none"
    assert not attributes["NetworkSettings"]["Ports"]
    folder = Path(url.removeprefix("unix://")).parents[1]
    assert not folder.exists()


def test_its_socket_is_for_its_user_alone() -> None:
    with DockerSidecar() as url:
        folder = Path(url.removeprefix("unix://")).parents[1]
        assert folder.stat().st_mode & 0o777 == 0o700


def test_at_a_port_it_asks_for_its_token(engine: DockerClient) -> None:
    before = containers(engine)
    sidecar = DockerSidecar(port=0)
    with sidecar as url:
        (mine,) = containers(engine) - before
        assert engine.containers.get(mine).attrs["HostConfig"]["Memory"] > 0
        with Client(url) as client, pytest.raises(TokenRefused):
            client.decide({})
        with Client(url, token=sidecar.token) as client:
            assert client.decide({}).outcome == "invalid"
            assert bomb.thrown(bomb.to(url)) == dict.fromkeys(bomb.TYPES, 415)
            assert client.decide({}).outcome == "invalid"


def test_probes_are_cheap(engine: DockerClient) -> None:
    """What it serves is checked before, and not at each probe."""
    before = containers(engine)
    with DockerSidecar() as url, Client(url) as client:
        (mine,) = containers(engine) - before
        pid = engine.containers.get(mine).attrs["State"]["Pid"]
        used = spent(pid)
        assert all(client.ready() for _ in range(100))
        # Checked each time they take 2 s.
        assert spent(pid) - used < 0.5


def test_without_an_opa_on_this_machine_it_checks_for_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def find() -> Path:
        raise OpaNotFound("no usable opa")

    monkeypatch.setattr(opa, "find", find)
    with DockerSidecar() as url, Client(url) as client:
        assert client.health().guidelines
    for name in policy.FOLDERS:
        shutil.copytree(policy.root() / name, tmp_path / name)
    (tmp_path / "policy" / "plan" / "data.yaml").write_text("clinician_review: {}\n")
    tmp_path.chmod(0o755)
    with pytest.raises(UnsoundPolicy), DockerSidecar(tmp_path):
        pass
    monkeypatch.undo()
    with pytest.raises(UnsoundPolicy), DockerSidecar(tmp_path):
        pass


def test_an_image_can_be_named_by_its_digest(engine: DockerClient) -> None:
    digest = str(engine.images.get(IMAGE).id)
    with DockerSidecar(image=digest) as url, Client(url) as client:
        assert client.health()


def test_two_at_once_are_two() -> None:
    with DockerSidecar() as one, DockerSidecar() as two:
        assert one != two


def test_a_policy_that_does_not_compile_is_an_error(tmp_path: Path) -> None:
    for name in policy.FOLDERS:
        shutil.copytree(policy.root() / name, tmp_path / name)
    (tmp_path / "rego" / "broken.rego").write_text("package broken\n\nx := nowhere\n")
    tmp_path.chmod(0o755)
    with (
        pytest.raises(SidecarStartError, match=r"rego/broken\.rego:3: rego_unsafe"),
        DockerSidecar(tmp_path),
    ):
        pass


def test_a_taken_port_is_an_error() -> None:
    with DockerSidecar(port=0) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(SidecarStartError, match=f"port {port} "), DockerSidecar(port=port):
            pass


def test_wait_returns_when_it_ends(engine: DockerClient) -> None:
    before = containers(engine)
    sidecar = DockerSidecar()
    with sidecar:
        (mine,) = containers(engine) - before
        engine.containers.get(mine).kill()
        assert sidecar.wait() == 137


def test_an_engine_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    with pytest.raises(SidecarStartError, match="Docker engine"), DockerSidecar():
        pass


def test_a_missing_extra_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(ConfigurationError, match=r"priorauth\[docker\]"), DockerSidecar():
        pass


HOLDER = """
from priorauth.sidecar import DockerSidecar
import time
with DockerSidecar() as url:
    print(url, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_none_is_left_when_its_holder_ends(engine: DockerClient, how: signal.Signals) -> None:
    before = containers(engine)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline()
        assert containers(engine) > before
        os.killpg(holder.pid, how)
        holder.wait(20)
    deadline = time.monotonic() + 20
    while containers(engine) != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert containers(engine) == before
