"""`priorauth compare` and `priorauth replay`: what a change of the policy does."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from .. import policy as policies
from .._json import one_line
from ..errors import ConfigurationError
from . import (
    EXIT_CODES,
    FAILED,
    INVALID,
    Json,
    _console,
    _failing_clearly,
    _is_dash,
    _opa,
    _opened,
    _print_json,
    _say,
    _spare,
    app,
)
from .batch import Format

if TYPE_CHECKING:
    from ..batch.input import Input
    from ..impact.changes import Change
    from ..impact.policies import Policy

From = Annotated[
    Format | None, typer.Option("--from", help="The format of the requests, whatever the suffix.")
]
Workers = Annotated[int, typer.Option(min=0, help="How many processes decide; 0 for one per core.")]
Allowed = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="CHANGE",
        help="A change that is expected, such as outcome:approved:denied, or the beginning of "
        "one, such as criterion:xpovio:age; may be repeated.",
    ),
]
Examples = Annotated[int, typer.Option(min=0, help="How many request ids to name for each change.")]
Report = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Also write the result here, as an HTML page.")
]


@app.command(epilog=EXIT_CODES)
def compare(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A bundle, a folder, or a git revision.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another, to compare with it.")],
    file: Annotated[
        Path,
        typer.Argument(metavar="REQUESTS|-", help="Requests: any file that `batch` reads."),
    ],
    allow: Allowed = None,
    examples: Examples = 3,
    report: Report = None,
    from_: From = None,
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Show what a change of the policy does: decide requests by both, and compare.

    Exits with 1 when a decision differs, unless --allow names every change.
    """
    with _failing_clearly():
        from ..batch.formats import source_of
        from ..impact import content
        from ..impact.changes import Impact
        from ..impact.report import impact_page
        from ..impact.report import report as reported
        from ..impact.run import Comparing, run
        from ..tables import Requests
        from ._show import progress, show
        from ._show_impact import show_impact

        expected = _expected(allow)
        sides = [_policy(name) for name in (old, new)]
        with contextlib.ExitStack() as stack:
            engines = [stack.enter_context(side.engine()) for side in sides]
            catalogs = [engine.catalog() for engine in engines]
            facts = {k: v for engine in engines for k, v in engine.facts().items()}
        impact = Impact(examples, expected)
        with _opened(file) as opened:
            _spare([opened, Path(old), Path(new)], report)
            data = _input(opened, file)
            source = source_of(_format(from_, data, file), data, Requests(facts))
            work = Comparing(sides[0].engine, sides[1].engine, source, impact.copy())
            for done in run(
                work,
                source.pieces(data, 0),
                size=source.size(data),
                workers=workers,
                progress=functools.partial(progress, _console(stderr=True)),
            ):
                impact.merge(done.impact)
        found = reported(impact, catalogs, content.compared(*sides))
        _write_report(report, impact_page(sides[0].name, sides[1].name, found))
        if as_json:
            _print_json({"old": sides[0].name, "new": sides[1].name, **found})
        else:
            show(_console(), lambda console: show_impact(console, found))
    if impact.unexpected:
        raise typer.Exit(FAILED)


@app.command(epilog=EXIT_CODES)
def replay(
    log: Annotated[
        Path,
        typer.Argument(
            metavar="LOG|-",
            help="Earlier decisions: NDJSON of objects with `request` and `decision` or, with "
            "--requests, the output of a batch.",
        ),
    ],
    policy: Annotated[
        str | None,
        typer.Argument(
            metavar="[POLICY]",
            help="What decides now: a bundle, a folder, or a git revision. Default: this "
            "package's own policy.",
        ),
    ] = None,
    requests: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The input of the batch that wrote LOG."),
    ] = None,
    allow: Allowed = None,
    examples: Examples = 3,
    report: Report = None,
    from_: From = None,
    workers: Workers = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print NDJSON, for programs: one object per decision.")
    ] = False,
) -> None:
    """Show which earlier decisions would differ now, one per line, and why.

    Exits with 1 when there are any, unless --allow names every change, and with 3 when a row does
    not hold a decision and its request.
    """
    with _failing_clearly():
        from ..batch.formats import Lines, source_of
        from ..impact.changes import Impact
        from ..impact.log import DecisionColumn, Entries, Log, Paired
        from ..impact.policies import Policy
        from ..impact.report import impact_page, otherwise, sentence
        from ..impact.report import report as reported
        from ..impact.run import Replaying, run
        from ..tables import Requests
        from ._show import progress
        from ._show_impact import otherwise_line

        impact = Impact(examples, _expected(allow))
        decides = _policy(policy) if policy else Policy.own()
        with decides.engine() as engine:
            catalog, facts = engine.catalog(), engine.facts()
        unreadable = 0
        with contextlib.ExitStack() as stack:
            opened = stack.enter_context(_opened(log))
            _spare([opened, requests, Path(policy) if policy else None], report)
            data = _input(opened, log)
            held: Log
            if requests:
                asked = _input(stack.enter_context(_opened(requests)), requests)
                source = source_of(_format(None, data, log), data, DecisionColumn({}))
                asking = source_of(_format(from_, asked, requests), asked, Requests(facts))
                held = Paired(source, asking)
                pieces = held.pieces(source.pieces(data, 0), asking.pieces(asked, 0))
            else:
                source = Lines()
                held, pieces = Entries(source), source.pieces(data, 0)
            for done in run(
                Replaying(decides.engine, held, impact.copy()),
                pieces,
                size=source.size(data),
                workers=workers,
                progress=functools.partial(progress, _console(stderr=True)),
            ):
                impact.merge(done.impact)
                unreadable += len(done.unreadable)
                for row, why in done.unreadable:
                    _say(f"{row}: {why}")
                for each in map(otherwise, done.otherwise):
                    print(one_line(each) if as_json else otherwise_line(each))
        found = reported(impact, [catalog])
        _write_report(report, impact_page("the decisions kept", decides.name, found))
        lost = f"; {unreadable:,} rows cannot be compared" if unreadable else ""
        _say(sentence(found) + lost)
    if unreadable:
        raise typer.Exit(INVALID)
    if impact.unexpected:
        raise typer.Exit(FAILED)


def _write_report(path: Path | None, page: bytes) -> None:
    """For its owner only: it names requests."""
    from ..batch.files import create

    if path:
        with create(path) as file:
            file.write(page)


def _policy(name: str) -> Policy:
    from ..impact.policies import Policy

    if not Path(name).is_file():
        _opa()
    here = Path.cwd()
    holds = all((here / folder).is_dir() for folder in policies.FOLDERS)
    return Policy.named(name, here if holds else policies.root())


def _expected(allow: list[str] | None) -> tuple[Change, ...]:
    from ..impact.changes import KINDS

    found = [tuple(each.split(":")) for each in allow or ()]
    for kind, *_ in found:
        if kind not in KINDS:
            raise ConfigurationError(f"--allow {kind}: a change begins with {', '.join(KINDS)}")
    return tuple(found)


def _input(opened: BinaryIO, file: Path) -> Input:
    from ..batch.input import Input

    return Input(opened, "standard input" if _is_dash(file) else str(file))


def _format(chosen: Format | None, data: Input, file: Path) -> str:
    from ..batch.formats import recognised

    return chosen.value if chosen else recognised(data, file)
