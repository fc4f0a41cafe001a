"""The engine in this process against the sidecar: the same decisions, whatever is asked."""

from __future__ import annotations

import io
import itertools
import json
import pickle
import resource
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import generators
from asking import ask, batches
from generators import BARE, FULL, INITIAL, put, repeatable
from priorauth import (
    ConfigurationError,
    EngineError,
    NotJSON,
    PriorAuthError,
    UndefinedResult,
    UnsoundPolicy,
    WasmEngine,
    _cache,
    _wasm,
    bundle,
    opa,
    policy,
)
from priorauth.errors import BundleError

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def engine(bundle_file: Path) -> Iterator[WasmEngine]:
    with WasmEngine(bundle_file) as engine:
        yield engine


def rebuilt(bundle_file: Path, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The bundle with its files changed; what becomes None is left out."""
    output = io.BytesIO()
    with tarfile.open(bundle_file) as source, tarfile.open(fileobj=output, mode="w:gz") as target:
        for member in source:
            file = source.extractfile(member)
            assert file
            content = change(member.name, file.read())
            if content is not None:
                member.size = len(content)
                target.addfile(member, io.BytesIO(content))
    return output.getvalue()


def with_data(bundle_file: Path, edit: Callable[[Any], None]) -> bytes:
    """The bundle with its guideline data edited, as no build would let it."""

    def change(name: str, content: bytes) -> bytes:
        if name != "/data.json":
            return content
        data = json.loads(content)
        edit(data)
        return json.dumps(data).encode()

    return rebuilt(bundle_file, change)


# --------------------------------------------------------------------------------------------
# The same decisions
# --------------------------------------------------------------------------------------------


def canonical(value: Any) -> str:
    """As JSON; the order of keys does not matter, the spelling of numbers does."""
    return json.dumps(value, sort_keys=True)


def compared(url: str, engine: WasmEngine, requests: Iterable[Any]) -> int:
    """How many there are; both must decide all of them alike."""
    count = 0
    for batch in batches(requests):
        told = [dict(decision.raw) for decision in engine.decide_many(batch)]
        for request, one, other in zip(batch, ask(url).decide_batch(batch), told, strict=True):
            assert canonical(one) == canonical(other), repr(request)
        count += len(batch)
    return count


@pytest.mark.long
@pytest.mark.parametrize(("kind", "states"), [("initial", 26_244), ("renewal", 23_328)])
def test_every_combination_of_states(kind: str, states: int, url: str, engine: WasmEngine) -> None:
    requests = generators.every_combination_of_states(kind)
    assert compared(url, engine, requests) == states


@pytest.mark.parametrize("name", generators.BOUNDARIES)
def test_every_boundary(name: str, url: str, engine: WasmEngine) -> None:
    requests = generators.BOUNDARIES[name]()
    assert compared(url, engine, itertools.islice(requests, 0, None, 3)) > 50


@pytest.mark.long
def test_any_value_in_any_place(url: str, engine: WasmEngine) -> None:
    assert compared(url, engine, generators.every_value_everywhere()) > 5_000


STRINGS = [
    *(
        "\u0130",
        "XPOV\u0130O",
        "xpov\u0130o",
        "\u017felinexor",
        "\u212a",
        "\uff38POVIO",
        "xpov\u0131o",
    ),
    *("xpovio\u00a0", "\u2003xpovio", "\ufeffxpovio", "xpovio\u0085", "\x1cxpovio", "\u200bxpovio"),
    *("xpovio\u0000", "\u0000", "a\u0000b", "\u007f", "\u2028", "\U0010ffff", "\ud7ff", "\ue000"),
    *(
        "\x01\x1f",
        '"\\/',
        "ß",
        "\u1e9e",
        "Ǆ",
        "~",
        "/",
        "~1/~0",
        "\u0301e",
        "e\u0301",
        "𐐀",
        "\ufffd",
    ),
]


def test_strings_of_every_script_in_values_and_keys(url: str, engine: WasmEngine) -> None:
    places = ["/drug/name", "/request_id", "/type", "/member/formulary", "/documentation/0/type"]
    requests: list[Any] = list(STRINGS)
    for text in STRINGS:
        requests += [put(FULL, place, text) for place in places]
        requests += [{**INITIAL, text: 1}, {text: text}, {**INITIAL, "member": {text: None}}]
    assert compared(url, engine, requests) == len(requests)


@pytest.mark.long
def test_every_character_in_a_name(url: str, engine: WasmEngine) -> None:
    points = (*range(0xD800), *range(0xE000, 0x11000))
    names = [put(BARE["initial"], "/drug/name", f"{chr(point)}xpovio") for point in points]
    assert compared(url, engine, names) == len(points)


NUMBERS = [
    *("0", "-0", "0.0", "-0.0", "1e0", "28.0", "2.8e1", "280e-1", "1E2", "1e+2", "160", "160.0"),
    *("1e-400", "5e-324", "1e308", "1e400", "-1e400", "1e9", "1000000001", "999999999.9999999"),
    *("1" + "0" * 400, "1" * 5_000, "0." + "0" * 400 + "1", "0.1", "0.30000000000000004"),
    *("9007199254740993", "18446744073709551616", "160.00000000000000000001", "1.5e9", "1e-9"),
]


def test_numbers_however_spelt(url: str, engine: WasmEngine) -> None:
    """As text, because Python would spell them anew."""
    for place, number in itertools.product(
        ["/dose/mg_per_week", "/quantity/tablets", "/quantity/days_supply", "/duration_months"],
        NUMBERS,
    ):
        text = json.dumps(put(FULL, place, "<here>")).replace('"<here>"', number)
        sidecar = ask(url).decide_text(text)
        wasm = json.loads(engine._evaluate("decision", text.encode()))[0]["result"]
        assert sidecar == wasm, (place, number)


@pytest.mark.long
@settings(repeatable, max_examples=1_000)
@given(request=generators.requests())
def test_well_formed_requests(request: Any, url: str, engine: WasmEngine) -> None:
    compared(url, engine, [request])


@pytest.mark.long
@settings(repeatable, max_examples=1_500)
@given(request=generators.broken())
def test_broken_requests(request: Any, url: str, engine: WasmEngine) -> None:
    compared(url, engine, [request])


@settings(repeatable, max_examples=1_000)
@given(value=generators.json_values)
def test_any_json_value(value: Any, url: str, engine: WasmEngine) -> None:
    compared(url, engine, [value])


@pytest.mark.parametrize("nest", [lambda value: [value], lambda value: {"member": value}])
def test_nesting_as_deep_as_can_be_sent(
    nest: Callable[[Any], Any], url: str, engine: WasmEngine
) -> None:
    value: Any = 1
    for depth in itertools.count(1):
        value = nest(value)
        if depth % 240:
            continue
        try:
            (decision,) = engine.decide_many([value])
        except NotJSON:
            break
        assert depth > 9_000 or canonical(decision.raw) == canonical(ask(url).decide(value))
    assert depth > 500


@pytest.mark.parametrize("items", [[{}], [None], [{"source": 1, "x": 2}], ["x" * 20]])
def test_lists_of_many_faults(items: list[Any], url: str, engine: WasmEngine) -> None:
    compared(url, engine, [{**INITIAL, "nccn": items * 2_000}])


def test_one_by_one_as_in_batches(url: str, engine: WasmEngine) -> None:
    requests = list(itertools.islice(generators.every_value_everywhere(), 0, None, 97))
    together = list(engine.decide_many(iter(requests), batch_size=13))
    assert together == [engine.decide(request) for request in requests]


def test_the_catalog_and_the_facts(url: str, engine: WasmEngine) -> None:
    for rule in ("catalog", "facts"):
        answer = ask(url).answer(f"priorauth/{rule}", "{}")["result"]
        assert canonical(answer) == canonical(engine._ask(rule)["result"])
    assert "member.birth_date" in engine.facts()


def test_health_is_of_the_bundle(engine: WasmEngine) -> None:
    assert engine.integrity() == ()
    health = engine.health()
    assert health.url == engine.url
    assert health.guidelines == engine.catalog()
    assert "xpovio" in [each.id for each in health.guidelines]


def test_a_broken_policy_is_found_unsound_by_both(bundle_file: Path, tmp_path: Path) -> None:
    def break_it(data: Any) -> None:
        version = data["guidelines"]["xpovio"]["2022-10-03"]
        (age,) = (c for c in version["criteria"]["coverage"]["initial"] if c["id"] == "age")
        age["minimum"] = 21
        data["guidelines"]["other"] = {}

    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(with_data(bundle_file, break_it))
    with WasmEngine(broken) as engine, pytest.raises(UnsoundPolicy) as raised:
        engine.health()
    found = subprocess.run(
        [opa.ensure(), "eval", "-b", broken, "-f", "raw", "data.priorauth.integrity"],
        capture_output=True,
        check=True,
    )
    assert [vars(fault) for fault in raised.value.findings] == json.loads(found.stdout)
    place = "policy/guidelines/xpovio/2022-10-03/data.yaml /criteria/coverage/initial/"
    assert f"\n  {place}" in str(raised.value)
    assert "the figure 21" in str(raised.value)


# --------------------------------------------------------------------------------------------
# Faults, none ever taken for a decision
# --------------------------------------------------------------------------------------------


def test_data_that_lacks_what_a_rule_needs_is_no_decision(bundle_file: Path) -> None:
    def lose(data: Any) -> None:
        data["plan"] = {}

    with WasmEngine(with_data(bundle_file, lose)) as engine:
        with pytest.raises(UndefinedResult, match="priorauth/decision"):
            engine.decide(INITIAL)
        with pytest.raises(UndefinedResult, match="priorauth/decisions"):
            list(engine.decide_many([INITIAL]))


def test_rules_in_conflict_are_no_decision(bundle_file: Path) -> None:
    def twice(data: Any) -> None:
        versions = data["guidelines"]["xpovio"]
        versions["again"] = {**versions["2022-10-03"], "title": "again"}

    with WasmEngine(with_data(bundle_file, twice)) as engine:
        for _ in range(2):
            with pytest.raises(EngineError, match="conflict") as raised:
                engine.decide(FULL)
            assert raised.value.__cause__ is None
            assert "Xpovio" not in str(raised.value)
        assert engine.decide({}).outcome == "invalid"


def test_a_batch_that_breaks_off_poisons_nothing(
    bundle_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wasm, "_MOST_PAGES", 200)
    # Another bundle, because a module is compiled once.
    content = rebuilt(bundle_file, lambda name, old: old if name != "/.manifest" else old + b" ")
    with WasmEngine(content) as engine:
        before = engine.decide(FULL)
        for _ in range(3):
            with pytest.raises(EngineError):
                list(engine.decide_many([{**FULL, "nccn": [{}] * 40_000}, FULL]))
            with pytest.raises(EngineError):
                engine.decide({"request_id": "x" * 20_000_000})
            assert engine.decide(FULL) == before
        # What is too much for one call is not for two.
        many = [{**FULL, "nccn": [{}] * 300}] * 40
        assert [d.outcome for d in engine.decide_many(many)] == ["invalid"] * 40


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"a": object()}])
def test_what_is_not_json_is_refused_by_number(value: Any, engine: WasmEngine) -> None:
    with pytest.raises(NotJSON):
        engine.decide(value)
    with pytest.raises(NotJSON) as raised:
        list(engine.decide_many([INITIAL, INITIAL, value], batch_size=2))
    assert raised.value.index == 2


def sprintf(_: bytes) -> bytes:
    return b'package priorauth\n\ndecision := sprintf("%d", [1])\n'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "cut short"),
        (b"PK\x03\x04", "not a gzipped tar"),
        (lambda file: file.read_bytes()[:-2_000], "cut short"),
        (
            lambda file: rebuilt(file, lambda n, c: None if n == "/policy.wasm" else c),
            "policy.wasm",
        ),
        (lambda file: rebuilt(file, lambda n, c: None if n == "/data.json" else c), "data.json"),
        (lambda file: rebuilt(file, lambda n, c: b"{" if n == "/data.json" else c), "not JSON"),
        (
            lambda file: rebuilt(file, lambda n, c: b"\0asm" if n == "/policy.wasm" else c),
            "compile",
        ),
        (
            lambda file: rebuilt(file, lambda n, c: b"\0asm\1\0\0\0" if n == "/policy.wasm" else c),
            "not a policy",
        ),
    ],
)
def test_a_bundle_that_will_not_do(content: Any, why: str, bundle_file: Path) -> None:
    made = content if isinstance(content, bytes) else content(bundle_file)
    with pytest.raises(ConfigurationError, match=why):
        WasmEngine(made)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        WasmEngine(bundle_file.with_name("absent"))


def test_a_policy_that_needs_what_wasm_lacks_is_not_built(tmp_path: Path) -> None:
    root = tmp_path / "policy"
    for name in ("policy", "rego"):
        shutil.copytree(ROOT / name, root / name)
    clock = root / "rego/priorauth/clock.rego"
    clock.write_text("package priorauth.clock\n\nnow := time.now_ns()\n")
    with pytest.raises(BundleError, match=r"does not compile to Wasm.*(\n.*)*time.now_ns"):
        bundle.build(tmp_path / "bundle.tar.gz", policy=root, revision="test")
    assert not (tmp_path / "bundle.tar.gz").exists()


def test_a_module_that_asks_for_builtins_of_opa_s_own(tmp_path: Path) -> None:
    (tmp_path / "p.rego").write_text(
        "package priorauth\n\n"
        'decision := sprintf("%v", [input])\n\ndecisions := 1\n\ncatalog := 1\n\nfacts := 1\n'
    )
    points = [f"--entrypoint=priorauth/{name}" for name in bundle.ENTRYPOINTS]
    file = tmp_path / "b.tar.gz"
    command = [str(opa.ensure()), "build", "-t", "wasm", *points, "-o", str(file), "p.rego"]
    subprocess.run(command, cwd=tmp_path, check=True)
    with pytest.raises(ConfigurationError, match="sprintf"):
        WasmEngine(file)


# --------------------------------------------------------------------------------------------
# Threads, processes, memory
# --------------------------------------------------------------------------------------------


def test_several_threads(engine: WasmEngine) -> None:
    requests = list(itertools.islice(generators.every_value_everywhere(), 0, None, 41))
    expected = list(engine.decide_many(requests))
    wrong: list[object] = []

    def work(start: int) -> None:
        try:
            turned = requests[start:] + requests[:start]
            if (
                list(engine.decide_many(turned, batch_size=7))
                != expected[start:] + expected[:start]
            ):
                wrong.append(start)
        except PriorAuthError as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(13 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert 1 <= len(engine._idle) <= 9


PROCESSES = """
import json, multiprocessing, os, pathlib, sys
from priorauth import WasmEngine

def decide(request):
    return ENGINE.decide(request).outcome

def decide_with(engine, request):
    return engine.decide(request).outcome, WasmEngine(engine.bundle + b"").decide(request).outcome

if __name__ == "__main__":
    request = json.loads(sys.argv[2])
    ENGINE = WasmEngine(sys.argv[1])
    assert ENGINE.decide(request).outcome == "approved"
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(decide, [request] * 8) == ["approved"] * 8
    # A child that compiles after its parent has.
    pid = os.fork()
    if not pid:
        other = pathlib.Path(sys.argv[1]).read_bytes() + bytes(8)
        os._exit(0 if WasmEngine(other).decide(request).outcome == "approved" else 1)
    assert os.waitpid(pid, 0)[1] == 0
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(decide_with, (ENGINE, request)) == ("approved", "approved")
"""


def test_forked_and_spawned_processes(bundle_file: Path, tmp_path: Path) -> None:
    script = tmp_path / "processes.py"
    script.write_text(PROCESSES)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(bundle_file), json.dumps(INITIAL)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_pickled(engine: WasmEngine) -> None:
    with pickle.loads(pickle.dumps(engine)) as other:
        assert other.decide(FULL) == engine.decide(FULL)


@pytest.mark.long
def test_memory_does_not_grow(engine: WasmEngine) -> None:
    requests = list(itertools.islice(generators.every_value_everywhere(), 0, None, 7))

    def decide(times: int) -> int:
        for _ in range(times):
            for _ in engine.decide_many(requests):
                pass
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = decide(4)
    assert decide(16) - before < 8 << 10  # KiB


def test_an_instance_that_a_huge_request_has_blown_up_is_let_go(engine: WasmEngine) -> None:
    engine.close()
    assert engine.decide({"nccn": [{}] * 100_000}).outcome == "invalid"
    assert engine._idle == []
    assert engine.decide({}).outcome == "invalid"
    assert len(engine._idle) == 1


def test_an_instance_that_many_guidelines_make_large_is_kept(
    bundle_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("priorauth.wasm._KEPT", 1 << 23)
    large = with_data(bundle_file, lambda data: data.update(more="x" * (1 << 23)))
    with WasmEngine(large) as engine:
        assert engine.decide(INITIAL).outcome == "approved"
        (instance,) = engine._idle
        assert engine.decide(INITIAL).outcome == "approved"
        assert engine._idle == [instance]


def test_the_package_s_own_policy_is_built_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIORAUTH_OPA", str(opa.find()))
    monkeypatch.setenv("PRIORAUTH_CACHE", str(tmp_path))
    built = bundle.cached()
    assert built.parent == tmp_path
    when = built.stat().st_mtime_ns
    with WasmEngine() as engine:
        assert engine.decide(INITIAL).outcome == "approved"
        assert engine.url == built.as_uri()
    assert built.stat().st_mtime_ns == when
    # A file that is not what was built is built anew.
    sound = built.read_bytes()
    for spoilt in (sound[:-1], b"\0" * len(sound), strict_of(tmp_path)):
        built.write_bytes(spoilt)
        with WasmEngine() as engine:
            assert engine.decide(INITIAL).outcome == "approved"
        assert built.read_bytes() == sound
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_it_is_compiled_once(
    bundle_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By any process; and again where the kept file is missing or altered."""
    monkeypatch.setenv("PRIORAUTH_CACHE", str(tmp_path))
    code = (
        "import pathlib, sys, wasmtime, priorauth\n"
        "compiled = []\n"
        "class Module(wasmtime.Module):\n"
        "    def __init__(self, *given):\n"
        "        compiled.append(1)\n"
        "        super().__init__(*given)\n"
        "wasmtime.Module = Module\n"
        "with priorauth.WasmEngine(sys.argv[1]) as engine:\n"
        "    print(engine.decide({}).outcome, len(compiled))\n"
    )

    def decided() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, bundle_file], capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    assert decided() == "invalid 1"
    (kept,) = tmp_path.glob("wasm-*.compiled")
    assert decided() == "invalid 0"
    sound = kept.read_bytes()
    for spoilt in (sound[:-1], b"\0" * len(sound)):
        kept.write_bytes(spoilt)
        assert decided() == "invalid 1"
        assert decided() == "invalid 0"
    # Kept by somebody whose processor or wasmtime differs: its digest is right.
    kept.write_bytes(sound[:100])
    kept.with_name(f"{kept.name}.sha256").write_text(f"{_cache.digest(kept)}  {kept.name}\n")
    assert decided() == "invalid 1"
    # No usable cache.
    monkeypatch.setenv("PRIORAUTH_CACHE", str(kept / "file"))
    assert decided() == "invalid 1"
    monkeypatch.setenv("PRIORAUTH_CACHE", "~nobody-of-this-name/cache")
    assert decided() == "invalid 1"


def strict_of(folder: Path) -> bytes:
    """A sound bundle of another policy."""
    other = folder / "other"
    for name in policy.FOLDERS:
        shutil.copytree(policy.root() / name, other / name)
    data = other / "policy" / "plan" / "data.yaml"
    data.write_text(data.read_text().replace("early_renewal_days: 60", "early_renewal_days: 61"))
    built = bundle.build(folder / "other.tar.gz", policy=other, revision="other")
    return built.path.read_bytes()


def test_without_the_extra(bundle_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "priorauth._wasm")
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    with pytest.raises(ConfigurationError, match=r"priorauth\[wasm\]"):
        WasmEngine(rebuilt(bundle_file, lambda _, content: content))
