"""The worked cases: tables of what differs from a base request, and whole documents to read.

A table is `cases/<guideline>/<version>.yaml`; `priorauth.authoring.cases` says what it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from priorauth.authoring.cases import EXPECTED, Case, cases_of, differences

__all__ = ["EXPECTED", "Case", "cases", "differences", "documents"]

CASES = Path(__file__).with_name("cases")
TABLES = sorted(CASES.glob("*/*.yaml"))
DOCUMENTS = sorted(CASES.glob("*.json"))


def cases(guideline: str | None = None) -> Iterator[Case]:
    """Every case of every table, or of a guideline's."""
    for path in TABLES:
        if guideline not in (None, path.parent.name):
            continue
        for case in cases_of(yaml.safe_load(path.read_text(encoding="utf-8"))):
            assert isinstance(case, Case), f"{path}: {case}"
            yield case


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every case that stands in full: its name, and its title, request and decision."""
    for path in DOCUMENTS:
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))
