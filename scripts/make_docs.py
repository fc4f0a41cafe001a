"""Write the docs that are made from the policy and the code: schemas, clauses, codes, help.

With `--check` nothing is written, and what is out of date makes the exit code 1.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from priorauth import (
    Client,
    Decision,
    Guideline,
    GuidelineCriterion,
    GuidelineVersion,
    LocalSidecar,
    PriorAuthError,
    Section,
    opa,
    policy,
)
from priorauth.impact.changes import KINDS
from priorauth.tables import SEPARATOR, Requests
from request_schema import request_schema
from usual_patterns import usual_patterns, whole

if TYPE_CHECKING:
    from fhir_story import Story

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))
COMMANDS: tuple[tuple[str, ...], ...] = (
    (),
    ("decide",),
    ("batch",),
    ("guideline",),
    ("guideline", "list"),
    ("guideline", "show"),
    ("guideline", "new"),
    ("guideline", "check"),
    ("health",),
    ("serve",),
    ("bundle",),
    ("bundle", "build"),
    ("bundle", "verify"),
    ("page",),
    ("compare",),
    ("replay",),
)
NOTE = "<!-- Written by `make docs` from the code. Change the code, not this file. -->\n"


def main() -> None:
    checked = "--check" in sys.argv[1:]
    placeholders = yaml.safe_load((ROOT / "policy/placeholders/data.yaml").read_text())
    pages = {"rego/usual/data.json": as_json(usual(placeholders))}
    if not checked:
        # First, because a policy whose patterns are of another vocabulary is not served.
        write(pages)
    with LocalSidecar() as url, Client(url) as client:
        catalog = client.catalog()
        facts = client.facts()
        told = story(url)
        decisions = list(client.decide_many(worked_requests()))
    pages |= {
        f"docs/guidelines/{guideline.id}-{version.version}.md": "\n".join(
            clauses(guideline, version)
        )
        for guideline in catalog
        for version in guideline.versions
    }
    pages["docs/codes.md"] = "\n".join(codes(decisions))
    pages["schemas/request.json"] = as_json(request_schema(facts, placeholders))
    batch = read(ROOT / "docs/batch.md") or ""
    pages["docs/batch.md"] = filled(batch, "columns", "\n".join(columns(facts)))
    authoring = read(ROOT / "docs/authoring.md") or ""
    pages["docs/authoring.md"] = filled(authoring, "kinds", "\n".join(kinds()))
    impact = filled(read(ROOT / "docs/impact.md") or "", "changes", "\n".join(changes()))
    pages["docs/impact.md"] = filled(impact, "compare", compared())
    interop = read(ROOT / "docs/interop.md") or ""
    for name, part in told.parts.items():
        interop = filled(interop, name, part)
    pages["docs/interop.md"] = interop
    pages |= {f"examples/fhir/{name}": as_json(each) for name, each in told.documents.items()}
    pages["docs/cli.md"] = "\n".join(command_line())
    pages["README.md"] = filled(read(ROOT / "README.md") or "", "decide", decided())
    if checked:
        if stale := [name for name, page in pages.items() if read(ROOT / name) != page]:
            sys.exit(f"out of date: {', '.join(stale)}; run `make docs`")
        return
    write(pages)


def write(pages: Mapping[str, str]) -> None:
    """Write those that are out of date, and say which."""
    for name, page in pages.items():
        if read(ROOT / name) != page:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(page)
            sys.stdout.write(f"{name}\n")


def usual(placeholders: Mapping[str, bool]) -> dict[str, Any]:
    """The patterns of the usual request, and what tells the vocabulary that they are made from."""
    facts = yaml.safe_load((ROOT / "policy/facts/data.yaml").read_text())
    patterns = usual_patterns(facts, placeholders)
    data = (f"--data={path}" for path in policy.paths(ROOT))
    return {
        "of": opa.evaluate("data.usual.made_from", *data),
        "pattern": whole(patterns),
        "patterns": patterns,
    }


def story(url: str) -> Story:
    """The worked story of FHIR documents, which are made as those of the tests."""
    import fhir_story

    return fhir_story.story(url)


def worked_requests() -> Iterator[object]:
    """The requests of the worked cases, which the tests read too."""
    import worked

    yield from (case.request for case in worked.cases())
    yield from (document["request"] for _, document in worked.documents())


def clauses(guideline: Guideline, version: GuidelineVersion) -> Iterator[str]:
    """Each section of the text with its readings, and the criteria that are made of it."""
    data = f"policy/guidelines/{guideline.id}/{version.version}/data.yaml"
    cases = f"tests/cases/{guideline.id}/{version.version}.yaml"
    until = f"to {version.in_force_to}" if version.in_force_to else "on"
    yield NOTE
    yield f"# {guideline.title}, effective {version.effective_date}\n"
    yield (
        f"Governs service dates from {version.in_force_from} {until}. "
        f"Next review {version.next_review}. "
        f"Drug names: {', '.join(guideline.drug_names)}. Data: [`{data}`](../../{data}). "
        "The kinds of criteria: [`rego/priorauth/criteria`](../../rego/priorauth/criteria)."
        + (f" Worked cases: [`{cases}`](../../{cases}).\n" if (ROOT / cases).exists() else "\n")
    )
    for section in version.sections:
        yield from of_section(version, section)


def of_section(version: GuidelineVersion, section: Section) -> Iterator[str]:
    heading = ". ".join(dict.fromkeys((section.number, section.title)))
    yield f"## {heading}\n"
    yield "\n".join(f"> {line}" if line else ">" for line in section.text.splitlines()) + "\n"
    for reading in section.readings:
        yield f"*{reading}*\n"
    here = [each for each in version.criteria if each.clause.split(".")[0] == section.number]
    if here:
        yield "| clause | text | criterion | kind and figures | asks |\n" + "| --- " * 5 + "|"
        for each in here:
            kind = [f"`{each.kind}`", *(f"{k}: {figure(v)}" for k, v in each.figures.items())]
            asks = [f"`{asked.path}` {asked.question}" for asked in each.questions]
            text = [each.text, *(f"*{reading}*" for reading in each.readings)]
            yield row(f"{each.clause}", *map("<br>".join, (text, named(each), kind, asks)))
        yield ""


def named(criterion: GuidelineCriterion) -> list[str]:
    told = (
        f"{criterion.stage}, {f'{criterion.type} requests' if criterion.type else 'every request'}"
    )
    return [f"`{criterion.id}`", f"part of `{criterion.parent}`" if criterion.parent else told]


def figure(value: Any) -> str:
    """A figure of a guideline's data, in words."""
    if isinstance(value, Mapping):
        named = all(isinstance(each, str) for each in value.values())
        form = "{} ({})" if named else "{} {}"
        return ", ".join(form.format(name, figure(each)) for name, each in value.items())
    if isinstance(value, list):
        return ("; " if isinstance(value[0], Mapping) else ", ").join(map(figure, value))
    return value if isinstance(value, str) else json.dumps(value)


ESCAPED = r"\|"


def row(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cell.replace('|', ESCAPED) for cell in cells)} |"


IN_CSV = {"text": "text", "date": "`2022-11-01`", "boolean": "`true` or `false`", "number": "`160`"}
IN_ARROW = {"text": "", "date": "date", "boolean": "boolean"}


def columns(facts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The columns of requests, and what is in them."""
    yield "| column | holds | in CSV | in Parquet, besides text as in CSV |\n" + "| --- " * 4 + "|"
    for name, column in Requests(facts).columns.items():
        fact = facts[name]
        cell, type_ = IN_CSV.get(column.kind, "JSON"), IN_ARROW.get(column.kind)
        if type_ is None:
            type_ = "whole, floating or decimal number"
        if column.listed:
            item = f"`{':'.join(column.keys)}`" if column.keys else cell
            cell = "JSON" if item == "JSON" else f"{item}, with `{SEPARATOR}` between them"
            fields = ", ".join(f"`{each}`" for each in fact["items"].get("properties", ()))
            type_ = f"list of structs {fields}" if fields else f"list of {type_ or 'text'}"
        elif "enum" in fact:
            cell = ", ".join(f"`{each}`" for each in fact["enum"])
        yield row(f"`{name}`", fact["title"], cell, type_)


def codes(decisions: list[Decision]) -> Iterator[str]:
    """Every code that the worked cases bring up, with the words that come with it."""
    reasons: dict[str, tuple[str, str]] = {}
    notices: dict[str, str] = {}
    for decision in decisions:
        for reason in decision.reasons:
            reasons.setdefault(reason.code, (reason.clause or "", reason.message))
        for notice in decision.notices:
            notices.setdefault(notice.code, notice.message)
    yield NOTE
    yield "# Codes\n"
    yield (
        "Codes are stable: a program may rely on them. Messages may change, and their figures vary "
        "from request to request. These are from worked cases.\n"
    )
    yield "## Reasons\n"
    yield "| code | clause | message |\n| --- | --- | --- |"
    yield from (row(f"`{code}`", *told) for code, told in sorted(reasons.items()))
    yield "\n## Notices\n"
    yield "| code | message |\n| --- | --- |"
    yield from (row(f"`{code}`", words) for code, words in sorted(notices.items()))
    yield ""


def command_line() -> Iterator[str]:
    """What `--help` prints."""
    yield NOTE
    yield "# The command line\n"
    for command in COMMANDS:
        yield f"## {' '.join(('priorauth', *command))}\n"
        yield f"{told_by(*command, '--help', width=88)}\n"


def decided() -> str:
    """The request of `make decide`, and of what it prints the beginning and two clauses."""
    request = json.loads((ROOT / "examples/xpovio-initial.json").read_text())
    members = ",\n".join(f"  {json.dumps(name)}: {json.dumps(request[name])}" for name in request)
    told = told_by("decide", "examples/xpovio-initial.json", width=80)
    top, clauses = told.removesuffix("\n```").split("Clause by clause\n")
    two = (each for each in re.split(r"\n(?=\S)", clauses) if each.split()[1] in ("III.1", "IV"))
    shown = "\n".join((f"{top}Clause by clause, two of them:", *two))
    return f"```json\n{{\n{members}\n}}\n```\n\n{shown}\n```"


CHANGES = {
    "outcome": ("approved", "denied"),
    "criterion": ("xpovio", "age", "2022-10-03", "met", "not_met"),
    "guideline": ("xpovio", "zelvorapt"),
    "version": ("xpovio", "2022-10-03", "2024-01-01"),
    "quantity": ("tablets", "less"),
    "period": ("shorter",),
    "notice": ("early_renewal", "added"),
}


def changes() -> Iterator[str]:
    """The kinds of changes, each with an example of what goes with it."""
    yield "| change | says |\n| --- | --- |"
    yield from (row(f"`{':'.join((k, *CHANGES.get(k, ())))}`", said) for k, said in KINDS.items())


def compared() -> str:
    """The worked example of a new version: what it changes."""
    import changed

    with tempfile.TemporaryDirectory() as scratch:
        new = changed.with_new_version(Path(scratch, "new"))
        command = ("compare", ".", str(new), "examples/requests.csv")
        told = told_by(*command, width=100, codes=(1,))
    return told.replace("```", "```\n$ priorauth compare . new examples/requests.csv", 1)


def told_by(*arguments: str, width: int, codes: Container[int] = (0,)) -> str:
    """What a command prints, in a fence."""
    environment = {**os.environ, "COLUMNS": str(width), "NO_COLOR": "1", "TERM": "dumb"}
    for name in ("PRIORAUTH_URL", "PRIORAUTH_TOKEN"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "priorauth.cli", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode in codes, f"{arguments}: exit code {done.returncode}"
    lines = done.stdout.strip("\n").splitlines()
    return "\n".join(("```", *(line.rstrip() for line in lines), "```"))


def as_json(document: object) -> str:
    """White space and letters that nobody can see, or tell from others, are written as escapes."""
    return json.dumps(document, indent=2) + "\n"


def kinds() -> Iterator[str]:
    """Every kind of criterion with the parameters that its schema has; those in brackets may be
    left out."""
    schema = json.loads((ROOT / "rego/schemas/guideline/data.json").read_text())["definitions"]
    common = schema["criterion"]["properties"]
    yield "| kind | holds when | parameters |\n| --- | --- | --- |"
    for kind in common["kind"]["enum"]:
        own = {name: it for name, it in schema[kind]["properties"].items() if name not in common}
        choices = schema[kind].get("anyOf", schema[kind].get("oneOf", ()))
        choice = [name for each in choices for name in each["required"]]
        told = []
        for name, parameter in own.items():
            if name not in choice:
                shown = f"`{name}{members(parameter)}`"
                told.append(shown if name in schema[kind]["required"] else f"[{shown}]")
        told += [" or ".join(f"`{name}`" for name in choice)] if choice else []
        yield f"| `{kind}` | {schema[kind]['description']} | {', '.join(told) or 'none'} |"


def members(parameter: dict[str, Any]) -> str:
    """What a parameter that is an object, or a list of them, has in it."""
    if "items" in parameter:
        inner = members(parameter["items"])
        return f" [{inner.strip()}, …]" if inner else ""
    return f" {{{', '.join(parameter['properties'])}}}" if "properties" in parameter else ""


def filled(page: str, name: str, content: str) -> str:
    """The page with the content between its marks of that name."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, rest = page.split(start)
    return f"{before}{start}{content}\n{end}{rest.split(end)[1]}"


def read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    try:
        main()
    except PriorAuthError as error:
        sys.exit(str(error))
