"""What is wrong with guidelines, in words, each with its file and line.

Files that are not YAML come first, then the findings of `data.priorauth.integrity`. For a guideline
without findings the worked cases follow, and from each approved case every fact is taken away, one
at a time. OPA is run once for all of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .. import opa
from ..errors import ConfigurationError, UndefinedResult
from ..policy import TESTS, paths
from ..tables import flattened
from .cases import Case, NoCase, cases_of, differences
from .places import Places, Unreadable

CASES = Path("tests", "cases")
GUIDELINES = Path("policy", "guidelines")
_DRUGS = Path("policy", "drugs")


class PlacedFinding(NamedTuple):
    """What is wrong, and where. `line` and `column` count from 1; 0 means none."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in self[:3] if part)
        return f"{place}: {self.message}"


@dataclass(frozen=True)
class Report:
    """What was checked, and what was found: nothing, when all is sound."""

    guidelines: tuple[str, ...]
    findings: tuple[PlacedFinding, ...]
    cases: int
    facts: int
    """How many facts were taken away from approved requests, one at a time."""
    unshown: tuple[str, ...] = ()
    """What no worked case shows: criteria that are never met in any, or always met."""


class _Asked(NamedTuple):
    """A case as it stands in its file."""

    guideline: str
    file: str
    line: int
    case: Case

    def finding(self, message: str) -> PlacedFinding:
        return PlacedFinding(self.file, self.line, 0, f"case {self.case.name!r}: {message}")


def check(root: Path, only: Collection[str] = ()) -> Report:
    """Check the guidelines of these ids, or all that are on file below `root`.

    Raises `ConfigurationError` where there is no such guideline, and `OpaNotFound`.
    """
    known = sorted(path.name for path in (root / GUIDELINES).glob("*") if path.is_dir())
    if unknown := sorted(set(only) - set(known)):
        raise ConfigurationError(
            f"there is no guideline {unknown[0]} in {GUIDELINES}; there is {', '.join(known)}"
        )
    chosen = tuple(sorted(only)) or tuple(known)
    files = _Files(root)
    tables = [path for each in chosen for path in sorted((root / CASES / each).glob("*.yaml"))]
    findings = set(_written(files, chosen, tables))
    if any(finding.column for finding in findings):
        return Report(chosen, tuple(sorted(findings)), 0, 0)
    asked = []
    for table in tables:
        for found in _cases(files, table):
            if isinstance(found, PlacedFinding):
                findings.add(found)
            else:
                asked.append(found)
    said = _evaluate(files, chosen, asked)
    if isinstance(said, set):
        return Report(chosen, tuple(sorted(findings | said)), 0, 0)
    findings |= {_placed(files, each) for each in said["findings"]}
    decided = [
        (each, answer[0]) for each, answer in zip(asked, said["answers"], strict=True) if answer
    ]
    for each, decision in decided:
        for key, both in differences(each.case.expected, decision).items():
            findings.add(each.finding(_difference(key, both["expected"], both["found"], decision)))
    for probe in said["probes"]:
        before = said["answers"][probe["case"]][0]
        findings |= {asked[probe["case"]].finding(told) for told in _wrong(before, probe)}
    for file in {each.file for each, _ in decided}:
        if not any(each.file == file and d["outcome"] == "approved" for each, d in decided):
            message = "no case is approved, so no absent fact was tried; add one"
            findings.add(PlacedFinding(file, 0, 0, message))
    unshown = tuple(_unshown(decided))
    return Report(chosen, tuple(sorted(findings)), len(decided), len(said["probes"]), unshown)


class _Files:
    """The YAML files below a root, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read: dict[str, Places] = {}

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def read(self, name: str) -> Places:
        if name not in self._read:
            self._read[name] = Places.read(self.root / name)
        return self._read[name]

    def line(self, name: str, pointer: str) -> int:
        try:
            return self.read(name).line(pointer)
        except (OSError, Unreadable):
            return 0

    def broken(self, paths: Collection[Path]) -> Iterator[PlacedFinding]:
        """Files that cannot be read, and keys that stand twice in one place."""
        for path in paths:
            name = self.name(path)
            try:
                for line, key in self.read(name).repeated():
                    message = f"`{key}` stands here twice, and only the last would count"
                    yield PlacedFinding(name, line, 0, message)
            except Unreadable as error:
                yield PlacedFinding(name, error.line, error.column, error.reason)


def _written(files: _Files, chosen: Collection[str], tables: list[Path]) -> Iterator[PlacedFinding]:
    """What is wrong with files as files."""
    data = [path for each in chosen for path in _yaml(files.root / GUIDELINES / each)]
    yield from files.broken([*data, *_yaml(files.root / _DRUGS), *tables])
    for each in chosen:
        folder = files.root / GUIDELINES / each
        if (folder / "data.yaml").exists():
            message = (
                "a version stands in a folder that is named for the day it became effective; "
                f"move this to {GUIDELINES / each}/<YYYY-MM-DD>/data.yaml"
            )
            yield PlacedFinding(files.name(folder / "data.yaml"), 0, 0, message)
        for version in sorted(path for path in folder.glob("*") if path.is_dir()):
            table = CASES / each / f"{version.name}.yaml"
            if not (files.root / table).exists():
                message = f"is not there: write worked cases for {files.name(version)}"
                yield PlacedFinding(table.as_posix(), 0, 0, message)


def _yaml(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml"))


def _cases(files: _Files, table: Path) -> Iterator[_Asked | PlacedFinding]:
    """The cases of a table, and findings on entries that are not cases."""
    name = files.name(table)
    places = files.read(name)
    for index, case in enumerate(cases_of(places.content)):
        if isinstance(case, NoCase):
            yield PlacedFinding(name, places.line(case.pointer), 0, case.reason)
        else:
            yield _Asked(table.parent.name, name, places.line(f"/cases/{index}"), case)


def _evaluate(
    files: _Files, chosen: Collection[str], asked: list[_Asked]
) -> dict[str, Any] | set[PlacedFinding]:
    """What `data.integrity.cases.report` says, or what OPA cannot read. OPA is run once."""
    cases = [{"guideline": each.guideline, "request": each.case.request} for each in asked]
    document = {"scope": list(chosen), "cases": cases}
    options: list[str | Path] = ["--strict-builtin-errors", "--ignore", TESTS]
    for path in paths(files.root):
        options += ["--data", path]
    try:
        report: dict[str, Any] = opa.evaluate(
            "data.integrity.cases.report", *options, given=document
        )
    except UndefinedResult as error:
        if unread := set(_unread(files, str(error))):
            return unread
        raise UndefinedResult(f"OPA cannot decide by this policy:\n{error}") from None
    return report


def _unread(files: _Files, told: str) -> Iterator[PlacedFinding]:
    """The files that OPA cannot read: another guideline's, or ones that only OPA objects to."""
    for line in told.splitlines():
        if match := re.search(r"(\S.*?\.ya?ml): .*?yaml: (?:line (\d+): )?(.*)", line):
            path = Path(match[1].removeprefix("1 error occurred during loading: "))
            broken = [each for each in files.broken([path]) if each.column]
            reason = f"OPA cannot read it as YAML: {match[3]}"
            yield from broken or [PlacedFinding(files.name(path), int(match[2] or 0), 0, reason)]


def _placed(files: _Files, found: dict[str, str]) -> PlacedFinding:
    """A finding of integrity's, in the file that it is about."""
    pointer, place = found["path"], Path("policy")
    if found["guideline"]:
        place = GUIDELINES / found["guideline"] / found["version"]
    elif pointer.startswith("/drugs/"):
        place, pointer = _DRUGS / pointer.removeprefix("/drugs/"), "/guideline"
    elif pointer.startswith("/plan/"):
        place, pointer = Path("policy", "plan"), pointer.removeprefix("/plan")
    name = (place / "data.yaml").as_posix()
    if not (files.root / name).exists():
        return PlacedFinding(place.as_posix(), 0, 0, found["message"])
    return PlacedFinding(name, files.line(name, pointer), 0, found["message"])


def _wrong(before: dict[str, Any], probe: dict[str, Any]) -> Iterator[str]:
    """What is wrong when a fact is taken away from a request that is approved."""
    fact = probe["fact"]
    for how, after in (("without it", probe["absent"]), ("with null for it", probe["null"])):
        if after["outcome"] in ("denied", "not_applicable"):
            told = f"{after['outcome']}; an absent fact must never deny"
        elif after["outcome"] == "modified" or (
            after["outcome"] == "approved"
            and after["quantity"] != before["authorization"]["quantity"]
        ):
            told = (
                f"{after['outcome']} for {_said(after['quantity'])} in place of "
                f"{_said(before['authorization']['quantity'])}; an absent fact must never change "
                "what is authorized"
            )
        else:
            continue
        yield f"{fact}: {how} the request is {told}"
    if not probe["alike"]:
        outcomes = f"{probe['absent']['outcome']} and {probe['null']['outcome']}"
        yield (
            f"{fact}: left out and null are decided differently, {outcomes}; the two mean the same"
        )


def _unshown(decided: Collection[tuple[_Asked, dict[str, Any]]]) -> Iterator[str]:
    shown: dict[tuple[str, str], set[str]] = {}
    for each, decision in decided:
        for criterion in flattened(decision["criteria"]):
            shown.setdefault((each.file, criterion["id"]), set()).add(criterion["status"])
    for (file, name), statuses in shown.items():
        if "met" not in statuses:
            yield f"{file}: no case shows {name} met"
        if not statuses - {"met", "not_considered"}:
            yield f"{file}: no case shows {name} other than met"


def _difference(key: str, wanted: Any, found: Any, decision: dict[str, Any]) -> str:
    if isinstance(wanted, dict) and isinstance(found, dict):
        wanted = {name: each for name, each in wanted.items() if found.get(name) != each} or wanted
        found = {name: each for name, each in found.items() if name in wanted} or found
    told = f"{key} is {_said(found)}, but {_said(wanted)} is expected"
    if key == "outcome" and (decision["reasons"] or decision["errors"]):
        why = [each["message"] for each in (*decision["errors"], *decision["reasons"])]
        told += f" ({'; '.join(why)})"
    return told


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
