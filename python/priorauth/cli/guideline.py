"""`priorauth guideline`: see the guidelines on file, begin a new one, check those of a checkout."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from .. import policy as policies
from ..catalog import Guideline
from ..errors import ConfigurationError
from . import (
    EXIT_CODES,
    FAILED,
    Connect,
    Json,
    _asks,
    _console,
    _failing_clearly,
    _opa,
    _print_json,
    _say,
    app,
)

commands = typer.Typer(no_args_is_help=True)
app.add_typer(commands, name="guideline", help="Show, write and check drug guidelines.")

Checkout = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        exists=True,
        file_okay=False,
        help="The checkout: the folder with policy/, rego/ and tests/. Default: this folder if it "
        "has them, else the one that priorauth is installed from.",
    ),
]


@_asks(commands, name="list")
def list_(connect: Connect, as_json: Json = False) -> None:
    """List the guidelines on file, with their versions."""
    with connect() as client:
        catalog = client.catalog()
    if as_json:
        _print_json([each.raw for each in catalog])
        return
    from ._show import show, show_guidelines

    show(_console(), lambda console: show_guidelines(console, catalog))


@_asks(commands)
def show(
    connect: Connect,
    name: Annotated[str, typer.Argument(metavar="ID", help="The guideline's id.")],
    version: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only this version. Default: all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a guideline: its text, and what each clause asks for."""
    with connect() as client:
        catalog = client.catalog()
    chosen = _chosen(catalog, name, version)
    if as_json:
        _print_json(chosen.raw)
        return
    from ._show import show, show_guideline

    show(_console(), lambda console: show_guideline(console, chosen))


def _chosen(catalog: tuple[Guideline, ...], name: str, version: str | None) -> Guideline:
    named = {each.id: each for each in catalog}
    if name not in named:
        raise ConfigurationError(
            f"no guideline on file has this id; on file: {', '.join(named) or 'none'}"
        )
    guideline = named[name]
    if version is None:
        return guideline
    versions = tuple(each for each in guideline.versions if each.version == version)
    if not versions:
        known = ", ".join(each.version for each in guideline.versions)
        raise ConfigurationError(f"{name} has no version {version}; there is {known}")
    raw = {
        **guideline.raw,
        "versions": [each for each in guideline.raw["versions"] if each["version"] == version],
    }
    return dataclasses.replace(guideline, versions=versions, raw=raw)


@commands.command(epilog=EXIT_CODES)
def new(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="Its id: a name of the drug, such as xpovio.")
    ],
    title: Annotated[
        str | None,
        typer.Option(help="Its title: the brand name, and the generic name in brackets."),
    ] = None,
    drug: Annotated[
        list[str] | None,
        typer.Option(help="Another name of the drug, such as the generic; may be repeated."),
    ] = None,
    effective: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The day it becomes effective. Default, for a new guideline only: today.",
        ),
    ] = None,
    checkout: Checkout = None,
) -> None:
    """Start a guideline, or a further version of one: writes valid files for you to edit.

    If the guideline is on file, its newest version is copied, and ends on the day before.
    """
    with _failing_clearly():
        root = _root(checkout)
        if (root / "policy" / "guidelines" / name).is_dir():
            if title or drug or effective is None:
                raise ConfigurationError(
                    f"{name} is on file; start a further version of it with --effective alone"
                )
            _further(root, name, effective.date())
            return
        from ..authoring.template import new

        _opa()
        day = effective.date() if effective else date.today()
        title = title or name.capitalize()
        for file in new(root, name, title=title, drugs=drug or (), effective=day):
            print(file)
        _say(f"Edit these files, then check them: priorauth guideline check {name}")


def _further(root: Path, name: str, effective: date) -> None:
    from ..authoring.successor import further

    _opa()
    done = further(root, name, effective)
    for file in done.written:
        print(file)
    _say(f"{done.changed} now ends on the day before.")
    if done.left_out:
        _say(f"Worked cases not copied, as they need other dates: {', '.join(done.left_out)}.")
    _say(
        "Edit what the new text changes, its dates first (next_review is a guess), then check "
        f"it: priorauth guideline check {name}"
    )
    if done.findings:
        _say("It already finds:")
        for finding in done.findings:
            _say(str(finding))
        raise typer.Exit(FAILED)


@commands.command(epilog=EXIT_CODES)
def check(
    name: Annotated[
        str | None, typer.Argument(metavar="ID", help="The one to check. Default: all.")
    ] = None,
    checkout: Checkout = None,
) -> None:
    """Report what is wrong with guidelines and their worked cases, by file and line.

    Checks the data, and decides the worked cases. Takes every fact away from each approved case,
    one at a time: that must never deny it, nor authorize anything else.
    """
    with _failing_clearly():
        from ..authoring.check import check

        root = _root(checkout)
        _opa()
        report = check(root, () if name is None else (name,))
        for finding in report.findings:
            print(finding)
        if report.findings:
            raise typer.Exit(FAILED)
        print(
            f"{', '.join(report.guidelines)}: sound; {report.cases:,} worked cases decided as "
            f"expected, {report.facts:,} facts taken away from approved cases"
        )
        for unshown in report.unshown:
            print(unshown)


def _root(checkout: Path | None) -> Path:
    """The checkout to write to and to check: never what an installed package carries."""
    if checkout is not None:
        return policies.check(checkout)
    here = Path.cwd()
    if all((here / folder).is_dir() for folder in policies.FOLDERS):
        return here
    root = policies.root()
    if root.name == "_policy":
        raise ConfigurationError(
            "this folder has no policy/ and rego/; go to a checkout, or name one with --policy"
        )
    return root
