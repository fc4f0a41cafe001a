"""What a batch says in figures: a summary of its decisions, and a report that is the summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe

import test_examples as examples
import worked
from files.make import SOUND
from generators import FULL
from looks import in_every_look
from priorauth import WasmEngine
from priorauth.batch.report import report
from priorauth.batch.summary import summary
from priorauth.batch.tally import Tally
from priorauth.tables import Row
from test_analyst import as_csv
from test_batch import read, requests, run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Document = dict[str, Any]

NAME = "Zephyrine Quux"
"""Of a member, in places where none belongs."""

STRANGE: list[Any] = [
    {**FULL, "request_id": NAME, "member": {**FULL["member"], NAME: 1, "birth_date": NAME}},
    {**FULL, NAME: NAME, "nccn": [{"source": NAME, "category": "1"}, {NAME: 1}], "member": NAME},
    {**FULL, "documentation": [{"reference": NAME}, {"reference": NAME, NAME: 1}]},
    {**FULL, "quantity": {"tablets": 20.5}, f"member.{NAME}": None},
    [NAME],
]
BROKEN = [f'{{"request_id": "{NAME}"', f'"{NAME}"', f'{{"{NAME}": NaN}}', f'{{"a": 1, "{NAME}"}}']


@pytest.fixture(scope="module")
def asked() -> list[Any]:
    """The requests, and None for each line that holds none."""
    documents = [*requests(1_600), *(case.request for case in worked.cases())]
    for path in examples.TABLES:
        documents += [examples.request_of(path, case) for case in examples.table(path)["cases"]]
    return [*documents, *STRANGE * 2, *(None for _ in BROKEN)]


@pytest.fixture(scope="module")
def decided(
    asked: list[Any], examples_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """What a batch of them writes."""
    folder = tmp_path_factory.mktemp("decided")
    lines = [json.dumps(request) for request in asked if request is not None]
    (folder / "in.ndjson").write_text("".join(f"{line}\n" for line in [*lines, *BROKEN]))
    files = {name: folder / f"{name}.{kind}" for name, kind in WRITTEN.items()}
    code, said = run(
        *(folder / "in.ndjson", "-o", files["out"], "--bundle", examples_bundle),
        *("--summary", files["summary"], "--report", files["report"], "--workers", "2"),
    )
    assert code == 3, said
    return files


WRITTEN = {"out": "ndjson", "summary": "json", "report": "html"}


@pytest.fixture(scope="module")
def found(decided: dict[str, Path]) -> Any:
    """The summary."""
    return json.loads(decided["summary"].read_text())


# --------------------------------------------------------------------------------------------
# The summary
# --------------------------------------------------------------------------------------------


def flat(criteria: Iterable[Document]) -> Iterator[Document]:
    for each in criteria:
        yield each
        yield from flat(each.get("parts", []))


def version(row: Document) -> tuple[str, str]:
    return row["guideline_id"], row["guideline_version"]


def governing(decision: Document) -> tuple[str, str]:
    return decision["guideline"]["id"], decision["guideline"]["version"]


def test_the_summary_is_what_the_decisions_are(
    asked: list[Any], decided: dict[str, Path], found: Any
) -> None:
    documents = read(decided["out"])
    pairs = [
        (request, each)
        for request, each in zip(asked, documents, strict=True)
        if each["outcome"] != "invalid"
    ]
    assert found["requests"] == len(asked)
    assert found["outcomes"] == Counter(each["outcome"] for each in documents)
    assert found["requires_clinician_review"] == sum(
        each["requires_clinician_review"] for each in documents
    )
    assert {
        (*version(each), each["clause"], each["criterion"], status): each[status]
        for each in found["criteria"]
        for status in ("met", "not_met", "unknown", "reduced", "not_considered")
        if each[status]
    } == Counter(
        (*governing(document), each["clause"], each["id"], each["status"])
        for _, document in pairs
        for each in flat(document["criteria"])
    )
    assert {each["month"]: each["requests"] for each in found["months"]} == Counter(
        request["service_date"][:7] for request, _ in pairs
    )
    for month in found["months"]:
        of_it = [each for request, each in pairs if request["service_date"][:7] == month["month"]]
        outcomes = Counter(each["outcome"] for each in of_it)
        assert {key: month[key] for key in month if key not in ("month", "requests")} == {
            outcome: outcomes[outcome]
            for outcome in ("approved", "modified", "denied", "pended", "not_applicable")
        }
    assert {each["code"]: each["requests"] for each in found["notices"]} == Counter(
        notice["code"] for _, each in pairs for notice in each["notices"]
    )


def test_the_texts_and_their_order_are_the_guideline_s(found: Any, examples_bundle: Path) -> None:
    with WasmEngine(examples_bundle) as engine:
        listed = [
            (guideline.id, version.version, each.clause, each.id, each.text)
            for guideline in engine.catalog()
            for version in guideline.versions
            for each in version.criteria
        ]
    names = ("guideline_id", "guideline_version", "clause", "criterion", "text")
    told = [tuple(each[name] for name in names) for each in found["criteria"]]
    assert told == [each for each in listed if each in told]
    assert {each[0] for each in told} == {"xpovio", *examples.NAMES} - {"xpovio-2024"}


def test_the_questions_most_asked_come_first(decided: dict[str, Path], found: Any) -> None:
    """A question about the items of a list is one, whichever item it is of."""
    expected: Counter[tuple[str, ...]] = Counter()
    for each in read(decided["out"]):
        expected.update(
            {
                (*governing(each), asked["clause"], *fact_and_words(asked))
                for asked in each["missing"]
            }
        )
    told = {
        (*version(each), each["clause"], each["fact"], each["question"]): each["requests"]
        for each in found["questions"]
    }
    assert told == expected
    assert list(told.values()) == sorted(told.values(), reverse=True)
    assert any(fact == "clinical.therapies.weeks" for *_, fact, _ in told)


def fact_and_words(asked: Document) -> tuple[str, str]:
    steps = [step for step in asked["path"].split("/")[1:] if not step.isdigit()]
    return ".".join(steps), asked["question"]


def test_what_is_requested_and_what_is_authorized(
    asked: list[Any], decided: dict[str, Path], found: Any
) -> None:
    sums: dict[tuple[str, str, str], list[float]] = {}
    for request, each in zip(asked, read(decided["out"]), strict=True):
        if not each["guideline"]:
            continue
        for name, much in (request.get("quantity") or {}).items():
            if much is None or name == "days_supply":
                continue
            figures = sums.setdefault((each["guideline"]["id"], name, each["outcome"]), [0, 0, 0])
            figures[0] += 1
            figures[1] += much
            if each["authorization"]:
                figures[2] += each["authorization"]["quantity"][name]
    assert {
        (each["guideline_id"], each["quantity"], each["outcome"]): [
            *(each["requests"], each["requested"], each["authorized"])
        ]
        for each in found["quantities"]
    } == {key: pytest.approx(figures) for key, figures in sums.items()}
    assert len({name for _, name, _ in sums}) > 1


def test_sums_do_not_depend_on_the_order(bundle_file: Path) -> None:
    with WasmEngine(bundle_file) as engine:
        facts = engine.facts()
    approved = dict(worked.documents())["initial-approved"]
    document = approved["decision"]
    tallies = []
    for much in (0.1, 0.2, 0.3, 10**20, 1e-7):
        row = Row("line 1", {**approved["request"], "quantity": {"tablets": much}})
        tallies.append(Tally.of([row], [document], facts))
    forth, back = Tally(), Tally()
    for one, other in zip(tallies, reversed(tallies), strict=True):
        forth += one
        back += other
    assert forth == back == Tally.read(json.loads(json.dumps(forth.saved())))
    assert forth.rows == 5
    assert forth.sums["authorized", "xpovio", "tablets", "approved"] == 100


UNDECLARED = "is not a fact that any guideline on file declares; see the request schema"
FAULTS = {
    ("", UNDECLARED): 2,
    ("", 'must be a JSON object, sent as the value of "input"'): 3,
    ("", "not JSON: Expecting ',' delimiter at line …, column …"): 1,
    ("", "not JSON: Expecting ':' delimiter at line …, column …"): 1,
    ("", "not JSON: NaN is not a JSON number"): 1,
    ("documentation", UNDECLARED): 2,
    ("member", UNDECLARED): 2,
    ("member", "must be an object"): 2,
    ("member.birth_date", "must be a real date, written YYYY-MM-DD, from 1870 to 2099"): 2,
    ("nccn", UNDECLARED): 2,
    ("nccn.category", "is required"): 2,
    ("nccn.source", "is required"): 2,
    ("nccn.source", "must be one of guidelines or compendium"): 2,
    ("quantity.tablets", "must be a whole number of at least 1 and at most 1000000000"): 2,
}


def test_invalid_rows_are_counted_by_fault(bundle_file: Path, tmp_path: Path) -> None:
    """Once each, however often a row has it; names chosen by the sender are not reported."""
    taken, summary = tmp_path / "in.ndjson", tmp_path / "summary.json"
    lines = [*map(json.dumps, STRANGE * 2), *BROKEN]
    taken.write_text("".join(f"{line}\n" for line in lines))
    out = tmp_path / "out.ndjson"
    code, _ = run(taken, "-o", out, "--bundle", bundle_file, "--summary", summary)
    counted = json.loads(summary.read_text())
    assert (code, counted["outcomes"]) == (3, {"invalid": len(lines)})
    assert {(each["fact"], each["fault"]): each["requests"] for each in counted["faults"]} == FAULTS
    assert counted["months"] == counted["quantities"] == []


def test_rows_of_a_table_are_counted_by_fault(bundle_file: Path, tmp_path: Path) -> None:
    rows = [dict(SOUND[0]) for _ in range(3)]
    rows[0]["member.birth_date"] = rows[2]["member.birth_date"] = NAME
    rows[1]["quantity.tablets"] = f"{NAME} 2"
    taken, summary = as_csv(tmp_path / "in.csv", rows), tmp_path / "summary.json"
    with taken.open("a") as file:
        file.write("a,b\na,b,c\n")
    code, _ = run(
        *(taken, "-o", tmp_path / "out.csv", "--bundle", bundle_file, "--summary", summary)
    )
    assert code == 3
    assert json.loads(summary.read_text())["faults"] == [
        {"fact": "", "fault": "it has … cells, but the header has …", "requests": 2},
        {
            "fact": "member.birth_date",
            "fault": "must be a real date, written YYYY-MM-DD, from 1870 to 2099",
            "requests": 2,
        },
        {
            "fact": "quantity.tablets",
            "fault": "column quantity.tablets must hold a number",
            "requests": 1,
        },
    ]


# --------------------------------------------------------------------------------------------
# The report
# --------------------------------------------------------------------------------------------


class Parts(HTMLParser):
    """The tables of a report by their captions, and what their charts draw."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.charts: dict[str, list[str]] = {}
        self._into: list[str] | None = None
        self._rows: list[list[str]] = []
        self._texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag == "svg":
            self._texts = self.charts.setdefault(str(dict(attributes)["aria-label"]), [])
        self._into = {"caption": [], "th": [], "td": [], "text": []}.get(tag)

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)

    def handle_endtag(self, tag: str) -> None:
        told = "".join(self._into or ())
        if tag == "caption":
            self.tables[told] = self._rows
        elif tag in ("th", "td"):
            self._rows[-1].append(told)
        elif tag == "text":
            self._texts.append(told)
        self._into = None


def words(code: str) -> str:
    return code.replace("_", " ")


def figure(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:,}"


def test_every_figure_of_the_report_is_the_summary_s(decided: dict[str, Path], found: Any) -> None:
    told = Parts(decided["report"].read_text())
    tables = {caption.split(":")[0]: rows for caption, rows in told.tables.items()}
    whole = ("requests", "requires_clinician_review", "repeated_request_ids", "blank_rows")
    expected: dict[str, list[list[str]]] = {
        "In all": [[figure(found[name])] for name in whole],
        "Outcomes": [[words(each), figure(count)] for each, count in found["outcomes"].items()],
    }
    of_clauses = ("guideline_id", "guideline_version", "clause")
    expected["Clauses"] = [
        [*(each[name] for name in of_clauses), words(each["outcome"]), figure(each["requests"])]
        for each in found["clauses"]
    ]
    statuses = ("met", "not_met", "unknown", "reduced", "not_considered")
    for each in found["criteria"]:
        title = f"Criteria of {each['guideline_id']} {each['guideline_version']}"
        cells = [each["clause"], each["criterion"], each["text"]]
        cells += [figure(each[status]) for status in statuses]
        expected.setdefault(title, []).append(cells)
    of_questions = ("question", "fact", *of_clauses)
    expected["Questions"] = [
        [*(each[name] for name in of_questions), figure(each["requests"])]
        for each in found["questions"]
    ]
    expected["Requested and authorized"] = [
        [
            *(each["guideline_id"], words(each["quantity"]), words(each["outcome"])),
            *(figure(each[name]) for name in ("requests", "requested", "authorized")),
        ]
        for each in found["quantities"]
    ]
    expected["Months"] = [
        [value if name == "month" else figure(value) for name, value in each.items()]
        for each in found["months"]
    ]
    expected["Notices"] = [
        [words(each["code"]), figure(each["requests"])] for each in found["notices"]
    ]
    expected["Faults"] = [
        [each["fact"] or "the whole request", each["fault"], figure(each["requests"])]
        for each in found["faults"]
    ]
    shown = {title: rows[1:] for title, rows in tables.items()}
    shown["In all"] = [row[1:] for row in shown["In all"]]
    assert shown == expected
    for caption, texts in told.charts.items():
        figures = {cell for row in tables[caption.removeprefix("Chart: ")] for cell in row}
        assert texts
        assert set(texts[1::2]) <= figures, caption
    drawn = told.charts["Chart: Outcomes"]
    assert list(zip(drawn[::2], drawn[1::2], strict=True)) == list(map(tuple, shown["Outcomes"]))
    drawn = told.charts["Chart: Requested and authorized"]
    assert any(label.endswith(": authorized") for label in drawn)


def test_a_chart_of_many_shows_the_latest_months_and_says_so() -> None:
    months = [f"{year}-{month:02}" for year in range(2020, 2024) for month in range(1, 13)]
    tally = Tally(Counter({("month", month, "approved"): 1 for month in months}))
    html = report(summary(tally, 0, 0, [])).decode()
    drawn = Parts(html).charts["Chart: Months"]
    assert drawn[::2] == months[-40:]
    assert "The chart shows the latest 40 of 48 figures; the table has all." in html


def test_the_report_asks_for_nothing_and_names_nobody(decided: dict[str, Path]) -> None:
    html = decided["report"].read_text()
    for text in (html, decided["summary"].read_text()):
        assert NAME not in text
        assert NAME.split()[1] not in text
        assert FULL["member"]["birth_date"] not in text
        assert "r-1" not in text
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert decided["report"].stat().st_mode & 0o777 == 0o600


@pytest.mark.browser
@in_every_look
def test_axe_finds_no_violation(
    width: int, scheme: Literal["light", "dark"], browser: Browser, decided: dict[str, Path]
) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 640})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(decided["report"].as_uri())
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == [decided["report"].as_uri()]
    page.close()


def test_files_that_are_one(bundle_file: Path, tmp_path: Path) -> None:
    taken, out = as_csv(tmp_path / "in.csv", [dict(SOUND[0])]), tmp_path / "out.csv"
    for options in (
        ("-o", out, "--report", out),
        ("-o", out, "--summary", tmp_path / "s", "--report", tmp_path / "s"),
    ):
        code, said = run(taken, "--bundle", bundle_file, *options)
        assert (code, "name the same file" in said) == (2, True)
        assert not out.exists()


def test_a_batch_of_nothing(bundle_file: Path, tmp_path: Path) -> None:
    taken, report = tmp_path / "in.ndjson", tmp_path / "report.html"
    taken.write_text("")
    code, _ = run(taken, "-o", tmp_path / "out.ndjson", "--bundle", bundle_file, "--report", report)
    assert code == 0
    assert list(Parts(report.read_text()).tables) == ["In all"]
