"""The command line."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import inspect
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NoReturn

import typer

from ..decider import Decider
from ..errors import BundleError, ConfigurationError, NotJSON, PriorAuthError, SidecarStartError

if TYPE_CHECKING:
    from rich.console import Console

    from ..client import Client
    from ..sidecar import DockerSidecar, LocalSidecar

FAILED = 1
USAGE = 2
INVALID = 3
NO_DECISION = 4
INTERRUPTED = 130

_COLUMNS = 40

_CODES = """Exit codes:

0  decided, whatever the outcome; or all is well

1  {}

2  usage: an unknown option, a file that cannot be opened, a URL that cannot work

3  a request, or a line of a batch, is not JSON or is `invalid`

4  no decision: {}

130  interrupted (Ctrl-C)

143  told to end (SIGTERM)
"""
_WILL_NOT_DO = "a file breaks off or cannot be written; a bundle or guideline fails a check"

EXIT_CODES = _CODES.format(_WILL_NOT_DO, "the sidecar cannot be started or reached, or it fails")
CODES_OF_CHANGES = _CODES.format("decisions differ, and nothing else", _WILL_NOT_DO)

app = typer.Typer(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Connect = Callable[[], AbstractContextManager[Decider]]


def main() -> None:
    """Run the command line, and exit with one of the codes that `--help` lists."""
    # As an exception, so that our sidecar is stopped and no partial file is left.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="replace")
    if sys.stdout is None:
        _say("priorauth: standard output is closed; there is nowhere to print to")
        sys.exit(FAILED)
    try:
        try:
            app(prog_name="priorauth")
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        _say("priorauth: interrupted")
        sys.exit(INTERRUPTED)
    except OSError as error:
        _tell_of(error)
        sys.exit(FAILED)


def _version(asked: bool) -> None:
    if asked:
        print(f"priorauth {importlib.metadata.version('priorauth')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """A payer's prior-authorization guidelines as code: what they say about a request."""


@contextmanager
def _connect(
    url: Annotated[
        str | None,
        typer.Option(
            envvar="PRIORAUTH_URL",
            help="The sidecar to ask, such as http://127.0.0.1:8181 or unix:///run/opa.sock. "
            "Default: a temporary one, if the command needs one.",
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A file with the bearer token for --url; or put it in PRIORAUTH_TOKEN.",
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(exists=True, help="The authorities to trust for https (PEM)."),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A client certificate (PEM)."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The key of --certificate (PEM)."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.001, help="How many seconds a call may take in total.")
    ] = 10.0,
) -> Iterator[Decider]:
    if url is None:
        if token_file or ca or certificate or key:
            raise ConfigurationError("--token-file, --ca, --certificate and --key go with --url")
        from ..client import Client
        from ..sidecar import LocalSidecar

        with LocalSidecar(opa=_opa()) as own, Client(own, timeout=timeout) as client:
            yield client
        return
    with _client(url, token_file, ca, certificate, key, timeout) as client:
        yield client


def _client(
    url: str,
    token_file: Path | None,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    timeout: float,
) -> Client:
    # Only here, because HTTP takes a quarter of a second to import.
    from ..client import Client

    if (certificate is None) is not (key is None):
        raise ConfigurationError("--certificate and --key go together")
    token = _token(token_file) if token_file else os.environ.get("PRIORAUTH_TOKEN")
    pair = (certificate, key) if certificate and key else None
    return Client(url, token=token or None, ca=ca, certificate=pair, timeout=timeout)


def _token(file: Path) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise ConfigurationError(f"the token file {file} is not UTF-8") from None
    if not token:
        raise ConfigurationError(f"the token file {file} is empty")
    return token


@contextmanager
def _failing_clearly(failed: int = FAILED) -> Iterator[None]:
    """Every failure is a paragraph on stderr and an exit code, never a traceback.

    `failed` is the code for a file that cannot be read or written, or a bundle that will not do.
    """
    # From here on there may be something to clean up.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        _fail(INTERRUPTED, "interrupted")
    except ConfigurationError as error:
        _fail(USAGE, error)
    except BundleError as error:
        _fail(failed, error)
    except PriorAuthError as error:
        _fail(NO_DECISION, error)
    except OSError as error:
        _tell_of(error)
        raise typer.Exit(failed) from None


Command = Callable[..., None]


def _asks(group: typer.Typer, name: str | None = None) -> Callable[[Command], Command]:
    """Make a command of a function with a parameter `connect`: gives it `_connect`'s options."""
    connecting = _with_options("connect", _connect)
    made = group.command(name, epilog=EXIT_CODES)
    return lambda command: made(connecting(_failing_clearly()(command)))


def _with_options(name: str, options: Callable[..., object]) -> Callable[[Command], Command]:
    """Give a command the options of a function, in place of its parameter of this name.

    That parameter gets the function, with the values chosen, to be called.
    """
    further = inspect.signature(options, eval_str=True).parameters

    def with_options(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters
        parameters = [p for p in (*own.values(), *further.values()) if p.name != name]

        @functools.wraps(command)
        def run(**given: Any) -> None:
            chosen = functools.partial(options, **{each: given.pop(each) for each in further})
            command(**{name: chosen}, **given)

        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return with_options


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@_asks(app)
def decide(
    connect: Connect,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE|-", help="A request document (JSON)."),
    ],
    as_json: Json = False,
) -> None:
    """Decide one request: the outcome, each clause, and what is missing."""
    from .._json import read_json

    name = "standard input" if _is_dash(file) else str(file)
    try:
        with _opened(file) as data:
            request = read_json(data.read())
        with connect() as client:
            decision = client.decide(request)
    except NotJSON as fault:
        _fail(INVALID, f"{name} is not JSON: {fault.reason}")
    if as_json:
        _print_json(decision.raw)
    else:
        from ._show import show, show_decision

        show(_console(), lambda console: show_decision(console, decision))
    if decision.outcome == "invalid":
        raise typer.Exit(INVALID)


@_asks(app)
def health(connect: Connect) -> None:
    """Check that a sidecar can be reached, and that its policy is loaded and sound."""
    with connect() as client:
        found = client.health()
    print(f"{found.url} is ready to decide: OPA {found.opa_version or 'of an unknown version'}")
    for each in found.guidelines:
        print(f"  {each.id}: {each.title}, {', '.join(v.version for v in each.versions)}")


@app.command(epilog=EXIT_CODES)
def serve(
    docker: Annotated[
        bool, typer.Option("--docker", help="Run OPA in a container of the official image.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 for a free one.")
    ] = 8181,
    page_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="The port of the reviewer's page. Default: a free one."
        ),
    ] = None,
    fhir: Annotated[
        bool,
        typer.Option(
            "--fhir",
            help="Serve prescribers' systems at the port instead: CDS Hooks and questionnaires.",
        ),
    ] = False,
    members: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="With --fhir: what the plan knows of its members (JSON)."
        ),
    ] = None,
    callers: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="With --fhir: the clients whose tokens are accepted (JSON)."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="With --fhir: the address to listen on.")] = "127.0.0.1",
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            help="With --fhir: a host name to accept; may be repeated. Default: this machine's "
            "names; with another --host, any.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="With --fhir: the sidecar to ask, with the token of PRIORAUTH_TOKEN, instead of "
            "one of its own.",
        ),
    ] = None,
) -> None:
    """Run a sidecar on this machine until Ctrl-C. Prints its URL once it is ready.

    Callers must send the token in PRIORAUTH_TOKEN; if that is not set, a random one is printed.
    The reviewer's page is served at its own URL, which is printed too; it asks no sidecar.

    With --fhir the FHIR service is served, and only that service can reach its sidecar.
    """
    with _failing_clearly():
        if fhir:
            from .fhir import run

            if page_port is not None:
                raise ConfigurationError("--page-port goes without --fhir, which serves no page")
            if docker and url:
                raise ConfigurationError(
                    "--docker is for a sidecar of its own, and --url for another; leave one off"
                )
            run(
                lambda: _sidecar(docker),
                url=url,
                host=host,
                port=port,
                allowed_hosts=allowed_host,
                members=members,
                callers=callers,
                say=_say,
            )
            return
        if url or members or callers or allowed_host or host != "127.0.0.1":
            raise ConfigurationError(
                "--members, --callers, --host, --allowed-host and --url go with --fhir"
            )
        from ..page.server import PageServer

        token = os.environ.get("PRIORAUTH_TOKEN") or None
        sidecar = _sidecar(docker, port, token)
        with sidecar as url, PageServer(_page, port=page_port or 0) as page:
            print(url, flush=True)
            if token is None:
                _say(f"Callers need its token: export PRIORAUTH_TOKEN={sidecar.token}")
            _say(f"The reviewer's page is at {page}")
            _say(f"OPA {sidecar.opa_version} serves until Ctrl-C")
            code = sidecar.wait()
        raise SidecarStartError(f"the sidecar stopped unexpectedly, with exit code {code}")


def _sidecar(
    docker: bool, port: int | None = None, token: str | None = None
) -> LocalSidecar | DockerSidecar:
    from ..sidecar import DockerSidecar, LocalSidecar

    if docker:
        return DockerSidecar(port=port, token=token)
    return LocalSidecar(opa=_opa(), port=port, token=token)


@app.command(epilog=EXIT_CODES)
def page(
    output: Annotated[
        Path, typer.Option("-o", "--output", dir_okay=False, help="Where to write the page.")
    ] = Path("page.html"),
    bundle: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The bundle to decide by. Default: the package's own."
        ),
    ] = None,
) -> None:
    """Write the reviewer's page: one file that decides offline, in any browser."""
    with _failing_clearly():
        from ..page import page

        _spare([bundle], output)
        output.write_bytes(page(bundle.read_bytes()) if bundle else _page())


def _page() -> bytes:
    from ..bundle import cached
    from ..page import page

    return page(cached(opa=_opa()).read_bytes())


def _tell_of(error: OSError) -> None:
    if error.errno is None:
        said = str(error)
    elif error.filename is not None:
        said = f"{error.filename}: {error.strerror}"
    else:
        # It is our output; the rest of its buffer must go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        said = f"the output cannot be written: {error.strerror}"
    # A reader that closes the pipe wants no more.
    if not isinstance(error, BrokenPipeError):
        _say(f"priorauth: {said}")


def _fail(code: int, why: object) -> NoReturn:
    _say(f"priorauth: {why}")
    raise typer.Exit(code) from None


def _say(line: str) -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)


def _opa() -> Path:
    from .. import opa

    return opa.ensure(_say)


def _is_dash(path: Path) -> bool:
    return str(path) == "-"


def _opened(path: Path) -> io.BufferedReader:
    if _is_dash(path):
        if sys.stdin is None:
            raise OSError("standard input is closed; there is nothing to read")
        return io.BufferedReader(_Read(sys.stdin.fileno(), closefd=False))
    try:
        return io.BufferedReader(_Read(path))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None


class _Read(io.FileIO):
    """A file whose errors name it, as those of an output do not."""

    def readinto(self, buffer: Any) -> int | None:
        with self._named():
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with self._named():
            return super().readall()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            name = "standard input" if isinstance(self.name, int) else self.name
            raise OSError(error.errno, error.strerror, str(name)) from None


def _spare(read: Iterable[Path | BinaryIO | None], *written: Path | None) -> None:
    """Raises ConfigurationError for an output that is an input."""
    from ..batch.files import is_same

    others = [other for other in read if other is not None]
    for path in filter(None, written):
        given: Path | BinaryIO = sys.stdout.buffer if _is_dash(path) else path
        if any(is_same(given, other) for other in others):
            raise ConfigurationError(f"{path} is an input; name another file")


def _check_folders(*written: Path | None) -> None:
    """Raises ConfigurationError for what cannot be written: before all is decided, not after."""
    for path in filter(None, written):
        if not path.parent.is_dir():
            raise ConfigurationError(f"{path} cannot be written: there is no such folder")


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False, emoji=False, markup=False)
    # In fewer columns the tables lose their text.
    console.width = max(console.width, _COLUMNS)
    return console


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


# Their commands are added to the ones above.
from . import batch as batch  # noqa: E402
from . import bundle as bundle  # noqa: E402
from . import guideline as guideline  # noqa: E402
from . import impact as impact  # noqa: E402
