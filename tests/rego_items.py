"""A pytest plugin: every Rego test is an item of its own, and OPA runs once for all of them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from priorauth import opa, policy
from priorauth.errors import OpaNotFound

_RESULTS = pytest.StashKey[list[dict[str, Any]]]()
_FAULT = pytest.StashKey[str]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.match(policy.TESTS):
        return RegoFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A whole run without each and every Rego test is an error."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if not whole or config.getoption("lf", default=False) or _FAULT in config.stash:
        return
    try:
        ran = {(r["location"]["file"], r["name"]) for r in _results(config)}
    except pytest.Collector.CollectError as error:
        raise pytest.UsageError(str(error)) from error
    collected = {(i.result["location"]["file"], i.name) for i in items if isinstance(i, RegoTest)}
    if left_out := sorted(f"{file}::{name}" for file, name in ran - collected):
        raise pytest.UsageError(f"OPA has tests that pytest has not: {', '.join(left_out)}")


class RegoFile(pytest.File):
    """A `*_test.rego`."""

    def collect(self) -> Iterator[RegoTest]:
        place = str(self.path.relative_to(self.config.rootpath))
        results = [r for r in _results(self.config) if r["location"]["file"] == place]
        if not results:
            raise self.CollectError(f"{place} holds no test")
        for result in sorted(results, key=lambda r: int(r["location"]["row"])):
            yield RegoTest.from_parent(self, name=result["name"], result=result)


class RegoTest(pytest.Item):
    """A rule named `test_…`, which OPA has evaluated already."""

    def __init__(self, *, result: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.result = result

    def runtest(self) -> None:
        if self.result.get("skip"):
            pytest.skip("todo")
        if self.result.get("fail") or self.result.get("error"):
            raise _RegoError

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.result["location"]["row"] - 1, self.name

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if not isinstance(excinfo.value, _RegoError):
            return super().repr_failure(excinfo, style)
        # OPA traces for people in its other format only, hence this one test once more.
        name = re.escape(f"{self.result['package']}.{self.name.partition('#')[0]}")
        told = _opa_test(self.config.rootpath, "--verbose", "--var-values", "--run", f"^{name}$")
        trace = told.stdout.partition("FAILURES\n")[2].strip("-\n")
        return f"{self.result['location']['file']}:{self.result['location']['row']}\n{trace}"


class _RegoError(Exception):
    pass


def _results(config: pytest.Config) -> list[dict[str, Any]]:
    if _FAULT in config.stash:
        raise pytest.Collector.CollectError("OPA did not run the tests, as told above")
    if _RESULTS not in config.stash:
        try:
            done = _opa_test(config.rootpath, "--format", "json")
            config.stash[_RESULTS] = json.loads(done.stdout or "null")
            fault = done.stderr
        except OpaNotFound as error:
            fault = str(error)
        if not config.stash.get(_RESULTS, None):
            config.stash[_FAULT] = fault or "OPA found no Rego test"
            raise pytest.Collector.CollectError(config.stash[_FAULT])
    return config.stash[_RESULTS]


def _opa_test(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [opa.ensure(), "test", "--timeout", "60s", *options, *policy.FOLDERS],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
