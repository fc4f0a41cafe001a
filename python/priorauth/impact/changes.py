"""What differs between two decisions on one request, and how often each difference is found.

A change is a tuple of texts, from the general to the particular, such as `("outcome", "approved",
"denied")`. Joined by colons it is what `--allow` names, in full or by its beginning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..batch.tally import NOT_SUMMED, Sum, exact
from ..tables import flattened

Change = tuple[str, ...]
Document = Mapping[str, Any]

KINDS = {
    "outcome": "from which outcome to which",
    "criterion": "the status of a criterion, in a version of the guideline",
    "guideline": "which guideline governs",
    "version": "which version of the guideline governs",
    "quantity": "the quantity authorized per fill",
    "period": "the period authorized",
    "package": "the package authorized",
    "reasons": "the reasons, where the outcome is the same",
    "questions": "the questions, where the outcome is the same",
    "review": "whether a clinician reviews, where the outcome is the same",
    "errors": "what is wrong with requests that are invalid by both",
    "notice": "notices added or gone",
    "words": "the same decision, in other words or with other figures",
}
"""The first part of every change, and what it says."""

ABSENT = "absent"
"""The status of a criterion that a decision does not have."""


def changes(old: Document, new: Document) -> list[Change]:
    """What differs between two decision documents on the same request."""
    found = list(_changes(old, new))
    return found or [("words",)] if old != new else []


def _changes(old: Document, new: Document) -> Iterator[Change]:
    if old["outcome"] != new["outcome"]:
        yield ("outcome", old["outcome"], new["outcome"])
    if old["guideline"] and new["guideline"]:
        yield from _governed(old, new)
    if old["authorization"] and new["authorization"]:
        yield from _terms(old["authorization"], new["authorization"])
    if old["outcome"] == new["outcome"]:
        for kind, said in _SAID.items():
            if said(old) != said(new):
                yield (kind,)
    codes = [[each["code"] for each in document["notices"]] for document in (old, new)]
    yield from (("notice", code, "gone") for code in codes[0] if code not in codes[1])
    yield from (("notice", code, "added") for code in codes[1] if code not in codes[0])


_SAID: Mapping[str, Callable[[Document], Any]] = {
    "reasons": lambda document: [(each["code"], each["clause"]) for each in document["reasons"]],
    "questions": lambda document: [each["path"] for each in document["missing"]],
    "review": lambda document: document["requires_clinician_review"],
    "errors": lambda document: [each["path"] for each in document["errors"]],
}


def _governed(old: Document, new: Document) -> Iterator[Change]:
    """What differs between decisions that are both by a guideline."""
    ids, versions = (
        [document["guideline"][key] for document in (old, new)] for key in ("id", "version")
    )
    id_ = ids[1]
    if ids[0] != id_:
        yield ("guideline", *ids)
        return
    if versions[0] != versions[1]:
        yield ("version", id_, *versions)
    sides = [
        {each["id"]: each["status"] for each in flattened(document["criteria"])}
        for document in (old, new)
    ]
    for criterion in sides[0] | sides[1]:
        before, after = (statuses.get(criterion, ABSENT) for statuses in sides)
        if before != after:
            # The new one says what it is, unless it is there no more.
            yield ("criterion", id_, criterion, versions[after != ABSENT], before, after)


def _terms(old: Document, new: Document) -> Iterator[Change]:
    for name in old["quantity"] | new["quantity"]:
        before, after = (terms["quantity"].get(name) for terms in (old, new))
        if before != after:
            # Without a quantity there is no limit.
            more = after is None or (before is not None and after > before)
            yield ("quantity", name, "more" if more else "less")
    if any(old[key] != new[key] for key in ("start_date", "end_date")):
        before, after = (days(terms) for terms in (old, new))
        if before == after:
            yield ("period", "moved")
        else:
            longer = after is None or (before is not None and after > before)
            yield ("period", "longer" if longer else "shorter")
    if old["package"] != new["package"]:
        yield ("package",)


def days(terms: Document) -> int | None:
    """How many days an authorization is for; None for one without an end."""
    if terms["end_date"] is None:
        return None
    first, last = (date.fromisoformat(terms[key]) for key in ("start_date", "end_date"))
    return (last - first).days + 1


def is_allowed(change: Change, allowed: Iterable[Change]) -> bool:
    """Whether a change is named, in full or by its beginning."""
    return any(change[: len(each)] == each for each in allowed)


@dataclass
class Found:
    """How many requests have a change, and the names of the first few, each once."""

    requests: int = 0
    examples: dict[str, None] = field(default_factory=dict)


@dataclass
class Impact:
    """What is found over many requests. Its size does not depend on how many there are.

    `most` is how many examples are kept of each change. `authorized` has the totals authorized by
    the old policy and by the new one, for `days` and for each quantity.
    """

    most: int
    allowed: tuple[Change, ...] = ()
    requests: int = 0
    changed: int = 0
    unexpected: int = 0
    """The requests with a change that is not allowed."""
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    changes: dict[Change, Found] = field(default_factory=dict)
    authorized: dict[str, tuple[Sum, Sum]] = field(default_factory=dict)

    @property
    def invalid(self) -> int:
        """How many requests are invalid by both, so that nothing of them is compared."""
        return self.outcomes["invalid", "invalid"]

    def add(self, name: str, old: Document, new: Document) -> list[Change]:
        """Count the two decisions on a request, and say what differs."""
        self.requests += 1
        self.outcomes[old["outcome"], new["outcome"]] += 1
        found = changes(old, new)
        self.changed += bool(found)
        self.unexpected += any(not is_allowed(each, self.allowed) for each in found)
        for change in found:
            self._found(change, 1, [name])
        for side, document in enumerate((old, new)):
            if terms := document["authorization"]:
                for what, much in (*terms["quantity"].items(), ("days", days(terms))):
                    if what != NOT_SUMMED:
                        self._authorize(what, side, exact(much or 0))
        return found

    def copy(self) -> Impact:
        """An empty one with the same settings."""
        return Impact(self.most, self.allowed)

    def merge(self, other: Impact) -> None:
        """Add the findings on the requests that follow those of this one."""
        self.requests += other.requests
        self.changed += other.changed
        self.unexpected += other.unexpected
        self.outcomes.update(other.outcomes)
        for change, found in other.changes.items():
            self._found(change, found.requests, found.examples)
        for what, sides in other.authorized.items():
            for side, much in enumerate(sides):
                self._authorize(what, side, much)

    def _found(self, change: Change, requests: int, examples: Iterable[str]) -> None:
        found = self.changes.setdefault(change, Found())
        found.requests += requests
        for each in examples:
            if len(found.examples) < self.most:
                found.examples.setdefault(each)

    def _authorize(self, what: str, side: int, much: Sum) -> None:
        old, new = self.authorized.get(what, (0, 0))
        self.authorized[what] = (old + much, new) if side == 0 else (old, new + much)
