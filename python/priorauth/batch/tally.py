"""What has been decided: how often there is which outcome, by which clauses, and twice."""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

_DIGEST = 8
_AT_A_TIME = 250_000

Finding = tuple[str, str, str, str]
"""An outcome, the guideline and its version, and the clause that a reason for it cites."""


@dataclass(frozen=True)
class Tally:
    """How many decisions have which outcome, and how many of them cite which clause."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: Counter[Finding] = field(default_factory=Counter)

    @classmethod
    def of(cls, documents: Iterable[Mapping[str, Any]]) -> Tally:
        tally = cls()
        for document in documents:
            outcome, guideline = document["outcome"], document["guideline"]
            tally.outcomes[outcome] += 1
            for clause in {reason["clause"] for reason in document["reasons"]} - {None}:
                tally.findings[outcome, guideline["id"], guideline["version"], clause] += 1
        return tally

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.outcomes + other.outcomes, self.findings + other.findings)

    @property
    def rows(self) -> int:
        """How many decisions there are."""
        return self.outcomes.total()

    @classmethod
    def read(cls, saved: Any) -> Tally:
        """What `saved` was. Raises TypeError or ValueError for what is none."""
        outcomes, findings = saved
        return cls(
            Counter({str(outcome): int(count) for outcome, count in outcomes}),
            Counter({tuple(map(str, finding)): int(count) for finding, count in findings}),  # type: ignore[misc]
        )

    def saved(self) -> Any:
        """It as JSON."""
        return [list(self.outcomes.items()), list(self.findings.items())]


def digests(documents: Iterable[Mapping[str, Any]]) -> bytes:
    """A digest of each request_id that there is."""
    return b"".join(
        hashlib.blake2b(document["request_id"].encode(), digest_size=_DIGEST).digest()
        for document in documents
        if document["request_id"] is not None
    )


def repeated(file: BinaryIO) -> int:
    """How many of the digests in a file stand there before, in constant memory."""
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
