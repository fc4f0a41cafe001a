"""A private OPA that serves the policy for as long as a `with` block lasts.

::

    with LocalSidecar() as url, Client(url) as client:
        decision = client.decide(request)

`LocalSidecar` runs an `opa` on this machine; `DockerSidecar` runs the official image and needs the
extra `docker`.
"""

from __future__ import annotations

import abc
import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO, TYPE_CHECKING, TypeVar

import requests

from . import opa as _opa
from . import policy as _policy
from .client import Client
from .decider import Health
from .errors import ConfigurationError, SidecarStartError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

IMAGE = f"openpolicyagent/opa:{_opa.VERSION}-static"
"""The image that `DockerSidecar` runs."""

LABEL = "priorauth.sidecar"
"""The label that every container of a `DockerSidecar` bears."""

_PORT = 8181
_GRACE_S = 3
_POLL_S = 0.01
_OPTIONS = (
    *("--skip-version-check", "--log-level", "error"),
    # Guidelines are data that every decision reads and that never changes while it is served: kept
    # as the rules read them, they are not converted at each look.
    "--optimize-store-for-read-speed",
    *("--ignore", _policy.TESTS),
)

# A decision leaves much that is at once of no use, beside little that stays. Compared, on two busy
# cores: with Go's own 100 a call for one decision took 4.2 ms of processor time and its memory
# peaked at 63 MB; with 400 2.8 ms and 116 MB; with 800 no less time, and 158 MB.
_ENVIRONMENT = {"GOGC": "400"}

# Sees to it that nothing is left behind when this process cannot: `read` returns when the other
# end of its pipe, which no other process has, is closed, whatever ended its holder, SIGKILL
# included. PR_SET_PDEATHSIG would not do: it fires when the thread that started the child ends,
# and must be set between fork and exec, which is unsafe when there are threads.
_WHEN_ORPHANED = 'read -r target || exit 0; read -r _; "$@" "$target"'
_REMOVE = "import docker, sys; docker.from_env().containers.get(sys.argv[1]).remove(force=True)"


class _Sidecar(abc.ABC):
    def __init__(
        self, policy: Path | None, port: int, startup_timeout: float, args: Sequence[str]
    ) -> None:
        self._root = _policy.root() if policy is None else _policy.check(policy)
        self._port = port
        self._startup_timeout = startup_timeout
        self._mark = uuid.uuid4().hex
        self._own_args = args
        self._args = (*_OPTIONS, "--set", f"labels.mark={self._mark}", *args, *_policy.FOLDERS)
        self._undo = contextlib.ExitStack()
        self._health: Health | None = None

    def __enter__(self) -> str:
        """Start, wait until it is fit to decide, and return its URL."""
        if self._health is not None:
            raise RuntimeError("the sidecar is running already")
        if self._port:
            # Others may know this port and ask at once. So one is tried out where nobody does.
            with self._rehearsal():
                pass
        try:
            self._health = self._await(self._start())
        except BaseException:
            self._undo.close()
            raise
        return self.url

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._health = None
        self._undo.close()

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._fit.url

    @property
    def opa_version(self) -> str | None:
        """The version that its OPA says it is."""
        return self._fit.opa_version

    @property
    def _fit(self) -> Health:
        return _running(self._health)

    @abc.abstractmethod
    def wait(self) -> int:
        """Block until it ends of itself; its exit code."""

    @abc.abstractmethod
    def _rehearsal(self) -> _Sidecar:
        """The same on a free port."""

    @abc.abstractmethod
    def _start(self) -> str:
        """Start it, and return the URL where it will answer."""

    @abc.abstractmethod
    def _ended(self) -> bool: ...

    @abc.abstractmethod
    def _said(self) -> str:
        """All that it wrote, once it has ended."""

    def _await(self, url: str) -> Health:
        deadline = time.monotonic() + self._startup_timeout
        while not self._answers(url):
            if self._ended():
                raise SidecarStartError(f"OPA did not start: {self._said()}")
            if time.monotonic() > deadline:
                raise SidecarStartError(f"OPA did not answer within {self._startup_timeout:g} s")
            time.sleep(_POLL_S)
        with Client(url, timeout=self._startup_timeout) as client:
            return client.health()

    def _answers(self, url: str) -> bool:
        # Not just anything: another may have the port, and ours be about to find out.
        try:
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=1)
            with contextlib.closing(connection):
                connection.request("GET", "/v1/config")
                return self._mark.encode() in connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False


class LocalSidecar(_Sidecar):
    """A private OPA on the loopback interface, as a child process.

    `policy` is the folder that holds `policy/` and `rego/`, the package's own by default; `opa` the
    executable, found or fetched by default; `port` the port, 0 for a free one;
    `startup_timeout` the seconds it may take to be fit to decide; `args` more arguments to
    `opa run`.

    Entering raises OpaNotFound, SidecarStartError with OPA's own message (file and line) for a
    policy that does not compile, UnsoundPolicy with all that is at fault for one that is not sound,
    and another SidecarError for one that is not fit to decide otherwise; nobody is told the URL
    before, and a port that was named serves nothing before. Afterwards no process and no file is
    left, also after an interrupt, and when this process is killed.
    """

    def __init__(
        self,
        policy: Path | None = None,
        *,
        opa: Path | None = None,
        port: int = 0,
        startup_timeout: float = 10.0,
        args: Sequence[str] = (),
    ) -> None:
        super().__init__(policy, port, startup_timeout, args)
        self._opa = opa
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the OPA."""
        return _running(self._process).pid

    def wait(self) -> int:
        return _running(self._process).wait()

    def _rehearsal(self) -> LocalSidecar:
        return LocalSidecar(
            self._root,
            opa=self._opa,
            startup_timeout=self._startup_timeout,
            args=self._own_args,
        )

    def _start(self) -> str:
        opa = (self._opa or _opa.ensure()).absolute()
        port = self._port or _free_port()
        watch = self._undo.enter_context(_watch("kill", "-KILL"))
        # Unnamed, so that there is nothing to remove; a pipe would fill up unread.
        self._output = self._undo.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                [opa, "run", "--server", "--addr", f"127.0.0.1:{port}", *self._args],
                cwd=self._root,
                # OPA takes its options from these too.
                env=_ENVIRONMENT
                | {k: v for k, v in os.environ.items() if not k.startswith("OPA_")},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                # A terminal's Ctrl-C is for us: it is we who stop it, once we have no use for it.
                start_new_session=True,
            )
        except OSError as error:
            raise SidecarStartError(f"{opa} does not start: {error}") from error
        self._undo.callback(self._stop)
        watch(str(self._process.pid))
        return f"http://127.0.0.1:{port}"

    def _stop(self) -> None:
        process, self._process = _running(self._process), None
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
            process.wait()

    def _ended(self) -> bool:
        return _running(self._process).poll() is not None

    def _said(self) -> str:
        output = _running(self._output)
        output.seek(0)
        return _plain(output.read())


class DockerSidecar(_Sidecar):
    """A private OPA in a container of the official image, published on 127.0.0.1 only.

    It can write nothing, has no privileges, and is bounded in memory, processor time and number of
    processes. Takes what `LocalSidecar` takes, but for `opa`; the image is pulled when the engine
    does not have it. Entering raises the same errors; ConfigurationError without the extra
    `docker`.
    """

    def __init__(
        self,
        policy: Path | None = None,
        *,
        port: int = 0,
        startup_timeout: float = 30.0,
        args: Sequence[str] = (),
    ) -> None:
        super().__init__(policy, port, startup_timeout, args)
        self._container: Container | None = None

    def __enter__(self) -> str:
        docker = _docker()
        try:
            return super().__enter__()
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise SidecarStartError(f"the Docker engine does not start {IMAGE}: {error}") from error

    def wait(self) -> int:
        return int(_running(self._container).wait(timeout=None)["StatusCode"])

    def _rehearsal(self) -> DockerSidecar:
        return DockerSidecar(self._root, startup_timeout=self._startup_timeout, args=self._own_args)

    def _start(self) -> str:
        docker = _docker()
        engine = docker.from_env()
        self._undo.callback(engine.close)
        try:
            engine.images.get(IMAGE)
        except docker.errors.ImageNotFound:
            engine.images.pull(IMAGE)
        watch = self._undo.enter_context(_watch(sys.executable, "-c", _REMOVE))
        container = self._container = self._create(engine)
        self._undo.callback(self._remove, docker.errors.NotFound)
        watch(str(container.id))
        container.start()
        container.reload()
        published = container.ports.get(f"{_PORT}/tcp")
        if not published:
            raise SidecarStartError(f"OPA did not start: {self._said()}")
        return f"http://127.0.0.1:{published[0]['HostPort']}"

    def _create(self, engine: DockerClient) -> Container:
        # Not with auto_remove: the engine would throw away what it said on why it did not start.
        return engine.containers.create(
            IMAGE,
            ["run", "--server", "--addr", f"0.0.0.0:{_PORT}", *self._args],
            # Near what it may have, it is memory that counts.
            environment=_ENVIRONMENT | {"GOMEMLIMIT": "450MiB"},
            working_dir="/priorauth",
            volumes={
                str(path): {"bind": f"/priorauth/{path.name}", "mode": "ro"}
                for path in _policy.paths(self._root)
            },
            ports={f"{_PORT}/tcp": ("127.0.0.1", self._port)},
            labels={LABEL: ""},
            # One's own, so that the policy can be read; anybody's but root's.
            user=f"{os.getuid() or 65534}:{os.getgid() or 65534}",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit="512m",
            memswap_limit="512m",
            nano_cpus=2_000_000_000,
            pids_limit=128,
            use_config_proxy=False,
        )

    def _remove(self, gone: type[Exception]) -> None:
        container, self._container = self._container, None
        with contextlib.suppress(gone):
            try:
                _running(container).stop(timeout=_GRACE_S)
            finally:
                _running(container).remove(force=True)

    def _ended(self) -> bool:
        container = _running(self._container)
        container.reload()
        return container.status != "running"

    def _said(self) -> str:
        return _plain(_running(self._container).logs())


_T = TypeVar("_T")


def _running(it: _T | None) -> _T:
    if it is None:
        raise RuntimeError("the sidecar is not running")
    return it


@contextlib.contextmanager
def _watch(*command: str) -> Iterator[Callable[[str], None]]:
    """Run `command` on the target that is told, should this process end within the block."""
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", _WHEN_ORPHANED, "sh", *command],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,
    )
    with watcher:

        def watch(target: str) -> None:
            _running(watcher.stdin).write(f"{target}\n".encode())

        try:
            yield watch
        finally:
            watcher.kill()


def _free_port() -> int:
    # OPA, told to take any port, does not tell which. A connection that the server's side closed
    # keeps its port from being handed out for a minute, yet lets a server ask for it by number.
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        address: tuple[str, int] = server.getsockname()
        with socket.create_connection(address) as peer:
            server.accept()[0].close()
            peer.recv(1)
        return address[1]


def _plain(output: bytes) -> str:
    """What OPA said, without its log's warnings."""
    lines = output.decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if '"level":"warning"' not in line).strip()


def _docker() -> ModuleType:
    try:
        import docker
    except ImportError as error:
        raise ConfigurationError(
            "a sidecar in Docker needs the extra `docker`: pip install 'priorauth[docker]'"
        ) from error
    return docker
