"""A private OPA that serves the policy for as long as a `with` block lasts.

::

    with LocalSidecar() as url, Client(url) as client:
        decision = client.decide(request)

`LocalSidecar` runs an `opa` on this machine; `DockerSidecar` runs the official image and needs the
extra `docker`.

It answers on a unix socket that only this user can open. By its access rules
(`rego/system/authz.rego`) callers may ask for decisions, and change nothing. With a `port` it
answers on 127.0.0.1 too, for callers that send its token.
"""

from __future__ import annotations

import abc
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO, TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import quote

import requests

from . import bundle as _bundles
from . import opa as _opa
from . import policy as _policy
from ._relay import Relay
from .client import Client
from .errors import (
    BundleError,
    ConfigurationError,
    OpaNotFound,
    SidecarStartError,
    SidecarUnreachable,
    UnsoundPolicy,
)

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

IMAGE = f"openpolicyagent/opa:{_opa.VERSION}-static"
"""The image that `DockerSidecar` runs."""

LABEL = "priorauth.sidecar"
"""The label that every container of a `DockerSidecar` bears."""

_SOCKET = "opa.sock"
_ACCESS = "access"
_LONGEST_FOLDER = 80
_GRACE_S = 3
_POLL_S = 0.01
_OPTIONS = (
    *("--skip-version-check", "--log-level", "error", "--authorization", "basic"),
    # Every decision reads the guidelines, and they do not change while they are served. Kept in the
    # form that the rules read, they are not converted at each access.
    "--optimize-store-for-read-speed",
    *("--ignore", _policy.TESTS),
)

# Cleans up when this process cannot. `read` returns when the other end of its pipe is closed. Only
# this process has that end, so it is closed whatever ends the process, SIGKILL included.
# PR_SET_PDEATHSIG would not do: it fires when the thread that started the child ends, and must be
# set between fork and exec, which is unsafe when there are threads.
_WHEN_ORPHANED = """
folder=$1; shift
if read -r target; then read -r _; "$@" "$target"; fi
rm -rf "$folder"
"""
_REMOVE = "import docker, sys; docker.from_env().containers.get(sys.argv[1]).remove(force=True)"

# What a forked child must close, because it would keep it open otherwise.
_held: weakref.WeakSet[IO[bytes] | Relay] = weakref.WeakSet()


def _let_go() -> None:
    for held in _held:
        held.server_close() if isinstance(held, Relay) else held.close()


os.register_at_fork(after_in_child=_let_go)


Watch = Callable[[str], None]


class _Found(NamedTuple):
    url: str
    opa_version: str | None


class _Sidecar(abc.ABC):
    _KILL: tuple[str, ...]

    def __init__(
        self,
        policy: Path | None,
        port: int | None,
        token: str | None,
        startup_timeout: float,
        args: Sequence[str],
    ) -> None:
        self._root = _policy.root() if policy is None else _policy.check(policy)
        self._port = port
        self._token = token or (None if port is None else secrets.token_hex(32))
        self._startup_timeout = startup_timeout
        self._args = (*_OPTIONS, *args)
        self._undo = contextlib.ExitStack()
        self._found: _Found | None = None
        self._url = ""
        self._holder = 0

    def __enter__(self) -> str:
        """Start, wait until it is ready to decide, and return its URL."""
        if self._found is not None:
            raise RuntimeError("the sidecar is running already")
        self._holder = os.getpid()
        try:
            relay = None if self._port is None else self._held(self._port)
            folder = self._undo.enter_context(_private_folder())
            watch = self._undo.enter_context(_watch(folder, *self._KILL))
            _write_access(folder / _ACCESS, self._token)
            uds = self._start(folder, watch)
            self._found = self._await(uds)
            # No caller is answered at the port before it is ready to decide.
            if relay:
                relay.serve(uds)
            self._url = relay.url if relay else self._found.url
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
        self._found = None
        # A process forked from the holder has a copy of this, but nothing to stop.
        if self._holder == os.getpid():
            self._undo.close()

    @property
    def url(self) -> str:
        """The URL for `Client`: a unix socket, or http when it has a port."""
        _running(self._found)
        return self._url

    @property
    def token(self) -> str | None:
        """The token that callers must send; None if they need none."""
        return self._token

    @property
    def opa_version(self) -> str | None:
        """The version that its OPA reports."""
        return _running(self._found).opa_version

    @abc.abstractmethod
    def wait(self) -> int:
        """Block until it ends by itself; returns its exit code."""

    @abc.abstractmethod
    def _start(self, folder: Path, watch: Watch) -> Path:
        """Start it, with what is in the folder, and return the socket on which it will answer.

        `watch` is told what to end, with `_KILL`, should this process be killed.
        """

    @abc.abstractmethod
    def _ended(self) -> bool: ...

    @abc.abstractmethod
    def _said(self) -> str:
        """Its whole output, once it has ended."""

    def _bundle(self, opa: Path, folder: Path) -> Path:
        """What it serves, which is sound: of the policy as it is now, and checked by this OPA.

        A copy of its own: other processes remove from the cache what they have not used for long.
        """
        bundle = folder / "bundle.tar.gz"
        try:
            shutil.copyfile(_bundles.cached(self._root, opa=opa, otherwise=folder), bundle)
        except (BundleError, OSError) as error:
            if isinstance(error, BundleError) and error.findings:
                raise UnsoundPolicy(f"{self._root}: {error}", findings=error.findings) from None
            raise SidecarStartError(f"no bundle of {self._root} can be made: {error}") from None
        # Readable for whoever a container runs as.
        bundle.chmod(0o644)
        return bundle

    def _held(self, port: int) -> Relay:
        try:
            relay = Relay(port)
        except OSError as error:
            raise SidecarStartError(
                f"port {port} of 127.0.0.1 is not available: {error.strerror}; stop what uses "
                "it, or choose another (0: a free one)"
            ) from None
        self._undo.callback(relay.close)
        _held.add(relay)
        return relay

    def _await(self, uds: Path) -> _Found:
        deadline = time.monotonic() + self._startup_timeout
        with Client(uds=uds, token=self._token, timeout=self._startup_timeout) as client:
            while True:
                with contextlib.suppress(SidecarUnreachable):
                    if not client.ready():
                        # Says why.
                        client.health()
                    return _Found(client.url, client.opa_version())
                if self._ended():
                    raise SidecarStartError(f"OPA did not start: {self._said()}")
                if time.monotonic() > deadline:
                    limit = f"{self._startup_timeout:g} s"
                    raise SidecarStartError(
                        f"OPA did not answer within {limit}; raise startup_timeout, or see whether "
                        "the machine is overloaded"
                    )
                time.sleep(_POLL_S)


class LocalSidecar(_Sidecar):
    """A private OPA, as a child process.

    `policy` is the folder that holds `policy/` and `rego/`; by default the package's own. `opa` is
    the executable; by default it is found or fetched. `startup_timeout` is how many seconds it may
    take to be ready. `args` are more options of `opa run`.

    It serves a bundle of the current policy from the cache. The bundle is checked and built again
    when the policy or the OPA has changed.

    `port` is the port of 127.0.0.1 that it answers on, 0 for a free one; by default there is none.
    At a port it takes JSON of at most 524,288 bytes, from callers that send `token` (a random one
    when None is given), and never from web pages. That traffic goes through this process: it is for
    trials, and for the light load of one machine.

    Entering raises OpaNotFound. It raises SidecarStartError for a port that is taken and, with
    OPA's own message (file and line), for a policy that does not compile; UnsoundPolicy, with all
    findings, for a policy that is not sound; and another SidecarError for one that is not ready for
    another reason. No caller is answered at the port before then. Afterwards no process and no file
    is left, even after an interrupt or when this process is killed.
    """

    _KILL = ("kill", "-KILL")

    def __init__(
        self,
        policy: Path | None = None,
        *,
        opa: Path | None = None,
        port: int | None = None,
        token: str | None = None,
        startup_timeout: float = 10.0,
        args: Sequence[str] = (),
    ) -> None:
        super().__init__(policy, port, token, startup_timeout, args)
        self._opa = opa
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the OPA."""
        return _running(self._process).pid

    def wait(self) -> int:
        return _running(self._process).wait()

    def _start(self, folder: Path, watch: Watch) -> Path:
        opa = (self._opa or _opa.ensure()).absolute()
        bundle = self._bundle(opa, folder)
        uds = folder / _SOCKET
        # Unnamed, so that there is nothing to remove. An unread pipe would fill up.
        self._output = self._undo.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                [
                    *(str(opa), "run", "--server", "--addr", f"unix://{quote(str(uds))}"),
                    *("--unix-socket-perm", "600", *self._args),
                    *("--bundle", str(folder / _ACCESS), str(bundle)),
                ],
                cwd=self._root,
                env=_opa.environment(),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                # A terminal's Ctrl-C is for this process, which stops OPA when it is done.
                start_new_session=True,
            )
        except OSError as error:
            raise SidecarStartError(f"{opa} does not start: {error}") from error
        self._undo.callback(self._stop)
        watch(str(self._process.pid))
        return uds

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
    """A private OPA in a container of the official image.

    The container has no network, can write nothing but its socket, has no privileges, and is
    limited in memory, processor time and number of processes. Takes the parameters of
    `LocalSidecar`, except `opa`. `image` is pulled when the Docker engine does not have it; name it
    by its digest, as in `openpolicyagent/opa@sha256:…`, to pin it. Entering raises the same errors,
    and ConfigurationError without the extra `docker`.

    It serves the same bundle as `LocalSidecar` where there is an `opa` on this machine to build it;
    none is fetched. Otherwise it serves the policy's folders, and OPA checks them each time it is
    asked whether it is ready.

    The socket is in a folder of this machine. A Docker engine in a virtual machine, such as Docker
    Desktop, does not share it: entering raises SidecarStartError. Use `LocalSidecar` there.
    """

    _KILL = (sys.executable, "-c", _REMOVE)

    def __init__(
        self,
        policy: Path | None = None,
        *,
        image: str = IMAGE,
        port: int | None = None,
        token: str | None = None,
        startup_timeout: float = 30.0,
        args: Sequence[str] = (),
    ) -> None:
        super().__init__(policy, port, token, startup_timeout, args)
        self._image = image
        self._container: Container | None = None

    def __enter__(self) -> str:
        docker = _docker()
        try:
            return super().__enter__()
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise SidecarStartError(
                f"the Docker engine does not start {self._image}: {error}"
            ) from error

    def wait(self) -> int:
        return int(_running(self._container).wait(timeout=None)["StatusCode"])

    def _start(self, folder: Path, watch: Watch) -> Path:
        docker = _docker()
        engine = docker.from_env()
        self._undo.callback(engine.close)
        try:
            engine.images.get(self._image)
        except docker.errors.ImageNotFound:
            engine.images.pull(self._image)
        # For any user of the container: nobody else can enter the folder around this one.
        shared = folder / "run"
        shared.mkdir()
        shared.chmod(0o777)
        container = self._container = self._create(engine, folder, *self._served(folder))
        self._undo.callback(self._remove, docker.errors.NotFound)
        watch(str(container.id))
        container.start()
        return shared / _SOCKET

    def _served(self, folder: Path) -> tuple[Sequence[str], Sequence[Path]]:
        """What it serves, as OPA's arguments and as what is mounted.

        The bundle, where there is an OPA to build it with; otherwise the folders, which are checked
        each time the container is asked whether it is ready.
        """
        try:
            opa = _opa.find()
        except OpaNotFound:
            return (*_policy.FOLDERS, _ACCESS), _policy.paths(self._root)
        bundle = self._bundle(opa, folder)
        return ("--bundle", _ACCESS, bundle.name), (bundle,)

    def _create(
        self, engine: DockerClient, folder: Path, arguments: Sequence[str], served: Sequence[Path]
    ) -> Container:
        # Not with auto_remove: the engine would throw away the output that says why it failed.
        return engine.containers.create(
            self._image,
            [
                *("run", "--server", "--addr", f"unix:///run/priorauth/{_SOCKET}"),
                *("--unix-socket-perm", "777", *self._args, *arguments),
            ],
            # Near its memory limit, saving memory comes first.
            environment={**_opa.COLLECTOR, "GOMEMLIMIT": "450MiB"},
            working_dir="/priorauth",
            volumes={
                str(path): {"bind": f"/priorauth/{path.name}", "mode": "ro"}
                for path in (*served, folder / _ACCESS)
            }
            | {str(folder / "run"): {"bind": "/run/priorauth", "mode": "rw"}},
            network_mode="none",
            labels={LABEL: ""},
            # This user, who can read the policy; but never root.
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
def _private_folder() -> Iterator[Path]:
    """A folder for one's own use, while the block lasts. A socket's path has to be short."""
    parent = tempfile.gettempdir()
    if len(os.fsencode(parent)) > _LONGEST_FOLDER:
        parent = "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="priorauth-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_access(folder: Path, token: str | None) -> None:
    """Who may ask: whoever can open the socket, or sends the token if there is one."""
    who: dict[str, object] = {"everyone": ["caller"]}
    if token is not None:
        who = {"tokens": {hashlib.sha256(token.encode()).hexdigest(): {"roles": ["caller"]}}}
    folder.mkdir()
    (folder / "data.json").write_text(json.dumps({"access": who}))
    # With a manifest the folder is a bundle too, and no other bundle can have data of this name.
    (folder / ".manifest").write_text(json.dumps({"roots": ["access"]}))


@contextlib.contextmanager
def _watch(folder: Path, *command: str) -> Iterator[Watch]:
    """Should this process end within the block, run `command` on the target that is told.

    The folder is removed too.
    """
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", _WHEN_ORPHANED, "sh", str(folder), *command],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,
    )
    with watcher:
        pipe = _running(watcher.stdin)
        _held.add(pipe)

        def watch(target: str) -> None:
            pipe.write(f"{target}\n".encode())

        try:
            yield watch
        finally:
            watcher.kill()


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
