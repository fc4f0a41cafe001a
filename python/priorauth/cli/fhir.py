"""`priorauth serve --fhir`."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import signal
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError, SidecarStartError

if TYPE_CHECKING:
    from ..sidecar import DockerSidecar, LocalSidecar


def run(
    sidecar: Callable[[], LocalSidecar | DockerSidecar],
    *,
    url: str | None,
    host: str,
    port: int,
    allowed_hosts: list[str] | None,
    members: Path | None,
    callers: Path | None,
    say: Callable[[str], None],
) -> None:
    """Serve until told to stop. Asks the sidecar at `url`, or else a private one."""
    try:
        from ..fhir import THIS_MACHINE, Callers, MemberFile, Rules, Service, serve
    except ImportError:
        raise ConfigurationError(
            "the FHIR service needs the extra `fhir`: pip install 'priorauth[fhir]'"
        ) from None
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    known = MemberFile(members) if members else None
    let_in = Callers(callers) if callers else None
    hosts: Collection[str] | None = [each.lower() for each in allowed_hosts or ()]
    if not hosts:
        hosts = THIS_MACHINE if _is_this_machine(host) else None
    with contextlib.ExitStack() as stack:
        own = None if url else sidecar()
        if own:
            rules = Rules(stack.enter_context(own))
        else:
            rules = Rules(url, token=os.environ.get("PRIORAUTH_TOKEN") or None)

        def ready(address: str) -> None:
            print(address, flush=True)
            if let_in is None:
                say("Anyone who can reach it may call: give --callers, or put a gateway in front")
            say(f"It asks {rules.url} and serves until Ctrl-C")

        stopped = serve(
            Service(rules, known, let_in, hosts),
            host=host,
            port=port,
            ready=ready,
            ended=own.wait if own else None,
        )
    if stopped is None:
        raise SidecarStartError("the sidecar stopped unexpectedly; start the service again")
    if stopped is signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + stopped)


def _is_this_machine(host: str) -> bool:
    """Whether an address to listen on is one that other machines do not reach."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
