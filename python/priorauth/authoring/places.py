"""Where things stand in a YAML file: the line of a JSON Pointer, syntax errors, repeated keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Node = yaml.nodes.Node


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """As OPA reads: a day is a text, whether it is quoted or not."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (a setting of the library's)
        first: [(tag, expression) for tag, expression in resolvers if not tag.endswith("timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class Unreadable(Exception):  # noqa: N818  (it says what happened)
    """A file that is not YAML: what is wrong, on which line and in which column."""

    def __init__(self, line: int, column: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class Places:
    """A YAML file as it is written."""

    content: Any
    text: str
    root: Node | None

    @classmethod
    def read(cls, path: Path) -> Places:
        """Raises `Unreadable`, or `OSError`."""
        try:
            text = path.read_bytes().decode("utf-8-sig")
            root = yaml.compose(text, _Loader)
            return cls(yaml.load(text, _Loader), text, root)
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise Unreadable(line, 1, "is not UTF-8") from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            told = [getattr(error, name, None) for name in ("context", "problem")]
            reason = ", ".join(part for part in told if part) or str(error)
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            raise Unreadable(line, column, f"cannot be read as YAML: {reason}") from None

    def line(self, pointer: str) -> int:
        """The line that a JSON Pointer leads to, or of the longest part of it that exists."""
        node, line = self.root, 1
        steps = pointer.split("/")[1:]
        while steps:
            found, taken = _member(node, steps)
            if found is None:
                break
            key, node = found
            line = key.start_mark.line + 1
            steps = steps[taken:]
        return line

    def repeated(self) -> Iterator[tuple[int, str]]:
        """The keys that stand more than once in one mapping, of which only the last would count."""
        pending = [self.root]
        while pending:
            node = pending.pop()
            if isinstance(node, yaml.SequenceNode):
                pending += node.value
            elif isinstance(node, yaml.MappingNode):
                seen = set()
                for key, value in node.value:
                    pending.append(value)
                    if isinstance(key, yaml.ScalarNode):
                        if key.value in seen:
                            yield key.start_mark.line + 1, key.value
                        seen.add(key.value)


def _member(node: Node | None, steps: list[str]) -> tuple[tuple[Node, Node] | None, int]:
    """The key and value that the first of the steps lead to, and how many of them do.

    The path of a fact has a dot, for which a schema's finding has a step.
    """
    if isinstance(node, yaml.MappingNode):
        members = {key.value: (key, value) for key, value in node.value}
        for taken in range(1, len(steps) + 1):
            found = members.get(".".join(steps[:taken]))
            if found:
                return found, taken
    elif isinstance(node, yaml.SequenceNode) and steps[0].isdecimal():
        index = int(steps[0])
        if index < len(node.value):
            return (node.value[index], node.value[index]), 1
    return None, 0
