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
    text_or_none,
    texts,
)


@dataclass(frozen=True)
class Question:
    """What to ask for a fact: the JSON Pointer of where it goes in the request, and the words."""

    path: str
    question: str


@dataclass(frozen=True)
class GuidelineCriterion:
    """A criterion of a guideline: the clause it cites, its words, and what it asks for.

    `stage` is `applicability`, `coverage` or `limits`. `type` is the type of request that it is
    for, None for both. `parent` is the id of the group that it is a part of, or None. `figures` are
    the parameters of its kind.
    """

    id: str
    clause: str
    text: str
    kind: str
    stage: str
    type: str | None
    parent: str | None
    figures: Mapping[str, Any] = field(repr=False, hash=False)
    readings: tuple[str, ...] = field(repr=False)
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Section:
    """A section of a guideline's text: its number or name there, its title and its words.

    `readings` say how the text is read where it is open to interpretation.
    """

    number: str
    title: str
    text: str = field(repr=False)
    readings: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class GuidelineVersion:
    """One version, in force for service dates from `in_force_from` to `in_force_to`, if any.

    `next_review` is a month, `YYYY-MM`. `facts` are those that its criteria ask for, by path, each
    as the vocabulary declares it.
    """

    version: str
    effective_date: date
    next_review: str
    in_force_from: date
    in_force_to: date | None
    sections: tuple[Section, ...]
    criteria: tuple[GuidelineCriterion, ...]
    facts: Mapping[str, Any] = field(repr=False, hash=False)


@dataclass(frozen=True)
class Guideline:
    """A guideline on file, the drug names that lead to it, and its versions, oldest first.

    `raw` is its entry in the catalog as received.
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
        in_force_to=day_or_none({"to": None, **in_force}, "to", (at, "in_force")),
        sections=listed(doc, "sections", at, _section),
        criteria=listed(doc, "criteria", at, _criterion),
        facts=mapping(member(doc, "facts", at), (at, "facts")),
    )


def _section(doc: Object, at: At) -> Section:
    return Section(
        number=text(doc, "number", at),
        title=text(doc, "title", at),
        text=text(doc, "text", at),
        readings=texts(doc, "readings", at),
    )


def _criterion(doc: Object, at: At) -> GuidelineCriterion:
    return GuidelineCriterion(
        id=text(doc, "id", at),
        clause=text(doc, "clause", at),
        text=text(doc, "text", at),
        kind=text(doc, "kind", at),
        stage=text(doc, "stage", at),
        type=text_or_none(doc, "type", at),
        parent=text_or_none(doc, "parent", at),
        figures=mapping(member(doc, "figures", at), (at, "figures")),
        readings=texts(doc, "readings", at),
        questions=listed(doc, "asks", at, _question),
    )


def _question(doc: Object, at: At) -> Question:
    return Question(path=text(doc, "path", at), question=text(doc, "question", at))
