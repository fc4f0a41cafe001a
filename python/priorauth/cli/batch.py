"""`priorauth batch`: decide many requests, from file to file."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

import typer

from .. import policy
from ..errors import ConfigurationError
from . import (
    INVALID,
    Connect,
    _asks,
    _check_folders,
    _client,
    _console,
    _is_dash,
    _opened,
    _say,
    _spare,
    _with_options,
    app,
)
from ._reading import TABLES, Format, Reading, split

if TYPE_CHECKING:
    from ..batch.output import Output, Stream
    from ..batch.run import Engine
    from ..tables import Requests


class Kind(str, Enum):
    """What decides a batch."""

    WASM = "wasm"
    SIDECAR = "sidecar"


@_asks(app)
@_with_options("reading", Reading)
def batch(
    connect: Connect,
    reading: Callable[[], Reading],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE|-",
            help="Requests: NDJSON, a JSON array, CSV, Excel or Parquet, by suffix and content; "
            "text may be compressed with gzip.",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE|-",
            help="Where to write the decisions, one per line or row. The suffix gives the format; "
            ".gz compresses it. A file there is replaced only once the new one is complete.",
        ),
    ] = Path("-"),
    engine: Annotated[
        Kind | None,
        typer.Option(
            help="What decides: wasm, in process, or a sidecar. Default: wasm if the extra `wasm` "
            "is installed and no --url is given.",
        ),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The bundle that wasm decides by."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="How many processes decide; 0 for one per core.")
    ] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted run to this output.")
    ] = False,
    summary: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write the figures here, as JSON: by outcome, clause, criterion, question, "
            "quantity, month, notice and fault.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write the same figures here, as an HTML page with charts."
        ),
    ] = None,
    to: Annotated[
        Format | None, typer.Option("--to", help="The format of --output, whatever its suffix.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN,…|all",
            rich_help_panel=TABLES,
            help="The columns of decisions to write. Default: all but the whole `decision`.",
        ),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=TABLES,
            help="Write an empty table of requests here, with every column and what goes into it, "
            "and decide nothing.",
        ),
    ] = None,
) -> None:
    """Decide many requests: one decision for each, in the same order.

    A row that cannot be read, such as a line that is not JSON, gets an `invalid` decision that
    names its line, or its row and column.
    """
    from ..batch.files import create
    from ..batch.formats import format_of, target_of
    from ..batch.output import Output, Stream, is_file
    from ..batch.report import report as reported
    from ..batch.run import made_from, run
    from ..batch.summary import summary as summarized
    from ..batch.workers import Job
    from ..tables import Decisions, Requests
    from ._show import progress, tallied

    if file is None or template is not None:
        if file is None and template is not None:
            with _engine(connect, engine, bundle) as decided_by:
                _write_template(template, Requests(decided_by.facts))
            return
        raise ConfigurationError("name a file of requests, or a file to write with --template")
    to_file = not _is_dash(output) and is_file(output)
    if resume and (_is_dash(file) or not to_file):
        raise ConfigurationError("--resume needs an input file and an output file, not -")
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(_opened(file))
        _check_written(opened, connect, [file, bundle], [output, summary, report])
        how = reading()
        data = how.input(opened, file)
        taken = how.format(data, file)
        given = to.value if to else format_of(output) or "ndjson"
        decided_by = stack.enter_context(_engine(connect, engine, bundle))
        source = how.source(taken, data, decided_by.facts)
        table = Decisions.of(decided_by.catalog, decided_by.facts, split(columns))
        target = target_of(given, output.name, table, source.kept, chosen=bool(columns))
        out: Output | Stream
        if to_file:
            table_options = [how.map_, how.keep, how.date_format, columns]
            options = [taken, given, data.encoding, *table_options]
            dependent = None if _is_dash(file) else made_from(file, options, decided_by)
            out = Output(output, target, dependent, resume=resume)
        else:
            if given in ("parquet", "xlsx"):
                raise ConfigurationError(
                    f"{given} cannot be written to a pipe; name a file with -o"
                )
            to_stream = sys.stdout.buffer
            if not _is_dash(output):
                to_stream = stack.enter_context(output.open("wb"))
            out = Stream(to_stream, target)
        stack.push(functools.partial(_tell_of_resuming, out))
        job = Job(decided_by.make, decided_by.policy, decided_by.facts, source, target)
        shown = functools.partial(progress, _console(stderr=True))
        run(job, data, out, workers=workers, progress=shown)
    found = summarized(out.tally, out.repeated, data.blank, decided_by.catalog)
    for line in tallied(found, time.monotonic() - started):
        _say(line)
    if summary:
        with create(summary) as file_:
            file_.write(json.dumps(found, indent=2).encode() + b"\n")
    if report:
        with create(report) as file_:
            file_.write(reported(found))
    if "invalid" in found["outcomes"]:
        raise typer.Exit(INVALID)


def _check_written(
    data: BinaryIO, connect: Connect, taken: list[Path | None], given: list[Path | None]
) -> None:
    """Raises ConfigurationError for what would be written over, or cannot be written."""
    options = cast("functools.partial[Any]", connect).keywords
    secrets = (options[name] for name in ("token_file", "ca", "certificate", "key"))
    _spare([data, *taken, *secrets], *given)
    written = [os.path.realpath(path) for path in filter(None, given)]
    if len(set(written)) < len(written):
        raise ConfigurationError(
            "two of --output, --summary and --report name the same file; name others"
        )
    _check_folders(*given[1:])


def _write_template(path: Path, requests: Requests) -> None:
    from ..batch.template import template

    content = template(path, requests)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise ConfigurationError(f"{path} exists already; nothing is overwritten") from None


def _tell_of_resuming(out: Output | Stream, *failure: object) -> None:
    if failure[0] and out.can_be_resumed:
        rows = out.tally.rows
        _say(f"{rows:,} rows are decided; the same command with --resume continues from there")


@contextmanager
def _engine(connect: Connect, kind: Kind | None, bundle: Path | None) -> Iterator[Engine]:
    """What decides, as the options have it."""
    from ..batch.run import Engine
    from ..batch.workers import Policy, policy_of

    options = cast("functools.partial[Any]", connect).keywords
    if bundle and (kind is Kind.SIDECAR or options["url"]):
        raise ConfigurationError("--bundle goes with --engine wasm, and not with --url")
    if kind is Kind.WASM and options["url"]:
        raise ConfigurationError("--engine wasm asks no sidecar; leave --url off")
    if kind is not Kind.SIDECAR and not options["url"]:
        from ..wasm import WasmEngine

        try:
            wasm = WasmEngine(bundle)
        except ConfigurationError:
            if kind or bundle or importlib.util.find_spec("wasmtime"):
                raise
        else:
            with wasm:
                digest = hashlib.sha256(wasm.bundle).hexdigest()
                make = functools.partial(WasmEngine, wasm.bundle)
                yield Engine(make, Policy(), ["wasm", digest], wasm.catalog(), wasm.facts())
            return
    from ..client import Client

    with connect() as client:
        decides, identity = Policy(), policy.digest(policy.root())
        asking = functools.partial(Client, client.url, timeout=options["timeout"])
        if options["url"]:
            asking = functools.partial(_client, **options)
            decides = policy_of(client)
            identity = decides.revision or decides.digest or ""
        known = client.catalog(), client.facts()
        yield Engine(asking, decides, ["sidecar", identity], *known)
