"""Break each rule and each figure of the policy in turn, and see that a test fails.

A mutant is the policy with one thing changed: an operator, a boundary, a status, a line dropped,
two clauses swapped, a figure of the data. The tests are run on it, the nearest first. One that no
test kills is a missing test, unless `tests/mutants.yaml` says why it cannot be killed.

What is found is kept in `build/mutants.ndjson`, and a run goes on where the one before was broken
off. What lived is tried again once the policy or its tests have changed. With `--report` it is
written to `docs/mutants.md`. Exit code 1 says that a mutant lives without a reason.
"""

from __future__ import annotations

import argparse
import base64
import copy
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import chain, islice, pairwise
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Any

import yaml

from priorauth import bundle, opa, policy
from priorauth._wasm import Module, WasmError

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "mutants.ndjson"
REASONS = ROOT / "tests" / "mutants.yaml"
REPORT = ROOT / "docs" / "mutants.md"
DECIDING = r"^(policy|rego/priorauth)/"
CASES = ("tests/test_cases.py", "tests/test_examples.py")
ORACLES = ("tests/test_oracle.py", "tests/test_generic_oracle.py", "tests/test_properties.py")
LIMIT_S = 900
BATCH = 200


@dataclass(frozen=True)
class Mutant:
    """A file of the policy with one change, inside a rule or at a place of the data."""

    file: str
    within: str
    kind: str
    line: str
    old: str
    new: str
    content: bytes = field(repr=False)
    again: int = 0

    @property
    def name(self) -> str:
        """What it is called, wherever in the file it stands."""
        line = f": {self.line}" if self.line else ""
        again = f" ({self.again + 1})" if self.again else ""
        return f"{self.file}, {self.within}{line}: {self.kind}: {self.old} → {self.new}{again}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:16]


# --------------------------------------------------------------------------------------------
# Rego
# --------------------------------------------------------------------------------------------

STATUSES = ("met", "not_met", "unknown", "reduced", "not_considered")
OUTCOMES = ("approved", "modified", "denied", "pended", "not_applicable", "invalid")
OPERATORS = {
    "==": ("!=",),
    "!=": ("==",),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "|": ("&",),
    "&": ("|",),
    "min": ("max",),
    "max": ("min",),
    "floor": ("ceil",),
    "ceil": ("floor",),
    "startswith": ("endswith",),
    "endswith": ("startswith",),
    "lower": ("upper",),
    "upper": ("lower",),
}


class Source:
    """A Rego file with the places of its syntax tree's nodes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.text = (ROOT / path).read_bytes()
        self.rows = [0, *(match.end() for match in re.finditer(b"\n", self.text))]
        told = subprocess.check_output(
            [opa.ensure(), "parse", "--format=json", "--json-include=locations", path], cwd=ROOT
        )
        self.rules: list[dict[str, Any]] = json.loads(told)["rules"]

    def span(self, node: Any) -> tuple[int, int] | None:
        """Where a node stands, None where what is there is not what it says."""
        location = node.get("location") if isinstance(node, dict) else None
        if not location:
            return None
        text = base64.b64decode(location["text"])
        row = self.rows[location["row"] - 1]
        # Columns count letters.
        line = self.text[row:].split(b"\n", 1)[0].decode()
        start = row + len(line[: location["col"] - 1].encode())
        return (start, start + len(text)) if self.text[start:].startswith(text) else None

    def mutant(self, rule: str, kind: str, start: int, end: int, new: str) -> Mutant:
        row = self.text.count(b"\n", 0, start)
        line = self.text[self.rows[row] :].split(b"\n", 1)[0].decode()
        content = self.text[:start] + new.encode() + self.text[end:]
        old = self.text[start:end].decode()
        line, old, new = map(_short, (line, old, new))
        return Mutant(self.path, rule, kind, line, old, new, content)


def _short(text: str) -> str:
    bare = " ".join(text.split())
    return bare if len(bare) <= 80 else f"{bare[:60]}…{bare[-19:]}"


def of_rego(path: str) -> Iterator[Mutant]:
    source = Source(path)
    names = Counter(rule["head"].get("name") or _ref(rule) for rule in source.rules)
    for rule in source.rules:
        name = rule["head"].get("name") or _ref(rule)
        if names[name] > 1 and (span := source.span(rule)):
            yield source.mutant(name, "rule dropped", *span, "")
        for kind, start, end, new in _in_rule(source, rule):
            yield source.mutant(name, kind, start, end, new)


def _ref(rule: dict[str, Any]) -> str:
    return ".".join(str(each["value"]) for each in rule["head"]["ref"])


Change = tuple[str, int, int, str]


def _in_rule(source: Source, rule: dict[str, Any]) -> Iterator[Change]:
    yield from _nodes(source, rule["head"])
    yield from _body(source, rule["body"])
    if other := rule.get("else"):
        span, following = source.span(other), source.span(other.get("else"))
        if span:
            yield ("else dropped", span[0], following[0] if following else span[1], "")
        one, two = (source.span(each["head"].get("value")) for each in (rule, other))
        if one and two:
            start, *middle, end = (*one, *two)
            first, between, second = (
                source.text[a:b].decode() for a, b in pairwise((start, *middle, end))
            )
            if first != second:
                yield ("clauses swapped", start, end, f"{second}{between}{first}")
        yield from _in_rule(source, other)


def _body(source: Source, body: list[dict[str, Any]]) -> Iterator[Change]:
    for expression in body:
        if expression.get("generated"):
            continue
        if span := source.span(expression):
            text = source.text[slice(*span)].decode()
            yield ("line dropped", *span, "true")
            if expression.get("negated"):
                yield ("negation", *span, re.sub(r"^not\s+", "", text))
            elif not text.startswith(("some ", "every ")) and ":=" not in text:
                yield ("negation", *span, f"not {text}")
        yield from _nodes(source, expression)


def _nodes(source: Source, node: Any) -> Iterator[Change]:
    """Every change to a node and to those in it; what a reference names stays."""
    if isinstance(node, list):
        for each in node:
            yield from _nodes(source, each)
    if not isinstance(node, dict) or node.get("generated"):
        return
    if span := source.span(node):
        yield from _node(source, node, *span)
    for key, each in node.items():
        if key == "body" and isinstance(each, list):
            yield from _body(source, each)
        elif key not in ("location", "ref", "alias_location"):
            yield from _nodes(source, each)


def _node(source: Source, node: dict[str, Any], start: int, end: int) -> Iterator[Change]:
    text, kind, value = source.text[start:end].decode(), node.get("type"), node.get("value")
    if kind == "ref" and text in OPERATORS:
        yield from (("operator", start, end, new) for new in OPERATORS[text])
    elif kind == "number" and re.fullmatch(r"\d+(\.\d+)?", text):
        number = json.loads(text)
        yield from (("number", start, end, str(number + more)) for more in (1, -1))
    elif kind == "boolean" and text in ("true", "false"):
        yield ("boolean", start, end, "false" if text == "true" else "true")
    elif kind == "null":
        yield ("null", start, end, "false")
    elif kind == "string" and text[:1] in ('"', "`"):
        for names in (STATUSES, OUTCOMES):
            if value in names:
                place = names.index(value)
                for step in (1, 2):
                    other = names[(place + step) % len(names)]
                    yield ("status", start, end, json.dumps(other))
                break
        else:
            yield ("text", start, end, json.dumps(f"{value}~"))
    elif kind in ("array", "set") and isinstance(value, list) and len(value) > 1:
        spans = [source.span(each) for each in value]
        for index, span in enumerate(spans):
            following = spans[index + 1] if index + 1 < len(spans) else None
            before = spans[index - 1] if index else None
            if span and following:
                yield ("item dropped", span[0], following[0], "")
            elif span and before:
                yield ("item dropped", before[1], span[1], "")


# --------------------------------------------------------------------------------------------
# Data
# --------------------------------------------------------------------------------------------

PROSE = {"title", "question", "questions", "readings", "changes", "review_dates", "date_of_origin"}
PROSE |= {"sections"}

Path_ = tuple[Any, ...]
NOTHING = object()


def of_data(path: str) -> Iterator[Mutant]:
    """Every figure and word of the data that has a meaning, changed or taken away."""
    text = (ROOT / path).read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    for place, kind, old, new in _data(data, ()):
        changed = copy.deepcopy(data)
        *steps, last = place
        holder = changed
        for step in steps:
            holder = holder[step]
        if new is NOTHING:
            del holder[last]
        else:
            holder[last] = new
        content = yaml.safe_dump(changed, allow_unicode=True, sort_keys=False).encode()
        within = "/".join(_step(data, place[: n + 1]) for n in range(len(place)))
        told = "nothing" if new is NOTHING else json.dumps(new)
        yield Mutant(path, within, kind, "", _short(json.dumps(old)), _short(told), content)


def _step(data: Any, place: Path_) -> str:
    """A step on the way to a place: what an item of a list is called, where it is called."""
    for step in place:
        data = data[step]
    named = data if isinstance(data, dict) else {}
    return str(named.get("id") or named.get("number") or named.get("name") or place[-1])


def _data(data: Any, place: Path_) -> Iterator[tuple[Path_, str, Any, Any]]:
    if isinstance(data, dict):
        for key, each in data.items():
            if key == "text":
                yield from _words((*place, key), each)
            elif key not in PROSE and key != "id" and (place or key != "name"):
                yield (*place, key), "entry dropped", each, NOTHING
                yield from _data(each, (*place, key))
    elif isinstance(data, list):
        for index, each in enumerate(data):
            yield (*place, index), "item dropped", each, NOTHING
            yield from _data(each, (*place, index))
        for index, (one, other) in enumerate(pairwise(data)):
            if isinstance(one, dict) and one.get("clause", other) != other:
                swapped = [*data[:index], other, one, *data[index + 2 :]]
                yield place, "clauses swapped", data, swapped
    else:
        yield from ((place, kind, data, new) for kind, new in _scalar(data))


def _words(place: Path_, text: str) -> Iterator[tuple[Path_, str, Any, Any]]:
    """The figures in the words."""
    for match in re.finditer(r"\d+", text):
        new = f"{text[: match.start()]}{int(match[0]) + 1}{text[match.end() :]}"
        yield place, "words", text, new


def _scalar(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool):
        yield "boolean", not value
    elif isinstance(value, (int, float)):
        yield from (("figure", value + more) for more in (1, -1))
    elif isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        day = date.fromisoformat(value)
        yield from (("date", str(day + timedelta(more))) for more in (1, -1))
    elif isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}", value):
        yield "date", f"{int(value[:4]) + 1}{value[4:]}"
    else:
        yield "text", f"{value}~"


# --------------------------------------------------------------------------------------------
# Tests
# --------------------------------------------------------------------------------------------


class Corpus:
    """Requests of every kind that the oracles are asked about, and the guidelines they are for.

    Where a mutant decides all of them as the policy does, the tests that ask about them need not be
    run on it.
    """

    def __init__(self) -> None:
        sys.path.append(str(ROOT / "tests"))
        import generators
        import test_examples as examples
        import test_generic_oracle as generic

        some = (*(each() for each in generators.BOUNDARIES.values()), generators.out_of_range())
        requests = list(islice(chain.from_iterable(some), 0, None, 2))
        requests += islice(generators.every_value_everywhere(), 0, None, 3)
        on_file: dict[str, Any] = {}
        for name in examples.NAMES:
            requests += generic.requests(name, generic.version(name))
            for file in (examples.GUIDELINES / name).rglob("data.yaml"):
                place = file.parent.relative_to(examples.GUIDELINES / name).parts
                put(on_file, place, yaml.safe_load(file.read_text()))
        by_chance: dict[str, Any] = {}
        several: list[Any] = []
        for seed in range(generic.TREES):
            content = generic.guideline_of_chance(seed)
            put(by_chance, ("guidelines", f"chance{seed}", "2024-01-31"), content)
            put(by_chance, ("drugs", f"chance{seed}"), {"guideline": f"chance{seed}"})
            several += chance(generic, content, seed)
        self.parts = [(on_file, batches(requests)), (by_chance, batches(several))]
        """Guidelines beside those of the policy, and requests for all of them."""


def put(data: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Put a value into data, beside what is there."""
    for step in place[:-1]:
        data = data.setdefault(step, {})
    there = data.get(place[-1])
    data[place[-1]] = {**there, **value} if there else value


def merged(data: Any, more: Any) -> Any:
    if not isinstance(data, dict) or not isinstance(more, dict):
        return more
    both = {key: merged(data[key], more[key]) for key in data.keys() & more.keys()}
    return {**data, **more, **both}


def batches(requests: list[Any]) -> list[bytes]:
    return [
        json.dumps({"requests": requests[first : first + BATCH]}).encode()
        for first in range(0, len(requests), BATCH)
    ]


def chance(generic: ModuleType, content: dict[str, Any], seed: int) -> Iterator[dict[str, Any]]:
    """Requests for a guideline of chance."""
    chosen = random.Random(seed)
    for _ in range(100):
        day = date(2024, 1, 31) + timedelta(chosen.choice([0, 1, 29, 30, 366, 500]))
        kind = chosen.choice(["initial", "initial", "renewal"])
        request = {"type": kind, "service_date": str(day), "drug": {"name": f"chance{seed}"}}
        for fact, values in generic.pools(content, day).items():
            if chosen.random() < 0.85:
                value = chosen.choice([generic.ABSENT, None, *(values * 2)])
                generic.put(request, fact, value)
        yield request


class Bench:
    """A copy of the checkout, to break and to test: one mutant at a time."""

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        self.folder = folder
        self.corpus = corpus
        files = subprocess.check_output(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT
        )
        for name in filter(None, files.decode().split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, folder / name)
        self.sound = self._decided()
        assert self.sound

    def fate(self, mutant: Mutant) -> str:
        """By what it is killed; `stillborn` when it does not compile, and `alive`."""
        file = self.folder / mutant.file
        sound = file.read_bytes()
        file.write_bytes(mutant.content)
        try:
            return next(filter(None, self._fates(mutant)), "alive")
        finally:
            file.write_bytes(sound)

    def _fates(self, mutant: Mutant) -> Iterator[str | None]:
        """What each stage says, the quickest first."""
        if mutant.file.endswith(".rego"):
            yield self._own_tests(mutant)
        else:
            yield self._integrity()
        yield self._rego()
        if re.match(DECIDING, mutant.file) and self._decided() != self.sound:
            yield self._pytest("cases", CASES)
            yield self._pytest("oracles", ORACLES)

    def _integrity(self) -> str | None:
        told = self._run(opa.ensure(), "eval", *_DATA, "--format=json", "data.priorauth.integrity")
        try:
            sound = json.loads(told.stdout)["result"][0]["expressions"][0]["value"] == []
        except (ValueError, LookupError):
            sound = False
        return None if sound else "integrity"

    def _own_tests(self, mutant: Mutant) -> str | None:
        """The tests beside the file alone: with the others they take three times as long."""
        tests = mutant.file.replace(".rego", "_test.rego")
        if not (ROOT / tests).exists():
            return None
        small = self.folder / "small" / tests.replace("/", "-")
        if not small.exists():
            others = {each.name for each in (ROOT / "rego").rglob(policy.TESTS)}
            others -= {Path(tests).name, "fixtures_test.rego"}
            for name in policy.FOLDERS:
                shutil.copytree(ROOT / name, small / name, ignore=lambda *_: others)
        file = small / mutant.file
        sound = file.read_bytes()
        file.write_bytes(mutant.content)
        found = self._rego(folder=small)
        file.write_bytes(sound)
        return "own tests" if found == "rego tests" else found

    def _rego(self, folder: Path | None = None) -> str | None:
        command = ("test", "--timeout=60s", "--format=json", *policy.FOLDERS)
        done = self._run(opa.ensure(), *command, folder=folder)
        if done.returncode == 0:
            return None
        return "rego tests" if done.stdout.lstrip().startswith("[") else "stillborn"

    def _decided(self) -> str | None:
        """What tells the decisions on the corpus from any others; None where there are none."""
        built = self.folder / "build.tar.gz"
        options = ("--target=wasm", "--entrypoint=priorauth/decisions", f"--output={built}")
        sources = (f"--ignore={policy.TESTS}", "policy", "rego/priorauth")
        if self._run(opa.ensure(), "build", *options, *sources).returncode:
            return None
        content = built.read_bytes()
        wasm, data = (bundle.member(content, name) for name in ("policy.wasm", "data.json"))
        found = hashlib.sha256()
        for more, requests in self.corpus.parts:
            module = Module(wasm, json.dumps(merged(json.loads(data), more)).encode())
            instance = module.instance()
            try:
                for batch in requests:
                    found.update(instance.evaluate(0, batch))
            except WasmError:
                return None
            finally:
                instance.close()
                module.close()
        return found.hexdigest()

    def _pytest(self, name: str, files: tuple[str, ...]) -> str | None:
        options = ("-x", "-q", "-p", "no:cacheprovider", "-m", "not long")
        done = self._run(sys.executable, "-m", "pytest", *options, *files)
        return name if done.returncode else None

    def _run(
        self, *command: str | Path, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "python")}
        try:
            return subprocess.run(
                command,
                cwd=folder or self.folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, "[", "")


_DATA = [f"--data={folder}" for folder in policy.FOLDERS]


# --------------------------------------------------------------------------------------------
# A run
# --------------------------------------------------------------------------------------------


def mutants(wanted: str) -> list[Mutant]:
    """Every mutant of the files whose paths match."""
    found: list[Mutant] = []
    for folder in policy.FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            file = str(path.relative_to(ROOT))
            if not re.search(wanted, file):
                continue
            if path.suffix == ".rego" and not path.match(policy.TESTS):
                found += of_rego(file)
            elif path.name == "data.yaml":
                found += of_data(file)
    seen: Counter[str] = Counter()
    numbered = []
    for each in found:
        numbered.append(replace(each, again=seen[each.name]))
        seen[each.name] += 1
    return numbered


def rest() -> str:
    """What tells the policy with all its tests from others."""
    found = hashlib.sha256(policy.digest(ROOT).encode())
    paths = [*(ROOT / "rego").rglob(policy.TESTS), *(ROOT / "tests").rglob("*.py")]
    paths += [*(ROOT / "tests" / "cases").rglob("*.*"), *(ROOT / "examples").rglob("*.yaml")]
    for path in sorted(paths):
        found.update(path.read_bytes())
    return found.hexdigest()


def kept(every: list[Mutant]) -> dict[str, str]:
    """The fates that are known already: of the same file with the same change, and of those that
    live with all the rest the same too."""
    files = {each.name: each.digest for each in every}
    now = rest()
    found = {}
    for line in KEPT.read_text().splitlines() if KEPT.exists() else ():
        each = json.loads(line)
        if each["file"] == files.get(each["mutant"]) and (
            each["fate"] != "alive" or each["rest"] == now
        ):
            found[each["mutant"]] = each["fate"]
    return found


def run(todo: list[Mutant], jobs: int) -> Iterator[tuple[Mutant, str]]:
    """The fate of each, as they become known."""
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(jobs) as pool:
        corpus = Corpus()
        benches: SimpleQueue[Bench] = SimpleQueue()
        for number in range(jobs):
            benches.put(Bench(Path(scratch, str(number)), corpus))

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
            for each in waiting:
                each.cancel()


def reason(mutant: Mutant, reasons: list[dict[str, str]]) -> str | None:
    """Why a mutant cannot be killed, as it is written down."""
    for each in reasons:
        if re.search(each["mutant"], mutant.name):
            return each["reason"]
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="?", default="", help="a regular expression of paths")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    parser.add_argument("--report", action="store_true", help=f"write {REPORT.relative_to(ROOT)}")
    options = parser.parse_args()
    every = mutants(options.files)
    if options.list:
        sys.stdout.writelines(f"{each.name}\n" for each in every)
        return
    fates = kept(every)
    todo = [each for each in every if each.name not in fates]
    say(f"{len(every)} mutants, {len(todo)} of them to be tried")
    now = rest()
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a") as file:
        for number, (mutant, fate) in enumerate(run(todo, options.jobs), 1):
            fates[mutant.name] = fate
            line = {"mutant": mutant.name, "fate": fate, "file": mutant.digest, "rest": now}
            file.write(f"{json.dumps(line)}\n")
            file.flush()
            if fate == "alive":
                say(f"[{number}/{len(todo)}] alive: {mutant.name}")
            elif number % 100 == 0:
                say(f"[{number}/{len(todo)}]")
    reasons = (yaml.safe_load(REASONS.read_text()) if REASONS.exists() else None) or []
    alive = {each: reason(each, reasons) for each in every if fates[each.name] == "alive"}
    if options.report:
        REPORT.write_text("\n".join(report(every, fates, alive)))
    unexplained = [each.name for each, why in alive.items() if why is None]
    say(f"{len(alive)} live, {len(unexplained)} of them without a reason")
    sys.stdout.writelines(f"  {name}\n" for name in unexplained)
    if unexplained:
        sys.exit(1)


def report(
    every: list[Mutant], fates: dict[str, str], alive: dict[Mutant, str | None]
) -> Iterator[str]:
    """What was found, for `docs/`."""
    yield "# Mutants\n"
    yield (
        "`make mutants` breaks each rule and each figure of the policy in turn (an operator, a "
        "boundary, a status, a line dropped, two clauses swapped) and runs the tests. A mutant "
        "that lives is a missing test, or `tests/mutants.yaml` says why no test can kill it. What "
        "does not compile is no mutant.\n"
    )
    yield f"As of {date.today()}, OPA {opa.VERSION}:\n"
    ways = ("own tests", "integrity", "rego tests", "cases", "oracles")
    yield f"| file | mutants | {' | '.join(ways)} | live, with a reason | live |"
    yield f"| --- {'| ---: ' * (len(ways) + 3)}|"
    by_file: dict[str, list[Mutant]] = defaultdict(list)
    for each in every:
        if fates[each.name] != "stillborn":
            by_file[each.file].append(each)
    rows = [*by_file.items(), ("all", [each for some in by_file.values() for each in some])]
    for file, some in rows:
        counts = Counter(fates[each.name] for each in some)
        live = [alive[each] is None for each in some if each in alive]
        cells = [len(some), *(counts[way] for way in ways), live.count(False), live.count(True)]
        yield f"| `{file}` | {' | '.join(map(str, cells))} |"
    yield "\n## Those that live\n"
    told: dict[str, int] = Counter(why or "**No reason yet**" for why in alive.values())
    yield "| mutants | reason |\n| ---: | --- |"
    yield from (f"| {count} | {why} |" for why, count in told.items())
    yield ""


def say(told: str) -> None:
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
