"""A batch's summary as a page, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from .._html import Element, bars, element, page, plain, table
from ..decision import OUTCOMES, STATUSES
from .summary import Summary

Row = Mapping[str, Any]


class _Part(NamedTuple):
    """A table of the report and the chart of it: what both are about, and the columns.

    The columns in `names` say what a row is about, those in `figures` are its figures; `more` are
    between them. Of the figures the chart draws those in `drawn`: the first, or the `latest`.
    """

    caption: str
    names: tuple[str, ...]
    figures: tuple[str, ...] = ("requests",)
    drawn: tuple[str, ...] = ("requests",)
    more: tuple[str, ...] = ()
    latest: bool = False


_OUTCOMES = _Part("Requests by outcome", ("outcome",))
_CLAUSES = _Part(
    "Requests by the clause that is a reason for the outcome",
    ("guideline_id", "guideline_version", "clause", "outcome"),
)
_CRITERIA = _Part(
    "Requests by how the criteria stand",
    ("clause", "criterion"),
    STATUSES,
    ("not_met", "unknown", "reduced"),
    more=("text",),
)
_QUESTIONS = _Part(
    "Requests by the question that is asked",
    ("question",),
    more=("fact", "guideline_id", "guideline_version", "clause"),
)
_QUANTITIES = _Part(
    "Per fill, summed over the requests that state a quantity",
    ("guideline_id", "quantity", "outcome"),
    ("requests", "requested", "authorized"),
    ("requested", "authorized"),
)
_MONTHS = _Part(
    "Valid requests by the month of the service date",
    ("month",),
    ("requests", *(outcome for outcome in OUTCOMES if outcome != "invalid")),
    latest=True,
)
_NOTICES = _Part("Requests by notice", ("code",))
_FAULTS = _Part("Invalid requests by what is wrong", ("fact", "fault"))

_IN_ALL = {
    "requests": "requests decided",
    "requires_clinician_review": "decisions that a clinician reviews",
    "repeated_request_ids": "rows with the request_id of an earlier row",
    "blank_rows": "rows without content, left out",
}
_HEADS = {
    "guideline_id": "guideline",
    "guideline_version": "version",
    "text": "its words",
    "code": "notice",
}
_CODES = ("outcome", "quantity", "code")
_MOST_DRAWN = 40


def report(found: Summary) -> bytes:
    """The summary as an HTML file."""
    outcomes = [{"outcome": each, "requests": count} for each, count in found["outcomes"].items()]
    return page(
        "What a batch decided",
        table("In all", ["what", "how many"], [[told, found[n]] for n, told in _IN_ALL.items()]),
        *_shown("Outcomes", _OUTCOMES, outcomes),
        *_shown("Clauses", _CLAUSES, found["clauses"]),
        *(
            each
            for title, rows in _by_version(found["criteria"])
            for each in _shown(title, _CRITERIA, rows)
        ),
        *_shown("Questions", _QUESTIONS, found["questions"]),
        *_shown("Requested and authorized", _QUANTITIES, found["quantities"]),
        *_shown("Months", _MONTHS, found["months"]),
        *_shown("Notices", _NOTICES, found["notices"]),
        *_shown("Faults", _FAULTS, found["faults"]),
    )


def _by_version(criteria: Sequence[Row]) -> Iterator[tuple[str, Sequence[Row]]]:
    for version, rows in groupby(
        criteria, lambda each: (each["guideline_id"], each["guideline_version"])
    ):
        yield f"Criteria of {' '.join(version)}", list(rows)


def _shown(title: str, part: _Part, rows: Sequence[Row]) -> Iterator[Element]:
    if not rows:
        return
    yield element("h2", title)
    counts = [
        (
            ": ".join([" ".join(_cell(row, name) for name in part.names), *_side(part, figure)]),
            row[figure],
        )
        for row in rows
        for figure in part.drawn
        if row[figure]
    ]
    if counts:
        yield bars(title, counts[-_MOST_DRAWN:] if part.latest else counts[:_MOST_DRAWN])
    if len(counts) > _MOST_DRAWN:
        drawn = f"{'latest' if part.latest else 'first'} {_MOST_DRAWN} of {len(counts):,}"
        yield element("p", f"The chart shows the {drawn} figures; the table has all.")
    columns = (*part.names, *part.more, *part.figures)
    yield table(
        f"{title}: {part.caption}",
        [_HEADS.get(name, plain(name)) for name in columns],
        [[_cell(row, name) for name in columns] for row in rows],
        named=len(part.names),
    )


def _side(part: _Part, figure: str) -> list[str]:
    return [plain(figure)] if len(part.drawn) > 1 else []


def _cell(row: Row, name: str) -> Any:
    if name == "fact" and not row[name]:
        return "the whole request"
    return plain(row[name]) if name in _CODES else row[name]
