"""Guidelines of other shapes: each on file beside the policy, its worked cases decided by one OPA."""

from __future__ import annotations

import copy
import json
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from priorauth import opa

ROOT = Path(__file__).parent.parent
GUIDELINES = ROOT / "examples" / "guidelines"
TABLES = sorted((GUIDELINES / "cases").glob("*/*.yaml"))


def sources(name: str) -> list[Path]:
    """What is loaded for a guideline. One that is also the policy's own replaces it there."""
    example = GUIDELINES / name
    own = {path.name for path in (example / "guidelines").iterdir()}
    policy = [
        path for path in sorted((ROOT / "policy").glob("**/data.yaml")) if not own & {*path.parts}
    ]
    return [*policy, ROOT / "rego", example]


def evaluate(name: str, query: str, document: Any, more: dict[str, Any] | None = None) -> Any:
    """What OPA says to a query with the guideline on file; `more` is data that is laid over it."""
    # Each file where its folder puts it, as `opa eval -d policy -d rego -d example` does.
    data: dict[str, Any] = {}
    rego: list[Path] = []
    for source in sources(name):
        if source.is_file():
            put(data, source.parent.relative_to(ROOT / "policy"), source)
        elif source.name == "rego":
            rego.append(source)
        else:
            for path in sorted(source.glob("**/data.yaml")):
                put(data, path.parent.relative_to(source), path)
    for place, value in (more or {}).items():
        *steps, last = place.split("/")
        node = data
        for step in steps:
            node = node[step]
        node[last] = value
    with tempfile.TemporaryDirectory() as folder:
        on_file = Path(folder) / "data.json"
        on_file.write_text(json.dumps(data), encoding="utf-8")
        asked = Path(folder) / "input.json"
        asked.write_text(json.dumps(document), encoding="utf-8")
        command = [opa.find(), "eval", "-f", "json", "-i", asked, "-d", on_file]
        for path in rego:
            command += ["-d", path]
        done = subprocess.run([*map(str, command), query], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    result = json.loads(done.stdout)
    assert "result" in result, f"{query} is undefined"
    return result["result"][0]["expressions"][0]["value"]


def put(data: dict[str, Any], folder: Path, path: Path) -> None:
    node = data
    for step in folder.parts:
        node = node.setdefault(step, {})
    node.update(yaml.safe_load(path.read_text(encoding="utf-8")))


def request_of(
    table: dict[str, Any], case: dict[str, Any], *, without: bool = False
) -> dict[str, Any]:
    """The case's request: its base with what differs. With `without`, what is null is left out."""
    request: dict[str, Any] = copy.deepcopy(table["base"][case["base"]])
    for path, value in (case.get("differs") or {}).items():
        *steps, last = path.split(".")
        node = request
        for step in steps:
            node = node.setdefault(step, {})
        if value is None and without:
            node.pop(last, None)
        else:
            node[last] = value
    return request


def said(decision: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """As much of a decision as a case is about, in the form that cases are written in."""
    leaves = {c["id"]: c["status"] for c in flat(decision["criteria"])}
    whole = {
        **decision,
        "criteria": {id: leaves.get(id) for id in expected.get("criteria", {})},
        "reasons": [reason["code"] for reason in decision["reasons"]],
        "missing": [entry["path"] for entry in decision["missing"]],
        "notices": [notice["code"] for notice in decision["notices"]],
        "errors": [error["path"] for error in decision["errors"]],
    }
    authorization = expected.get("authorization")
    if isinstance(authorization, dict) and isinstance(whole["authorization"], dict):
        whole["authorization"] = {key: whole["authorization"].get(key) for key in authorization}
    return {key: whole[key] for key in expected}


def flat(criteria: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for c in criteria for each in (c, *flat(c.get("parts", [])))]


@cache
def table(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@cache
def decisions(path: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each case's decision, as its request is written and without what is null in it."""
    cases = table(path)["cases"]
    requests = [
        request_of(table(path), case, without=without)
        for case in cases
        for without in (False, True)
    ]
    answers = evaluate(
        path.parent.name,
        "data.priorauth.decisions",
        {"requests": requests},
        table(path).get("data"),
    )
    return list(zip(answers[::2], answers[1::2], strict=True))


CASES = [
    pytest.param(path, index, id=f"{path.parent.name}-{case['name'].replace(' ', '-')}")
    for path in TABLES
    for index, case in enumerate(table(path)["cases"])
]


@pytest.mark.parametrize(("path", "index"), CASES)
def test_case(path: Path, index: int) -> None:
    case = table(path)["cases"][index]
    expected = case["expected"]
    decision, _ = decisions(path)[index]
    assert said(decision, expected) == expected


@pytest.mark.parametrize(("path", "index"), CASES)
def test_null_is_absent(path: Path, index: int) -> None:
    decision, without = decisions(path)[index]
    assert decision == without


@pytest.mark.parametrize("name", sorted({path.parent.name for path in TABLES}))
def test_sound(name: str) -> None:
    path = next(path for path in TABLES if path.parent.name == name)
    assert evaluate(name, "data.priorauth.integrity", None, table(path).get("data")) == []
