"""What every test shares: one OPA, with the checkout's policy, for the whole session."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from priorauth import bundle, opa, policy
from priorauth.errors import OpaNotFound
from servers import private_opa

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ("rego_items",)

ROOT = Path(__file__).parent


def pytest_report_header() -> str:
    try:
        found = opa.find()
        return f"opa: {opa.version(found)}, {found}"
    except OpaNotFound:
        return f"opa: not here, {opa.VERSION} will be fetched"


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Where `opa run --server policy rego` answers. Without an OPA the tests fail; none is skipped.

    It has no rules on access and a port of its own, so that tests can ask it by plain HTTP.
    """
    with private_opa(*policy.paths(policy.root()), "--ignore", policy.TESTS) as (url, _):
        yield url


@pytest.fixture(scope="session")
def bundle_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the checkout's policy."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.tar.gz"
    bundle.build(path, revision="test")
    return path


@pytest.fixture(scope="session")
def examples_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the checkout's policy with the examples' guidelines on file too."""
    folder = tmp_path_factory.mktemp("examples")
    for name in policy.FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    for path in (ROOT / "examples" / "guidelines").iterdir():
        if path.name != "cases":
            shutil.copytree(path, folder / "policy", dirs_exist_ok=True)
    return bundle.build(folder / "bundle.tar.gz", policy=folder, revision="examples").path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of the system's packages, for one module: while it is there, no other event loop
    can run in this thread.
    """
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        absent = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        absent(f"no browser: none of {', '.join(names)}")
    with sync_playwright() as playwright:
        # As root, as in a container, it runs only without its own sandbox.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()
