"""Check the Rego: its format, its types, the builtins it uses, its tests, and what they cover."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from priorauth import bundle, opa, policy
from priorauth.authoring.check import check
from priorauth.errors import OpaNotFound

ROOT = Path(__file__).resolve().parents[1]
STRICT = ("check", "--strict", "--schema", "schemas")


def main() -> None:
    step("opa fmt")
    must("fmt", "--list", "--fail", *policy.FOLDERS)
    step("titles and descriptions of public rules")
    if lacking := undescribed():
        fail("no METADATA, with a title and a description:\n" + "\n".join(lacking))
    step("opa check")
    must(*STRICT, *policy.FOLDERS)
    # The rules answer in WebAssembly too, and must not see a clock or a network. Their tests may.
    step("opa check, with the builtins of rego/builtins.txt only")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as allowed:
        json.dump(bundle.capabilities(), allowed)
        allowed.flush()
        must(*STRICT, "--capabilities", allowed.name, "--ignore", policy.TESTS, "rego/priorauth")
    step("the guidelines on file, and their worked cases")
    if findings := check(ROOT).findings:
        fail("\n".join(map(str, findings)))
    step("opa test")
    must("test", "--timeout", "60s", "--fail-on-empty", *policy.FOLDERS)
    step("opa test --coverage")
    report = json.loads(
        must("test", "--timeout", "60s", "--coverage", "--format", "json", *policy.FOLDERS)
    )
    if uncovered := gaps(report["files"]):
        fail("no test covers:\n" + "\n".join(uncovered))


def undescribed() -> list[str]:
    """The public rules that no file of their package describes."""
    rules: dict[tuple[str, str], bool] = {}
    for path in sorted((ROOT / "rego").rglob("*.rego")):
        if path.match(policy.TESTS):
            continue
        text = path.read_text(encoding="utf-8")
        package = re.findall("^package (.*)", text, re.MULTILINE)[0]
        for comment, name in re.findall(
            r"((?:^#.*\n)*)^(?:default )?([a-z]\w*)", text, re.MULTILINE
        ):
            if name not in {"package", "import", "default", "else"}:
                described = all(f"# {what}: " in comment for what in ("title", "description"))
                rules[package, name] = described or rules.get((package, name), False)
    return [
        f"data.{package}.{name}" for (package, name), described in rules.items() if not described
    ]


def gaps(files: dict[str, Any]) -> list[str]:
    """Where no test comes, as `file:row`; of every file on its own, and none may be missing."""
    found = []
    for path in sorted(path for name in policy.FOLDERS for path in (ROOT / name).rglob("*.rego")):
        if path.match(policy.TESTS):
            continue
        file = str(path.relative_to(ROOT))
        if file in files:
            rows = {gap["start"]["row"] for gap in files[file].get("not_covered", ())}
            found += [f"{file}:{row}" for row in sorted(rows)]
        else:
            found.append(f"{file}: OPA does not load it")
    return found


def must(*arguments: str) -> str:
    done = subprocess.run(
        [opa.ensure(step), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        fail(done.stdout + done.stderr)
    return done.stdout


def step(told: str) -> None:
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


def fail(told: str) -> NoReturn:
    sys.exit(told.rstrip())


if __name__ == "__main__":
    try:
        main()
    except OpaNotFound as error:
        fail(str(error))
