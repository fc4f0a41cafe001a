"""The policies that are compared: what a bundle, a folder or a git revision holds."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import _git, policy
from .. import bundle as bundles
from ..decider import Decider
from ..errors import ConfigurationError
from ..wasm import WasmEngine


@dataclass(frozen=True)
class Policy:
    """A policy: how it was named, and its bundle."""

    name: str
    bundle: bytes = field(repr=False)

    @classmethod
    def named(cls, name: str, checkout: Path) -> Policy:
        """The policy of a bundle, of a folder, or of a git revision of `checkout`.

        A folder or a revision is built, so it must be sound. Raises ConfigurationError if it is
        none of these, BundleError, and OpaNotFound.
        """
        path = Path(name)
        if path.is_file():
            return cls(name, path.read_bytes())
        if path.is_dir():
            return cls(name, _built(policy.check(path), revision=name))
        with tempfile.TemporaryDirectory() as scratch:
            try:
                revision = _git.extract(checkout, name, Path(scratch))
            except ConfigurationError as error:
                raise ConfigurationError(
                    f"it is not a bundle, a folder with policy/ and rego/, or a git revision "
                    f"of {checkout} that has them. {error}"
                ) from None
            return cls(f"{name} ({revision[:12]})", _built(Path(scratch), revision=revision))

    @classmethod
    def own(cls) -> Policy:
        """The package's own policy."""
        return cls("the package's own policy", bundles.cached().read_bytes())

    @property
    def engine(self) -> Callable[[], Decider]:
        """Makes an engine that decides by it; can be sent to another process."""
        return functools.partial(WasmEngine, self.bundle)

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        """Its data: guidelines, drugs, facts and settings."""
        return bundles.document(self.bundle, "data.json")


def _built(root: Path, *, revision: str) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        built = bundles.build(
            Path(scratch, "b"),
            policy=root,
            revision=revision,
            # An earlier policy may lack the others.
            entrypoints=bundles.ENTRYPOINTS,
        )
        return built.path.read_bytes()
