"""A guideline to start from: a sound folder that explains itself."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from .. import opa, policy
from ..errors import ConfigurationError

_HERE = Path(__file__).parent


def new(
    root: Path, name: str, *, title: str, drugs: Iterable[str] = (), effective: date
) -> list[Path]:
    """Write a guideline that passes every check, and its worked cases; returns the files written.

    `name` is its id, and a name of its drug; `drugs` are other names, such as the generic. Raises
    `ConfigurationError`, before anything is written, for an invalid name, and if the guideline, a
    drug or the table of cases exists already: nothing is ever overwritten. Raises OpaNotFound.
    """
    if not re.fullmatch("[a-z][a-z0-9]*([_-][a-z0-9]+)*", name):
        raise ConfigurationError(
            f"{name!r} is not a valid id; write it in lower-case letters and digits, such as xpovio"
        )
    folder = Path("policy", "guidelines", name)
    if (root / folder).exists():
        raise ConfigurationError(f"{folder} exists already; nothing is overwritten")
    if not title.strip() or not title.isprintable():
        raise ConfigurationError("the title must be a line of text")
    if not date(1990, 1, 1) <= effective < date(2099, 1, 1):
        raise ConfigurationError("the effective date must be from 1990 to 2098")
    values = {
        "id": name,
        "title": title,
        "quoted_title": json.dumps(title, ensure_ascii=False),
        "quoted_drug": json.dumps(name),
        "effective": effective.isoformat(),
        "next_review": f"{effective.year + 1}-{effective.month:02}",
        "minor": f"{effective.year - 10}-01-31",
        "word": f"{name.replace('-', '_')}_score",
    }
    files = {
        folder / str(effective) / "data.yaml": _filled("version.yaml", values),
        Path("tests", "cases", name, f"{effective}.yaml"): _filled("cases.yaml", values),
    }
    for drug in dict.fromkeys((name, *_plain(drugs))):
        files[Path("policy", "drugs", drug, "data.yaml")] = f"guideline: {name}\n"
    for file in files:
        if (root / file).exists():
            raise ConfigurationError(f"{file} exists already; nothing is overwritten")
    for file, text in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        with (root / file).open("x", encoding="utf-8") as target:
            target.write(text)
    return list(files)


def _plain(names: Iterable[str]) -> Iterator[str]:
    """Drug names in the form that the policy compares; their folders are named for it."""
    given = list(names)
    rules = policy.root() / "rego" / "priorauth" / "spelling.rego"
    query = "[data.priorauth.spelling.plain(name) | some name in input]"
    plain = opa.evaluate(query, "--data", rules, given=given)
    for name, spelt in zip(given, plain, strict=True):
        if not spelt or not spelt.isprintable() or "/" in spelt or spelt.startswith("."):
            raise ConfigurationError(f"{name!r} is not a valid drug name")
        yield spelt


def _filled(file: str, values: dict[str, str]) -> str:
    return string.Template((_HERE / file).read_text(encoding="utf-8")).substitute(values)
