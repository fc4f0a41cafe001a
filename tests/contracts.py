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


def problems(name: str, document: Any) -> list[str]:
    """What is wrong with the document, for people; empty when it is valid."""
    return [f"{error.json_path}: {error.message}" for error in schema(name).iter_errors(document)]
