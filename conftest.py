"""What every test shares: one OPA, with the checkout's policy, for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from priorauth import bundle, opa
from priorauth.errors import OpaNotFound
from priorauth.sidecar import LocalSidecar

pytest_plugins = ("rego_items",)


def pytest_report_header() -> str:
    try:
        found = opa.find()
        return f"opa: {opa.version(found)}, {found}"
    except OpaNotFound:
        return f"opa: not here, {opa.VERSION} will be fetched"


@pytest.fixture(scope="session")
def sidecar() -> Iterator[LocalSidecar]:
    """The session's sidecar, running. Without an OPA the tests fail; none is skipped."""
    sidecar = LocalSidecar(startup_timeout=60)
    with sidecar:
        yield sidecar


@pytest.fixture(scope="session")
def url(sidecar: LocalSidecar) -> str:
    """Where the session's sidecar answers."""
    return sidecar.url


@pytest.fixture(scope="session")
def bundle_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the checkout's policy."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.tar.gz"
    bundle.build(path, revision="test")
    return path
