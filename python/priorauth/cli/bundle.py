"""`priorauth bundle`: build and verify what sidecars serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import bundle as bundles
from . import EXIT_CODES, _failing_clearly, _opa, _spare, app

commands = typer.Typer(no_args_is_help=True)
app.add_typer(commands, name="bundle", help="Build and verify the bundle that sidecars serve.")

KeyId = Annotated[str, typer.Option(help="The name of the key, as sidecars know it.")]


@commands.command(epilog=EXIT_CODES)
def build(
    output: Annotated[
        Path, typer.Option("-o", "--output", dir_okay=False, help="Where to write the bundle.")
    ] = Path("priorauth.tar.gz"),
    revision: Annotated[
        str | None, typer.Option(help="The revision that decisions name. Default: the git commit.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A P-256 private key (PEM) to sign with."),
    ] = None,
    key_id: KeyId = bundles.KEY_ID,
    policy: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="The folder with policy/ and rego/."),
    ] = None,
) -> None:
    """Build the policy's bundle, signed if a key is given. Same sources, same bytes."""
    with _failing_clearly():
        _spare([key], output)
        _opa()
        _tell(bundles.build(output, policy=policy, revision=revision, key=key, key_id=key_id))


@commands.command(epilog=EXIT_CODES)
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The bundle.")],
    key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The public key (PEM) that signed it."),
    ] = None,
    key_id: KeyId = bundles.KEY_ID,
) -> None:
    """Check a bundle as a sidecar does, and that its data is sound."""
    with _failing_clearly():
        _opa()
        found = bundles.verify(file, key=key, key_id=key_id)
        _tell(found, verified=key is not None)


def _tell(found: bundles.Bundle, *, verified: bool = False) -> None:
    signature = "signed" if found.signed else "not signed"
    if verified:
        signature += ", the signature is good"
    print(f"{found.path}: {found.size} bytes, sound, {signature}")
    print(f"  revision  {found.revision}")
    print(f"  roots     {', '.join(found.roots)}")
    print(f"  sha256    {found.sha256}")
