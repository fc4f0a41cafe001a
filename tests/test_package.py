"""What is installed is enough: the wheel carries the policy."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from priorauth import policy

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", folder], cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("priorauth-*.whl")
    with zipfile.ZipFile(built) as wheel:
        yield wheel


def test_the_wheel_carries_the_policy_and_none_of_its_tests(wheel: zipfile.ZipFile) -> None:
    carried = {name for name in wheel.namelist() if "/_policy/" in name}
    expected = {
        f"priorauth/_policy/{path.relative_to(ROOT)}"
        for folder in (*policy.FOLDERS, "schemas")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not path.match(policy.TESTS)
    }
    assert carried == expected
    assert "priorauth/_policy/rego/builtins.txt" in carried
    assert "priorauth/py.typed" in wheel.namelist()
    engine = {n for n in wheel.namelist() if n.startswith("priorauth/page/vendor/opa-wasm/")}
    assert {Path(name).name for name in engine} == {
        *("opa-wasm-browser.js", "LICENSE", "LICENSE.sprintf-js", "LICENSE.yaml"),
        *("README.md", "SHA256SUMS"),
    }
    strays = [n for n in wheel.namelist() if not n.startswith(("priorauth/", "priorauth-"))]
    assert not strays


def test_what_is_npms_is_what_was_fetched() -> None:
    check = [sys.executable, str(ROOT / "scripts" / "vendor.py"), "--check"]
    assert subprocess.run(check).returncode == 0


def test_the_wheel_decides_anywhere(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "installed")
    request = ROOT / "examples" / "xpovio-initial.json"
    run = [sys.executable, "-m", "priorauth.cli", "decide", "--json", str(request)]
    environment = {k: v for k, v in os.environ.items() if k != "PRIORAUTH_URL"}
    environment["PYTHONPATH"] = str(tmp_path / "installed")
    done = subprocess.run(
        run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert '"approved"' in done.stdout
    page = [sys.executable, "-m", "priorauth.cli", "page", "-o", "page.html"]
    subprocess.run(page, cwd=tmp_path, env=environment, check=True)
    assert b"opa_eval" in (tmp_path / "page.html").read_bytes()
    where = [sys.executable, "-c", "import priorauth.policy; print(priorauth.policy.root())"]
    root = subprocess.check_output(where, cwd=tmp_path, env=environment, text=True).strip()
    assert Path(root) == tmp_path / "installed" / "priorauth" / "_policy"
