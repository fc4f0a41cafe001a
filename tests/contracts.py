"""The project's JSON Schemas, ready to validate with."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

import oracle

SCHEMAS = Path(__file__).parent.parent / "schemas"


def _pattern(_: object, pattern: str, value: object, __: object) -> Iterator[ValidationError]:
    # Python lets `$` match before a last line feed too, which JSON Schema does not.
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


Validator = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


@functools.cache
def schema(name: str) -> Draft202012Validator:
    """The validator of schemas/<name>.json; formats (real days) are checked too."""
    text = (SCHEMAS / f"{name}.json").read_text(encoding="utf-8")
    validator: Draft202012Validator = Validator(json.loads(text), format_checker=FormatChecker())
    return validator


BEYOND_A_SCHEMA = {"/member/birth_date", "/member/formulary"}
"""Where there are faults that JSON Schema cannot say: birth after, or long before, the service
date; a formulary that the plan's settings do not know."""


def problems(name: str, document: Any) -> list[str]:
    """What is wrong with the document, for people; empty when it is valid."""
    return [f"{error.json_path}: {error.message}" for error in schema(name).iter_errors(document)]


def check_held_together(request: Any, decision: Any) -> None:
    """The schema accepts a request exactly when the policy finds no fault in it."""
    faults = {error["path"] for error in decision["errors"]}
    found = problems("request", request)
    if found or not faults <= BEYOND_A_SCHEMA:
        assert bool(found) == bool(faults), f"{request!r}\nschema {found}\npolicy {faults}"
    if faults == {"/member/birth_date"} and not found:
        born, day = request["member"]["birth_date"], request["service_date"]
        assert born > day or int(day[:4]) - int(born[:4]) >= 120
    if "/member/formulary" in faults and not found:
        assert not oracle.is_formulary(request["member"]["formulary"])
    assert bool(faults) == (decision["outcome"] == "invalid")
