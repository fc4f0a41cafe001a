"""Deciding in this process, by the Wasm in a bundle: no sidecar, no network.

::

    with WasmEngine("bundle.tar.gz") as engine:
        decisions = list(engine.decide_many(requests))

Needs the extra `wasm`, which is wasmtime itself. Compared with opa-wasm 0.3.2, which is
unmaintained since 2022 and uses wasmer, and with opa-py-wasm 1.2.1. The latter is as fast, but pins
wasmtime to 46 and compiles in threads: an engine made in a forked child of a process that has one
hangs.
"""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ._document import Object
from ._json import not_json, to_json
from .bundle import ENTRYPOINTS, cached, document, integrity, member
from .decider import BUNDLE, Decider
from .errors import ConfigurationError, EngineError, Finding, UndefinedResult

if TYPE_CHECKING:
    from ._wasm import Instance, Module
    from .client import StrPath

# An instance's memory never shrinks, so an instance that a huge request has enlarged is not kept.
# The guidelines' own memory does not count, or a large policy would need a new one at every call.
_KEPT = 1 << 26


class WasmEngine(Decider):
    """Decides in this process, with the same results as a sidecar that serves the same bundle.

    `bundle` is a bundle with Wasm, as `priorauth bundle build` makes it: a file, or its bytes. The
    default is the package's own policy, built with `opa` on first use and cached. The bundle's
    signature is not checked: `priorauth bundle verify` does that.

    An engine does not check its guidelines: `priorauth bundle build` makes bundles of sound ones
    only, and `verify` checks again. `integrity()`, and so `health()`, runs OPA on the bundle,
    because the checks are not in the Wasm. Without an OPA do not call them; deciding needs none.

    Safe to share between threads (each evaluates in its own instance) and with forked children;
    when unpickled, it is made anew from the bundle. A call costs more than a decision, so
    `decide_many` is several times faster than `decide`.

    Raises ConfigurationError for a bundle that cannot be used, and without the extra `wasm`.
    """

    def __init__(self, bundle: StrPath | bytes | None = None) -> None:
        if isinstance(bundle, bytes):
            self.url, self._bundle = "memory:", bundle
        else:
            path = Path(bundle).resolve() if bundle is not None else cached()
            self.url, self._bundle = path.as_uri(), _read(path)
        self._module = _module(self._bundle)
        self._provenance = {"bundles": {BUNDLE: document(self._bundle, ".manifest")}}
        self._idle: list[Instance] = []

    def __repr__(self) -> str:
        return f"WasmEngine({self.url!r})"

    def __reduce__(self) -> tuple[type[WasmEngine], tuple[bytes]]:
        return WasmEngine, (self._bundle,)

    @property
    def bundle(self) -> bytes:
        """The bundle that it decides by."""
        return self._bundle

    def close(self) -> None:
        """Free the memory."""
        while self._idle:
            self._idle.pop().close()

    def integrity(self) -> tuple[Finding, ...]:
        """OPA's findings on the guidelines in the bundle; empty when they are sound.

        Raises BundleError or MalformedResult for a bundle whose rules cannot check, and
        OpaNotFound.
        """
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
            file.write(self._bundle)
            file.flush()
            return integrity(Path(file.name))

    def _ask(self, rule: str, document: object = None) -> Object:
        text = to_json(document)
        if text is None:
            raise not_json(document)
        try:
            results: list[Object] = json.loads(self._evaluate(rule, text))
        except EngineError:
            # Two smaller calls may succeed where one is too much.
            requests = document["requests"] if rule == "decisions" else []  # type: ignore[index]
            if len(requests) < 2:
                raise
            return self._ask_in_halves(requests)
        if not results:
            raise UndefinedResult(
                f"{self.url} has no result for priorauth/{rule}: its guideline data lacks what a "
                "rule needs; run `priorauth bundle verify` to see"
            )
        return {**results[0], "provenance": self._provenance}

    def _ask_in_halves(self, requests: list[object]) -> Object:
        middle = len(requests) // 2
        halves = [
            self._ask("decisions", {"requests": half})
            for half in (requests[:middle], requests[middle:])
        ]
        return {**halves[0], "result": [each for half in halves for each in half["result"]]}

    def _evaluate(self, rule: str, text: bytes) -> bytes:
        from ._wasm import WasmError

        try:
            instance = self._idle.pop()
        except IndexError:
            instance = self._module.instance()
        try:
            result = instance.evaluate(self._module.entrypoints[f"priorauth/{rule}"], text)
        except WasmError as error:
            instance.close()
            fault = EngineError(f"{self.url} gave no result for priorauth/{rule}: {error}")
        except BaseException:
            # Such as Ctrl-C: the interrupted instance must not be used again.
            instance.close()
            raise
        else:
            if instance.grown <= _KEPT:
                self._idle.append(instance)
            else:
                instance.close()
            return result
        raise fault


@functools.lru_cache(maxsize=4)
def _module(bundle: bytes) -> Module:
    """Compiled once in a process, and for its forked children."""
    try:
        from ._wasm import Module, WasmError
    except ImportError:
        raise ConfigurationError(
            "deciding in process needs the extra `wasm`: pip install 'priorauth[wasm]'"
        ) from None
    try:
        module = Module(member(bundle, "policy.wasm"), member(bundle, "data.json"))
    except WasmError as error:
        raise ConfigurationError(f"the bundle cannot be used: {error}") from None
    if module.builtins:
        raise ConfigurationError(
            f"the bundle asks for builtins that only OPA itself has: {', '.join(module.builtins)}"
        )
    for name in ENTRYPOINTS:
        if f"priorauth/{name}" not in module.entrypoints:
            raise ConfigurationError(f"the bundle has no entry point priorauth/{name}")
    return module


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
