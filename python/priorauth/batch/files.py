"""Files that only their owner can read: they hold decisions on members."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO, Any, BinaryIO

from ..errors import ConfigurationError


def create(path: Path) -> BinaryIO:
    """An empty file at a path that is ours: see `open_own`."""
    return open_own(path, os.O_RDWR | os.O_TRUNC)


def open_own(path: Path, flags: int = os.O_RDWR) -> BinaryIO:
    """The file at a path, created if there is none, for its owner only.

    Links are not followed. Raises ConfigurationError unless it is a plain file of this user's.
    """
    flags |= os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        # An existing file is checked before it is truncated.
        descriptor = os.open(path, flags & ~os.O_TRUNC, 0o600)
    except OSError as error:
        if path.is_symlink() or path.is_dir():
            raise _not_ours(path) from None
        raise error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink > 1:
        os.close(descriptor)
        raise _not_ours(path)
    os.fchmod(descriptor, 0o600)
    file = os.fdopen(descriptor, "r+b")
    if flags & os.O_TRUNC:
        file.truncate(0)
    return file


def _not_ours(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not a plain file of this user's, so nothing is written there; remove it"
    )


def sync(file: IO[Any]) -> None:
    """See that it is on disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """See that the names of the files in it are on disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def is_same(one: Path | BinaryIO, other: Path | BinaryIO) -> bool:
    """Whether two are one plain file, by whatever links."""
    try:
        first, second = (
            each.stat() if isinstance(each, Path) else os.fstat(each.fileno())
            for each in (one, other)
        )
    except OSError:
        return False
    return stat.S_ISREG(first.st_mode) and os.path.samestat(first, second)
