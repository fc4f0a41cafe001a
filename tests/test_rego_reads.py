"""Which Rego reads the request: what is absent or null is handled there, and nowhere else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from priorauth import opa, policy

ROOT = Path(__file__).parents[1]

READ_THE_REQUEST = {
    "rego/priorauth/priorauth.rego",
    "rego/priorauth/request.rego",
    "rego/priorauth/version.rego",
    # What is usual in it, and so well formed.
    "rego/usual/usual.rego",
    # What is granted and what is noted rest on facts too; they decide nothing of what is absent.
    "rego/priorauth/authorization.rego",
    "rego/priorauth/notices.rego",
    # The type of the request, by which a guideline lists its criteria.
    "rego/priorauth/outcome.rego",
}
"""Beside the kinds of criteria, in rego/priorauth/criteria/."""

READ_INPUT_OF_THEIR_OWN = {
    # Worked cases.
    "rego/integrity/cases.rego",
    # What came in by FHIR.
    "rego/priorauth/fhir/envelope.rego",
}
"""All of rego/system/ has input of OPA's."""


def test_only_these_read_the_request() -> None:
    files = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "rego").rglob("*.rego"))]
    reading = {
        file
        for file in files
        if not file.startswith(("rego/priorauth/criteria/", "rego/system/"))
        and not Path(file).match(policy.TESTS)
        and reads(ROOT / file)
    }
    allowed = READ_THE_REQUEST | READ_INPUT_OF_THEIR_OWN
    assert reading <= allowed, "these leave what is absent or null to chance; have a kind read it"
    assert reading == allowed, "these read it no more; take them off the list"


def test_guidelines_are_data() -> None:
    assert list((ROOT / "policy").rglob("*.rego")) == []
    assert list((ROOT / "examples" / "guidelines").rglob("*.rego")) == []


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("a := input.x", True),
        ('a := object.get(input, "x", null)', True),
        ("a := x if { x := input }", True),
        ("a if { some x in input.list; x }", True),
        ("a if not input.x", True),
        ('a := $"of {input.x}"', True),
        ("f(x) := x + input.y", True),
        ("a contains x if some x, _ in input", True),
        ("default a := 1\n\na := 2 if { true } else := input.x", True),
        ("a := [y | y := input[_]]", True),
        ("a := x if { x := data.b with input as input.x }", True),
        ("import input.x", True),
        ("a := x if { x := data.b with input as {} }", False),
        ("a := x if { x := data.b with input.x as 1 }", False),
        ('a := "input"', False),
        ('a := {"input": 1}.input', False),
        ("a := data.input.x", False),
        ("# input.x\na := 1", False),
    ],
)
def test_every_way_of_reading_is_seen(rule: str, found: bool, tmp_path: Path) -> None:
    file = tmp_path / "a.rego"
    file.write_text(f"package a\n\n{rule}\n")
    assert reads(file) is found


def reads(file: Path) -> bool:
    """Whether a Rego file reads `input`: replacing it by `with` is not reading."""
    parsed = subprocess.check_output([opa.ensure(), "parse", "--format", "json", file])
    return any(
        term.get("type") == "var" and term.get("value") == "input"
        for term in terms(json.loads(parsed))
    )


def terms(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for name, each in node.items():
            if name != "target":
                yield from terms(each)
    elif isinstance(node, list):
        for each in node:
            yield from terms(each)
