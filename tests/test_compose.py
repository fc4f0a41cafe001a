"""The compose files, as `docker-compose` or `docker compose` runs them."""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bomb
import fhir_calls as calls
from priorauth import Client, opa
from priorauth.sidecar import IMAGE
from production import ACCESS, CALLER, KEYS, ROOT, Bundles, eventually, signed
from servers import absent, free_port
from test_docker import connect

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

pytestmark = [pytest.mark.docker, pytest.mark.long]


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerClient]:
    engine = connect()
    if isinstance(engine, str):
        raise absent(f"no Docker engine: {engine}")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def command() -> list[str]:
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    plugin = ["docker", "compose"]
    if shutil.which("docker") and not subprocess.run([*plugin, "version"], check=False).returncode:
        return plugin
    raise absent("neither docker-compose nor docker compose")


class Project:
    """A checkout's compose files under a name of the test's own."""

    def __init__(self, engine: DockerClient, command: list[str], root: Path, **env: str) -> None:
        self._engine = engine
        self._name = f"priorauth{time.monotonic_ns()}"
        self._command = [*command, "--project-name", self._name]
        self._root = root
        self.port = free_port()
        user = f"{os.getuid() or 65534}:{os.getgid() or 65534}"
        self._environment = os.environ | {
            "PRIORAUTH_PORT": str(self.port),
            "PRIORAUTH_USER": user,
            **env,
        }

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=self._root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextlib.contextmanager
    def up(self, *files: str) -> Iterator[dict[str, Container]]:
        """Its containers, by the name of their service."""
        self._command += [word for file in files for word in ("--file", file)]
        try:
            self.run("up", "--detach")
            found = self._engine.containers.list(
                all=True, filters={"label": f"com.docker.compose.project={self._name}"}
            )
            yield {each.labels["com.docker.compose.service"]: each for each in found}
        finally:
            self.run("down", "--volumes", "--timeout", "1")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            with contextlib.closing(connection):
                connection.request("GET", "/health/ready")
                return connection.getresponse().status == 200
        return False


def health(container: Container) -> str:
    container.reload()
    return str(container.attrs["State"]["Health"]["Status"])


def probe(container: Container) -> int:
    """What the container's own health check would say just now."""
    kind, *words = container.attrs["Config"]["Healthcheck"]["Test"]
    assert kind == "CMD"
    code = container.exec_run(words).exit_code
    assert code is not None
    return code


def published(container: Container) -> Any:
    ports = container.attrs["NetworkSettings"]["Ports"]
    return {port: where for port, where in ports.items() if where}


def confined(container: Container) -> None:
    """It can write nothing but its socket, has no privileges, and bounds."""
    attributes = container.attrs
    assert attributes["Config"]["User"].split(":")[0] != "0"
    host = attributes["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not host["Privileged"]
    assert host["Memory"] > 0
    assert host["MemorySwap"] == host["Memory"]
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] > 0
    written = {m["Destination"] for m in attributes["Mounts"] if m["RW"]}
    assert written <= {"/run/priorauth"}


def addresses(container: Container) -> list[str]:
    """Where the other containers find it."""
    networks = container.attrs["NetworkSettings"]["Networks"].values()
    found = [each["IPAddress"] for each in networks]
    assert found
    return found


def no_bomb_arrives(project: Project, container: Container) -> None:
    """Neither at the port, nor over the containers' network, and OPA is the same as before."""
    container.reload()
    before = container.attrs["State"]["Pid"]
    assert bomb.thrown(bomb.to(project.url)) == dict.fromkeys(bomb.TYPES, 415)
    for address in addresses(container):
        for port in (8181, 8282):
            with socket.socket() as tried:
                assert tried.connect_ex((address, port)) == errno.ECONNREFUSED
    container.reload()
    assert container.attrs["State"]["Pid"] == before
    assert container.attrs["RestartCount"] == 0


def test_up_serves_the_checkout(engine: DockerClient, command: list[str]) -> None:
    project = Project(engine, command, ROOT)
    with project.up() as containers:
        container = containers["opa"]
        eventually(project.ready)
        with Client(project.url) as client:
            found = client.health()
            assert found.opa_version == opa.VERSION
            assert client.decide({}).outcome == "invalid"
            no_bomb_arrives(project, container)
            assert client.decide({}).outcome == "invalid"
        assert probe(container) == 0
        eventually(lambda: health(container) == "healthy", within=30)
        assert container.attrs["Config"]["Image"] == IMAGE
        for each in containers.values():
            confined(each)
        assert not published(container)
        here = {"HostIp": "127.0.0.1", "HostPort": str(project.port)}
        assert published(containers["front"]) == {"8181/tcp": [here]}
        started = time.monotonic()
        project.run("stop")
        assert time.monotonic() - started < 10
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 0


def test_the_fhir_service_and_nothing_else_reaches_the_sidecar(
    engine: DockerClient, command: list[str]
) -> None:
    port = free_port()
    project = Project(engine, command, ROOT, PRIORAUTH_FHIR_PORT=str(port))
    with project.up("docker-compose.yml", "deploy/docker-compose.fhir.yml") as containers:
        assert set(containers) == {"fhir", "opa"}
        fhir, sidecar = containers["fhir"], containers["opa"]

        def answers(path: str) -> int:
            with (
                contextlib.suppress(OSError, http.client.HTTPException),
                contextlib.closing(calls.Called(f"http://127.0.0.1:{port}")) as called,
            ):
                return called.get(path)[0]
            return 0

        eventually(lambda: answers("/health/ready") == 200, within=60)
        with contextlib.closing(calls.Called(f"http://127.0.0.1:{port}")) as called:
            status, answer = called.signed(calls.hook())
            assert (status, calls.asserted(answer)["covered"]) == (200, ["covered"])
            assert called.ask("GET", "/cds-services", Host="page.example")[0] == 421
        for each in containers.values():
            confined(each)
            assert probe(each) == 0
        assert published(fhir) == {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
        assert not published(sidecar)
        for address in addresses(sidecar):
            for closed in (8181, 8282):
                with socket.socket() as tried:
                    assert tried.connect_ex((address, closed)) == errno.ECONNREFUSED
        sidecar.kill()
        eventually(lambda: answers("/health/live") == 200)
        started = time.monotonic()
        project.run("stop", "fhir")
        assert time.monotonic() - started < 12


def test_a_policy_that_is_unsound_or_missing_is_not_healthy(
    engine: DockerClient, command: list[str], tmp_path: Path
) -> None:
    copy = tmp_path / "checkout"
    for name in ("policy", "rego", "deploy"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "docker-compose.yml", copy)
    (copy / "policy" / "plan" / "data.yaml").write_text("clinician_review: {}\n")
    project = Project(engine, command, copy)
    with project.up() as containers:
        container = containers["opa"]
        eventually(lambda: "Initializing server" in container.logs().decode())
        eventually(lambda: alive(project))
        assert not project.ready()
        assert probe(container) != 0
    shutil.rmtree(copy / "policy" / "guidelines")
    shutil.copy(ROOT / "policy" / "plan" / "data.yaml", copy / "policy" / "plan")
    project = Project(engine, command, copy)
    with project.up() as containers:
        eventually(lambda: alive(project))
        assert probe(containers["opa"]) != 0


def alive(project: Project) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", project.port, timeout=2)
        with contextlib.closing(connection):
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
    return False


def test_with_bundles_from_a_server(
    engine: DockerClient, command: list[str], tmp_path: Path
) -> None:
    access, state = tmp_path / "access.yaml", tmp_path / "state"
    access.write_text(json.dumps(ACCESS))
    state.mkdir()
    tmp_path.chmod(0o755)
    state.chmod(0o777)
    bundles = Bundles(signed(tmp_path / "b.tar.gz", "r-1"))
    network = engine.networks.create(f"priorauth{time.monotonic_ns()}")
    try:
        # Where containers of this network reach the host, and nobody else does.
        network.reload()
        gateway = network.attrs["IPAM"]["Config"][0]["Gateway"]
        overlay = tmp_path / "overlay.yml"
        overlay.write_text(f"networks: {{default: {{name: {network.name}, external: true}}}}\n")
        with bundles.serving(host=gateway) as url:
            project = Project(
                engine,
                command,
                ROOT,
                PRIORAUTH_BUNDLES=url,
                PRIORAUTH_KEY=str(KEYS / "policy.pub"),
                PRIORAUTH_ACCESS=str(access),
                PRIORAUTH_STATE=str(state),
            )
            files = ("docker-compose.yml", "deploy/docker-compose.bundles.yml", str(overlay))
            with project.up(*files) as containers:
                eventually(project.ready)
                assert probe(containers["opa"]) == 0
                with Client(project.url, token=CALLER) as client:
                    assert client.decide({}).outcome == "invalid"
                    no_bomb_arrives(project, containers["opa"])
                    assert client.decide({}).outcome == "invalid"
                kept = state / "bundles" / "priorauth" / "bundle.tar.gz"
                eventually(kept.exists)
    finally:
        network.remove()
