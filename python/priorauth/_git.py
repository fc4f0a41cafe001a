"""The policy at a git revision."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path

from . import policy
from .errors import ConfigurationError


def extract(checkout: Path, revision: str, target: Path) -> str:
    """Write the policy at a revision of a checkout to a folder, and return its commit.

    Raises ConfigurationError, with git's own message, when there is none.
    """
    asked = ("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    commit = _git(checkout, *asked).decode().strip()
    files = _git(checkout, "archive", "--format=zip", commit, "--", *policy.FOLDERS)
    with zipfile.ZipFile(io.BytesIO(files)) as archive:
        archive.extractall(target)
    return commit


def _git(checkout: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=checkout, capture_output=True, check=False)
    except OSError as error:
        raise ConfigurationError(f"git does not run: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise ConfigurationError(f"git: {said or f'exit code {done.returncode}'}")
    return done.stdout
