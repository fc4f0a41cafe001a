"""Running the service until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable

from aiohttp import web

from ..errors import ConfigurationError
from .service import Service

_GRACE_S = 10.0

_STOPPING = (signal.SIGINT, signal.SIGTERM)


def serve(
    service: Service,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    ready: Callable[[str], None] = lambda _: None,
    ended: Callable[[], object] | None = None,
) -> signal.Signals | None:
    """Serve until SIGINT or SIGTERM, which is returned; calls under way are answered first.

    `ready` is called with the URL once it answers; port 0 is any free one. `ended`, which is called
    in a thread, returns when there is nothing to serve any more; then None is returned. Raises
    ConfigurationError if the address is not available.
    """
    return asyncio.run(_serve(service, host, port, ready, ended))


async def _serve(
    service: Service,
    host: str,
    port: int,
    ready: Callable[[str], None],
    ended: Callable[[], object] | None,
) -> signal.Signals | None:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[signal.Signals | None] = loop.create_future()

    def stop(by: signal.Signals | None) -> None:
        if not stopped.done():
            stopped.set_result(by)

    def wait(ended: Callable[[], object]) -> None:
        ended()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(stop, None)

    for each in _STOPPING:
        loop.add_signal_handler(each, stop, each)
    runner = web.AppRunner(service.application, access_log=None, shutdown_timeout=_GRACE_S)
    try:
        await runner.setup()
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.create_server((host, port), family=family)
        except OSError as error:
            raise ConfigurationError(f"{host}:{port} is not available: {error.strerror}") from None
        await web.SockSite(runner, listener).start()
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listener.getsockname()[1]}")
        if ended is not None:
            # A thread of its own: nobody waits for it, should the service be told to stop first.
            threading.Thread(target=wait, args=(ended,), daemon=True).start()
        return await stopped
    finally:
        await runner.cleanup()
        for each in _STOPPING:
            loop.remove_signal_handler(each)
        stopped.cancel()
