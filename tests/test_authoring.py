"""What an author is told: a new guideline is sound, and each mistake is named by file and line."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from priorauth.authoring import check as checks
from priorauth.authoring.cases import Case, NoCase, cases_of
from priorauth.authoring.check import PlacedFinding, check
from priorauth.authoring.places import Places, Unreadable
from priorauth.authoring.successor import further
from priorauth.authoring.template import new
from priorauth.errors import ConfigurationError, UndefinedResult

ROOT = Path(__file__).parents[1]
DAY = date(2024, 2, 29)


def checkout(at: Path, *names: str) -> Path:
    """The policy without its guidelines, and a new guideline of each name."""
    ignored = shutil.ignore_patterns("*_test.rego", "guidelines", "drugs")
    shutil.copytree(ROOT / "policy", at / "policy", ignore=ignored)
    shutil.copytree(ROOT / "rego", at / "rego", ignore=ignored)
    for name in names:
        new(at, name, title=f"{name.capitalize()} ({name}inib)", effective=DAY)
    return at


def data(name: str) -> Path:
    return Path("policy", "guidelines", name, str(DAY), "data.yaml")


def table(name: str) -> Path:
    return Path("tests", "cases", name, f"{DAY}.yaml")


class Mistake(NamedTuple):
    """A mistake: what an author writes in place of what, and the finding, with its place as
    `{line}`."""

    was: str
    written: str
    at: str
    """The line that is named begins with this; empty for no line."""
    told: str
    cases: bool = False
    """It is made in the worked cases."""


MISTAKES = {
    "figure": Mistake(
        "minimum: 18",
        "minimum: 21",
        "minimum: 21",
        "III.1 (age): has the figure 21, which its words do not contain; correct it, or add a "
        "reading, under `readings`, that says where it comes from",
    ),
    "fact": Mistake(
        "fact: clinical.unacceptable_toxicity",
        "fact: clinical.unaceptable_toxicity",
        "- id: toxicity",
        "IV.2 (toxicity): there is no fact clinical.unaceptable_toxicity; correct its name, or "
        "declare it under `facts` (policy/facts has those that all share)",
    ),
    "kind": Mistake(
        "kind: age",
        "kind: agee",
        "kind: agee",
        'III.1 (age).kind: must be one of the following: "one_of", "formulary", ',
    ),
    "clause": Mistake(
        "clause: III.1",
        "clause: XI.1",
        "clause: XI.1",
        "XI.1 (age): is in no section; the sections are I, II, III, IV, V; a clause is the number "
        "of one, and may go on after a dot",
    ),
    "words": Mistake(
        "        text: The member is at least 18 years of age",
        "        text: The member is 18 or older",
        "text: The member is 18 or older",
        "III.1 (age): has words that section III does not have; quote the clause as it stands "
        "there",
    ),
    "deep": Mistake(
        """\
        kind: age
        minimum: 18
""",
        """\
        kind: all
        parts:
          - {id: a, clause: III, text: have been met, kind: all, parts: [
              {id: b, clause: III, text: have been met, kind: all, parts: [
                {id: c, clause: III, text: have been met, kind: all, parts: [
                  {id: d, clause: III, text: have been met, kind: all, parts: [
                    {id: e, clause: III, text: have been met, kind: all, parts: [
                      {id: f, clause: III.4, text: is submitted, kind: documented}]}]}]}]}]}
""",
        "{id: e,",
        "III (e): is in 5 groups, and is a group itself; groups nest at most 5 deep, so merge this "
        "one into the group around it",
    ),
    "impossible": Mistake(
        f'in_force: {{from: "{DAY}"}}',
        f'in_force: {{from: "{DAY}", to: "2025-02-29"}}',
        "in_force:",
        "in_force.to: 2025-02-29 is not a real date; write one as YYYY-MM-DD",
    ),
    "question": Mistake(
        "        expected: false\n",
        "        expected: false\n        questions: {diagnosis.icd10: Which diagnosis}\n",
        "questions:",
        "IV.2 (toxicity): has a question for diagnosis.icd10, which it does not rest on; its "
        "questions can be for clinical.unacceptable_toxicity",
    ),
    "twice": Mistake(
        "- id: toxicity",
        "- id: age",
        "- id: age",
        "III.1 (age): another criterion has this id; give each its own",
    ),
    "unused": Mistake(
        "    informative: true\n",
        "",
        "- number: II",
        "section II: has no criterion; write those that it sets, or add `informative: true` if it "
        "sets none",
    ),
    "shared": Mistake(
        "facts:\n",
        "facts:\n  member.benefit: {title: B, question: B, known_by: plan, type: string}\n",
        "member.benefit:",
        "facts: member.benefit is declared differently in policy/facts; "
        "declare it in the same words or give it another name",
    ),
    "value": Mistake(
        "accepted: [pharmacy]",
        "accepted: [farmacy]",
        "- id: benefit",
        "I (benefit): compares with farmacy, which member.benefit can never be; it can be "
        "pharmacy, medical",
    ),
    "misnamed": Mistake(
        f'effective_date: "{DAY}"',
        'effective_date: "2024-03-01"',
        "effective_date:",
        f"effective_date: is 2024-03-01, but the folder is named {DAY}; a version is named for the "
        "day it became effective, so correct one of them",
    ),
    "parameter": Mistake(
        "        minimum: 18\n",
        "        minimum: 18\n        minimun: 18\n",
        "- id: age",
        "III.1 (age): has `minimun`, which has no meaning here; it may be misspelt, or belong "
        "elsewhere",
    ),
    "quoted": Mistake(
        "minimum: 18",
        'minimum: "18"',
        'minimum: "18"',
        "III.1 (age).minimum: must be of type number, and is of type string",
    ),
    "untitled": Mistake(
        "    title: Severity score\n",
        "",
        "clinical.untitled_score:",
        "facts.clinical.untitled_score: lacks `title`; add it",
    ),
    "repeated": Mistake(
        "        minimum: 18\n",
        "        minimum: 16\n        minimum: 18\n",
        "minimum: 18",
        "`minimum` stands here twice, and only the last would count",
    ),
    "outcome": Mistake(
        "    expected: {outcome: denied, ",
        "    expected: {outcome: pended, ",
        "- name: denied to a minor",
        "case 'denied to a minor': outcome is denied, but pended is expected (",
        cases=True,
    ),
    "status": Mistake(
        "severity_score: not_met",
        "severity_score: met",
        "- name: approved by the diagnosis",
        "case 'approved by the diagnosis where the score is too low': criteria is "
        '{"severity_score": "not_met"}, but {"severity_score": "met"} is expected',
        cases=True,
    ),
    "base": Mistake(
        "  - name: renewed\n    base: renewal",
        "  - name: renewed\n    base: renewed",
        "- name: renewed",
        "case 'renewed': needs `base`, one of initial, renewal",
        cases=True,
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[PlacedFinding]]:
    """A checkout with a guideline for every mistake, and what is found in it: OPA is run once."""
    names = [*MISTAKES, "sound", "overlapping", "lost", "elsewhere", "caseless", "one", "other"]
    root = checkout(tmp_path_factory.mktemp("checkout"), *names)
    for name, mistake in MISTAKES.items():
        replace(root / (table if mistake.cases else data)(name), mistake.was, mistake.written)
    # What is wrong between files.
    later = data("overlapping").parent.parent / "2024-06-01" / "data.yaml"
    (root / later).parent.mkdir()
    text = (root / data("overlapping")).read_text().replace(str(DAY), "2024-06-01")
    (root / later).write_text(text)
    shutil.copy(
        root / table("overlapping"), (root / table("overlapping")).with_name("2024-06-01.yaml")
    )
    replace(root / "policy/drugs/lost/data.yaml", "lost", "last")
    (root / data("elsewhere")).rename(root / data("elsewhere").parent.parent / "data.yaml")
    (root / table("caseless")).unlink()
    for name in ("one", "other"):
        for file in (data(name), table(name)):
            replace(root / file, f"clinical.{name}_score:", "clinical.same_score:", some=True)
            replace(root / file, f"fact: clinical.{name}_score", "fact: clinical.same_score", True)
    replace(root / data("other"), "Severity score\n", "Another score\n")
    return root, set(check(root).findings)


def replace(file: Path, was: str, written: str, some: bool = False) -> None:
    text = file.read_text()
    assert some or text.count(was) == 1, f"{file} has {text.count(was)} of {was!r}"
    file.write_text(text.replace(was, written))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_by_file_and_line(
    name: str, told: tuple[Path, set[PlacedFinding]]
) -> None:
    root, findings = told
    mistake = MISTAKES[name]
    file = (table if mistake.cases else data)(name)
    found = [each for each in findings if each.file == file.as_posix()]
    lines = (root / file).read_text().splitlines()
    assert any(
        each.message.startswith(mistake.told)
        and lines[each.line - 1]
        .strip()
        .removeprefix("- ")
        .startswith(mistake.at.removeprefix("- "))
        for each in found
    ), "\n".join(map(str, found))
    # Nothing else, except the other of two that are alike.
    assert len(found) == (2 if name == "twice" else 1), "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (
            "policy/guidelines/overlapping/2024-06-01/data.yaml:{in_force:}",
            f"in_force: shares a day with version {DAY}, so neither could decide; end the older "
            "one, by `to`, on the day before the newer one starts",
        ),
        (
            f"policy/guidelines/overlapping/{DAY}/data.yaml:{{in_force:}}",
            "in_force: shares a day with version 2024-06-01, so neither could decide; end the "
            "older one, by `to`, on the day before the newer one starts",
        ),
        (
            "policy/drugs/lost/data.yaml:{guideline:}",
            "the drug lost: names no guideline on file; correct `guideline`, which is the name of "
            "a folder in policy/guidelines",
        ),
        (
            f"policy/guidelines/lost/{DAY}/data.yaml:{{title:}}",
            "no drug name finds this guideline; add policy/drugs/<name>/data.yaml with "
            "`guideline: lost`",
        ),
        (
            "policy/guidelines/elsewhere/data.yaml",
            "a version stands in a folder that is named for the day it became effective; move this "
            "to policy/guidelines/elsewhere/<YYYY-MM-DD>/data.yaml",
        ),
        (
            f"tests/cases/caseless/{DAY}.yaml",
            f"is not there: write worked cases for policy/guidelines/caseless/{DAY}",
        ),
        (
            f"policy/guidelines/one/{DAY}/data.yaml:{{  clinical.same_score:}}",
            "facts: clinical.same_score is declared differently in "
            f"policy/guidelines/other/{DAY}; declare it in the same "
            "words or give it another name",
        ),
    ],
)
def test_what_is_wrong_between_files(
    file: str, message: str, told: tuple[Path, set[PlacedFinding]]
) -> None:
    root, findings = told
    place = re.sub("{(.*)}", "", file).rstrip(":")
    found = [each for each in findings if each.file == place and each.message == message]
    assert len(found) == 1, "\n".join(map(str, sorted(findings)))
    if start := re.search("{(.*)}", file):
        line = (root / place).read_text().splitlines()[found[0].line - 1]
        # A fault of a whole file is reported at its beginning.
        assert line.startswith(start[1]) or (start[1] == "title:" and found[0].line == 1)
    else:
        assert found[0].line == 0


def test_others_are_not_faulted(told: tuple[Path, set[PlacedFinding]]) -> None:
    root, findings = told
    assert not [each for each in findings if "/sound/" in each.file]
    report = check(root, ["sound"])
    assert (report.guidelines, report.cases) == (("sound",), 6)
    assert report.facts > 20
    # A fault of no single guideline is reported whichever is checked.
    assert [each.file for each in report.findings] == ["policy/drugs/lost/data.yaml"]


# --------------------------------------------------------------------------------------------
# Files that cannot be read
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "line", "column", "reason"),
    [
        (b"a: [1, 2\nb: 3\n", 2, 2, "expected ',' or ']'"),
        (b"a:\n\tb: 3\n", 2, 1, "cannot start any token"),
        (b'a: "b\n', 2, 1, "found unexpected end of stream"),
        (b"a: b: c\n", 1, 5, "mapping values are not allowed"),
        (b"a: b\nc: \xff\n", 2, 1, "is not UTF-8"),
    ],
)
def test_what_is_no_yaml(
    tmp_path: Path, written: bytes, line: int, column: int, reason: str
) -> None:
    file = tmp_path / "data.yaml"
    file.write_bytes(written)
    with pytest.raises(Unreadable) as raised:
        Places.read(file)
    assert (raised.value.line, raised.value.column) == (line, column)
    assert reason in raised.value.reason


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = checkout(tmp_path, "sound", "broken")
    replace(root / data("broken"), "minimum: 18", "minimum: [18")
    place = rf"{data('broken')}:\d+:\d+: cannot be read as YAML: "
    [finding] = check(root, ["sound"]).findings
    assert re.match(place, str(finding))
    # Its own is reported without OPA.
    monkeypatch.setattr(checks, "_evaluate", None)
    [finding] = check(root, ["broken"]).findings
    assert re.match(place, str(finding))


def test_what_only_opa_cannot_read(tmp_path: Path) -> None:
    root = checkout(tmp_path, "sound")
    replace(root / data("sound"), "next_review:", "x: {a: Why?}\nnext_review:")
    [finding] = check(root).findings
    assert re.match(rf"{data('sound')}:\d+: OPA cannot read it as YAML: ", str(finding))


def test_a_policy_that_does_not_compile(tmp_path: Path) -> None:
    root = checkout(tmp_path, "sound")
    (root / "rego" / "priorauth" / "more.rego").write_text("package more\n\na := b\n")
    with pytest.raises(UndefinedResult, match="var b is unsafe"):
        check(root)


def test_the_line_of_a_pointer(tmp_path: Path) -> None:
    file = tmp_path / "data.yaml"
    file.write_text("a:\n  b.c: 1\n  d:\n  - e\n  - f: 2\n    g: 3\nday: 2024-01-01\n")
    places = Places.read(file)
    wanted = {"": 1, "/a": 1, "/a/b.c": 2, "/a/b/c": 2, "/a/d/1": 5, "/a/d/1/g": 6}
    wanted |= {"/a/d/7": 3, "/a/x/y": 1, "/x": 1, "/day": 7}
    assert {pointer: places.line(pointer) for pointer in wanted} == wanted
    # As OPA reads it.
    assert places.content["day"] == "2024-01-01"


# --------------------------------------------------------------------------------------------
# Worked cases
# --------------------------------------------------------------------------------------------


def test_cases() -> None:
    bases = {"base": {"one": {"type": "initial", "member": {"benefit": "pharmacy"}}}}
    differs = {"member.benefit": None, "dose.mg": 2}
    case = {"name": "a", "base": "one", "differs": differs, "expected": {"outcome": "pended"}}
    request = {"type": "initial", "member": {}, "dose": {"mg": 2}}
    assert list(cases_of({**bases, "cases": [case]})) == [Case("a", request, {"outcome": "pended"})]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ({}, "needs a `name`"),
        ({"name": "a"}, "needs `base`, one of those under `base`"),
        ({"name": "a", "request": {}}, "needs `expected`"),
        ({"name": "a", "request": {}, "expected": {"outcom": "denied"}}, "expects `outcom`"),
        ({"name": "a", "requests": {}}, "has `requests`, which has no meaning here"),
        (
            {"name": "a", "request": {}, "differs": [1], "expected": {"outcome": "denied"}},
            "`differs` gives facts by their paths",
        ),
    ],
)
def test_what_is_no_case(case: Any, reason: str) -> None:
    [found] = cases_of({"cases": [case]})
    assert isinstance(found, NoCase)
    assert found.pointer == "/cases/0"
    assert reason in found.reason


def test_two_cases_of_one_name_and_no_table() -> None:
    case = {"name": "a", "request": {}, "expected": {"outcome": "invalid"}}
    first, second = cases_of({"cases": [case, case]})
    assert isinstance(first, Case)
    assert "another case is named 'a'" in str(second)
    [none] = cases_of(["text"])
    assert "is not a table of cases" in str(none)


def test_a_table_without_an_approved_case(tmp_path: Path) -> None:
    root = checkout(tmp_path, "denied")
    text = (root / table("denied")).read_text()
    head, _, rest = text.partition("cases:\n")
    denied = next(each for each in rest.split("  - name: ") if each.startswith("denied to"))
    (root / table("denied")).write_text(f"{head}cases:\n  - name: {denied}")
    assert [str(each) for each in check(root).findings] == [
        f"{table('denied')}: no case is approved, so no absent fact was tried; add one"
    ]


def probe(absent: str, null: str, tablets: int = 20) -> list[str]:
    """What is wrong when an approval of 20 tablets comes to this without a fact."""
    quantities = {"approved": {"tablets": tablets}, "modified": {"tablets": tablets}}
    both = [{"outcome": each, "quantity": quantities.get(each)} for each in (absent, null)]
    before = {"outcome": "approved", "authorization": {"quantity": {"tablets": 20}}}
    told = {"fact": "a.b", "absent": both[0], "null": both[1], "alike": absent == null}
    return list(checks._wrong(before, told))


@pytest.mark.parametrize("outcome", ["pended", "invalid", "approved"])
def test_an_absent_fact_may_leave_a_request_pended_or_as_it_was(outcome: str) -> None:
    assert probe(outcome, outcome) == []


@pytest.mark.parametrize("outcome", ["denied", "not_applicable"])
def test_an_absent_fact_must_never_deny(outcome: str) -> None:
    told = f"the request is {outcome}; an absent fact must never deny"
    assert probe(outcome, outcome) == [
        f"a.b: without it {told}",
        f"a.b: with null for it {told}",
    ]


@pytest.mark.parametrize(("outcome", "tablets"), [("approved", 40), ("modified", 20)])
def test_an_absent_fact_must_never_authorize(outcome: str, tablets: int) -> None:
    without, null = probe(outcome, outcome, tablets)
    assert without == (
        f'a.b: without it the request is {outcome} for {{"tablets": {tablets}}} in place of '
        '{"tablets": 20}; an absent fact must never change what is authorized'
    )
    assert null == without.replace("without it", "with null for it")


def test_absent_and_null_are_decided_alike() -> None:
    assert probe("pended", "invalid") == [
        "a.b: left out and null are decided differently, pended and invalid; the two mean the same"
    ]


# --------------------------------------------------------------------------------------------
# The command line
# --------------------------------------------------------------------------------------------


def run(*arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "priorauth.cli", "guideline", *arguments],
        cwd=at,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_guideline_is_sound(tmp_path: Path) -> None:
    root = checkout(tmp_path)
    arguments = ("--title", 'A "quoted": {title}', "--drug", "Generic®", "--drug", "two words")
    done = run("new", "a-b", *arguments, "--effective", "2024-02-29", at=root)
    assert (done.returncode, "guideline check a-b" in done.stderr) == (0, True)
    files = [data("a-b"), table("a-b")]
    files += [
        Path("policy", "drugs", name, "data.yaml") for name in ("a-b", "generic", "two words")
    ]
    assert done.stdout.splitlines() == [str(file) for file in files]
    done = run("check", "a-b", at=root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("a-b: sound; 6 worked cases decided as expected, ")
    content = {file: (root / file).read_bytes() for file in files}
    for name, told in (("a-b", "is on file"), ("generic", "exists already")):
        again = run("new", name, at=root)
        assert (again.returncode, told in again.stderr) == (2, True)
    assert content == {file: (root / file).read_bytes() for file in files}
    assert not (root / "policy" / "guidelines" / "generic").exists()


def test_a_drug_is_named_as_the_policy_compares_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as Python would: it has two letters for a Turkish capital, and two small sigmas.

    And not as the environment would have OPA do it.
    """
    monkeypatch.setenv("OPA_EVAL_IGNORE", "*")
    root = checkout(tmp_path)
    drugs = {
        "AB\u0130RA": "abira",
        "\u2003Two  Words\u2122": "two  words",
        "\u03a3\u03a3": "\u03c3\u03c3",
    }
    written = new(root, "mine", title="Mine", drugs=drugs, effective=DAY)
    assert [path.parent.name for path in written[2:]] == ["mine", *drugs.values()]
    assert check(root).findings == ()


LATER = date(2025, 2, 28)


def decided(root: Path, name: str, *requests: Any) -> list[Any]:
    """The decisions on requests, by the policy at `root`."""
    asked = [checks._Asked(name, "", 0, Case("", request, {})) for request in requests]
    said = checks._evaluate(checks._Files(root), [name], asked)
    assert not isinstance(said, set)
    return [answer[0] for answer in said["answers"]]


@pytest.mark.parametrize(
    "in_force",
    [
        f'in_force: {{from: "{DAY}"}}',
        f"in_force:\n  # From its first day.\n  from: '{DAY}'\n",
        f'in_force: {{from: "{DAY}", to: "2027-12-31"}}',
    ],
    ids=["flow", "block", "ended later"],
)
def test_a_further_version_is_sound(tmp_path: Path, in_force: str) -> None:
    root = checkout(tmp_path, "sound")
    replace(root / data("sound"), f'in_force: {{from: "{DAY}"}}', in_force)
    base = Places.read(root / table("sound")).content["base"]
    requests = [
        {**each, "service_date": day}
        for each in (base["initial"], {"type": "initial", "drug": {"name": "sound"}})
        for day in (str(DAY), "2025-02-27", str(LATER), "2027-12-31")
    ]
    before = decided(root, "sound", *requests)
    done = run("new", "sound", "--effective", str(LATER), at=root)
    assert done.returncode == 0, done.stderr
    new_files = [f"policy/guidelines/sound/{LATER}/data.yaml", f"tests/cases/sound/{LATER}.yaml"]
    assert done.stdout.splitlines() == new_files
    assert run("check", "sound", at=root).returncode == 0
    after = decided(root, "sound", *requests)
    assert [each["guideline"]["version"] for each in before] == [str(DAY)] * 8
    assert [each["guideline"]["version"] for each in after] == [
        *[str(DAY)] * 2,
        *[str(LATER)] * 2,
    ] * 2
    for one, other in zip(before, after, strict=True):
        if one["guideline"] == other["guideline"]:
            assert one == other
        for key in ("outcome", "criteria", "reasons", "missing", "authorization"):
            assert one[key] == other[key]
    old, new = (Places.read(root / file).content for file in (data("sound"), new_files[0]))
    assert old["in_force"] == {"from": str(DAY), "to": "2025-02-27"}
    dates = {
        "effective_date": str(LATER),
        "next_review": "2026-02",
        "in_force": {"from": str(LATER)},
    }
    assert new == {**old, **dates}
    tables = [Places.read(root / file).content for file in (table("sound"), new_files[1])]
    names, again = ([case["name"] for case in each["cases"]] for each in tables)
    assert names == again


def test_a_further_version_leaves_out_the_cases_that_do_not_hold(tmp_path: Path) -> None:
    root = checkout(tmp_path)
    for folder in ("policy/guidelines/xpovio", "policy/drugs", "tests/cases/xpovio"):
        shutil.copytree(ROOT / folder, root / folder, dirs_exist_ok=True)
    older = Path("policy/guidelines/xpovio/2022-10-03/data.yaml")
    text, cases = (
        (root / each).read_text() for each in (older, "tests/cases/xpovio/2022-10-03.yaml")
    )
    done = further(root, "xpovio", date(2025, 1, 1))
    assert done.findings == ()
    assert "reading-1-first-day-of-the-text-on-file" in done.left_out
    assert (root / older).read_text() == text.replace(
        'in_force: {from: "2020-08-01"}', 'in_force: {from: "2020-08-01", to: "2024-12-31"}'
    )
    copied = (root / done.written[1]).read_text()
    names = re.findall("- name: (.+)", cases)
    assert re.findall("- name: (.+)", copied) == [
        each for each in names if each not in done.left_out
    ]
    assert 10 * len(done.left_out) < len(names)
    assert "# Initial requests: II and III" in copied


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "with --effective alone"),
        (("--effective", "2026-01-01", "--title", "T"), "with --effective alone"),
        (
            ("--effective", str(DAY)),
            f"has version {DAY}; a further version must become effective on a later",
        ),
        (("--effective", "2020-01-01"), "become effective on a later day"),
    ],
)
def test_what_is_no_further_version(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    root = checkout(tmp_path, "sound")
    done = run("new", "sound", *arguments, at=root)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert [each.name for each in (root / data("sound")).parents[1].iterdir()] == [str(DAY)]


def test_what_is_not_sound_is_not_copied(tmp_path: Path) -> None:
    root = checkout(tmp_path, "sound")
    replace(root / data("sound"), "minimum: 18", "minimum: 21")
    before = (root / data("sound")).read_bytes()
    done = run("new", "sound", "--effective", str(LATER), at=root)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(
        rf"correct sound before it is copied: {data('sound')}:\d+: .*the figure 21", done.stderr
    )
    assert (root / data("sound")).read_bytes() == before
    assert [each.name for each in (root / data("sound")).parents[1].iterdir()] == [str(DAY)]


def test_findings_make_the_exit_code_1(tmp_path: Path) -> None:
    root = checkout(tmp_path, "sound")
    replace(root / data("sound"), "minimum: 18", "minimum: 21")
    done = run("check", "--policy", str(root), at=tmp_path.parent)
    assert (done.returncode, done.stderr) == (1, "")
    assert re.fullmatch(rf"{data('sound')}:\d+: III\.1 \(age\): has the figure 21.*\n", done.stdout)
    done = run("check", "another", at=root)
    assert (done.returncode, "there is no guideline another" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Upper", {}),
        ("two words", {}),
        ("../up", {}),
        ("fine", {"title": " "}),
        ("fine", {"title": "two\nlines"}),
        ("fine", {"drugs": ["a/b"]}),
        ("fine", {"drugs": [".."]}),
        ("fine", {"drugs": ["®"]}),
        ("fine", {"drugs": ["\x1cfine"]}),
        ("fine", {"effective": date(1989, 12, 31)}),
    ],
)
def test_what_cannot_be_begun(tmp_path: Path, name: str, change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        new(tmp_path, name, **{"title": "Fine", "effective": DAY, **change})
    assert list(tmp_path.iterdir()) == []


def test_the_guidelines_on_file_are_sound() -> None:
    assert [str(each) for each in check(ROOT).findings] == []
