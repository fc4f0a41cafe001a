"""Patterns of the usual request, made from the vocabulary of facts.

What OPA writes of a part of a request as JSON, with its names in order, matches the part's pattern
only if it is well formed. The reverse does not hold: leap days, letters beyond ASCII and the
largest numbers match none. They are well formed all the same; the rules find out, and take longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# What a text is not made of here: what JSON escapes, and OPA in it, and what is not ASCII.
_ESCAPED = r'"\\&<>\x00-\x1f\x7f-\x{10ffff}'
_DAYS = "((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_YEARS = "^(18[7-9][0-9]|19[0-9]{2}|20[0-9]{2})-"
# A declared pattern that cannot match a quotation mark, and so more than the text that it is for.
_PLAIN_PATTERN = re.compile(r"\^([\w\[\](){},|-]+)\$?")


def usual_patterns(
    facts: Mapping[str, Mapping[str, Any]], placeholders: Iterable[str]
) -> dict[str, str]:
    """A pattern for each fact by itself and each section of a request, by name.

    A fact that no pattern can be made for has none, so a part that states it matches none.
    """
    text = _text(placeholders)
    sections: dict[str, dict[str, str]] = {}
    shapes: dict[str, str] = {}
    for path, fact in facts.items():
        shape = _value(fact, text)
        section, _, name = path.partition(".")
        if shape and name:
            sections.setdefault(section, {})[name] = shape
        elif shape:
            shapes[section] = shape
    shapes |= {name: _object(members, ()) for name, members in sections.items()}
    return {name: f"^({shape}|null)$" for name, shape in sorted(shapes.items())}


def whole(patterns: Mapping[str, str]) -> str:
    """The pattern of a request whose parts match these, or are left out."""
    return f"^{_object({name: each[1:-1] for name, each in patterns.items()}, ())}$"


def _value(fact: Mapping[str, Any], text: str) -> str | None:
    kind = fact["type"]
    if kind == "boolean":
        return "true|false"
    if kind in ("number", "integer"):
        return _number(fact)
    if kind == "array":
        item = _value(fact["items"], text)
        return rf"\[(({item}),?)*\]" if item else None
    if kind == "object":
        properties = {name: _value(each, text) for name, each in fact["properties"].items()}
        known = {name: shape for name, shape in properties.items() if shape}
        required = fact.get("required", ())
        return _object(known, required) if set(required) <= set(known) else None
    if "enum" in fact:
        return f'"({"|".join(map(re.escape, fact["enum"]))})"'
    if fact.get("format") == "date":
        years = _PLAIN_PATTERN.fullmatch(fact.get("pattern", _YEARS))
        return f'"({years[1]}){_DAYS}"' if years else None
    if "pattern" in fact:
        plain = _PLAIN_PATTERN.fullmatch(fact["pattern"])
        return f'"({plain[1]})"' if plain else None
    if "maxLength" in fact:
        return f'"[^{_ESCAPED}]{{1,{fact["maxLength"]}}}"'
    return text


def _object(properties: Mapping[str, str], required: Iterable[str]) -> str:
    """JSON has no comma before `}`, so it may follow each member or not."""
    members = (
        f'"{name}":({shape}),?' if name in required else f'("{name}":({shape}|null),?)?'
        for name, shape in sorted(properties.items())
    )
    return rf"\{{{''.join(members)}\}}"


def _number(fact: Mapping[str, Any]) -> str | None:
    """From one on, with fewer digits than the maximum has."""
    least = fact.get("minimum", fact.get("exclusiveMinimum", 1) + 1)
    if least > 1 or "maximum" not in fact or fact["maximum"] < 10:
        return None
    whole = f"[1-9][0-9]{{0,{len(str(int(fact['maximum']))) - 2}}}"
    return whole if fact["type"] == "integer" else rf"{whole}(\.[0-9]{{1,9}})?"


def _text(placeholders: Iterable[str]) -> str:
    """A text whose first two characters are those of no placeholder, in any case."""
    seconds: dict[str, set[str]] = {}
    for each in placeholders:
        if each:
            # A placeholder of one character may be followed by space.
            seconds.setdefault(each[0], set()).add(each[1:2] or " ")
    starts = [f"[^{_in_any_case([' ', *seconds])}{_ESCAPED}]"]
    starts += [
        f"[{_in_any_case(first)}][^{_in_any_case(others)}{_ESCAPED}]"
        for first, others in sorted(seconds.items())
    ]
    return f'"({"|".join(starts)})[^{_ESCAPED}]*"'


def _in_any_case(letters: Iterable[str]) -> str:
    """These, for a class of characters."""
    either = {each for letter in letters for each in (letter, letter.upper())}
    return "".join(map(re.escape, sorted(either)))
