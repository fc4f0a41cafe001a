"""Break each rule and each figure of the policy in turn, and see that a test fails.

What becomes of each mutant is kept in `build/mutants.ndjson`, so a run goes on where the one before
was broken off; those that live are tried again once a test has changed. One that lives is a missing
test, unless `scripts/mutants.yaml` says why no test can kill it. Exit code 1 says that some do.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date
from functools import cache
from pathlib import Path
from queue import SimpleQueue

import yaml

from mutations import Mutant, mutants
from priorauth import PriorAuthError, opa, policy
from priorauth.authoring.check import CASES, GUIDELINES, check

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "mutants.ndjson"
REASONS = Path(__file__).with_suffix(".yaml")
REPORT = ROOT / "docs" / "mutants.md"
EXAMPLES = ROOT / "examples" / "guidelines"

ALIVE, STILLBORN = "alive", "does not compile"
WAYS = {
    "own tests": "the Rego tests beside the file, or the check and worked cases of the guideline",
    "worked cases": "the check and worked cases of all guidelines, the examples' too",
    "all tests": "all Rego tests, where the file has none beside it",
}
"""What is run on a mutant until one of them fails, the quickest first."""

BESIDE = ("fhir", "integrity", "schemas", "system", "priorauth_test.rego")
"""What the rules that decide stand without: so their tests take half the time or less."""

INTRODUCTION = f"""\
`make mutants` breaks the policy in one place at a time, and runs the tests. In rules, by OPA's own
syntax tree: a boundary, an operator, a status or another constant changed; a line, a rule, an
`else` or an item dropped; two values swapped. In data: a figure, a date or a word changed; an entry
dropped; two criteria swapped. A mutant that lives is a missing test, unless
[scripts/mutants.yaml](../scripts/mutants.yaml) says why no test can kill it.

On each are run, until one fails:

{"".join(f"- {way}: {what}" + chr(10) for way, what in WAYS.items())}
The Python tests, with their oracles, are not run. A run goes on where the one before was broken
off. `.venv/bin/python scripts/mutants.py criteria` takes the files with this in their paths."""

Fates = Mapping[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("files", nargs="?", default="", help="a regular expression of paths")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    parser.add_argument(
        "--report", action="store_true", help="only write docs/mutants.md, of what is known"
    )
    options = parser.parse_args()
    every = mutants(ROOT, options.files)
    fates = kept(every)
    if options.list:
        say(*(f"{fates.get(each.name, 'not tried')}: {each.name}" for each in every))
        return
    if not options.report:
        fates = run([each for each in every if each.name not in fates], options.jobs, fates)
    if options.report or not options.files:
        REPORT.write_text("".join(f"{line}\n" for line in report(every, fates)), encoding="utf-8")
    if unexplained := live(every, fates, with_reason=False):
        say(*unexplained)
        sys.exit(f"{len(unexplained)} live, and nothing says why")


# --------------------------------------------------------------------------------------------
# What kills a mutant
# --------------------------------------------------------------------------------------------


class Bench:
    """Copies of the policy to break: with its tests, and with the examples and all worked cases."""

    def __init__(self, folder: Path) -> None:
        self.tested, self.worked = folder / "tested", folder / "worked"
        for name in policy.FOLDERS:
            shutil.copytree(ROOT / name, self.tested / name)
            shutil.copytree(ROOT / name, self.worked / name)
        shutil.copytree(ROOT / CASES, self.worked / CASES)
        for cases in (EXAMPLES / "cases").iterdir():
            # One is another version of a guideline on file, whose own cases are of it alone.
            if (EXAMPLES / cases.name / "guidelines" / cases.name).is_dir():
                shutil.copytree(EXAMPLES / cases.name, self.worked / "policy", dirs_exist_ok=True)
                shutil.copytree(cases, self.worked / CASES / cases.name)

    def fate(self, mutant: Mutant) -> str:
        """By what it is killed, or else `ALIVE`, or `STILLBORN`."""
        sound = (ROOT / mutant.file).read_bytes()
        places = [folder / mutant.file for folder in (self.tested, self.worked)]
        for place in places:
            place.write_bytes(mutant.content)
        try:
            return next(filter(None, self._fates(mutant)), ALIVE)
        finally:
            for place in places:
                place.write_bytes(sound)

    def _fates(self, mutant: Mutant) -> Iterator[str | None]:
        decides = re.match("rego/priorauth/(?!fhir/)", mutant.file)
        beside = Path(mutant.file).name.replace(".rego", "_test.rego")
        others = [name for name in BESIDE if name != beside] if decides else []
        tests = {path.name for path in (ROOT / "rego").rglob(policy.TESTS)} - {*others}
        own = {beside} & tests
        if mutant.file.startswith(GUIDELINES.as_posix()):
            yield self._cases("own tests", Path(mutant.file).parts[len(GUIDELINES.parts)])
        if own:
            yield self._tests("own tests", *others, *(tests - own - {"fixtures_test.rego"}))
        if explained(mutant.name):
            yield ALIVE
        if not mutant.file.startswith("rego/system/"):
            yield self._cases("worked cases")
        if not own:
            yield self._tests("all tests", *others)

    def _tests(self, way: str, *ignored: str) -> str | None:
        options = ("--timeout=60s", "--format=json", *(f"--ignore={name}" for name in ignored))
        done = subprocess.run(
            [opa.ensure(), "test", *options, *policy.FOLDERS],
            cwd=self.tested,
            capture_output=True,
            check=False,
        )
        if done.returncode == 0:
            return None
        return way if done.stdout.lstrip().startswith(b"[") else STILLBORN

    def _cases(self, way: str, *only: str) -> str | None:
        try:
            sound = not check(self.worked, only).findings
        except PriorAuthError:
            sound = False
        return None if sound and self._decides_as_documented() else way

    def _decides_as_documented(self) -> bool:
        documents = [json.loads(path.read_bytes()) for path in (ROOT / CASES).glob("*.json")]
        asked = {"requests": [each["request"] for each in documents]}
        data = (f"--data={path}" for path in policy.paths(self.tested))
        try:
            said = opa.evaluate("data.priorauth.decisions", *data, given=asked)
        except PriorAuthError:
            return False
        return bool(said == [each["decision"] for each in documents])


# --------------------------------------------------------------------------------------------
# A run
# --------------------------------------------------------------------------------------------


def run(todo: Sequence[Mutant], jobs: int, fates: Fates) -> Fates:
    """The fates of all, with those that are known already."""
    found = dict(fates)
    now = tests()
    say(f"{len(todo)} mutants to try")
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a", encoding="utf-8") as file:
        for number, (mutant, fate) in enumerate(fates_of(todo, jobs), 1):
            found[mutant.name] = fate
            line = {"mutant": mutant.name, "fate": fate, "file": mutant.digest, "tests": now}
            file.write(f"{json.dumps(line, ensure_ascii=False)}\n")
            file.flush()
            if fate == ALIVE or number % 100 == 0:
                say(f"[{number}/{len(todo)}] {fate}: {mutant.name}")
    return found


def fates_of(todo: Sequence[Mutant], jobs: int) -> Iterator[tuple[Mutant, str]]:
    """The fate of each, as they become known."""
    # No process takes another's core, or its time to tidy up a memory that it leaves soon.
    os.environ |= {"GOMAXPROCS": "1", "GOGC": "800"}
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(jobs) as pool:
        benches: SimpleQueue[Bench] = SimpleQueue()
        for number in range(jobs):
            benches.put(Bench(Path(scratch, str(number))))

        def fate(mutant: Mutant) -> str:
            bench = benches.get()
            try:
                return bench.fate(mutant)
            finally:
                benches.put(bench)

        waiting = {pool.submit(fate, each): each for each in todo}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def kept(every: Sequence[Mutant]) -> Fates:
    """The fates that are known; what lives for no reason is tried again once a test has changed."""
    digests = {each.name: each.digest for each in every}
    now = tests()
    found = {}
    for line in KEPT.read_text(encoding="utf-8").splitlines() if KEPT.exists() else ():
        each = json.loads(line)
        name, fate = each["mutant"], each["fate"]
        if digests.get(name) == each["file"] and (
            fate != ALIVE or each["tests"] == now or explained(name)
        ):
            found[name] = fate
    return found


def tests() -> str:
    """What tells the tests from others."""
    found = hashlib.sha256()
    paths = [path for folder in (ROOT / CASES, EXAMPLES) for path in folder.rglob("*.*")]
    for path in sorted([*paths, *(ROOT / "rego").rglob(policy.TESTS)]):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


# --------------------------------------------------------------------------------------------
# What was found
# --------------------------------------------------------------------------------------------


def live(every: Sequence[Mutant], fates: Fates, *, with_reason: bool) -> list[str]:
    """The names of those that live, and whether a reason says why."""
    names = [each.name for each in every if fates.get(each.name) == ALIVE]
    return [name for name in names if explained(name) == with_reason]


def explained(name: str) -> bool:
    """Whether a reason says why no test can kill a mutant."""
    return any(re.search(pattern, name) for pattern, _ in written())


@cache
def written() -> list[tuple[str, str]]:
    """The reasons: a regular expression of names each, and why no test can kill such a mutant."""
    content = yaml.safe_load(REASONS.read_text(encoding="utf-8"))
    return [(each["mutant"], each["reason"]) for each in content]


def report(every: Sequence[Mutant], fates: Fates) -> Iterator[str]:
    """What was found, for the docs."""
    with_reason = live(every, fates, with_reason=True)
    unexplained = live(every, fates, with_reason=False)
    tried = [each for each in every if fates.get(each.name, STILLBORN) != STILLBORN]
    untried = [each for each in every if each.name not in fates]
    yield "# Mutants"
    yield ""
    yield "<!-- Written by `.venv/bin/python scripts/mutants.py --report`. -->"
    yield ""
    yield from INTRODUCTION.splitlines()
    yield ""
    counts = [len(every), len(every) - len(tried) - len(untried), len(untried), len(tried)]
    counts += [len(tried) - len(with_reason + unexplained), len(with_reason), len(unexplained)]
    yield (
        f"As of {date.today()}, with OPA {opa.VERSION}: of {{:,}} mutants {{:,}} do not compile, "
        "{:,} were not tried, and {:,} were. Of these {:,} were killed, {:,} live with a written "
        "reason, {:,} without."
    ).format(*counts)
    yield ""
    yield f"| file | {' | '.join(WAYS)} | live, with a reason | live | not tried |"
    yield f"| --- |{' ---: |' * (len(WAYS) + 3)}"
    files = dict.fromkeys(each.file for each in every)
    without = []
    for file in files:
        names = [each.name for each in every if each.file == file]
        ways = Counter(fates.get(name) for name in names)
        if ways[None] == len(names):
            without.append(f"`{file}` ({len(names):,})")
            continue
        lives = (len({*names} & {*some}) for some in (with_reason, unexplained))
        counts = [*(ways[way] for way in WAYS), *lives, ways[None]]
        yield f"| `{file}` | {' | '.join(f'{count:,}' for count in counts)} |"
    if without:
        yield ""
        yield f"Files of which no mutant was tried, with their numbers: {', '.join(without)}."
    yield ""
    yield "| live | why no test can kill them |"
    yield "| ---: | --- |"
    for pattern, reason in written():
        yield f"| {sum(bool(re.search(pattern, name)) for name in with_reason):,} | {reason} |"
    if unexplained:
        yield ""
        yield "Without a reason, so that each is a test to write:"
        yield ""
        yield from (f"- {name.replace('|', '¦')}" for name in unexplained)


def say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
