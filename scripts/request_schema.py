"""The JSON Schema of request documents, made from the vocabulary of facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

REQUIRED = ("type", "service_date", "drug.name")
"""The facts that every request states."""

YEARS = "^(18[7-9][0-9]|19[0-9]{2}|20[0-9]{2})-"
"""The years of the request check's calendar."""

_KEPT = (
    *("title", "type", "enum", "format", "pattern", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)
# As the policy's `priorauth.spelling` has it: what Unicode calls white space.
_SPACE = "[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"
# What is written in lower case as an ASCII letter.
_LETTERS = {"k": "kK\u212a", "i": "iI\u0130"}


def request_schema(
    facts: Mapping[str, Mapping[str, Any]], placeholders: Iterable[str]
) -> dict[str, Any]:
    """The schema of the requests that can state these facts.

    It accepts what the request check accepts, except what a schema cannot say: see `description`.
    """
    properties: dict[str, Any] = {}
    for path, fact in facts.items():
        section, _, name = path.partition(".")
        if name:
            properties.setdefault(section, {})[name] = _fact(path, fact)
        else:
            properties[path] = _fact(path, fact)
    sections = {path.partition(".")[0] for path in facts if "." in path}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:priorauth:request",
        "title": "Request document",
        "description": "A request for prior authorization, made from the vocabulary of facts by "
        "`make docs`. `null` means the same as absent, whatever the name. What this schema cannot "
        "say: a member is born on or before the service date and less than 120 years before it, "
        "and the formulary is one that the plan's settings know.",
        **_object(
            {
                name: _section(name, node) if name in sections else node
                for name, node in properties.items()
            },
            [path.partition(".")[0] for path in REQUIRED],
        ),
        "$defs": {
            "text": {
                "description": "A meaningful text.",
                "not": {"type": "string", "pattern": _nothing_said(placeholders)},
            }
        },
    }


def _section(name: str, members: dict[str, Any]) -> dict[str, Any]:
    required = [path.partition(".")[2] for path in REQUIRED if path.startswith(f"{name}.")]
    node = _object(members, required)
    return node if required else _nullable(node)


def _object(properties: dict[str, Any], required: Iterable[str]) -> dict[str, Any]:
    needed = list(required)
    return {
        "type": "object",
        **({"required": needed} if needed else {}),
        "properties": properties,
        "additionalProperties": {"type": "null"},
    }


def _fact(path: str, fact: Mapping[str, Any]) -> dict[str, Any]:
    node = _value(fact)
    said = [fact["question"]] if "question" in fact else []
    if fact.get("empty") == "none":
        said.append("An empty list states that there is none.")
    if said:
        node = {"title": node.pop("title"), "description": " ".join(said), **node}
    return node if path in REQUIRED else _nullable(node)


def _value(fact: Mapping[str, Any]) -> dict[str, Any]:
    """What a value must be that is not null."""
    node = {key: fact[key] for key in _KEPT if key in fact}
    if fact["type"] == "array":
        node["items"] = _value(fact["items"])
    elif fact["type"] == "object":
        required = fact.get("required", [])
        members = {
            name: _value(each) if name in required else _nullable(_value(each))
            for name, each in fact["properties"].items()
        }
        node |= _object(members, required)
    elif fact.get("format") == "date":
        node.setdefault("pattern", YEARS)
    elif fact["type"] == "string" and not {"enum", "pattern", "maxLength"} & set(fact):
        node["$ref"] = "#/$defs/text"
    return node


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    node = {**node, "type": [node["type"], "null"]}
    if "enum" in node:
        node["enum"] = [*node["enum"], None]
    return node


def _nothing_said(placeholders: Iterable[str]) -> str:
    """A regular expression, as ECMA has them, that matches what says nothing, in any case."""
    alternatives = "|".join("".join(map(_in_any_case, each)) for each in sorted(placeholders))
    return f"^{_SPACE}({alternatives}){_SPACE}$"


def _in_any_case(letter: str) -> str:
    if letter.isalpha():
        return f"[{_LETTERS.get(letter, letter + letter.upper())}]"
    return f"[{letter}]" if letter in ".?*+()|" else letter
