"""Files that are fetched or built once and kept, with their digests, in a folder of the user's own.

No file that others could have written is run, from here or from any other folder.
"""

from __future__ import annotations

import contextlib
import functools
import grp
import hashlib
import os
import pwd
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Members of these groups may become root anyway.
_ADMINISTRATORS = {0, 80} if sys.platform == "darwin" else {0}


def location() -> Path:
    """Where the folder is, or will be. Raises OSError for a user without a home."""
    cache = os.environ.get("PRIORAUTH_CACHE")
    if not cache:
        default = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
        cache = str(Path(os.environ.get("XDG_CACHE_HOME") or default, "priorauth"))
    try:
        return Path(cache).expanduser().absolute()
    except RuntimeError as error:
        raise FileNotFoundError(f"there is no place for {cache}: {error}") from None


def folder() -> Path:
    """The folder, made when it is not there, and closed to others.

    Raises OSError, also when it belongs to somebody else, or others can put another in its place.
    """
    found = location()
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    if found.stat().st_uid != os.getuid():
        raise PermissionError(f"{found} belongs to another user; name one of yours")
    found.chmod(0o700)
    if why := why_not_trusted(found):
        raise PermissionError(why)
    return found


def holds(path: Path) -> bool:
    """Whether the folder has this file, and it is what was kept. Notes that it is in use."""
    try:
        found = path.stat()
        if _record(path).read_text() != _line(path, found.st_mtime_ns, found.st_size):
            return False
    except OSError:
        return False
    # Not left to the times of access: many mounts do not keep them.
    with contextlib.suppress(OSError):
        os.utime(_record(path))
    return True


def keep(made: Path, path: Path) -> Path:
    """Move a file that was made in the folder to where it is kept."""
    made.with_name("record").write_text(f"{digest(made)}  {path.name}\n")
    made.with_name("record").replace(_record(path))
    return made.replace(path)


def forget(pattern: str, but: int) -> None:
    """Remove the files of a pattern, except the `but` that were used last."""
    with contextlib.suppress(FileNotFoundError):
        used = {path: _record(path).stat().st_mtime_ns for path in folder().glob(pattern)}
        for path in sorted(used, key=used.__getitem__)[:-but]:
            path.unlink()
            _record(path).unlink(missing_ok=True)


@contextlib.contextmanager
def workshop() -> Iterator[Path]:
    """A folder for making what will be kept."""
    with tempfile.TemporaryDirectory(dir=folder()) as scratch:
        yield Path(scratch)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            found.update(part)
    return found.hexdigest()


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


@functools.lru_cache(maxsize=8)
def _line(path: Path, modified: int, size: int) -> str:
    return f"{digest(path)}  {path.name}\n"


def why_not_trusted(path: Path) -> str | None:
    """Who but root and this user could have written it, or put another in its place."""
    for spelt in dict.fromkeys((path.absolute(), path.resolve())):
        own = (spelt,) if spelt.is_dir() else (spelt, spelt.parent)
        for place in (spelt, *spelt.parents):
            found = place.stat()
            if found.st_uid not in (0, os.getuid()):
                return f"{place} belongs to another user, who could replace {path}"
            # Further up it is enough that nobody can remove another user's files.
            kept_apart = found.st_mode & stat.S_ISVTX and place not in own
            if found.st_mode & stat.S_IWOTH and not kept_apart:
                return f"everybody can write to {place}, and so replace {path}"
            if found.st_mode & stat.S_IWGRP and not kept_apart and _has_others(found.st_gid):
                return f"others can write to {place}, by their group, and so replace {path}"
    return None


@functools.lru_cache(maxsize=16)
def _has_others(gid: int) -> bool:
    """Whether anybody but root and this user is in the group."""
    if gid in _ADMINISTRATORS:
        return False
    me = os.getuid()
    try:
        named = {pwd.getpwnam(name).pw_uid for name in grp.getgrgid(gid).gr_mem}
    except KeyError:
        return True
    return not named | {user.pw_uid for user in pwd.getpwall() if user.pw_gid == gid} <= {0, me}
