"""A sidecar as an operator runs one: opa-config.yaml, signed bundles, access rules."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

import priorauth.opa
from priorauth import bundle
from servers import connection, free_port

ROOT = Path(__file__).parents[1]
KEYS = Path(__file__).with_name("keys")
CONFIG = ROOT / "opa-config.yaml"

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["opa"]

CALLER, OPERATOR = "the-caller's-token", "the-operator's-token"

ACCESS = {
    "access": {
        "tokens": {
            hashlib.sha256(token.encode()).hexdigest(): {"roles": [role]}
            for token, role in ((CALLER, "caller"), (OPERATOR, "operator"))
        },
        "certificates": {"CN=priorauth test client": {"roles": ["caller"]}},
    }
}

LEVELS = (
    ("--log-level=info", "--log-level-request=debug"),
    ("--log-level=error",),
)
"""The log levels that the operator's chapter recommends."""


def signed(path: Path, revision: str, key: str = "policy", policy: Path = ROOT) -> bytes:
    """A signed bundle of this checkout's policy, or of another; it is left at `path` too."""
    bundle.build(path, policy=policy, revision=revision, key=KEYS / f"{key}.pem")
    return path.read_bytes()


class Bundles:
    """A bundle server: any HTTP server that sends ETags. `content` is what it has, None nothing."""

    def __init__(self, content: bytes | None = None) -> None:
        self.content = content
        self.asked: list[int] = []
        """The status of every answer, in order."""

    @contextlib.contextmanager
    def serving(self, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
        bundles = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                content = bundles.content
                etag = f'"{hashlib.sha256(content or b"").hexdigest()}"'
                status = 200
                if content is None or self.path != "/priorauth.tar.gz":
                    status, content = 404, b""
                elif self.headers["If-None-Match"] == etag:
                    status, content = 304, b""
                bundles.asked.append(status)
                self.send_response(status)
                self.send_header("ETag", etag)
                if status != 304:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        with Server((host, port), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield f"http://{host}:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


class Production:
    """An OPA under opa-config.yaml, with a folder of its own for what it keeps and writes."""

    def __init__(
        self,
        folder: Path,
        bundles: str,
        *options: str | Path,
        scheme: str = "http",
        uds: Path | None = None,
    ) -> None:
        self.folder, self._scheme, self._uds = folder, scheme, uds
        self.log = folder / "log"
        self.state = folder / "state"
        access = folder / "access"
        access.mkdir()
        shutil.copy(ROOT / "deploy" / "access" / ".manifest", access)
        (access / "data.yaml").write_text(json.dumps(ACCESS))
        self.url = ""
        self._environment = {**os.environ, **COMPOSE["environment"], "PRIORAUTH_BUNDLES": bundles}
        self.command: list[str | Path] = [
            *(priorauth.opa.ensure(), "run", "--server", "--skip-version-check"),
            *("--config-file", CONFIG, "--authorization", "basic"),
            "--optimize-store-for-read-speed",
            *("--set-file", f"keys.policy.key={KEYS / 'policy.pub'}"),
            *("--set", f"persistence_directory={self.state}"),
            *("--set", "bundles.priorauth.polling.min_delay_seconds=1"),
            *("--set", "bundles.priorauth.polling.max_delay_seconds=1"),
            *(*(options or LEVELS[0]), "--bundle", access),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process
        return self._process

    def start(self) -> None:
        """Start it, and wait until its port or socket is open: not until it is ready."""
        if self._uds:
            self.url = address = f"unix://{self._uds}"
        else:
            address = f"127.0.0.1:{urlsplit(self.url).port or free_port()}"
            self.url = f"{self._scheme}://{address}"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command, "--addr", address],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

        def opened() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError), contextlib.closing(self._connect()) as connection:
                connection.connect()
                return True
            return False

        eventually(opened)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and return its exit code."""
        process, self._process = self.process, None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.send_signal(how)
        return process.wait(20)

    def __enter__(self) -> Production:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.stop(signal.SIGKILL)

    def ready(self) -> bool:
        return self.ask("GET", "/health/ready")[0] == 200

    def status(self) -> dict[str, Any]:
        """What /v1/status says of the bundle."""
        status, text = self.ask("GET", "/v1/status", token=OPERATOR)
        assert status == 200, text
        found: dict[str, Any] = json.loads(text)["result"]["bundles"]["priorauth"]
        return found

    def metrics(self) -> str:
        status, text = self.ask("GET", "/metrics", token=OPERATOR)
        assert status == 200, text
        return text

    def decide(self, request: Any, rule: str = "decision") -> dict[str, Any]:
        """OPA's whole answer for one request, decision id and provenance included."""
        path = f"/v1/data/priorauth/{rule}?provenance=true"
        status, text = self.ask("POST", path, {"input": request}, token=CALLER)
        assert status == 200, text
        answer: dict[str, Any] = json.loads(text)
        return answer

    def revision(self) -> Any:
        """That of the bundle that decides."""
        return self.decide(None)["provenance"]["bundles"]["priorauth"]["revision"]

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Status and text of the answer to one request, whose target is sent as it is spelt."""
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        with contextlib.closing(self._connect()) as connection:
            connection.putrequest(
                method, target, skip_host="Host" in sent, skip_accept_encoding=True
            )
            for name, value in sent.items():
                connection.putheader(name, value)
            if data is not None:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def _connect(self) -> http.client.HTTPConnection:
        return connection(self.url)


def eventually(true: Any, within: float = 20.0, every: float = 0.02) -> None:
    """Wait until it is true."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"not within {within:g} s"
        time.sleep(every)
