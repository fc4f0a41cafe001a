"""`priorauth compare` and `priorauth replay`: what a change of the policy does."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from .. import policy as policies
from .._json import one_line
from ..errors import BundleError, ConfigurationError, SidecarError
from . import (
    CODES_OF_CHANGES,
    FAILED,
    INVALID,
    NO_DECISION,
    Json,
    _check_folders,
    _console,
    _fail,
    _failing_clearly,
    _opa,
    _opened,
    _print_json,
    _say,
    _spare,
    _with_options,
    app,
)
from ._reading import Reading, opened_as

if TYPE_CHECKING:
    from ..catalog import Guideline
    from ..impact.changes import Change
    from ..impact.policies import Policy
    from ..tables import Facts

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
_NAMED = 10
"""The most rows that are named because they cannot be compared."""

Report = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Also write the result here, as an HTML page.")
]


@app.command(epilog=CODES_OF_CHANGES)
@_with_options("reading", Reading)
def compare(
    reading: Callable[[], Reading],
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
    workers: Workers = 0,
    as_json: Json = False,
) -> None:
    """Show what a change of the policy does: decide requests by both, and compare.

    Exits with 1 when a decision differs, unless --allow names every change, and with 3 when no
    request can be decided by either.
    """
    with _failing_clearly(NO_DECISION):
        from ..impact import content
        from ..impact.changes import Impact
        from ..impact.report import impact_page
        from ..impact.report import report as reported
        from ..impact.run import Comparing, run
        from ._show import progress, show
        from ._show_impact import show_impact

        expected = _expected(allow)
        _check_folders(report)
        sides = [_side(*each) for each in (("OLD", old), ("NEW", new))]
        facts = {k: v for side in sides for k, v in side.facts.items()}
        impact = Impact(examples, expected)
        with _opened(file) as opened:
            _spare([opened, Path(old), Path(new)], report)
            how = reading()
            data = how.input(opened, file)
            source = how.source(how.format(data, file), data, facts)
            engines = [side.policy.engine for side in sides]
            work = Comparing(engines[0], engines[1], source, impact.copy())
            for done in run(
                work,
                source.pieces(data, 0),
                [data],
                size=source.size(data),
                workers=workers,
                progress=functools.partial(progress, _console(stderr=True)),
            ):
                impact.merge(done.impact)
        before, after = (side.policy for side in sides)
        differences = content.compared(before, after)
        found = reported(impact, [side.catalog for side in sides], differences)
        _write_report(report, impact_page(before.name, after.name, found))
        if as_json:
            _print_json({"old": before.name, "new": after.name, **found})
        else:
            show(_console(), lambda console: show_impact(console, found))
    if impact.invalid == impact.requests:
        _fail(
            INVALID,
            f"{data.name} holds no request that either can decide, so nothing is compared; check "
            "it, and how it is read: --from, --encoding, --date-format",
        )
    if impact.unexpected:
        raise typer.Exit(FAILED)


@app.command(epilog=CODES_OF_CHANGES)
@_with_options("reading", Reading)
def replay(
    reading: Callable[[], Reading],
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
            metavar="POLICY",
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
    workers: Workers = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print NDJSON, for programs: one object per decision.")
    ] = False,
) -> None:
    """Show which earlier decisions would differ now, one per line, and why.

    Exits with 1 when there are any, unless --allow names every change, and with 3 when a row does
    not hold a decision and its request.
    """
    with _failing_clearly(NO_DECISION):
        from ..batch.formats import Lines, recognised, source_of
        from ..impact.changes import Impact
        from ..impact.log import DecisionColumn, Entries, Log, Paired
        from ..impact.report import impact_page, otherwise, sentence
        from ..impact.report import report as reported
        from ..impact.run import Replaying, run
        from ._show import progress
        from ._show_impact import otherwise_line

        how = reading()
        if how.is_chosen and not requests:
            raise ConfigurationError(
                "--from, --encoding, --keep, --map and --date-format go with --requests"
            )
        impact = Impact(examples, _expected(allow))
        _check_folders(report)
        decides, catalog, facts = _side("POLICY", policy)
        unreadable = 0
        with contextlib.ExitStack() as stack:
            opened = stack.enter_context(_opened(log))
            _spare([opened, requests, Path(policy) if policy else None], report)
            data = opened_as(opened, log)
            inputs = [data]
            held: Log
            if requests:
                asked = how.input(stack.enter_context(_opened(requests)), requests)
                inputs.append(asked)
                source = source_of(recognised(data, log), data, DecisionColumn({}))
                asking = how.source(how.format(asked, requests), asked, facts)
                held = Paired(source, asking)
                pieces = held.pieces(source.pieces(data, 0), asking.pieces(asked, 0))
            else:
                source = Lines()
                held, pieces = Entries(source), source.pieces(data, 0)
            for done in run(
                Replaying(decides.engine, held, impact.copy()),
                pieces,
                inputs,
                size=source.size(data),
                workers=workers,
                progress=functools.partial(progress, _console(stderr=True)),
            ):
                impact.merge(done.impact)
                for row, why in done.unreadable[: max(0, _NAMED - unreadable)]:
                    _say(f"{row}: {why}")
                unreadable += len(done.unreadable)
                for each in map(otherwise, done.otherwise):
                    print(one_line(each) if as_json else otherwise_line(each))
        found = reported(impact, [catalog])
        _write_report(report, impact_page("the decisions kept", decides.name, found))
        if unreadable > _NAMED:
            _say(f"and so on, for {unreadable - _NAMED:,} rows more")
        if unreadable and not impact.requests and not requests:
            _say(f"{data.name} may be the output of a batch: then name its input by --requests")
        lost = f"; {unreadable:,} rows cannot be compared" if unreadable else ""
        _say(sentence(found) + lost)
    if unreadable:
        raise typer.Exit(INVALID)
    if not impact.requests:
        _fail(INVALID, f"{data.name} holds no decision, so nothing is compared")
    if impact.unexpected:
        raise typer.Exit(FAILED)


def _write_report(path: Path | None, page: bytes) -> None:
    """For its owner only: it names requests."""
    from ..batch.files import create

    if path:
        with create(path) as file:
            file.write(page)


class _Side(NamedTuple):
    """A policy, and what it says of itself."""

    policy: Policy
    catalog: tuple[Guideline, ...]
    facts: Facts


def _side(argument: str, name: str | None) -> _Side:
    """The policy that an argument names, the package's own by default; failures say which it is."""
    from ..impact.policies import Policy

    try:
        policy = _policy(name) if name else Policy.own()
        with policy.engine() as engine:
            return _Side(policy, engine.catalog(), engine.facts())
    except (BundleError, ConfigurationError, SidecarError) as error:
        error.args = (f"{' '.join(filter(None, (argument, name)))}: {error}",)
        raise


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
