"""The columns of decisions: which part of a decision document is in each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from .._json import one_line
from ..catalog import Guideline
from ..errors import ConfigurationError
from .columns import ALL, SEPARATOR, Facts

if TYPE_CHECKING:
    import pyarrow as pa

_DOCUMENT = "decision"


@dataclass(frozen=True)
class Decisions:
    """The table of decisions.

    It has a column for each criterion in `criteria`, including parts of groups, and for each name
    in `quantities`, which says whether that quantity is always whole. Or it has only the columns
    that are `chosen`.
    """

    criteria: tuple[str, ...]
    quantities: Mapping[str, bool]
    chosen: tuple[str, ...] = (ALL,)

    @classmethod
    def of(
        cls, catalog: Iterable[Guideline], facts: Facts, columns: Iterable[str] = ()
    ) -> Decisions:
        """The table for the guidelines on file.

        `columns` are the names of its columns, in this order, or `all`. The default is all but
        `decision`, which is as large as the others together. Raises ConfigurationError for a column
        that decisions do not have.
        """
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
        every = cls(tuple(criteria), quantities).columns
        chosen = tuple(dict.fromkeys(columns)) or tuple(c for c in every if c != _DOCUMENT)
        for name in chosen:
            if name not in (*every, ALL):
                close = difflib.get_close_matches(name, every, 1)
                raise ConfigurationError(
                    f"decisions have no column {name!r}; "
                    + (f"is it {close[0]}?" if close else f"they have {', '.join(every)}")
                )
        return cls(tuple(criteria), quantities, chosen)

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in order."""
        if ALL not in self.chosen:
            return self.chosen
        return (
            *("request_id", "outcome", "requires_clinician_review"),
            *("guideline_id", "guideline_version"),
            *(f"criterion_{each}" for each in self.criteria),
            *("reasons", "missing", "notices", "errors"),
            *("authorization_start_date", "authorization_end_date"),
            *(f"authorization_{name}" for name in self.quantities),
            *("authorization_package", _DOCUMENT),
        )

    def check_kept(self, names: Iterable[str]) -> None:
        """Raises ConfigurationError for a kept column with the name of a column of decisions."""
        own = set(self.columns)
        for name in names:
            if name in own:
                raise ConfigurationError(
                    f"the kept column {name!r} has the name of a column of decisions; "
                    "leave that one out with --columns"
                )

    def row(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A decision document by column, as Python values."""
        guideline = document["guideline"] or {}
        terms = document["authorization"] or {}
        quantity = terms.get("quantity", {})
        status = {each["id"]: each["status"] for each in flattened(document["criteria"])}
        row = {
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
        }
        if _DOCUMENT in self.columns:
            row[_DOCUMENT] = one_line(document)
        return {name: row[name] for name in self.columns}

    def cells(self, document: Mapping[str, Any]) -> list[Any]:
        """A decision document as cells that hold no list: of text, numbers, booleans, dates."""
        row = self.row(document)
        if "reasons" in row:
            row["reasons"] = [reason["code"] for reason in row["reasons"]]
        if "errors" in row:
            row["errors"] = [
                ": ".join(filter(None, (each["path"], each["message"]))) for each in row["errors"]
            ]
        return [
            SEPARATOR.join(value) if isinstance(value, list) else value for value in row.values()
        ]

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


def flattened(criteria: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Each criterion of a decision, and each part after its group."""
    for each in criteria:
        yield each
        if parts := each.get("parts"):
            yield from flattened(parts)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _number_of(quantity: Any, whole: bool) -> int | float | None:
    if quantity is None:
        return None
    return int(quantity) if whole else float(quantity)
