"""The result as one document: for programs as it is, for people as a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .._html import Content, Element, bars, element, page, plain, table
from ..batch.tally import exact, number
from ..catalog import Guideline
from ..decision import OUTCOMES
from ..tables import flattened
from .changes import ABSENT, KINDS, Change, Document, Impact, is_allowed
from .content import Part, differences, is_prose, words
from .run import Otherwise

Report = Mapping[str, Any]

_LONGEST = 300
_TOLD = ("outcome", "guideline", "authorization", "reasons", "missing", "notices")


def report(
    impact: Impact, catalogs: Iterable[Iterable[Guideline]], content: Iterable[Part] = ()
) -> Report:
    """The result as JSON; a criterion is quoted from the last catalog that has its version."""
    said: Mapping[Change, Mapping[str, str]] = {
        (guideline.id, criterion.id, version.version): {
            "clause": criterion.clause,
            "text": criterion.text,
        }
        for catalog in catalogs
        for guideline in catalog
        for version in guideline.versions
        for criterion in version.criteria
    }
    return {
        "requests": impact.requests,
        "changed": impact.changed,
        "unexpected": impact.unexpected,
        "invalid": impact.invalid,
        "outcomes": [
            {"old": old, "new": new, "requests": impact.outcomes[old, new]}
            for old in OUTCOMES
            for new in OUTCOMES
            if impact.outcomes[old, new]
        ],
        "changes": [
            {
                "change": ":".join(change),
                **(said.get(change[1:4], {}) if change[0] == "criterion" else {}),
                "requests": found.requests,
                "expected": is_allowed(change, impact.allowed),
                "examples": list(found.examples),
            }
            for change, found in sorted(impact.changes.items(), key=_rank)
        ],
        "authorized": [
            {"what": what, "old": number(old), "new": number(new)}
            for what, (old, new) in sorted(impact.authorized.items())
        ],
        "content": [
            {"part": part.title, "differences": [each._asdict() for each in part.differences]}
            for part in content
        ],
    }


def _rank(found: tuple[Change, Any]) -> tuple[int, int, Change]:
    change, counted = found
    return list(KINDS).index(change[0]), -counted.requests, change


def otherwise(found: Otherwise) -> Report:
    """A decision that differs now, as JSON: what changed, and in which criteria and words."""
    sides = [
        {each["id"]: each for each in flattened(document["criteria"])}
        for document in (found.old, found.new)
    ]
    nothing: Report = {"status": ABSENT, "facts": {}}
    criteria = []
    for id_ in sides[0] | sides[1]:
        old, new = (side.get(id_, nothing) for side in sides)
        before, after = (each.get("facts", {}) for each in (old, new))
        if old["status"] != new["status"] or before != after:
            criteria.append(
                {
                    "id": id_,
                    "clause": {**new, **old}["clause"],
                    "old": old["status"],
                    "new": new["status"],
                    "facts": {
                        name: {"old": before.get(name), "new": after.get(name)}
                        for name in before | after
                        if before.get(name) != after.get(name)
                    },
                }
            )
    return {
        "request": found.name,
        "changes": [":".join(change) for change in found.changes],
        "criteria": criteria,
        "words": _worded(found.old, found.new) if ("words",) in found.changes else [],
        "old": {key: found.old[key] for key in _TOLD},
        "new": {key: found.new[key] for key in _TOLD},
    }


def _worded(old: Document, new: Document) -> list[Report]:
    """What differs between two decisions, but for the facts of criteria."""
    found = differences("", old, new)
    return [each._asdict() for each in found if "/facts/" not in each.path]


def sentence(found: Report) -> str:
    """How many decisions differ."""
    words_only = sum(each["requests"] for each in found["changes"] if each["change"] == "words")
    differ = f"{found['changed']:,} of {found['requests']:,} decisions differ"
    if words_only:
        differ += f", {words_only:,} of them in words only"
    if found["unexpected"] != found["changed"]:
        differ += f"; {found['unexpected']:,} of them are not expected"
    if found["invalid"]:
        differ += f"; invalid by both: {found['invalid']:,}"
    return differ


def told(change: str) -> str:
    """A change in words, such as `approved → denied`."""
    kind, *rest = change.split(":")
    if kind in ("outcome", "guideline"):
        return " → ".join(map(plain, rest))
    if kind in ("criterion", "version"):
        return f"{' '.join(rest[:-2])}: {' → '.join(map(plain, rest[-2:]))}"
    return " ".join([kind, *map(plain, rest)])


def impact_page(old: str, new: str, found: Report) -> bytes:
    """The report as an HTML file."""
    return page(
        "What the change does",
        element("p", f"From {old} to {new}."),
        element("p", f"{sentence(found)}."),
        *_outcomes(found["outcomes"]),
        *_changes(found["changes"]),
        *_authorized(found["authorized"]),
        *_content(found["content"]),
    )


def _outcomes(pairs: list[Report]) -> list[Element]:
    names = [each for each in OUTCOMES if any(each in (pair["old"], pair["new"]) for pair in pairs)]
    counts = {(pair["old"], pair["new"]): pair["requests"] for pair in pairs}
    moved = [
        (f"{plain(old)} → {plain(new)}", count)
        for (old, new), count in counts.items()
        if old != new
    ]
    rows = [[plain(old), *(counts.get((old, new), 0) for new in names)] for old in names]
    return [
        element("h2", "Outcomes"),
        *([bars("from which outcome to which", moved)] if moved else []),
        table(
            "Requests by their outcome before (rows) and after (columns)",
            ["before", *map(plain, names)],
            rows,
        ),
    ]


def _changes(changes: list[Report]) -> list[Element]:
    if not changes:
        return []
    made: list[Element] = [element("h2", "Changes")]
    for kind, meaning in KINDS.items():
        of_kind = [each for each in changes if each["change"].split(":")[0] == kind]
        if not of_kind:
            continue
        criteria = kind == "criterion"
        rows: list[list[Content]] = [
            [
                *([each.get("clause", "")] if criteria else []),
                told(each["change"]),
                *([each.get("text", "")] if criteria else []),
                each["requests"],
                "yes" if each["expected"] else "no",
                ", ".join(each["examples"]),
            ]
            for each in of_kind
        ]
        heads = ["change", "requests", "expected", "examples"]
        if criteria:
            heads = ["clause", "change", "criterion", "requests", "expected", "examples"]
        counts = [(told(each["change"]), each["requests"]) for each in of_kind]
        made += [element("h3", f"{kind}: {meaning}")]
        made += [bars(meaning, counts)] if len(counts) > 1 else []
        made += [table(f"Requests by change of {kind}", heads, rows, named=1 + criteria)]
    return made


def _authorized(totals: list[Report]) -> list[Element]:
    if not totals:
        return []
    rows = [
        [
            plain(each["what"]),
            each["old"],
            each["new"],
            number(exact(each["new"]) - exact(each["old"])),
        ]
        for each in totals
    ]
    return [
        element("h2", "Authorized in all"),
        table(
            "Per fill, summed over all requests; days of authorization with an end",
            ["what", "before", "after", "difference"],
            rows,
        ),
    ]


def _content(parts: list[Report]) -> list[Element]:
    made = [element("h2", "What differs in the policies")]
    for part in parts:
        rows = [[each["path"] or "all of it", *_values(each)] for each in part["differences"]]
        made += [
            element("h3", part["part"]),
            table(f"Differences in {part['part']}", ["where", "before", "after"], rows),
        ]
    return made if parts else []


def _values(difference: Report) -> list[Content]:
    old, new = difference["old"], difference["new"]
    if not is_prose(old, new):
        return [shown(old), shown(new)]
    sides: list[Content] = []
    for tag, left_out in (("del", "inserted"), ("ins", "deleted")):
        pieces: list[Content] = []
        for operation, text in words(old, new):
            if operation != left_out:
                pieces += [text if operation == "kept" else element(tag, text), " "]
        sides.append(element("span", *pieces))
    return sides


def shown(value: Any) -> str:
    """A value of the data, cut short where it is long; a dash where there is none."""
    if value is None:
        return "—"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
