"""Decisions and guidelines for people."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..catalog import Guideline, GuidelineCriterion, GuidelineVersion
from ..decision import Authorization, Criterion, Decision

if TYPE_CHECKING:
    from ..batch.summary import Summary

_STYLES = {
    "approved": "green",
    "modified": "yellow",
    "denied": "red",
    "pended": "cyan",
    "not_applicable": "magenta",
    "invalid": "red",
    "met": "green",
    "not_met": "red",
    "unknown": "cyan",
    "reduced": "yellow",
    "not_considered": "dim",
}
_GROUPS = {
    "all": "all of these:",
    "any": "one of these is enough:",
    "branch": "whichever of these applies:",
}


def show_decision(console: Console, decision: Decision) -> None:
    style = _STYLES[decision.outcome]
    outcome = Text(f" {_words(decision.outcome).upper()} ", f"bold reverse {style}")
    if decision.request_id is not None:
        outcome.append(f"  {_clean(decision.request_id)}", "not reverse bold default")
    console.print(outcome)
    if guideline := decision.guideline:
        console.print(_text(f"{guideline.title}, guideline version {guideline.version}"))
    if decision.requires_clinician_review:
        console.print(Text("A clinician must review this before it is final.", "bold"))
    if terms := decision.authorization:
        _section(console, "Authorization")
        _rows(
            console,
            [
                ("from", _text(terms.start_date)),
                ("to", _text(terms.end_date or "no end: the guideline sets none")),
                ("per fill", _text(_fill(terms))),
                *([("package", _text(terms.package))] if terms.package else []),
            ],
        )
    if decision.errors:
        _section(console, "Errors in the request")
        _rows(console, [(e.path or "(all of it)", _text(e.message)) for e in decision.errors])
    if decision.reasons:
        _section(console, "Why")
        _rows(console, [(r.clause or "-", _text(r.message)) for r in decision.reasons])
    if decision.missing:
        _section(console, "Missing: ask for these")
        _rows(
            console,
            [(m.clause, Group(_text(m.question), _faint(m.path))) for m in decision.missing],
        )
    if decision.notices:
        _section(console, "Notices")
        _rows(console, [("*", _text(notice.message)) for notice in decision.notices])
    if decision.criteria:
        _section(console, "Clause by clause")
        table = _table(3)
        for depth, criterion in _with_parts(decision.criteria):
            table.add_row(
                Text("  " * depth).append(
                    _words(criterion.status), f"bold {_STYLES[criterion.status]}"
                ),
                _text(criterion.clause),
                Group(*filter(None, (_lines(criterion.text), _said_of(criterion)))),
            )
        console.print(table)


def _fill(terms: Authorization) -> str:
    quantities = dict(terms.quantity)
    days = quantities.pop("days_supply", None)
    told = ", ".join(f"{quantity} {_words(name)}" for name, quantity in quantities.items())
    return f"{told or 'no limit'}{'' if days is None else f' for {days} days'}"


def _with_parts(criteria: Iterable[Criterion], depth: int = 0) -> Iterator[tuple[int, Criterion]]:
    """Each criterion and part, after its group, and how deep it is."""
    for criterion in criteria:
        yield depth, criterion
        yield from _with_parts(criterion.parts, depth + 1)


def _said_of(criterion: Criterion) -> Text | None:
    """The facts that a criterion rests on, or how its parts make a group."""
    if criterion.kind is not None:
        return _faint(_GROUPS.get(criterion.kind, criterion.kind)) if criterion.parts else None
    absent = "unknown" if criterion.status == "unknown" else "not given"
    facts = (
        f"{_words(name)}: {absent if value is None else _value(value)}"
        for name, value in criterion.facts.items()
    )
    return _faint("; ".join(facts)) if criterion.facts else None


def show_guidelines(console: Console, guidelines: Iterable[Guideline]) -> None:
    """One line for each."""
    _rows(
        console,
        [
            (g.id, _text(f"{g.title}: {', '.join(v.version for v in g.versions)}"))
            for g in guidelines
        ],
    )


def show_guideline(console: Console, guideline: Guideline) -> None:
    console.print(Text(_clean(guideline.title), "bold"))
    _rows(
        console,
        [("id", _text(guideline.id)), ("drug names", _text(", ".join(guideline.drug_names)))],
    )
    for version in reversed(guideline.versions):
        _show_version(console, version)


def _show_version(console: Console, version: GuidelineVersion) -> None:
    until = f"to {version.in_force_to}" if version.in_force_to else "on"
    _section(console, f"Version {version.version}")
    _rows(
        console,
        [
            ("effective", _text(version.effective_date)),
            ("next review", _text(version.next_review)),
            ("governs", _text(f"service dates from {version.in_force_from} {until}")),
        ],
    )
    for section in version.sections:
        console.print()
        name = dict.fromkeys((section.number, section.title))
        console.print(Text(_clean("  ".join(name)), "bold"))
        console.print(Padding(_lines(section.text), (0, 0, 0, 2)))
        for reading in section.readings:
            console.print(Padding(_faint(reading), (0, 0, 0, 2)))
    _section(console, "What is asked, clause by clause")
    table = _table(2)
    depths: dict[str | None, int] = {None: -1}
    for criterion in version.criteria:
        depth = depths[criterion.id] = depths[criterion.parent] + 1
        questions = [_faint(f"? {q.question} ({q.path})") for q in criterion.questions]
        readings = map(_faint, criterion.readings)
        table.add_row(
            _text("  " * depth + criterion.clause),
            Group(_lines(criterion.text), _faint(_judged_by(criterion)), *readings, *questions),
        )
    console.print(table)


def _judged_by(criterion: GuidelineCriterion) -> str:
    """A criterion's id, what it is for, and its kind with its figures."""
    requests = f"{criterion.type} requests" if criterion.type else "every request"
    figures = [f"{_words(name)}: {_figure(figure)}" for name, figure in criterion.figures.items()]
    told = f"{criterion.id}: {_words(criterion.stage)}, {requests}"
    return "; ".join([told, f"kind: {_words(criterion.kind)}", *figures])


def tallied(found: Summary, seconds: float) -> Iterator[str]:
    """What has been decided: by outcome, by clause, and what needs a look."""
    parts = [f"{count:,} {_words(outcome)}" for outcome, count in found["outcomes"].items()]
    lines = _several(found["requests"], "line")
    yield f"{lines} in {seconds:.1f} s: {', '.join(parts) or 'nothing to decide'}"
    if clauses := found["clauses"]:
        rows = [
            (
                _words(each["outcome"]),
                f"{each['guideline_id']} {each['guideline_version']}",
                _clean(each["clause"]),
                f"{each['requests']:,}",
            )
            for each in clauses
        ]
        rows = [("outcome", "guideline", "clause", "requests"), *rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for *texts, count in rows:
            told = [f"{text:{width}}" for text, width in zip(texts, widths, strict=False)]
            yield "  ".join(["", *told, f"{count:>{widths[-1]}}"])
    if repeated := found["repeated_request_ids"]:
        yield f"{_several(repeated, 'row')} with the request_id of an earlier row"
    if blank := found["blank_rows"]:
        yield f"{_several(blank, 'row')} without content, left out"


def _several(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"


def show(console: Console, render: Callable[[Console], None]) -> None:
    """Print what `render` prints, without the blanks that tables end their lines with."""
    with console.capture() as captured:
        render(console)
    for line in captured.get().splitlines():
        print(line.rstrip(), file=console.file)


def _section(console: Console, title: str) -> None:
    console.print()
    console.print(Text(_clean(title), "bold underline"))


def _rows(console: Console, rows: Iterable[tuple[str, RenderableType]]) -> None:
    table = _table(2)
    for label, content in rows:
        table.add_row(_text(label), content)
    console.print(table)


def _table(columns: int) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(columns - 1):
        table.add_column(max_width=40, overflow="fold")
    table.add_column(overflow="fold")
    return table


def _text(value: object) -> Text:
    return Text(_clean(str(value)))


def _lines(value: str) -> Text:
    """A guideline's own text, in its own lines."""
    return Text("\n".join(map(_clean, value.split("\n"))))


def _faint(value: str) -> Text:
    return Text(_clean(value), "dim")


def _clean(text: str) -> str:
    """The text on one line, without what a terminal would obey rather than show."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: Any) -> str:
    """A fact, whatever a guideline's rules report."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return _joined(value, _value) or "none"
    if isinstance(value, Mapping):
        if _named(value):
            return ", ".join(value) or "none"
        return ", ".join(f"{_words(k)} {_value(v)}" for k, v in value.items())
    return _words(value) if isinstance(value, str) else json.dumps(value)


def _figure(value: Any) -> str:
    """A figure of a guideline's data: as `_value`, and codes with what they mean."""
    if isinstance(value, Mapping) and _named(value):
        return ", ".join(f"{code} ({meaning})" for code, meaning in value.items())
    if isinstance(value, list):
        return _joined(value, _figure)
    return value if isinstance(value, str) else _value(value)


def _joined(values: list[Any], told: Callable[[Any], str]) -> str:
    several = any(isinstance(value, Mapping) for value in values)
    return ("; " if several else ", ").join(map(told, values))


def _named(value: Mapping[str, Any]) -> bool:
    """Whether it says what codes mean."""
    return all(isinstance(each, str) for each in value.values())


@contextmanager
def progress(console: Console, size: int | None) -> Iterator[Callable[[int, int], None]]:
    """A progress bar, on a terminal only: takes the rows of each step, and how far it has come."""
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=size, rows=0, rate=0.0)
        started = time.monotonic()
        rows = 0

        def done(more: int, place: int) -> None:
            nonlocal rows
            rows += more
            rate = rows / max(time.monotonic() - started, 0.001)
            bar.update(task, completed=place, rows=rows, rate=rate)

        yield done
