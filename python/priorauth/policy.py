"""Where the policy is: the files that come with the package, or the checkout's own."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from .errors import ConfigurationError

FOLDERS = ("policy", "rego")
"""What OPA loads, relative to a policy's root: the guidelines' data, and the rules."""

TESTS = "*_test.rego"
"""The Rego files that are not part of the policy served."""


def root() -> Path:
    """The folder that holds `policy/`, `rego/` and `schemas/`.

    An installed package carries them; an editable install uses those of its checkout.
    """
    package = Path(__file__).resolve().parent
    carried = package / "_policy"
    return check(carried if carried.is_dir() else package.parents[1])


def check(folder: Path) -> Path:
    """`folder`, made absolute, when it holds a policy. Raises `ConfigurationError` otherwise."""
    for name in FOLDERS:
        if not (folder / name).is_dir():
            raise ConfigurationError(f"{folder} holds no policy: it has no folder {name}/")
    return folder.resolve()


def paths(root: Path) -> list[Path]:
    """The paths that OPA loads for the policy at `root`."""
    return [root / name for name in FOLDERS]


def files(root: Path) -> list[Path]:
    """The files of the policy at `root`, without its tests, sorted and relative to it."""
    found = [path for folder in paths(root) for path in folder.rglob("*")]
    return sorted(
        path.relative_to(root) for path in found if path.is_file() and not path.match(TESTS)
    )


def digest(root: Path) -> str:
    """A digest of the policy at `root`: of all its files except its tests."""
    found = hashlib.sha256()
    for path, content in _contents(root):
        found.update(f"{path.as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()


def differing(one: Path, other: Path) -> list[Path]:
    """The files in which two policies differ, relative to both."""
    return sorted({path for path, _ in {*_contents(one)} ^ {*_contents(other)}})


def _contents(root: Path) -> Iterator[tuple[Path, bytes]]:
    for path in files(root):
        yield path, (root / path).read_bytes()


def copy(root: Path, target: Path) -> Path:
    """Copy the policy at `root`, without its tests, so that it cannot change any more."""
    for path in files(root):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target / path)
    return target
