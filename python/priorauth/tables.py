"""Requests as rows of a table, and decisions as rows of another: CSV, Parquet, Spark.

A column is named after the field of the request that it holds, as in `member.birth_date`; a struct
column holds the fields of its section. An empty cell, or a null, is an absent fact. `docs/batch.md`
lists the columns.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from ._json import is_json, one_line, read_json
from .catalog import Guideline
from .decider import Decider
from .errors import ConfigurationError, NotJSON

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATOR = "|"
"""What is between the items of a list in one cell."""

REQUEST_COLUMNS: Mapping[str, str] = {
    "request_id": "text",
    "type": "text",
    "service_date": "date",
    "drug.name": "text",
    "member.birth_date": "date",
    "member.benefit": "text",
    "member.formulary": "text",
    "member.drug_on_formulary": "boolean",
    "member.closed_formulary": "boolean",
    "member.formulary_alternatives_tried": "boolean",
    "prescriber.npi": "text",
    "prescriber.taxonomies": "texts",
    "diagnosis.icd10": "text",
    "nccn": "recommendations",
    "documentation": "documents",
    "dose.mg_per_week": "number",
    "dose.times_per_week": "number",
    "quantity.tablets": "number",
    "quantity.days_supply": "number",
    "duration_months": "number",
    "prior_authorization.end_date": "date",
    "clinical.disease_status": "text",
    "clinical.unacceptable_toxicity": "boolean",
}
"""The columns of requests, and the kind of what is in them."""

REQUIRED = ("type", "service_date", "drug.name")


def check_columns(names: Sequence[str]) -> None:
    """Raises ConfigurationError, naming the column, unless a table of these can hold requests."""
    for name in names:
        if name not in REQUEST_COLUMNS:
            close = difflib.get_close_matches(name, REQUEST_COLUMNS, 1)
            hint = f"; is it {close[0]}?" if close else ""
            raise ConfigurationError(
                f"the table has a column {name!r} that requests have not{hint}"
            )
        if names.count(name) > 1:
            raise ConfigurationError(f"the table has the column {name} more than once")
    for name in REQUIRED:
        if name not in names:
            raise ConfigurationError(f"the table has no column {name}, which every request needs")


def request(cells: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """The request document of a row, of its cells by column.

    A cell is text, as in CSV, or a value of Python's. Raises NotJSON, with the pointer of the
    field, for a cell that is not of its column's kind; it does not quote the cell.
    """
    document: dict[str, Any] = {}
    for name, cell in cells:
        if cell is None or cell == "":
            continue
        try:
            value = _READ[REQUEST_COLUMNS[name]](cell)
        except (NotJSON, TypeError, ValueError, ArithmeticError):
            value = _UNREAD
        if value is _UNREAD:
            raise NotJSON(
                f"column {name} must hold {_EXPECTED[REQUEST_COLUMNS[name]]}",
                pointer="/" + name.replace(".", "/"),
            )
        section, _, field = name.partition(".")
        if field:
            document.setdefault(section, {})[field] = value
        else:
            document[section] = value
    return document


_UNREAD = object()
_EXPECTED = {
    "text": "text",
    "date": "a date, YYYY-MM-DD",
    "boolean": "true or false",
    "number": "a number",
    "texts": f"a list, its items with {SEPARATOR} between them",
    "recommendations": f"a list of source:category, with {SEPARATOR} between them",
    "documents": f"a list of references, with {SEPARATOR} between them",
}


def _text(cell: object) -> Any:
    return cell if isinstance(cell, str) else _UNREAD


def _date(cell: object) -> Any:
    # A datetime is a date too, but not what a day is.
    return cell.isoformat() if type(cell) is date else _text(cell)


def _boolean(cell: object) -> Any:
    if isinstance(cell, str):
        return {"true": True, "false": False}.get(cell.strip().lower(), _UNREAD)
    return cell if isinstance(cell, bool) else _UNREAD


def _number(cell: object) -> Any:
    if isinstance(cell, str):
        # As strictly as in JSON: what would be rounded is refused.
        cell = read_json(cell.strip().encode())
    if isinstance(cell, Decimal):
        cell = read_json(f"{cell:f}".encode())
    if isinstance(cell, bool) or not isinstance(cell, (int, float)) or not math.isfinite(cell):
        return _UNREAD
    return cell


def _items(cell: object) -> list[Any]:
    if isinstance(cell, str):
        if cell.lstrip().startswith("["):
            cell = read_json(cell.encode())
        else:
            return cell.split(SEPARATOR)
    if not isinstance(cell, list):
        raise TypeError
    return [_plain(item) for item in cell]


def _plain(item: Any) -> Any:
    """An item of a list as JSON has it: what a struct lacks is absent."""
    if isinstance(item, Mapping):
        return {key: _plain(value) for key, value in item.items() if value is not None}
    return item.isoformat() if type(item) is date else item


def _recommendations(cell: object) -> Any:
    found = []
    for item in _items(cell):
        if isinstance(item, str):
            source, colon, category = item.partition(":")
            if not colon:
                return _UNREAD
            item = {"source": source.strip(), "category": category.strip()}
        found.append(item)
    return found


def _documents(cell: object) -> Any:
    return [{"reference": each} if isinstance(each, str) else each for each in _items(cell)]


_READ = {
    "text": _text,
    "date": _date,
    "boolean": _boolean,
    "number": _number,
    "texts": _items,
    "recommendations": _recommendations,
    "documents": _documents,
}


@dataclass(frozen=True)
class Decisions:
    """The table of decisions: its columns, with one for each criterion in `criteria`."""

    criteria: tuple[str, ...]

    @classmethod
    def of(cls, catalog: Iterable[Guideline]) -> Decisions:
        """The table for the guidelines on file."""
        return cls(
            tuple(
                dict.fromkeys(
                    criterion.id
                    for guideline in catalog
                    for version in guideline.versions
                    for criterion in version.criteria
                )
            )
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in order."""
        return (*_HEAD, *(f"criterion_{each}" for each in self.criteria), *_TAIL)

    def row(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A decision document by column, in values of Python's."""
        guideline = document["guideline"] or {}
        terms = document["authorization"] or {}
        status = {each["id"]: each["status"] for each in document["criteria"]}
        return {
            "request_id": document["request_id"],
            "outcome": document["outcome"],
            "requires_clinician_review": document["requires_clinician_review"],
            "guideline_id": guideline.get("id"),
            "guideline_version": guideline.get("version"),
            **{f"criterion_{each}": status.get(each) for each in self.criteria},
            "reasons": [
                {key: reason[key] for key in ("code", "criterion", "clause")}
                for reason in document["reasons"]
            ],
            "missing": [each["path"] for each in document["missing"]],
            "notices": [each["code"] for each in document["notices"]],
            "errors": [
                {key: each[key] for key in ("path", "message")} for each in document["errors"]
            ],
            "authorization_start_date": _day(terms.get("start_date")),
            "authorization_end_date": _day(terms.get("end_date")),
            "authorization_tablets": _whole(terms.get("tablets")),
            "authorization_days_supply": _whole(terms.get("days_supply")),
            "authorization_package": terms.get("package"),
            "decision": one_line(document),
        }

    def cells(self, document: Mapping[str, Any]) -> list[str]:
        """A decision document as the cells of a CSV file."""
        row = self.row(document)
        row["reasons"] = [reason["code"] for reason in row["reasons"]]
        row["errors"] = [f"{each['path']}: {each['message']}" for each in row["errors"]]
        return [_cell(row[name]) for name in self.columns]

    def schema(self) -> pa.Schema:
        """The columns' types. Needs the extra `parquet`."""
        import pyarrow as pa

        text, texts = pa.string(), pa.list_(pa.string())
        reason = pa.struct([("code", text), ("criterion", text), ("clause", text)])
        types: dict[str, Any] = {
            "requires_clinician_review": pa.bool_(),
            "reasons": pa.list_(reason),
            "missing": texts,
            "notices": texts,
            "errors": pa.list_(pa.struct([("path", text), ("message", text)])),
            "authorization_start_date": pa.date32(),
            "authorization_end_date": pa.date32(),
            "authorization_tablets": pa.int64(),
            "authorization_days_supply": pa.int64(),
        }
        return pa.schema([(name, types.get(name, text)) for name in self.columns])

    def batch(self, documents: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
        """Decision documents as a batch of Arrow's, of `schema`. Needs the extra `parquet`."""
        import pyarrow as pa

        return pa.RecordBatch.from_pylist(list(map(self.row, documents)), schema=self.schema())


_HEAD = ("request_id", "outcome", "requires_clinician_review", "guideline_id", "guideline_version")
_TAIL = (
    "reasons",
    "missing",
    "notices",
    "errors",
    "authorization_start_date",
    "authorization_end_date",
    "authorization_tablets",
    "authorization_days_supply",
    "authorization_package",
    "decision",
)


class Row(NamedTuple):
    """A row that is to be decided: how it is called, and its request, or why it has none."""

    where: str
    request: Any
    request_id: object = None


def row(where: str, cells: Iterable[tuple[str, object]]) -> Row:
    """A row of a table, of its cells by column."""
    cells = list(cells)
    try:
        return Row(where, request(cells))
    except NotJSON as fault:
        return Row(where, fault, dict(cells).get("request_id"))


def decided(engine: Decider, rows: Iterable[Row]) -> list[Mapping[str, Any]]:
    """The decision documents on rows, one for each: `invalid` for those that have no request."""
    answers: list[Mapping[str, Any] | None] = []
    asked: list[tuple[int, Row]] = []
    for each in rows:
        if isinstance(each.request, NotJSON):
            answers.append(_unreadable(each, each.request))
        else:
            asked.append((len(answers), each))
            answers.append(None)
    while asked:
        try:
            decisions = list(engine.decide_many([each.request for _, each in asked]))
        except NotJSON as fault:
            # Such as half of a surrogate pair: text that can be read but not sent.
            if fault.index is None:
                for index, each in asked:
                    answers[index] = _alone(engine, each)
                break
            index, each = asked.pop(fault.index)
            answers[index] = _unreadable(each, fault)
        else:
            for (index, _), decision in zip(asked, decisions, strict=True):
                answers[index] = decision.raw
            break
    return [answer for answer in answers if answer is not None]


def _alone(engine: Decider, at: Row) -> Mapping[str, Any]:
    try:
        return engine.decide(at.request).raw
    except NotJSON as fault:
        return _unreadable(at, fault)


def _unreadable(at: Row, fault: NotJSON) -> dict[str, Any]:
    """The decision on what cannot be asked about: of the policy's form, though it was not asked."""
    told = isinstance(at.request_id, str) and 1 <= len(at.request_id) <= 128
    return {
        "request_id": at.request_id if told and is_json(at.request_id) else None,
        "outcome": "invalid",
        "requires_clinician_review": False,
        "guideline": None,
        "criteria": [],
        "reasons": [],
        "missing": [],
        "authorization": None,
        "notices": [],
        "errors": [{"path": fault.pointer, "message": f"{at.where}: {fault.reason}"}],
    }


def arrow_columns(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Where in an Arrow table each column of requests is: its name, and those inside its struct.

    Raises ConfigurationError for a column that is not of a request's, or not of its type.
    """
    import pyarrow as pa

    found: dict[str, tuple[str, ...]] = {}
    names = []
    for field in schema:
        inner: list[tuple[str, tuple[str, ...]]] = [(field.name, ())]
        if pa.types.is_struct(field.type):
            inner = [(f"{field.name}.{each.name}", (each.name,)) for each in field.type]
        for name, path in inner:
            names.append(name)
            found[name] = (field.name, *path)
    check_columns(names)
    for name, place in found.items():
        kind = schema.field(place[0]).type
        if len(place) > 1:
            kind = kind.field(place[1]).type
        if not _fits(REQUEST_COLUMNS[name], kind):
            raise ConfigurationError(
                f"the column {name} is of the type {kind}, and must hold "
                f"{_EXPECTED[REQUEST_COLUMNS[name]]}"
            )
    return found


def _fits(kind: str, type_: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(type_):
        type_ = type_.value_type
    if types.is_string(type_) or types.is_large_string(type_) or types.is_null(type_):
        return True
    if kind == "date":
        return bool(types.is_date(type_))
    if kind == "boolean":
        return bool(types.is_boolean(type_))
    if kind == "number":
        return any(is_(type_) for is_ in (types.is_integer, types.is_floating, types.is_decimal))
    return kind != "text" and bool(types.is_list(type_) or types.is_large_list(type_))


def arrow_requests(
    batch: pa.RecordBatch, columns: Mapping[str, tuple[str, ...]]
) -> list[list[tuple[str, object]]]:
    """The rows of a batch, each as the cells that `request` takes."""
    values = {
        name: [
            cell if cell is None or not inner else cell.get(inner[0])
            for cell in batch.column(top).to_pylist()
        ]
        for name, (top, *inner) in columns.items()
    }
    return [
        [(name, column[row]) for name, column in values.items()] for row in range(batch.num_rows)
    ]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _whole(number: Any) -> int | None:
    return None if number is None else int(number)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return SEPARATOR.join(value)
    return str(value)
