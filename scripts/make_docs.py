"""Write what can be said of the code from the code itself: clause tables, codes, the command line.

With `--check` nothing is written, and what is out of date makes the exit code 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from priorauth import (
    Client,
    Decision,
    Guideline,
    GuidelineVersion,
    LocalSidecar,
    PriorAuthError,
    Section,
)
from request_schema import request_schema

ROOT = Path(__file__).resolve().parents[1]
COMMANDS: tuple[tuple[str, ...], ...] = (
    (),
    ("decide",),
    ("batch",),
    ("guideline",),
    ("health",),
    ("serve",),
    ("bundle",),
    ("bundle", "build"),
    ("bundle", "verify"),
)
NOTE = "<!-- Written by `make docs` from the code. Change the code, not this file. -->\n"


def main() -> None:
    cases = [json.loads(path.read_text()) for path in sorted(ROOT.glob("tests/cases/*.json"))]
    with LocalSidecar() as url, Client(url) as client:
        catalog = client.catalog()
        facts = client.facts()
        decisions = list(client.decide_many(case["request"] for case in cases))
    pages = {
        f"docs/guidelines/{guideline.id}-{version.version}.md": "\n".join(
            clauses(guideline, version)
        )
        for guideline in catalog
        for version in guideline.versions
    }
    pages["docs/codes.md"] = "\n".join(codes(decisions))
    placeholders = yaml.safe_load((ROOT / "policy/placeholders/data.yaml").read_text())
    pages["schemas/request.json"] = as_json(request_schema(facts, placeholders))
    pages["docs/cli.md"] = "\n".join(command_line())
    pages["README.md"] = filled(read(ROOT / "README.md") or "", "decide", decided())
    stale = [name for name, page in pages.items() if read(ROOT / name) != page]
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"out of date: {', '.join(stale)}; run `make docs`")
        return
    for name in stale:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(pages[name])
        sys.stdout.write(f"{name}\n")


def clauses(guideline: Guideline, version: GuidelineVersion) -> Iterator[str]:
    """Each section of the text with its clauses, and where each stands in data, rules and tests."""
    data = f"policy/guidelines/{guideline.id}/{version.version}/data.yaml"
    yield NOTE
    yield f"# {guideline.title}, effective {version.effective_date}\n"
    until = version.in_force_to or "on"
    yield (
        f"Governs service dates from {version.in_force_from} {until}. "
        f"Next review {version.next_review}. "
        f"Drug names: {', '.join(guideline.drug_names)}. Data: [`{data}`](../../{data}).\n"
    )
    for section in version.sections:
        yield from clause_table(guideline, version, section)


def clause_table(
    guideline: Guideline, version: GuidelineVersion, section: Section
) -> Iterator[str]:
    heading = (
        section.title if section.section == section.title else f"{section.section}. {section.title}"
    )
    yield f"## {heading}\n"
    yield "\n".join(f"> {line}" if line else ">" for line in section.text.splitlines()) + "\n"
    for reading in section.readings:
        yield f"*{reading}*\n"
    rules = f"rego/priorauth/guidelines/{guideline.id}/{section.id}.rego"
    if not (ROOT / rules).exists():
        yield "No rule reads this section.\n"
        return
    tests = rules.replace(".rego", "_test.rego")
    yield f"Rules: [`{rules}`](../../{rules}). Tests: [`{tests}`](../../{tests}).\n"
    here = {criterion.id for criterion in version.criteria if criterion.section == section.id}
    if here:
        yield "| clause | text | criterion | asks |\n| --- | --- | --- | --- |"
        for criterion in version.criteria:
            if criterion.id in here:
                asks = "<br>".join(f"`{q.path}` {q.question}" for q in criterion.questions)
                yield f"| {criterion.clause} | {criterion.text} | `{criterion.id}` | {asks} |"
        yield ""


def codes(decisions: list[Decision]) -> Iterator[str]:
    """Every code that the worked cases bring up, with the words that come with it."""
    reasons = {
        reason.code: (reason.clause or "", reason.message)
        for decision in decisions
        for reason in decision.reasons
    }
    notices = {notice.code: notice.message for decision in decisions for notice in decision.notices}
    yield NOTE
    yield "# Codes\n"
    yield "Codes are stable: a program may rely on them. The words beside them may change.\n"
    yield "## Reasons\n"
    yield "| code | clause | message |\n| --- | --- | --- |"
    yield from (
        f"| `{code}` | {clause} | {words} |" for code, (clause, words) in sorted(reasons.items())
    )
    yield "\n## Notices\n"
    yield "| code | message |\n| --- | --- |"
    yield from (f"| `{code}` | {words} |" for code, words in sorted(notices.items()))
    yield ""


def command_line() -> Iterator[str]:
    """What `--help` prints."""
    yield NOTE
    yield "# The command line\n"
    for command in COMMANDS:
        yield f"## {' '.join(('priorauth', *command))}\n"
        yield f"{told_by(*command, '--help', width=88)}\n"


def decided() -> str:
    """What `make decide` prints, where its output is no terminal."""
    return told_by("decide", "examples/xpovio-initial.json", width=80)


def told_by(*arguments: str, width: int) -> str:
    """What a command prints, in a fence."""
    environment = {**os.environ, "COLUMNS": str(width), "NO_COLOR": "1", "TERM": "dumb"}
    for name in ("PRIORAUTH_URL", "PRIORAUTH_TOKEN"):
        environment.pop(name, None)
    told = subprocess.run(
        [sys.executable, "-m", "priorauth.cli", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=600,
    ).stdout
    return "\n".join(("```", *(line.rstrip() for line in told.strip("\n").splitlines()), "```"))


def as_json(document: object) -> str:
    """White space and letters that nobody can see, or tell from others, are written as escapes."""
    return json.dumps(document, indent=2) + "\n"


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
