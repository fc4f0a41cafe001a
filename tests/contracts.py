"""The project's JSON Schemas, ready to validate with."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

SCHEMAS = Path(__file__).parent.parent / "schemas"


@functools.cache
def schema(name: str) -> Draft202012Validator:
    """The validator of schemas/<name>.json; formats (real days) are checked too."""
    text = (SCHEMAS / f"{name}.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text), format_checker=FormatChecker())


BEYOND_A_SCHEMA = {"/member/birth_date"}
"""The one fault that JSON Schema cannot say: a birth date after the service date."""


def problems(name: str, document: Any) -> list[str]:
    """What is wrong with the document, for people; empty when it is valid."""
    return [f"{error.json_path}: {error.message}" for error in schema(name).iter_errors(document)]


def check_held_together(request: Any, decision: Any) -> None:
    """The schema accepts a request exactly when the policy finds no fault in it."""
    faults = {error["path"] for error in decision["errors"]}
    found = problems("request", request)
    if faults == BEYOND_A_SCHEMA and not found:
        assert request["member"]["birth_date"] > request["service_date"]
    else:
        assert bool(found) == bool(faults), f"{request!r}\nschema {found}\npolicy {faults}"
    assert bool(faults) == (decision["outcome"] == "invalid")
