"""The policy's Wasm module and its instances, on wasmtime: OPA's Wasm ABI, version 1.2 or later.

An evaluation is one call into the module, `opa_eval`. What it allocates lies above the guideline
data in the instance's memory, and the next evaluation starts there anew.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import importlib.metadata
import json
import weakref
from typing import Any

import wasmtime

from . import _cache

_PAGE = 1 << 16
_MOST_PAGES = (2 << 30) // _PAGE
_STACK = 2 << 20
_READ = 1 << 16
_KEPT = 8


class WasmError(Exception):
    """A module that is not a policy, or that failed. Its message holds nothing of the input."""


_open: weakref.WeakSet[Module | Instance] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    # wasmtime's own finalizers complain when the interpreter runs them at its exit.
    for instance in [each for each in _open if isinstance(each, Instance)]:
        instance.close()
    for module in list(_open):
        module.close()


def _compiled(engine: wasmtime.Engine, wasm: bytes) -> wasmtime.Module:
    """Compiled, which takes half a second; or as it was kept, where there is a cache."""
    version = importlib.metadata.version("wasmtime")
    name = f"wasm-{hashlib.sha256(wasm).hexdigest()}-{version}.compiled"
    try:
        kept = _cache.folder() / name
        if _cache.holds(kept):
            return wasmtime.Module.deserialize_file(engine, str(kept))
    except (OSError, wasmtime.WasmtimeError):
        # No usable cache, or compiled on a processor with more features.
        pass
    module = wasmtime.Module(engine, wasm)
    with contextlib.suppress(OSError), _cache.workshop() as scratch:
        made = scratch / name
        made.write_bytes(module.serialize())
        _cache.keep(made, _cache.folder() / name)
        _cache.forget("wasm-*.compiled", _KEPT)
    return module


class Module:
    """A compiled policy. Safe to share between threads, and over a fork."""

    def __init__(self, wasm: bytes, data: bytes) -> None:
        config = wasmtime.Config()
        # Compiling in parallel would hang in a forked child of a process that has done so: the
        # compiling threads do not exist there.
        config.parallel_compilation = False
        # Recursion is as deep as the nesting; this is enough for all that Python's JSON reads.
        config.max_wasm_stack = _STACK
        self._engine = wasmtime.Engine(config)
        try:
            self._module = _compiled(self._engine, wasm)
        except wasmtime.WasmtimeError as error:
            raise WasmError(f"its Wasm module does not compile: {error}") from None
        # Before it runs, and can grow its memory, it needs no more than its own size.
        self._pages = len(wasm) // _PAGE + 4
        self._data = data
        first = self.instance()
        self.entrypoints: dict[str, int] = first.mapping("entrypoints")
        self.builtins: dict[str, int] = first.mapping("builtins")
        first.close()
        _open.add(self)

    def close(self) -> None:
        """Give its memory back, after that of its instances."""
        self._module.close()
        self._engine.close()

    def instance(self) -> Instance:
        """A new instance, with the data loaded."""
        store = wasmtime.Store(self._engine)
        try:
            memory = wasmtime.Memory(
                store, wasmtime.MemoryType(wasmtime.Limits(self._pages, _MOST_PAGES))
            )
            linker = wasmtime.Linker(self._engine)
            linker.define(store, "env", "memory", memory)
            _define_host(linker)
            exports = linker.instantiate(store, self._module).exports(store)
            return Instance(store, memory, exports, self._data)
        except (wasmtime.WasmtimeError, wasmtime.Trap, KeyError) as error:
            store.close()
            raise WasmError(f"its Wasm module is not a policy: {_words(error)}") from None
        except BaseException:
            store.close()
            raise


class Instance:
    """An instance of the policy, for one thread at a time. Unusable after a WasmError."""

    def __init__(
        self, store: wasmtime.Store, memory: wasmtime.Memory, exports: Any, data: bytes
    ) -> None:
        self._store = store
        self._memory = memory
        self._exports = exports
        self._eval = exports["opa_eval"]
        self._base = self._call("opa_heap_ptr_get")
        text = self._call("opa_malloc", len(data))
        self._write(text, data)
        self._data = self._call("opa_json_parse", text, len(data))
        if not self._data:
            raise WasmError("its data is not JSON")
        self._base = _aligned(self._call("opa_heap_ptr_get"))
        self._size_of_data = self._size
        _open.add(self)

    @property
    def grown(self) -> int:
        """The bytes that evaluations have added to its memory, which never shrinks."""
        return self._size - self._size_of_data

    @property
    def _size(self) -> int:
        return int(self._memory.data_len(self._store))

    def evaluate(self, entrypoint: int, document: bytes) -> bytes:
        """The result set (JSON) of an entry point for an input (JSON)."""
        end = self._base + len(document)
        try:
            self._write(self._base, document)
            result = self._eval(
                self._store,
                *(0, entrypoint, self._data, self._base, len(document), _aligned(end), 0),
            )
            return self._text(result)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            fault = WasmError(_words(error))
        # Out here, so that nothing of wasmtime's is chained to it.
        raise fault

    def mapping(self, name: str) -> dict[str, int]:
        """What the module exports as names with their numbers."""
        found: dict[str, int] = json.loads(
            self._text(self._call("opa_json_dump", self._call(name)))
        )
        return found

    def close(self) -> None:
        """Give its memory back."""
        self._store.close()

    def _call(self, name: str, *arguments: int) -> int:
        return int(self._exports[name](self._store, *arguments))

    def _write(self, place: int, text: bytes) -> None:
        lacking = place + len(text) + _PAGE - self._size
        if lacking > 0:
            self._memory.grow(self._store, lacking // _PAGE + 1)
        self._memory.write(self._store, bytearray(text), place)

    def _text(self, place: int) -> bytes:
        """What stands there up to a NUL."""
        length = _READ
        while True:
            part = self._memory.read(self._store, place, place + length)
            end = part.find(0)
            if end >= 0:
                return bytes(part[:end])
            if len(part) < length:
                raise WasmError("its result has no end")
            length *= 4


def _define_host(linker: wasmtime.Linker) -> None:
    i32 = wasmtime.ValType.i32()
    linker.define_func("env", "opa_abort", wasmtime.FuncType([i32], []), _abort, access_caller=True)
    linker.define_func("env", "opa_println", wasmtime.FuncType([i32], []), lambda _: None)
    for arity in range(5):
        kind = wasmtime.FuncType([i32] * (arity + 2), [i32])
        linker.define_func("env", f"opa_builtin{arity}", kind, _builtin)


def _abort(caller: wasmtime.Caller, place: int) -> None:
    memory = caller["memory"]
    assert isinstance(memory, wasmtime.Memory)
    said = bytes(memory.read(caller, place, place + 200)).partition(b"\0")[0]
    raise WasmError(f"the policy broke off: {said.decode(errors='replace')}")


def _builtin(*_: int) -> int:
    raise WasmError("the policy asks for a builtin that it was not compiled with")


def _words(error: Exception) -> str:
    """The last line of what wasmtime says: the ones above it are a trace of the guest's stack."""
    if isinstance(error, wasmtime.Trap):
        with contextlib.suppress(ValueError):
            code = error.trap_code
            if code is not None:
                return f"trap: {code.name.lower().replace('_', ' ')}"
    return str(error).strip().splitlines()[-1].strip() if str(error).strip() else "it broke off"


def _aligned(place: int) -> int:
    return (place + 7) // 8 * 8
