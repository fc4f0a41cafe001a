"""The guidelines on file, as the policy's catalog lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ._document import (
    At,
    Object,
    day,
    day_or_none,
    items,
    listed,
    mapping,
    member,
    text,
    texts,
)


@dataclass(frozen=True)
class Question:
    """What to ask for a fact: the JSON Pointer of where it goes in the request, and the words."""

    path: str
    question: str


@dataclass(frozen=True)
class Clause:
    """A criterion of a guideline: its section's id, the clause it stands on, what it asks for."""

    id: str
    section: str
    clause: str
    text: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Section:
    """A section of a guideline's text: its number or name there, its title and its words.

    `readings` say how the text is read where it leaves room.
    """

    id: str
    section: str
    title: str
    text: str = field(repr=False)
    readings: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class GuidelineVersion:
    """One version: in force for service dates from `in_force_from` to `in_force_to` (None: on).

    `next_review` is a month, `YYYY-MM`.
    """

    version: str
    effective_date: date
    next_review: str
    in_force_from: date
    in_force_to: date | None
    sections: tuple[Section, ...]
    criteria: tuple[Clause, ...]


@dataclass(frozen=True)
class Guideline:
    """A guideline on file, the names of the drugs it is about, and its versions, oldest first.

    `raw` is its entry in the catalog as it came.
    """

    id: str
    title: str
    drug_names: tuple[str, ...]
    versions: tuple[GuidelineVersion, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


def read_catalog(document: object) -> tuple[Guideline, ...]:
    """Read the policy's catalog. Raises MalformedResult, with a JSON Pointer."""
    return items(document, (), _guideline)


def _guideline(doc: Object, at: At) -> Guideline:
    return Guideline(
        id=text(doc, "id", at),
        title=text(doc, "title", at),
        drug_names=texts(doc, "drug_names", at),
        versions=listed(doc, "versions", at, _version),
        raw=doc,
    )


def _version(doc: Object, at: At) -> GuidelineVersion:
    in_force = mapping(member(doc, "in_force", at), (at, "in_force"))
    return GuidelineVersion(
        version=text(doc, "version", at),
        effective_date=day(doc, "effective_date", at),
        next_review=text(doc, "next_review", at),
        in_force_from=day(in_force, "from", (at, "in_force")),
        in_force_to=day_or_none(in_force, "to", (at, "in_force")),
        sections=listed(doc, "sections", at, _section),
        criteria=listed(doc, "criteria", at, _clause),
    )


def _section(doc: Object, at: At) -> Section:
    return Section(
        id=text(doc, "id", at),
        section=text(doc, "section", at),
        title=text(doc, "title", at),
        text=text(doc, "text", at),
        readings=texts(doc, "readings", at),
    )


def _clause(doc: Object, at: At) -> Clause:
    return Clause(
        id=text(doc, "id", at),
        section=text(doc, "section", at),
        clause=text(doc, "clause", at),
        text=text(doc, "text", at),
        questions=listed(doc, "questions", at, _question),
    )


def _question(doc: Object, at: At) -> Question:
    return Question(path=text(doc, "path", at), question=text(doc, "question", at))
