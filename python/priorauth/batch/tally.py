"""What a batch counts and sums, in constant memory and without anything that names a request."""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, BinaryIO

from ..tables import Facts, Row, fact_at, fault_of, flattened

_DIGEST = 8
_AT_A_TIME = 250_000

Key = tuple[str, ...]
Sum = int | Fraction

COUNTED = {
    "outcome": ("outcome",),
    "review": (),
    "clause": ("outcome", "guideline_id", "guideline_version", "clause"),
    "criterion": ("guideline_id", "guideline_version", "criterion", "status"),
    "question": ("guideline_id", "guideline_version", "clause", "fact", "question"),
    "quantity": ("guideline_id", "quantity", "outcome"),
    "month": ("month", "outcome"),
    "notice": ("code",),
    "fault": ("fact", "fault"),
}
"""What is counted of decisions, and by what."""

NOT_SUMMED = "days_supply"
"""The quantity whose sum means nothing: the days that a fill lasts."""


@dataclass(frozen=True)
class Tally:
    """How many decisions there are of each, and how much is requested and authorized in them.

    `counts` is by one of `COUNTED` and by what that is counted by. `sums` is by `requested` or
    `authorized` and by what `quantity` is counted by.
    """

    counts: Counter[Key] = field(default_factory=Counter)
    sums: Mapping[Key, Sum] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Row], documents: Iterable[Mapping[str, Any]], facts: Facts) -> Tally:
        """The tally of the decisions on rows; `facts` are the declared ones."""
        counts: Counter[Key] = Counter()
        sums: dict[Key, Sum] = {}
        for row, document in zip(rows, documents, strict=True):
            counts.update(_counted(row, document, facts))
            for key, much in _summed(row, document):
                sums[key] = sums.get(key, 0) + much
        return cls(counts, sums)

    def __add__(self, other: Tally) -> Tally:
        sums = dict(self.sums)
        for key, much in other.sums.items():
            sums[key] = sums.get(key, 0) + much
        return Tally(self.counts + other.counts, sums)

    def counted(self, what: str) -> Counter[Key]:
        """The counts of one of `COUNTED`."""
        return Counter({key[1:]: count for key, count in self.counts.items() if key[0] == what})

    @property
    def rows(self) -> int:
        """How many decisions there are."""
        return self.counted("outcome").total()

    @classmethod
    def read(cls, saved: Any) -> Tally:
        """Read the result of `saved`. Raises TypeError, ValueError or the like for other values."""
        return cls(
            Counter({tuple(map(str, key)): int(count) for *key, count in saved["counts"]}),
            {tuple(map(str, key)): Fraction(much) for *key, much in saved["sums"]},
        )

    def saved(self) -> Any:
        """The tally as JSON."""
        return {
            "counts": [[*key, count] for key, count in self.counts.items()],
            "sums": [[*key, str(much)] for key, much in self.sums.items()],
        }


def _counted(row: Row, document: Mapping[str, Any], facts: Facts) -> Iterator[Key]:
    outcome, guideline = document["outcome"], document["guideline"]
    yield ("outcome", outcome)
    if document["requires_clinician_review"]:
        yield ("review",)
    if outcome == "invalid":
        yield from {("fault", *fault_of(row, error, facts)) for error in document["errors"]}
        return
    yield ("month", row.request["service_date"][:7], outcome)
    yield from {("notice", notice["code"]) for notice in document["notices"]}
    if guideline:
        version = guideline["id"], guideline["version"]
        for clause in {reason["clause"] for reason in document["reasons"]} - {None}:
            yield ("clause", outcome, *version, clause)
        for each in flattened(document["criteria"]):
            yield ("criterion", *version, each["id"], each["status"])
        yield from {
            (
                "question",
                *version,
                asked["clause"],
                fact_at(asked["path"], facts),
                asked["question"],
            )
            for asked in document["missing"]
        }
        for name, _ in _quantities(row.request):
            yield ("quantity", guideline["id"], name, outcome)


def _summed(row: Row, document: Mapping[str, Any]) -> Iterator[tuple[Key, Sum]]:
    outcome, guideline = document["outcome"], document["guideline"]
    if guideline:
        sides = {"requested": row.request, "authorized": document["authorization"] or {}}
        for side, stated in sides.items():
            for name, much in _quantities(stated):
                yield (side, guideline["id"], name, outcome), exact(much)


def _quantities(stated: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, much in (stated.get("quantity") or {}).items():
        if much is not None and name != NOT_SUMMED:
            yield name, much


def exact(much: Any) -> Sum:
    """A number that adds up exactly, in whatever order."""
    return much if isinstance(much, (int, Fraction)) else Fraction(str(much))


def number(much: Sum) -> int | float:
    """A sum as JSON has it."""
    return int(much) if much == int(much) else float(much)


def digests(documents: Iterable[Mapping[str, Any]]) -> bytes:
    """A digest of each request_id; decisions without one are left out."""
    return b"".join(
        hashlib.blake2b(document["request_id"].encode(), digest_size=_DIGEST).digest()
        for document in documents
        if document["request_id"] is not None
    )


def repeated(file: BinaryIO) -> int:
    """How many digests in a file repeat an earlier one, in constant memory."""
    size = file.seek(0, 2) // _DIGEST
    parts = size // _AT_A_TIME + 1
    count = 0
    for part in range(parts):
        file.seek(0)
        seen: set[int] = set()
        while text := file.read(_DIGEST * 8192):
            for (digest,) in struct.iter_unpack("<Q", text):
                if digest % parts == part:
                    count += digest in seen
                    seen.add(digest)
    return count
