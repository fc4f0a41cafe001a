"""`priorauth compare` and `priorauth replay`: what a change of the policy does."""

from __future__ import annotations

import copy
import csv
import functools
import itertools
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe

import changed
import generators
import worked
from asking import ask
from priorauth import EngineError, WasmEngine, bundle
from priorauth.batch.formats.delimited import Delimited
from priorauth.batch.input import Input
from priorauth.cli._show_impact import otherwise_line
from priorauth.impact.changes import Change, Impact, changes
from priorauth.impact.content import words
from priorauth.impact.policies import Policy
from priorauth.impact.report import impact_page, otherwise, report
from priorauth.impact.run import Comparing, Otherwise
from priorauth.impact.run import run as run_over
from priorauth.tables import Requests
from test_batch import FORMATS, MEASURED, Losing, requests, written
from test_cli import COMMAND, run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "requests.csv"

Decided = dict[str, Any]


def built(folder: Path) -> Path:
    return bundle.build(folder.with_suffix(".tar.gz"), policy=folder, revision=folder.name).path


@pytest.fixture(scope="module")
def raised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the policy with the age of III.1 raised to 21."""
    return built(changed.with_raised_age(tmp_path_factory.mktemp("changed") / "raised"))


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the policy with a further version, from 2024-01-01, that asks for 21 years."""
    return built(changed.with_new_version(tmp_path_factory.mktemp("changed") / "version"))


def compare(*arguments: str | Path) -> tuple[int, Any]:
    """The exit code, and the report as JSON."""
    done = run("compare", *arguments, "--json")
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


# --------------------------------------------------------------------------------------------
# Two policies
# --------------------------------------------------------------------------------------------


def test_the_worked_example(bundle_file: Path, raised: Path) -> None:
    code, found = compare(bundle_file, raised, EXAMPLE)
    younger = ["nineteen-2023", "nineteen-2024", "twenty-2024"]
    told = {"clause": "III.1", "text": "Member is at least 21 years of age"}
    assert code == 1
    assert found == {
        "old": str(bundle_file),
        "new": str(raised),
        "requests": 7,
        "changed": 6,
        "unexpected": 6,
        "invalid": 0,
        "outcomes": [
            {"old": "approved", "new": "approved", "requests": 3},
            {"old": "approved", "new": "denied", "requests": 2},
            {"old": "modified", "new": "denied", "requests": 1},
            {"old": "pended", "new": "pended", "requests": 1},
        ],
        "changes": [
            {
                "change": "outcome:approved:denied",
                "requests": 2,
                "expected": False,
                "examples": younger[:2],
            },
            {
                "change": "outcome:modified:denied",
                "requests": 1,
                "expected": False,
                "examples": younger[2:],
            },
            {
                "change": "criterion:xpovio:age:2022-10-03:met:not_met",
                **told,
                "requests": 3,
                "expected": False,
                "examples": younger,
            },
            {
                "change": "words",
                "requests": 3,
                "expected": False,
                "examples": ["adult-2023", "twenty-one-2024", "no-birth-date-2024"],
            },
        ],
        "authorized": [
            {"what": "days", "old": 1097, "new": 550},
            {"what": "tablets", "old": 116, "new": 64},
        ],
        "content": [
            {
                "part": "xpovio 2022-10-03",
                "differences": [
                    {"path": "/criteria/coverage/initial/age/minimum", "old": 18, "new": 21},
                    {
                        "path": "/criteria/coverage/initial/age/text",
                        "old": "Member is at least 18 years of age",
                        "new": "Member is at least 21 years of age",
                    },
                    {
                        "path": "/sections/III/text",
                        "old": (section := _section_iii(bundle_file)),
                        "new": section.replace("18", "21"),
                    },
                ],
            }
        ],
    }


def _section_iii(file: Path) -> str:
    data = Policy("", file.read_bytes()).data["guidelines"]["xpovio"]["2022-10-03"]
    text: str = next(each["text"] for each in data["sections"] if each["number"] == "III")
    return text


@pytest.mark.parametrize(
    ("allowed", "unexpected"),
    [
        ([], 6),
        (["words"], 3),
        (["words", "outcome:approved", "criterion:xpovio:age"], 1),
        (["words", "outcome:approved:denied", "criterion:xpovio:age:2024"], 3),
        (["words", "outcome", "criterion"], 0),
    ],
)
def test_what_is_expected_is_allowed(
    allowed: list[str], unexpected: int, bundle_file: Path, raised: Path
) -> None:
    options = [option for each in allowed for option in ("--allow", each)]
    code, found = compare(bundle_file, raised, EXAMPLE, *options)
    assert (code, found["changed"], found["unexpected"]) == (bool(unexpected), 6, unexpected)


def test_a_new_version_changes_nothing_before_it(
    bundle_file: Path, version: Path, tmp_path: Path
) -> None:
    documents = [
        {**request, "service_date": day}
        for request in itertools.islice(generators.ages(), 0, None, 25)
        for day in ("2020-08-01", "2023-12-31", "2024-01-01", "2030-02-28")
    ]
    for number, request in enumerate(documents):
        request["request_id"] = f"{request['service_date']} {number}"
    file = written(tmp_path, "ndjson", documents)
    code, found = compare(bundle_file, version, file, "--examples", "100000")
    named = {name for each in found["changes"] for name in each["examples"]}
    with WasmEngine(bundle_file) as engine:
        before = list(engine.decide_many(documents))
    later = [each.request_id for each in before if each.outcome != "invalid"]
    assert code == 1
    assert named == {name for name in later if str(name) >= "2024"}
    assert [each["part"] for each in found["content"]] == [
        "xpovio 2022-10-03",
        "xpovio 2024-01-01, which is new, beside 2022-10-03",
    ]
    assert found["content"][0]["differences"] == [
        {"path": "/in_force/to", "old": None, "new": "2023-12-31"}
    ]
    options = ["--allow", "version", "--allow", "outcome", "--allow", "criterion:xpovio:age"]
    options += ["--allow", "notice", "--allow", "reasons"]
    assert compare(bundle_file, version, file, *options)[0] == 0


def test_the_same_policy_changes_nothing(bundle_file: Path) -> None:
    code, found = compare(bundle_file, ROOT, EXAMPLE)
    assert code == 0
    assert (found["changed"], found["changes"], found["content"]) == (0, [], [])


def test_of_git_revisions(tmp_path: Path) -> None:
    checkout = changed.copied(tmp_path / "checkout")
    # As before there was such an entry point, which no comparison asks for.
    (checkout / "rego" / "priorauth" / "fhir" / "metadata.rego").unlink()

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"]
        subprocess.run(["git", *who, *arguments], cwd=checkout, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--message", "18")
    file = checkout / changed.XPOVIO / "2022-10-03" / "data.yaml"
    file.write_text(changed.raised(file.read_text()))
    git("commit", "--all", "--message", "21")
    done = subprocess.run(
        [sys.executable, "-m", "priorauth.cli", "compare", "main~1", "main", EXAMPLE, "--json"],
        cwd=checkout,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert (done.returncode, found["changed"]) == (1, 6)
    assert re.fullmatch(r"main~1 \([0-9a-f]{12}\)", found["old"])


def test_either_is_refused_when_it_is_no_policy_or_unsound(
    bundle_file: Path, tmp_path: Path
) -> None:
    done = run("compare", bundle_file, "no-such-thing", EXAMPLE)
    assert done.returncode == 2
    assert "NEW no-such-thing: it is not a bundle, a folder" in done.stderr
    done = run("compare", EXAMPLE, bundle_file, EXAMPLE)
    assert f"OLD {EXAMPLE}: the bundle is not a gzipped tar archive" in done.stderr
    done = run("replay", "-", EXAMPLE)
    assert f"POLICY {EXAMPLE}: the bundle is not" in done.stderr
    unsound = changed.copied(tmp_path / "unsound")
    file = unsound / changed.XPOVIO / "2022-10-03" / "data.yaml"
    file.write_text(file.read_text().replace("minimum: 18", "minimum: 21"))
    done = run("compare", bundle_file, unsound, EXAMPLE)
    assert done.returncode == 4
    assert f"NEW {unsound}: the policy is unsound" in done.stderr
    assert "policy/guidelines/xpovio/2022-10-03/data.yaml" in done.stderr
    done = run("compare", bundle_file, bundle_file, EXAMPLE, "--allow", "outcomes:approved")
    assert (done.returncode, "a change begins with outcome, " in done.stderr) == (2, True)


def test_a_policy_that_lacks_what_is_asked_of_it(bundle_file: Path, tmp_path: Path) -> None:
    early = changed.copied(tmp_path / "early")
    rules = early / "rego" / "priorauth" / "priorauth.rego"
    rules.write_text(rules.read_text().replace("\nfacts := ", "\nvocabulary_ := "))
    done = run("compare", bundle_file, early, EXAMPLE)
    assert done.returncode == 4
    assert "the policy has no rule priorauth/facts, which this version" in done.stderr


def test_it_counts_what_both_decide(bundle_file: Path, raised: Path, tmp_path: Path) -> None:
    documents = list(requests(2_100))
    for request in documents[::3]:
        request["member"] = {**request.get("member", {}), "birth_date": "2003-01-31"}
    file = written(tmp_path, "ndjson", documents)
    reports = [
        compare(bundle_file, raised, file, "--workers", workers)[1] for workers in ("1", "2")
    ]
    assert reports[0] == reports[1]
    decided = []
    for policy in (bundle_file, raised):
        with WasmEngine(policy) as engine:
            decided.append([decision.raw for decision in engine.decide_many(documents)])
    pairs = Counter((old["outcome"], new["outcome"]) for old, new in zip(*decided, strict=True))
    found = reports[0]
    assert {(each["old"], each["new"]): each["requests"] for each in found["outcomes"]} == pairs
    assert found["changed"] == sum(old != new for old, new in zip(*decided, strict=True))
    flips = Counter(
        (before["status"], after["status"])
        for old, new in zip(*decided, strict=True)
        for before, after in zip(old["criteria"], new["criteria"], strict=True)
        if before["id"] == "age" and before["status"] != after["status"]
    )
    assert {("met", "not_met")} == set(flips)
    flipped = [each for each in found["changes"] if each["change"].startswith("criterion:")]
    assert [(each["change"], each["requests"]) for each in flipped] == [
        ("criterion:xpovio:age:2022-10-03:met:not_met", flips["met", "not_met"])
    ]
    for side, documents_ in zip(("old", "new"), decided, strict=True):
        terms = [each["authorization"] for each in documents_ if each["authorization"]]
        totals = {each["what"]: each[side] for each in found["authorized"]}
        assert totals["tablets"] == sum(each["quantity"]["tablets"] for each in terms)


def test_totals_add_up_exactly() -> None:
    """In whatever order, and as a batch sums them."""
    found = Impact(0)
    for much in (0.1, 0.2, 0.3, 0.4):
        part = found.copy()
        old, new = (edited(terms(quantity={"ml": each})) for each in (much, 0.7))
        part.add("", old, new)
        found.merge(part)
        if much == 0.3:
            assert report(found, [])["authorized"][1] == {"what": "ml", "old": 0.6, "new": 2.1}
    assert json.dumps(report(found, [])["authorized"][1]) == '{"what": "ml", "old": 1, "new": 2.8}'
    assert ">1.8</td>" in impact_page("old", "new", report(found, [])).decode()


def test_a_row_that_is_lost_is_noticed(bundle_file: Path) -> None:
    make = functools.partial(WasmEngine, bundle_file)
    with EXAMPLE.open("rb") as opened, make() as engine:
        data = Input(opened, EXAMPLE.name)
        source = Losing(**vars(Delimited.of(data, Requests(engine.facts()))))
        work = Comparing(make, make, source, Impact(0))
        compared = run_over(
            work,
            source.pieces(data, 0),
            [data],
            size=None,
            workers=1,
            progress=lambda _: nullcontext(lambda *_: None),
        )
        with pytest.raises(EngineError, match=r"lines, bytes or rows in requests\.csv"):
            list(compared)


@pytest.mark.long
def test_memory_does_not_depend_on_how_much_there_is(
    bundle_file: Path, raised: Path, tmp_path: Path
) -> None:
    peaks = []
    for number in (500, 4_000):
        file = written(tmp_path, "ndjson", list(requests(number)))
        command = [sys.executable, "-c", MEASURED, "compare", str(bundle_file), str(raised)]
        done = subprocess.run(
            [*command, str(file), "--workers", "1"], capture_output=True, text=True
        )
        peaks.append(int(done.stderr.split()[-1]) >> 10)
    assert peaks[1] - peaks[0] < 60


@pytest.fixture
def claims(tmp_path: Path) -> tuple[Path, list[str]]:
    """The example as somebody's own table, and the options that a batch reads it with."""
    head, *rows = EXAMPLE.read_text().splitlines()
    head = head.replace("member.birth_date", "née")
    rows = [re.sub(r"(....)-(..)-(..)(?=,pharmacy)", r"\2/\3/\1", row) for row in rows]
    rows = [re.sub(r",(2...)-(..)-(..),", r",\2/\3/\1,", row) for row in rows]
    lines = [f"{head},claim_no", *(f"{row},c-{n}" for n, row in enumerate(rows))]
    file = tmp_path / "claims.txt"
    file.write_text("\n".join(lines), "cp1252")
    options = ["--map", "née=member.birth_date", "--keep", "claim_no", "--from", "csv"]
    return file, [*options, "--encoding", "cp1252", "--date-format", "%m/%d/%Y"]


def test_a_file_is_read_as_a_batch_reads_it(
    claims: tuple[Path, list[str]], bundle_file: Path, raised: Path, tmp_path: Path
) -> None:
    file, options = claims
    found = compare(bundle_file, raised, file, *options)[1]
    assert found["changes"] == compare(bundle_file, raised, EXAMPLE)[1]["changes"]
    out = tmp_path / "out.csv"
    whole = ("--bundle", bundle_file, "--columns", "all", "-o", out)
    assert run("batch", file, *options, *whole).returncode == 0
    done = run("replay", out, bundle_file, "--requests", file, *options)
    assert (done.returncode, done.stderr) == (0, "0 of 7 decisions differ\n")
    done = run("replay", out, bundle_file, *options)
    assert (done.returncode, "go with --requests" in done.stderr) == (2, True)


def test_each_version_is_told_by_itself(version: Path, tmp_path: Path) -> None:
    new = changed.with_new_version(tmp_path / "new")
    for day, least, more in (("2022-10-03", 18, 21), ("2024-01-01", 21, 22)):
        file = new / changed.XPOVIO / day / "data.yaml"
        text = file.read_text().replace(f"at least {least} years", f"at least {more} years")
        file.write_text(text.replace(f"minimum: {least}", f"minimum: {more}"))
    found = compare(version, new, EXAMPLE)[1]["changes"]
    told = {each["change"]: each["text"] for each in found if "text" in each}
    assert told == {
        f"criterion:xpovio:age:{day}:met:not_met": f"Member is at least {least} years of age"
        for day, least in (("2022-10-03", 21), ("2024-01-01", 22))
    }


def test_that_nothing_is_compared_is_no_success(bundle_file: Path, tmp_path: Path) -> None:
    both = (bundle_file, bundle_file)
    done = run("compare", *both, EXAMPLE, "--from", "ndjson")
    assert done.returncode == 3
    assert done.stdout == "0 of 8 decisions differ; invalid by both: 8\n"
    assert "holds no request that either can decide" in done.stderr
    assert run("compare", *both, "-").returncode == 3
    done = run("replay", "-", bundle_file)
    assert (done.returncode, "standard input holds no decision" in done.stderr) == (3, True)
    some = "{\n" + json.dumps(generators.INITIAL)
    done = run("compare", *both, "-", stdin=some)
    assert (done.returncode, done.stdout) == (
        0,
        "0 of 2 decisions differ; invalid by both: 1\n",
    )


def test_only_decisions_that_differ_exit_with_1(bundle_file: Path, tmp_path: Path) -> None:
    broken = ROOT / "tests" / "files" / "broken-off.ndjson.gz"
    assert run("compare", bundle_file, bundle_file, broken).returncode == 4
    assert run("replay", broken, bundle_file).returncode == 4
    nowhere = tmp_path / "no" / "report.html"
    for command in ("compare no no no", "replay no no"):
        done = run(*command.split(), "--report", nowhere)
        assert (done.returncode, "there is no such folder" in done.stderr) == (2, True)
    with open("/dev/full", "w") as full:
        compared = [*COMMAND, "compare", str(bundle_file), str(bundle_file), str(EXAMPLE)]
        assert subprocess.run(compared, stdout=full).returncode == 4


# --------------------------------------------------------------------------------------------
# Kinds of changes
# --------------------------------------------------------------------------------------------

APPROVED: Decided = json.loads((ROOT / "tests/cases/initial-approved.json").read_text())["decision"]


def edited(edit: Callable[[Decided], object]) -> Decided:
    document = copy.deepcopy(APPROVED)
    edit(document)
    return document


def terms(**changed: Any) -> Callable[[Decided], object]:
    return lambda document: document["authorization"].update(changed)


CHANGES: list[tuple[Callable[[Decided], object], list[Change]]] = [
    (lambda d: None, []),
    (lambda d: d.update(outcome="modified"), [("outcome", "approved", "modified")]),
    (
        lambda d: d["criteria"][4].update(status="unknown"),
        [("criterion", "xpovio", "age", "2022-10-03", "met", "unknown")],
    ),
    (
        lambda d: d["criteria"].pop(4),
        [("criterion", "xpovio", "age", "2022-10-03", "met", "absent")],
    ),
    (lambda d: d["guideline"].update(id="other"), [("guideline", "xpovio", "other")]),
    (
        lambda d: d["guideline"].update(version="2024-01-01"),
        [("version", "xpovio", "2022-10-03", "2024-01-01")],
    ),
    (terms(quantity={"tablets": 19, "days_supply": 28}), [("quantity", "tablets", "less")]),
    (terms(quantity={"tablets": 21, "days_supply": 28}), [("quantity", "tablets", "more")]),
    (
        terms(quantity={"days_supply": 28}),
        [("quantity", "tablets", "more")],
    ),
    (terms(end_date="2023-04-29"), [("period", "shorter")]),
    (terms(end_date="2023-05-01"), [("period", "longer")]),
    (terms(end_date=None), [("period", "longer")]),
    (terms(start_date="2022-11-02", end_date="2023-05-01"), [("period", "moved")]),
    (terms(package=None), [("package",)]),
    (lambda d: d["reasons"].append({"code": "c", "clause": "IV"}), [("reasons",)]),
    (lambda d: d["missing"].append({"path": "/nccn"}), [("questions",)]),
    (lambda d: d.update(requires_clinician_review=True), [("review",)]),
    (lambda d: d["errors"].append({"path": "/nccn"}), [("errors",)]),
    (
        lambda d: d["notices"].append({"code": "coverage_gap"}),
        [("notice", "coverage_gap", "added")],
    ),
    (lambda d: d["criteria"][4].update(text="otherwise"), [("words",)]),
    (lambda d: d["criteria"][4]["facts"].update(minimum=21), [("words",)]),
    (
        lambda d: d.update(outcome="pended", guideline=None, authorization=None, criteria=[]),
        [("outcome", "approved", "pended")],
    ),
]


@pytest.mark.parametrize(("edit", "expected"), CHANGES)
def test_change(edit: Callable[[Decided], object], expected: list[Change]) -> None:
    assert changes(APPROVED, edited(edit)) == expected


def test_change_the_other_way_round() -> None:
    other = edited(lambda d: d["notices"].append({"code": "coverage_gap"}))
    assert changes(other, APPROVED) == [("notice", "coverage_gap", "gone")]
    other = edited(terms(end_date=None))
    assert changes(other, APPROVED) == [("period", "shorter")]


def test_a_part_of_a_group_is_a_criterion_too() -> None:
    part = {"id": "p", "clause": "1", "text": "", "status": "met", "facts": {}}
    group = {"id": "g", "clause": "1", "text": "", "status": "met", "kind": "any", "parts": [part]}
    old = edited(lambda d: d["criteria"].append(group))
    new = copy.deepcopy(old)
    new["criteria"][-1]["parts"][0]["status"] = "not_met"
    assert changes(old, new) == [("criterion", "xpovio", "p", "2022-10-03", "met", "not_met")]


def test_examples_are_the_first_ones() -> None:
    found = Impact(2)
    denied = edited(lambda d: d.update(outcome="denied"))
    for name in "abbc":
        found.add(name, APPROVED, APPROVED if name == "a" else denied)
    more = found.copy()
    more.add("d", APPROVED, denied)
    found.merge(more)
    change = found.changes["outcome", "approved", "denied"]
    assert (found.requests, change.requests, list(change.examples)) == (5, 4, ["b", "c"])


def test_words_show_what_differs() -> None:
    old = "a b c d e f g h i j k l m n at least 18 years"
    assert words(old, old.replace("18", "21")) == [
        ("kept", "a b c d e f … k l m n at least"),
        ("deleted", "18"),
        ("inserted", "21"),
        ("kept", "years"),
    ]


# --------------------------------------------------------------------------------------------
# The report
# --------------------------------------------------------------------------------------------


def test_the_report_is_one_file_that_asks_for_nothing(
    bundle_file: Path, raised: Path, tmp_path: Path
) -> None:
    with EXAMPLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["request_id"] = f"<img src=x onerror=alert(1)> {row['request_id']}"
    table = tmp_path / "in.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    page = tmp_path / "impact.html"
    assert run("compare", bundle_file, raised, table, "--report", page).returncode == 1
    html = page.read_text()
    assert "&lt;img src=x onerror=alert(1)&gt; nineteen-2023" in html
    assert "<img" not in html
    assert "<script" not in html
    assert not re.search(r"(src|href|url)\s*[=(]", html.replace("src=x", ""))
    assert "default-src 'none'" in html
    assert "6 of 7 decisions differ, 3 of them in words only" in html
    assert "<del>18</del>" in html


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_the_report(
    scheme: Literal["light", "dark"],
    browser: Browser,
    bundle_file: Path,
    version: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "impact.html"
    assert run("compare", bundle_file, version, EXAMPLE, "--report", file).returncode == 1
    page = browser.new_page(color_scheme=scheme, viewport={"width": 360, "height": 640})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert asked == [file.as_uri()]
    page.close()


# --------------------------------------------------------------------------------------------
# Decisions kept earlier
# --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, bundle_file: Path) -> dict[str, Path]:
    """Requests, and what a batch wrote of them, in every format."""
    folder = tmp_path_factory.mktemp("kept")
    documents = list(requests(1_100))
    for request in documents[::3]:
        request["member"] = {**request.get("member", {}), "birth_date": "2003-01-31"}
    files = {f"in.{kind}": written(folder, kind, documents) for kind in FORMATS}
    for kind in FORMATS:
        out = folder / f"out.{kind}"
        asked = files["in.ndjson"]
        whole = () if kind == "ndjson" else ("--columns", "all")
        assert run("batch", asked, "-o", out, "--bundle", bundle_file, *whole).returncode == 0
        files[f"out.{kind}"] = out
    return files


@pytest.mark.parametrize(
    ("taken", "given"), [("ndjson", "csv"), ("csv", "parquet"), ("parquet", "ndjson")]
)
def test_what_a_batch_wrote_is_replayed(
    taken: str, given: str, kept: dict[str, Path], bundle_file: Path, raised: Path
) -> None:
    log: list[str | Path] = [kept[f"out.{given}"], "--requests", kept[f"in.{taken}"]]
    done = run("replay", log[0], bundle_file, *log[1:])
    assert (done.returncode, done.stdout) == (0, "")
    assert "0 of 1,100 decisions differ" in done.stderr
    done = run("replay", log[0], raised, *log[1:], "--json", "--allow", "words")
    told = list(map(json.loads, done.stdout.splitlines()))
    _, compared = compare(bundle_file, raised, kept["in.ndjson"], "--allow", "words")
    assert done.returncode == 1
    assert 0 < len(told) == compared["unexpected"]
    counts = Counter(change for each in told for change in each["changes"])
    assert counts == {
        each["change"]: each["requests"] for each in compared["changes"] if not each["expected"]
    }


def test_why_a_decision_is_another_one(url: str, raised: Path) -> None:
    request = next(case.request for case in worked.cases() if case.name == "initial-approved")
    request = generators.put(request, "/member/birth_date", "2003-01-31")
    kept = {"request": {**request, "request_id": "r-1"}}
    kept["decision"] = ask(url).decide(kept["request"])
    done = run("replay", "-", raised, stdin=json.dumps(kept) + "\n")
    assert done.returncode == 1
    assert done.stdout == ("r-1: approved → denied. III.1 age: met → not met; minimum 18 → 21\n")
    done = run("replay", "-", raised, "--json", stdin=json.dumps(kept) + "\n")
    told = json.loads(done.stdout)
    assert told["criteria"] == [
        {
            "id": "age",
            "clause": "III.1",
            "old": "met",
            "new": "not_met",
            "facts": {"minimum": {"old": 18, "new": 21}},
        }
    ]
    assert (told["old"]["outcome"], told["new"]["outcome"]) == ("approved", "denied")


def age(**changed: Any) -> Callable[[Decided], object]:
    return lambda document: document["criteria"][4].update(changed)


OTHERWISE: list[tuple[Callable[[Decided], object], str]] = [
    (
        lambda d: d["guideline"].update(title="Another"),
        "words; /guideline/title Xpovio (selinexor) → Another",
    ),
    (
        age(text="Member is at least 21 years of age", facts={"age": 66, "minimum": 21}),
        "words; /criteria/age/text Member is at least [-18-] {+21+} years of age. "
        "III.1 age: met; minimum 18 → 21",
    ),
    (age(status="unknown"), "III.1 age: met → unknown"),
    (lambda d: d["errors"].append({"path": "/nccn"}), "errors"),
]


@pytest.mark.parametrize(("edit", "told"), OTHERWISE)
def test_a_line_says_what_differs(edit: Callable[[Decided], object], told: str) -> None:
    new = edited(edit)
    found = otherwise(Otherwise("r-1", changes(APPROVED, new), APPROVED, new))
    assert otherwise_line(found) == f"r-1: {told}"


def test_rows_that_cannot_be_replayed_are_named(url: str, bundle_file: Path) -> None:
    decision = ask(url).decide(generators.INITIAL)
    good = {"request": generators.INITIAL, "decision": decision}
    other = {"request": {**generators.INITIAL, "request_id": "secret"}, "decision": decision}
    lines = [
        json.dumps(good),
        "{",
        json.dumps({"decision": decision}),
        json.dumps({**good, "decision": {**decision, "outcome": "secret"}}),
        json.dumps(other),
        json.dumps({**good, "decision": "secret"}),
        json.dumps(good),
    ]
    done = run("replay", "-", bundle_file, stdin="\n".join(lines))
    assert done.returncode == 3
    assert "secret" not in done.stdout + done.stderr
    told = done.stderr.splitlines()
    assert [line.partition(": ")[0] for line in told[:-1]] == [f"row {n}" for n in range(2, 7)]
    assert told[-1] == "0 of 2 decisions differ; 5 rows cannot be compared"


def test_a_log_that_is_none_is_told_in_few_words(bundle_file: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.json"
    file.write_bytes(EXAMPLE.read_bytes())
    assert run("batch", file, "-o", out, "--bundle", bundle_file).returncode == 0
    out.write_text(json.dumps(json.loads(out.read_text()), indent=2))
    lines = len(out.read_text().splitlines())
    done = run("replay", out, bundle_file)
    told = done.stderr.splitlines()
    assert done.returncode == 3
    assert told[0] == "row 1: it is not JSON: Expecting value at line 2, column 1"
    assert told[10:] == [
        f"and so on, for {lines - 10:,} rows more",
        f"{out} may be the output of a batch: then name its input by --requests",
        f"0 of 0 decisions differ; {lines:,} rows cannot be compared",
    ]
    out.write_text("not JSON\n" * 7)
    done = run("replay", out, bundle_file, "--requests", file)
    assert "row 1: its decision is not JSON: Expecting value" in done.stderr
    assert "--requests" not in done.stderr


@pytest.mark.parametrize(("cut", "told"), [("in", "more decisions than"), ("out", "more requests")])
def test_files_that_do_not_go_together_are_refused(
    cut: str, told: str, kept: dict[str, Path], bundle_file: Path, tmp_path: Path
) -> None:
    files = {name: kept[f"{name}.ndjson"] for name in ("in", "out")}
    short = tmp_path / "short.ndjson"
    short.write_bytes(b"".join(files[cut].read_bytes().splitlines(keepends=True)[:600]))
    files[cut] = short
    done = run("replay", files["out"], bundle_file, "--requests", files["in"])
    assert done.returncode == 2
    assert told in done.stderr


def test_what_could_not_be_read_then_is_the_same_now(bundle_file: Path, tmp_path: Path) -> None:
    requests = tmp_path / "in.ndjson"
    requests.write_text('{\n[]\n{"request_id": "r", "type": "initial"}\n')
    decisions = tmp_path / "out.ndjson"
    assert run("batch", requests, "-o", decisions, "--bundle", bundle_file).returncode == 3
    done = run("replay", decisions, bundle_file, "--requests", requests)
    assert (done.returncode, "0 of 3 decisions differ" in done.stderr) == (0, True)
