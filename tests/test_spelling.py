"""What white space is, and how case is folded: the policy says it, and every host agrees."""

from __future__ import annotations

import json
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import oracle
from asking import batches
from generators import INITIAL
from priorauth import Client, NotJSON, WasmEngine, bundle, opa
from priorauth._wasm import Module
from production import ROOT

PROBE = """package probe

import data.priorauth.spelling

told := [[spelling.trimmed(text), spelling.plain(text)] | some text in input]

foldable := [text | some text in input; spelling.foldable(text)]
"""
LETTERS = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]


def texts() -> Iterator[list[str]]:
    """Each character there is, alone, around a letter and within."""
    yield from batches((text for c in LETTERS for text in (c, f"{c}x{c}", f"x{c}y")), 100_000)


def known(letter: str) -> bool:
    """Whether Unicode has had it for long, so that everybody knows it."""
    return unicodedata.ucd_3_2_0.category(letter) != "Cn"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.rego").write_text(PROBE)
    return folder


@pytest.fixture(scope="module")
def wasm(folder: Path) -> Module:
    built = folder / "b.tar.gz"
    sources = [ROOT / "rego" / "priorauth" / "spelling.rego", folder / "probe.rego"]
    build: list[str | Path] = [opa.ensure(), "build", "-t", "wasm", "-e", "probe/told"]
    subprocess.run([*build, "--output", built, *sources], check=True)
    return Module(bundle.member(built.read_bytes(), "policy.wasm"), b"{}")


def by_opa(folder: Path, rule: str, given: list[str]) -> Any:
    sources = ROOT / "rego" / "priorauth" / "spelling.rego", folder / "probe.rego"
    return opa.evaluate(f"data.probe.{rule}", *(f"--data={path}" for path in sources), given=given)


@pytest.mark.long
def test_all_hosts_spell_alike_what_can_be_on_file(folder: Path, wasm: Module) -> None:
    """Every character: by OPA, by its Wasm, and by what the tests' own oracle says."""
    instance = wasm.instance()
    others = set()
    for given in texts():
        asked = json.dumps(given, ensure_ascii=False).encode()
        found = json.loads(instance.evaluate(wasm.entrypoints["probe/told"], asked))
        (by_wasm,) = (each["result"] for each in found)
        told = by_opa(folder, "told", given)
        # This Python may know letters that OPA does not, or know of a case of theirs.
        old = [(n, text) for n, text in enumerate(given) if all(map(known, text))]
        expected = [[text.strip(oracle.SPACE), oracle.drug_named(text)] for _, text in old]
        assert [told[n] for n, _ in old] == expected
        others |= {text for text, one, two in zip(given, told, by_wasm, strict=True) if one != two}
    instance.close()
    # What differs is not on file, neither so nor in the other case.
    assert others, "Wasm knows by now which letters these are: `foldable` can go"
    named = [*others, *map(str.lower, others)]
    assert by_opa(folder, "foldable", ["xpovio", *named]) == ["xpovio"]


SPELT = ["XPOV\u0130O", "\u2003Xpovio\u3000", "\x1cxpovio", "xpovio\ua7d0", "\u2c2f", "\U00010570"]


@pytest.mark.parametrize("name", SPELT, ids=ascii)
def test_the_same_decision_by_every_host(
    url: str, bundle_file: Path, name: str, tmp_path: Path
) -> None:
    request = {**INITIAL, "drug": {"name": name}}
    expected = "approved" if oracle.drug_named(name) == "xpovio" else "not_applicable"
    with Client(url) as client, WasmEngine(bundle_file) as engine:
        one, two = client.decide(request), engine.decide(request)
    assert one.raw == two.raw
    assert one.outcome == expected


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        ({**INITIAL, "request_id": "\ud800"}, "/request_id"),
        ({**INITIAL, "drug": {"name": "Xpovio\udfff"}}, "/drug/name"),
        (
            {**INITIAL, "documentation": [{"reference": "\udbff\ud800"}]},
            "/documentation/0/reference",
        ),
        ({**INITIAL, "\ud800": 1}, ""),
    ],
)
def test_half_a_surrogate_pair_is_the_same_fault_by_every_host(
    url: str, bundle_file: Path, request_: dict[str, Any], pointer: str
) -> None:
    faults = []
    with Client(url) as client, WasmEngine(bundle_file) as engine:
        for decider in (client, engine):
            with pytest.raises(NotJSON) as one:
                decider.decide(request_)
            with pytest.raises(NotJSON) as many:
                list(decider.decide_many([INITIAL, request_]))
            faults.append((str(one.value), one.value.pointer, str(many.value), many.value.index))
    assert faults[0] == faults[1]
    assert faults[0][1] == pointer
