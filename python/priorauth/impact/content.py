"""What differs between the data of two policies: words and figures of guidelines, and the rest."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .._document import token
from ..bundle import rules
from .policies import Policy

_NAMES = ("id", "number", "name")
_CONTEXT = 6


class Difference(NamedTuple):
    """Where data differs (a JSON Pointer, with items of lists by name), and both values.

    An absent value is None.
    """

    path: str
    old: Any
    new: Any


class Part(NamedTuple):
    """A part of the data that differs, such as a guideline version, with its differences."""

    title: str
    differences: tuple[Difference, ...]


def compared(old: Policy, new: Policy) -> list[Part]:
    """The parts of two policies that differ; for rules, only which files differ.

    A new version is compared with the one before it.
    """
    sides = [dict(policy.data) for policy in (old, new)]
    parts = list(_guidelines(*(side.pop("guidelines", {}) for side in sides)))
    for name in sorted(sides[0] | sides[1]):
        found = tuple(differences("", sides[0].get(name), sides[1].get(name)))
        parts.append(Part(name, found))
    digests = [
        {file: hashlib.sha256(text).hexdigest()[:12] for file, text in rules(policy.bundle).items()}
        for policy in (old, new)
    ]
    files = (
        Difference(file, *(side.get(file) for side in digests))
        for file in sorted(digests[0] | digests[1])
    )
    changed = tuple(each for each in files if each.old != each.new)
    parts.append(Part("rules, each file by its digest", changed))
    return [part for part in parts if part.differences]


def _guidelines(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Part]:
    for id_ in sorted({*old, *new}):
        before, after = old.get(id_, {}), new.get(id_, {})
        for version in sorted({*before, *after}):
            title, base = f"{id_} {version}", before.get(version)
            if version not in after:
                yield Part(f"{title}, which is gone", (Difference("", base, None),))
                continue
            if base is None:
                title += ", which is new"
                if earlier := [each for each in sorted(after) if each < version]:
                    title += f", beside {earlier[-1]}"
                    base = before.get(earlier[-1], after[earlier[-1]])
            yield Part(title, tuple(differences("", base, after[version])))


def differences(path: str, old: Any, new: Any) -> Iterator[Difference]:
    """Where two values differ, which are at this path."""
    if old == new:
        return
    sides = _by_name(old, new)
    if sides is None:
        yield Difference(path, old, new)
        return
    orders = [[key for key in side if key in other] for side, other in (sides, sides[::-1])]
    if isinstance(old, list) and orders[0] != orders[1]:
        yield Difference(f"{path} (their order)", *orders)
    for key in dict.fromkeys((*sides[0], *sides[1])):
        yield from differences(f"{path}/{token(key)}", sides[0].get(key), sides[1].get(key))


def _by_name(old: Any, new: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """The parts of two values by names that they have in common; None when there are none."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old, new
    lists = [each if isinstance(each, list) else [] for each in (old, new)]
    items = lists[0] + lists[1]
    if not all(lists) or not all(isinstance(each, Mapping) for each in items):
        return None
    common = set.intersection(*map(set, items))
    for key in (*_NAMES, *sorted(common)):
        names = [
            [str(each[key]) for each in side if isinstance(each.get(key), (str, int, float))]
            for side in lists
        ]
        if all(len(set(n)) == len(side) for n, side in zip(names, lists, strict=True)):
            named = [dict(zip(n, side, strict=True)) for n, side in zip(names, lists, strict=True)]
            return named[0], named[1]
    return None


def is_prose(*values: object) -> bool:
    """Whether values are texts of several words, to be compared by `words`."""
    return all(isinstance(each, str) and " " in each for each in values)


def words(old: str, new: str) -> list[tuple[str, str]]:
    """The difference of two texts: pieces `kept`, `deleted` or `inserted`; long ones shortened."""
    before, after = (text.split() for text in (old, new))
    pieces = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for operation, a, b, c, d in matcher.get_opcodes():
        if operation == "equal":
            pieces.append(("kept", " ".join(_shortened(before[a:b]))))
            continue
        if b > a:
            pieces.append(("deleted", " ".join(before[a:b])))
        if d > c:
            pieces.append(("inserted", " ".join(after[c:d])))
    return pieces


def _shortened(kept: list[str]) -> list[str]:
    if len(kept) <= 2 * _CONTEXT + 1:
        return kept
    return [*kept[:_CONTEXT], "…", *kept[-_CONTEXT:]]
