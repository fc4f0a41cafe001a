"""Requests as rows of a table, and decisions as rows of another: CSV, Parquet, Spark.

A column is named after the fact that it holds, as in `member.birth_date`; a struct column holds the
facts of its section. An empty cell, or a null, is an absent fact. `docs/batch.md` lists the columns
of the facts that this package's guidelines declare.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ._json import one_line, read_json, sent_size
from .catalog import Guideline
from .decider import Decider
from .errors import ConfigurationError, NotJSON

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATOR = "|"
"""What is between the items of a list in one cell."""

REQUIRED = ("type", "service_date", "drug.name")
"""The columns that every table of requests has."""

Facts = Mapping[str, Mapping[str, Any]]
"""The vocabulary, as `Decider.facts` has it."""


@dataclass(frozen=True)
class Column:
    """How the cells of a column are read, by what the vocabulary says of its fact.

    `kind` is `text`, `date`, `boolean` or `number`, of each item where they are `listed`;
    or `object`, of a list only, whose items may be written as the texts that they must have,
    `keys`, when those are one or two.
    """

    kind: str
    listed: bool = False
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, fact: Mapping[str, Any]) -> Column:
        if fact["type"] == "array":
            return cls(cls.of(fact["items"]).kind, True, _texts(fact["items"]))
        if fact["type"] in ("integer", "number"):
            return cls("number")
        if fact["type"] == "string":
            return cls("date" if fact.get("format") == "date" else "text")
        return cls(fact["type"])

    @property
    def expected(self) -> str:
        """What its cells must hold, in words."""
        if not self.listed:
            return _EXPECTED[self.kind]
        if self.kind == "object" and not self.keys:
            return "a list of objects, as JSON"
        items = f"list of {':'.join(self.keys)}" if self.keys else "list, its items"
        return f"a {items} with {SEPARATOR} between them"

    def read(self, cell: object) -> Any:
        """What a cell holds, as JSON has it. Raises TypeError, ValueError or NotJSON."""
        if not self.listed:
            return _READ[self.kind](cell)
        if isinstance(cell, str) and not cell.lstrip().startswith("["):
            return list(map(self._item, cell.split(SEPARATOR)))
        items = read_json(cell.encode()) if isinstance(cell, str) else cell
        if not isinstance(items, list):
            raise TypeError
        return [
            self._item(each) if self.keys and isinstance(each, str) else _plain(each)
            for each in items
        ]

    def _item(self, text: str) -> Any:
        if self.kind != "object":
            return _READ[self.kind](text)
        parts = text.split(":", 1) if len(self.keys) == 2 else [text]
        return dict(zip(self.keys, map(str.strip, parts), strict=True))

    def fits(self, type_: Any) -> bool:
        """Whether a type of Arrow's can be read."""
        from pyarrow import types

        if types.is_dictionary(type_):
            type_ = type_.value_type
        if types.is_string(type_) or types.is_large_string(type_) or types.is_null(type_):
            return True
        fitting = {
            "date": (types.is_date,),
            "boolean": (types.is_boolean,),
            "number": (types.is_integer, types.is_floating, types.is_decimal),
        }.get(self.kind, ())
        if self.listed:
            fitting = (types.is_list, types.is_large_list)
        return any(is_(type_) for is_ in fitting)


def _texts(item: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts that an object must have, when those say all that it must."""
    keys = tuple(item.get("required", ()))
    texts = all(item["properties"][key]["type"] == "string" for key in keys)
    return keys if texts and len(keys) <= 2 else ()


@dataclass(frozen=True)
class Requests:
    """The table of requests: a column for each fact of the vocabulary, of its name."""

    facts: Facts

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Its columns, by their names."""
        return {name: Column.of(fact) for name, fact in self.facts.items()}

    def check(self, names: Sequence[str]) -> None:
        """Raises ConfigurationError, naming the column, unless a table of these can hold them."""
        for name in names:
            if name not in self.columns:
                close = difflib.get_close_matches(name, self.columns, 1)
                hint = f"; is it {close[0]}?" if close else ""
                raise ConfigurationError(
                    f"the table has a column {name!r}, which is no fact that any guideline on file "
                    f"declares{hint}"
                )
            if names.count(name) > 1:
                raise ConfigurationError(f"the table has the column {name} more than once")
        for name in REQUIRED:
            if name not in names:
                raise ConfigurationError(
                    f"the table has no column {name}, which every request needs"
                )

    def request(self, cells: Iterable[tuple[str, object]]) -> dict[str, Any]:
        """The request document of a row, of its cells by column.

        A cell is text, as in CSV, or a value of Python's. Raises NotJSON, with the pointer of the
        fact, for a cell that is not of its column's kind; it does not quote the cell.
        """
        document: dict[str, Any] = {}
        for name, cell in cells:
            if cell is None or cell == "":
                continue
            try:
                value = self.columns[name].read(cell)
            except (NotJSON, TypeError, ValueError, LookupError, ArithmeticError):
                raise NotJSON(
                    f"column {name} must hold {self.columns[name].expected}",
                    pointer="/" + name.replace(".", "/"),
                ) from None
            section, _, field = name.partition(".")
            if field:
                document.setdefault(section, {})[field] = value
            else:
                document[section] = value
        return document

    def row(self, where: str, cells: Iterable[tuple[str, object]]) -> Row:
        """A row of a table, of its cells by column."""
        cells = list(cells)
        try:
            return Row(where, self.request(cells))
        except NotJSON as fault:
            return Row(where, fault, dict(cells).get("request_id"))

    def places(self, schema: pa.Schema) -> dict[str, tuple[str, ...]]:
        """Where in an Arrow table each fact is: its column, and the field inside its struct.

        Raises ConfigurationError for a column that is no fact, or not of its type.
        """
        import pyarrow as pa

        names, found = [], {}
        for field in schema:
            inner: list[tuple[str, tuple[str, ...]]] = [(field.name, ())]
            if pa.types.is_struct(field.type):
                inner = [(f"{field.name}.{each.name}", (each.name,)) for each in field.type]
            for name, path in inner:
                names.append(name)
                found[name] = (field.name, *path)
        self.check(names)
        for name, (top, *path_) in found.items():
            type_ = schema.field(top).type
            if path_:
                type_ = type_.field(path_[0]).type
            if not self.columns[name].fits(type_):
                raise ConfigurationError(
                    f"the column {name} is of the type {type_}, and must hold "
                    f"{self.columns[name].expected}"
                )
        return found


def arrow_rows(
    batch: pa.RecordBatch, places: Mapping[str, tuple[str, ...]]
) -> list[list[tuple[str, object]]]:
    """The rows of a batch, each as the cells that `Requests.row` takes."""
    values = {
        name: [
            cell if cell is None or not inner else cell.get(inner[0])
            for cell in batch.column(top).to_pylist()
        ]
        for name, (top, *inner) in places.items()
    }
    return [
        [(name, column[row]) for name, column in values.items()] for row in range(batch.num_rows)
    ]


def _text(cell: object) -> str:
    if not isinstance(cell, str):
        raise TypeError
    return cell


def _date(cell: object) -> str:
    # A datetime is a date too, but not what a day is.
    return cell.isoformat() if type(cell) is date else _text(cell)


def _boolean(cell: object) -> bool:
    if isinstance(cell, bool):
        return cell
    return {"true": True, "false": False}[_text(cell).strip().lower()]


def _number(cell: object) -> int | float:
    if isinstance(cell, str):
        # As strictly as in JSON: what would be rounded is refused.
        cell = read_json(cell.strip().encode())
    if isinstance(cell, Decimal):
        cell = read_json(f"{cell:f}".encode())
    if isinstance(cell, bool) or not isinstance(cell, (int, float)) or not math.isfinite(cell):
        raise TypeError
    return cell


_READ = {"text": _text, "date": _date, "boolean": _boolean, "number": _number}
_EXPECTED = {
    "text": "text",
    "date": "a date, YYYY-MM-DD",
    "boolean": "true or false",
    "number": "a number",
}


def _plain(item: Any) -> Any:
    """An item of a list as JSON has it: what a struct lacks is absent."""
    if isinstance(item, Mapping):
        return {key: _plain(value) for key, value in item.items() if value is not None}
    return item.isoformat() if type(item) is date else item


@dataclass(frozen=True)
class Decisions:
    """The table of decisions.

    It has a column for each criterion in `criteria`, parts of groups among them, and for each name
    that a quantity can have in `quantities`, which says whether there are only whole ones.
    """

    criteria: tuple[str, ...]
    quantities: Mapping[str, bool]

    @classmethod
    def of(cls, catalog: Iterable[Guideline], facts: Facts) -> Decisions:
        """The table for the guidelines on file."""
        criteria = dict.fromkeys(
            criterion.id
            for guideline in catalog
            for version in guideline.versions
            for criterion in version.criteria
        )
        quantities = {
            path.removeprefix("quantity."): fact["type"] == "integer"
            for path, fact in facts.items()
            if path.startswith("quantity.")
        }
        return cls(tuple(criteria), quantities)

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in order."""
        return (
            *("request_id", "outcome", "requires_clinician_review"),
            *("guideline_id", "guideline_version"),
            *(f"criterion_{each}" for each in self.criteria),
            *("reasons", "missing", "notices", "errors"),
            *("authorization_start_date", "authorization_end_date"),
            *(f"authorization_{name}" for name in self.quantities),
            *("authorization_package", "decision"),
        )

    def row(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A decision document by column, in values of Python's."""
        guideline = document["guideline"] or {}
        terms = document["authorization"] or {}
        quantity = terms.get("quantity", {})
        status = dict(_statuses(document["criteria"]))
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
            **{
                f"authorization_{name}": _number_of(quantity.get(name), whole)
                for name, whole in self.quantities.items()
            },
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
            **{
                f"authorization_{name}": pa.int64() if whole else pa.float64()
                for name, whole in self.quantities.items()
            },
        }
        return pa.schema([(name, types.get(name, text)) for name in self.columns])

    def batch(self, documents: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
        """Decision documents as a batch of Arrow's, of `schema`. Needs the extra `parquet`."""
        import pyarrow as pa

        return pa.RecordBatch.from_pylist(list(map(self.row, documents)), schema=self.schema())


def _statuses(criteria: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each criterion and part with how it stands."""
    for each in criteria:
        yield each["id"], each["status"]
        yield from _statuses(each.get("parts", ()))


class Row(NamedTuple):
    """A row that is to be decided: how it is called, and its request, or why it has none."""

    where: str
    request: Any
    request_id: object = None


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
        "request_id": at.request_id if told and sent_size(at.request_id) else None,
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


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _number_of(quantity: Any, whole: bool) -> int | float | None:
    if quantity is None:
        return None
    return int(quantity) if whole else float(quantity)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return SEPARATOR.join(value)
    return str(value)
