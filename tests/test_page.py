"""The reviewer's page in a real browser: it decides as the sidecar does, and keeps to itself."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from hypothesis import HealthCheck, example, given, settings

import generators
import test_examples as examples
import worked
from asking import ask
from looks import in_every_look
from priorauth import ConfigurationError, Decision, WasmEngine
from priorauth.authoring.cases import put
from priorauth.errors import SidecarStartError
from priorauth.page import page as make
from priorauth.page.server import PageServer
from test_survival import members, packed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[1]

ENTER = """
(text) => {
  const source = document.getElementById("source");
  source.value = text;
  source.dispatchEvent(new Event("input"));
  return document.getElementById("decision-json").textContent;
}
"""
"""Puts a text where the request document is written, and gives the decision that is shown."""

Opened = Callable[..., "Page"]


def canonical(document: Any) -> str:
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory, bundle_file: Path) -> Path:
    """The page of the checkout's policy."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_bytes(make(bundle_file.read_bytes()))
    return path


@pytest.fixture(scope="session")
def many(examples_bundle: Path) -> Path:
    """The page of a policy with the examples' guidelines on file too; its bundle is beside it."""
    path = examples_bundle.with_name("page.html")
    path.write_bytes(make(examples_bundle.read_bytes()))
    return path


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Opened]:
    """Opens a page, without a network. Any request but for itself, and any error that it reports,
    fails."""
    asked: list[str] = []
    said: list[str] = []
    with contextlib.ExitStack() as stack:

        def open_(path: Path = file, **options: Any) -> Page:
            context = browser.new_context(locale="en-US", **options)
            stack.callback(context.close)
            context.set_offline(True)
            page = context.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(path.as_uri())
            page.wait_for_selector("body[data-ready]")
            return page

        yield open_
    assert [url for url in asked if not url.startswith("file:")] == []
    assert {Path(urlsplit(url).path).name for url in asked} <= {"page.html"}
    assert said == []


def entered(page: Page, request: Any) -> Any:
    """The decision that the page shows on a request."""
    text = page.evaluate(ENTER, json.dumps(request, ensure_ascii=False))
    return json.loads(text) if text else None


def searched(page: Page) -> str:
    """What the page says would change the outcome, once it has found it."""
    page.wait_for_selector("#changes:not([aria-busy])")
    return page.inner_text("#changes")


def example_cases() -> Iterator[tuple[str, Any]]:
    """Every worked case of the example guidelines: its name and its request."""
    for path in examples.TABLES:
        for case in examples.table(path)["cases"]:
            yield case["name"], examples.request_of(path, case)


# --------------------------------------------------------------------------------------------
# It decides as the sidecar does
# --------------------------------------------------------------------------------------------


def test_every_worked_case_is_decided_as_the_sidecar_does(opened: Opened, url: str) -> None:
    page = opened()
    cases = [(case.name, case.request) for case in worked.cases()]
    cases += [(name, document["request"]) for name, document in worked.documents()]
    assert len(cases) > 100
    for name, request in cases:
        assert canonical(entered(page, request)) == canonical(ask(url).decide(request)), name


def test_every_worked_case_of_other_guidelines_is_too(opened: Opened, many: Path) -> None:
    page = opened(many)
    cases = list(example_cases())
    decisions = examples.decide([request for _, request in cases], *examples.NAMES)
    for (name, request), decision in zip(cases, decisions, strict=True):
        assert canonical(entered(page, request)) == canonical(decision), name


@pytest.mark.long
def test_any_value_in_any_place_is_too(opened: Opened, bundle_file: Path) -> None:
    page = opened()
    documents = list(itertools.islice(generators.every_value_everywhere(), 0, None, 23))
    documents += [None, 0, "", False, [], {}]
    with WasmEngine(bundle_file) as engine:
        decisions = list(engine.decide_many(documents))
    refused = 0
    for request, decision in zip(documents, decisions, strict=True):
        refused += not decided_as(page, request, decision)
    assert refused < len(documents) / 20


DEEP: Any = json.loads("[" * 200 + "]" * 200)
STRANGE: list[Any] = [
    {"toString": 1},
    {"toString": None, "valueOf": None},
    {"toJSON": "x", "length": 2, "constructor": {"name": 1}},
    json.loads('{"__proto__": {"toString": 1}}'),
    [{"toString": 1}],
    DEEP,
]
"""What scripts trip over: values that cannot be made a text, or are nested."""


def test_strange_values_are_decided_in_any_place(opened: Opened, bundle_file: Path) -> None:
    page = opened()
    places = [*generators.FIELDS, *generators.ITEM_FIELDS, *generators.UNKNOWN_FIELDS]
    documents = [generators.put(generators.FULL, place, it) for place in places for it in STRANGE]
    with WasmEngine(bundle_file) as engine:
        for request, decision in zip(documents, engine.decide_many(documents), strict=True):
            assert decided_as(page, request, decision)
            assert_shown_for(page, decision)
            assert json.loads(page.input_value("#source")) == request


@pytest.mark.parametrize("depth", [5_000, 60_000])
@pytest.mark.parametrize("place", ["/service_date", "/documentation/0/date", "/x"])
def test_nothing_stays_of_an_earlier_decision(opened: Opened, place: str, depth: int) -> None:
    """However deep a value is: what is shown is the decision on it, or that there is none."""
    page = opened()
    assert entered(page, generators.FULL)["outcome"] == "approved"
    text = json.dumps(generators.put(generators.FULL, place, MARKUP))
    deep = text.replace(json.dumps(MARKUP), "[" * depth + "]" * depth)
    shown = page.evaluate(ENTER, deep)
    assert page.input_value("#source") == deep
    if shown:
        assert json.loads(shown)["outcome"] == "invalid"
        assert page.locator("#bar").inner_text().startswith("! Invalid")
        assert page.locator("#fault").is_hidden()
    else:
        assert_nothing_is_decided(page)
    # An entry into a field is written down even so.
    page.evaluate("""() => {
      const field = document.getElementById("f/request_id");
      field.value = "another";
      field.dispatchEvent(new Event("input"));
    }""")
    assert '"another"' in page.input_value("#source")


@pytest.mark.parametrize(
    "broken", ["Engine.decide", "Form.show", "Text.guideline", "Text.table", "Json.sorted"]
)
def test_whatever_breaks_off_nothing_is_decided(opened: Opened, broken: str) -> None:
    page = opened()
    entered(page, generators.INITIAL)
    searched(page)
    page.evaluate(f"() => {{ {broken} = () => {{ throw new Error('no more') }} }}")
    assert entered(page, generators.put(generators.INITIAL, "/request_id", "r-2")) is None
    assert_nothing_is_decided(page)
    assert page.inner_text("#fault") == "Nothing is decided: no more."
    assert "r-1" not in page.inner_text("body")


def assert_nothing_is_decided(page: Page) -> None:
    """Neither on the screen nor on paper, and a fault is told."""
    assert page.inner_text("#fault").startswith("Nothing is decided: ")
    assert page.locator("#bar").is_hidden()
    assert page.text_content("#decision-json") == ""
    assert page.locator("#decision .outcome, #text .mark, #changes li, table").count() == 0
    page.emulate_media(media="print")
    printed = page.inner_text("body")
    page.emulate_media(media="null")
    assert not re.search("approved|denied|pended|authorization\n", printed, re.IGNORECASE)


def assert_shown_for(page: Page, decision: Decision) -> None:
    """The outcome is the one of this decision wherever it is said, and there is no fault."""
    told = decision.outcome.replace("_", " ").capitalize()
    assert page.locator("#bar").inner_text()[2:].startswith(told)
    assert page.locator("#decision .outcome strong").inner_text() == told
    assert page.locator("#fault").is_hidden()


def decided_as(page: Page, request: Any, decision: Decision) -> bool:
    """Whether it is decided at all: a number that would be rounded is refused."""
    found = entered(page, request)
    if found is None:
        assert "rounding" in (page.text_content("#source-error") or ""), repr(request)
        return False
    assert canonical(found) == canonical(respelt(decision.raw)), repr(request)
    return True


def respelt(value: Any) -> Any:
    """With numbers as a script writes them: 1.0 is 1."""
    if isinstance(value, dict):
        return {key: respelt(each) for key, each in value.items()}
    if isinstance(value, list):
        return list(map(respelt, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(request=generators.any_document)
@example(request={**generators.INITIAL, "service_date": "0000-01-01"})
def test_any_document_is_too(held: tuple[Page, WasmEngine], request: Any) -> None:
    page, engine = held
    decided_as(page, request, engine.decide(request))


@pytest.fixture
def held(opened: Opened, bundle_file: Path) -> Iterator[tuple[Page, WasmEngine]]:
    with WasmEngine(bundle_file) as engine:
        yield opened(), engine


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "JSON"),
        ("", "JSON"),
        ('{"type": "initial", "type": "renewal"}', 'has the name "type" more than once'),
        ('{"a": {"b": 1, "\\u0062": 2}}', "more than once"),
        ('{"quantity": {"tablets": 20.00000000000000000001}}', "without rounding"),
        ('{"quantity": {"tablets": 1e400}}', "without rounding"),
        ('{"request_id": "\\ud800"}', "half of a surrogate pair"),
        ("NaN", "JSON"),
    ],
)
def test_what_is_no_json_is_decided_by_nobody(opened: Opened, text: str, why: str) -> None:
    page = opened()
    entered(page, generators.FULL)
    assert page.evaluate(ENTER, text) == ""
    page.locator("#document").evaluate("(details) => { details.open = true; }")
    assert why in page.inner_text("#source-error")
    assert page.locator("#bar").is_hidden()
    assert entered(page, generators.FULL)["outcome"] == "approved"


def test_numbers_are_kept_however_they_are_spelt(opened: Opened) -> None:
    page = opened()
    for text in ("20", "2e1", "20.0", "0.2E+2", "200e-1"):
        shown = page.evaluate(ENTER, f'{{"quantity": {{"tablets": {text}}}}}')
        assert json.loads(shown)["outcome"] == "invalid", text


def test_an_engine_that_breaks_off_is_no_decision(opened: Opened) -> None:
    page = opened()
    entered(page, generators.FULL)
    deep = "[" * 20_000 + "]" * 20_000
    assert page.evaluate(ENTER, deep) == ""
    assert page.inner_text("#fault").startswith("Nothing is decided: the engine broke off")
    assert page.locator("#bar").is_hidden()
    # It begins anew meanwhile.
    page.wait_for_timeout(1_000)
    assert entered(page, generators.FULL)["outcome"] == "approved"
    assert page.locator("#fault").is_hidden()


# --------------------------------------------------------------------------------------------
# The form
# --------------------------------------------------------------------------------------------


def typed(page: Page, label: str, keys: str) -> None:
    """Type into a field, a key at a time; each is decided at once, as what is shown is."""
    page.get_by_label(label, exact=True).focus()
    keyed(page, keys)


def keyed(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        request = json.loads(page.input_value("#source"))
        shown = json.loads(page.text_content("#decision-json") or "")
        told = page.evaluate("(request) => Engine.decide(request)", request)
        assert canonical(shown) == canonical(told)


def test_a_request_is_written_by_keyboard_alone(opened: Opened, url: str) -> None:
    page = opened()
    typed(page, "Request id", "r-1")
    page.get_by_label("Type of request").select_option("initial")
    typed(page, "First day of coverage asked for", "11012022")
    typed(page, "Drug", "Xpovio")
    typed(page, "Date of birth", "04121956")
    page.get_by_label("Benefit").select_option("pharmacy")
    typed(page, "Formulary", "2")
    page.get_by_label("Drug on the member's formulary").select_option("yes")
    for name, text in (("Supporting documents", "note-1"), ("Prescriber's specialties", "")):
        page.get_by_role("button", name=f"Add to {name}").press("Enter")
        if text:
            typed(page, "Reference", text)
    typed(page, "Prescriber's specialties 1", "207RH0003X")
    page.get_by_role("button", name="Add to NCCN recommendations").press("Enter")
    page.get_by_label("Source", exact=True).select_option("compendium")
    page.get_by_label("Category", exact=True).select_option("2A")
    typed(page, "Weekly dose, in mg", "100")
    typed(page, "Tablets per fill", "32")
    typed(page, "Days supply", "28")
    request = {
        **generators.INITIAL,
        "request_id": "r-1",
        "documentation": [{"reference": "note-1"}],
        "quantity": {"tablets": 32, "days_supply": 28},
    }
    assert json.loads(page.input_value("#source")) == request
    shown = json.loads(page.text_content("#decision-json") or "")
    assert canonical(shown) == canonical(ask(url).decide(request))
    assert shown["outcome"] == "modified"
    assert "A clinician decides" in page.inner_text("#decision")
    page.get_by_label("Tablets per fill").focus()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    assert "tablets" not in page.input_value("#source")
    assert page.locator("#decision .outcome").inner_text().startswith("? Pended")


def test_every_fact_of_every_guideline_has_a_field(opened: Opened, many: Path) -> None:
    page = opened(many)
    with WasmEngine(many.with_name("bundle.tar.gz")) as engine:
        catalog, vocabulary = engine.catalog(), engine.facts()
    for guideline in catalog:
        page.get_by_role("combobox", name="Guideline", exact=True).select_option(guideline.title)
        version = guideline.versions[-1]
        for path, fact in {**version.facts, "request_id": vocabulary["request_id"]}.items():
            field = page.locator(f'[id="f/{path.replace(".", "/")}"]')
            assert field.count() == 1, path
            kind = field.evaluate("(node) => node.type ?? node.tagName")
            wanted = {"boolean": "select-one", "array": "button"}.get(fact["type"], "text")
            if "enum" in fact:
                wanted = "select-one"
                options = field.locator("option").all_inner_texts()
                assert options == ["not stated", *(each.replace("_", " ") for each in fact["enum"])]
            elif fact.get("format") == "date":
                wanted = "date"
            assert kind == wanted, path
            if "question" in fact:
                hint = page.locator(f'[id="f/{path.replace(".", "/")}-hint"]')
                assert hint.text_content() == fact["question"]


def test_what_a_field_cannot_show_is_shown_as_it_is(opened: Opened) -> None:
    page = opened()
    request = {
        **generators.FULL,
        "member": "secret",
        "nccn": {"source": 1},
        "dose": {"mg_per_week": "100", "times_per_week": [2]},
        "foo": {"bar": None},
        "service_date": "2022-02-30",
    }
    decision = entered(page, request)
    assert page.locator("#form code").all_inner_texts() == [
        '{"source":1}',
        "[2]",
        '"secret"',
        '{"bar":null}',
    ]
    assert page.get_by_label("First day of coverage asked for").input_value() == "2022-02-30"
    assert page.get_by_label("Weekly dose, in mg").input_value() == "100"
    for error in decision["errors"]:
        assert error["message"] in page.locator("#form").inner_text(), error
    page.get_by_role("button", name="Remove member").click()
    assert "member" not in json.loads(page.input_value("#source"))


def test_the_focus_stays_in_the_form_when_something_is_removed(opened: Opened) -> None:
    page = opened()
    entered(page, {**generators.INITIAL, "foo": 1, "bar": 2, "nccn": {"source": 1}})
    removed_to = {
        "foo": "Remove bar",
        "bar": "More that can be stated",
        "NCCN recommendations": "Add to NCCN recommendations",
    }
    for name, told in removed_to.items():
        page.get_by_role("button", name=f"Remove {name}", exact=True).press("Enter")
        assert page.evaluate("() => document.activeElement.innerText") == told
    assert "nccn" not in json.loads(page.input_value("#source"))


def test_lists_are_written_item_by_item(opened: Opened) -> None:
    page = opened()
    nccn = page.get_by_label("There are none")
    entered(page, generators.INITIAL)

    def stated() -> Any:
        return json.loads(page.input_value("#source")).get("nccn")

    for _ in stated():
        page.get_by_role("button", name="Remove NCCN recommendations 1").click()
    assert stated() is None
    assert page.get_by_role("button", name="Add to NCCN recommendations").evaluate(
        "(node) => node === document.activeElement"
    )
    nccn.check()
    assert stated() == []
    assert "III.3" in page.locator("#decision").inner_text()
    page.get_by_role("button", name="Add to NCCN recommendations").click()
    page.get_by_label("Category", exact=True).select_option("1")
    assert stated() == [{"category": "1"}]


def test_an_unknown_clause_leads_to_the_field_that_settles_it(opened: Opened) -> None:
    page = opened()
    decision = entered(page, generators.BARE["initial"])
    assert len(decision["missing"]) == 10
    for each in decision["missing"]:
        link = page.locator("#text .settling a", has_text=each["question"]).first
        link.press("Enter")
        place = page.evaluate("() => document.activeElement.id")
        assert place == f"f{each['path']}"


def test_where_a_list_item_is_asked_for_the_link_leads_to_it(opened: Opened, many: Path) -> None:
    page = opened(many)
    name = "a failure without weeks asks for them and for the alternative"
    entered(page, dict(example_cases())[name])
    page.locator("#decision a", has_text="For how many weeks").press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "f/clinical/therapies/1/weeks"


# --------------------------------------------------------------------------------------------
# The text, the tree
# --------------------------------------------------------------------------------------------


def flat(criteria: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in criteria:
        yield each
        yield from flat(each.get("parts", []))


STATUSES = {
    "met": "✓ met",
    "not_met": "✗ not met",
    "unknown": "? unknown",
    "reduced": "▾ reduced",
    "not_considered": "\N{EN DASH} not considered",
}


def test_each_clause_is_marked_as_it_is_judged(opened: Opened, many: Path) -> None:
    page = opened(many)
    with WasmEngine(many.with_name("bundle.tar.gz")) as engine:
        versions = {
            (guideline.id, version.version): version
            for guideline in engine.catalog()
            for version in guideline.versions
        }
    marks = """() => [...document.querySelectorAll("#text .tree > li")].map((each) => [
      each.id, each.querySelector(":scope > .mark")?.innerText ?? "", each.className])"""
    seen = set()
    for name, request in example_cases():
        decision = entered(page, request)
        if not decision["guideline"]:
            continue
        version = versions[decision["guideline"]["id"], decision["guideline"]["version"]]
        judged = {each["id"]: each["status"] for each in flat(decision["criteria"])}
        shown = {place: (mark, kind) for place, mark, kind in page.evaluate(marks)}
        assert shown.keys() == {f"c/{each.id}" for each in version.criteria}
        for criterion in version.criteria:
            mark, kind = shown[f"c/{criterion.id}"]
            parent = criterion
            while parent.id not in judged and parent.parent:
                parent = next(each for each in version.criteria if each.id == parent.parent)
            status = judged.get(parent.id)
            if criterion.type not in (None, request["type"]):
                assert mark == "\N{EN DASH} not asked", name
            else:
                assert status is not None
                assert mark == STATUSES[status], (name, criterion.id)
                assert ("idle" in kind) == (status == "not_considered")
                seen.add(status)
    assert seen == STATUSES.keys()


def test_the_text_is_of_the_guideline_that_the_drug_has(opened: Opened, many: Path) -> None:
    """By the policy's own reading of its name, also while the request is not complete."""
    page = opened(many)
    chosen = page.get_by_role("combobox", name="Guideline", exact=True)
    told = "No guideline on file is for this request's drug. The text below is for another drug."
    with WasmEngine(many.with_name("bundle.tar.gz")) as engine:
        catalog = engine.catalog()
    for number, guideline in enumerate(catalog):
        for name in guideline.drug_names:
            for spelt in (name, f" {name.upper()}\N{REGISTERED SIGN} "):
                entered(page, {"drug": {"name": spelt}})
                assert chosen.input_value() == str(number), spelt
    assert told not in page.inner_text("#text")
    for request in (generators.INITIAL, {}):
        entered(page, {**request, "drug": {"name": "aspirin"}})
        assert told in page.inner_text("#text")
        page.evaluate(ENTER, "")
        assert told not in page.inner_text("#text")
    entered(page, generators.INITIAL)
    assert told not in page.inner_text("#text")


def test_the_text_is_there_word_for_word(opened: Opened) -> None:
    page = opened()
    shown = re.sub(r"\s+", " ", page.inner_text("#text"))
    with WasmEngine() as engine:
        (guideline,) = engine.catalog()
    for section in guideline.versions[-1].sections:
        for line in section.text.split("\n"):
            assert re.sub(r"\s+", " ", line).strip() in shown
        for reading in section.readings:
            assert re.sub(r"\s+", " ", reading).strip() in shown


# --------------------------------------------------------------------------------------------
# What would change it
# --------------------------------------------------------------------------------------------

WAYS = """
async (request) => {
  const decision = Engine.decide(request);
  const guideline = Engine.ask("catalog").find(({ id }) => id === decision.guideline?.id);
  const version = guideline?.versions.find(({ version }) => version === decision.guideline.version);
  if (!version || decision.criteria.length === 0) return [];
  const own = Engine.data().guidelines[guideline.id][version.version].facts;
  const facts = { ...Engine.data().facts, ...own };
  const criteria = Change.bearing(decision, version);
  const names = await Change.factsOf(criteria, request, decision, facts);
  const found = [];
  for (const each of criteria) {
    const ways = await Change.ofCriterion(each, names.get(each.id), request, decision, facts);
    found.push({ criterion: each.id, ways });
  }
  return found;
}
"""


def test_every_change_that_is_offered_does_what_it_says(opened: Opened, many: Path) -> None:
    page = opened(many)
    offered = nearest = 0
    with WasmEngine(many.with_name("bundle.tar.gz")) as engine:
        cases = [*example_cases(), *((case.name, case.request) for case in worked.cases())]
        for name, request in cases[::4]:
            for criterion in page.evaluate(WAYS, request):
                for way in criterion["ways"]:
                    changed = json.loads(json.dumps(request))
                    put(changed, way["path"], way["value"])
                    decision = engine.decide(changed).raw
                    found = {each["id"]: each["status"] for each in flat(decision["criteria"])}
                    claimed = (way["outcome"], way["status"])
                    found_ = (decision["outcome"], found[criterion["criterion"]])
                    assert found_ == claimed, (name, way)
                    offered += 1
                    if (value := nearer(request, way)) is not None:
                        put(changed, way["path"], value)
                        decision = engine.decide(changed).raw
                        found = {each["id"]: each["status"] for each in flat(decision["criteria"])}
                        found_ = (decision["outcome"], found.get(criterion["criterion"]))
                        assert found_ != claimed, (name, way)
                        nearest += 1
    assert offered > 300
    assert nearest > 50


def nearer(request: Any, way: dict[str, Any]) -> Any:
    """A value one step nearer to what the request says than the one offered, of a whole number or
    a day; None where there is none."""
    stated = request
    for step in way["path"]:
        try:
            stated = stated[step]
        except (KeyError, IndexError, TypeError):
            stated = None
            break
    value = way["value"]
    if isinstance(value, int) and not isinstance(value, bool):
        here: Any = stated or 0
        step = 1 if here > value else -1
        return value + step if value + step != here else None
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        here, day = (
            date.fromisoformat(each) for each in (stated or request["service_date"], value)
        )
        other = day + timedelta(1 if here > day else -1)
        return other.isoformat() if other != here else None
    return None


@pytest.mark.parametrize(
    ("differs", "criterion", "told"),
    [
        ({"member.birth_date": "2010-01-31"}, "III.1", "Date of birth: 2004-11-01 → ✓ approved"),
        (
            {"member.birth_date": "2004-11-02"},
            "III.1",
            "First day of coverage asked for: 2022-11-02 → ✓ approved",
        ),
        ({}, "III.1", "Date of birth: 2004-11-02 → ✗ denied"),
        ({}, "V", "Months asked for: 7 → ▾ modified"),
        ({"duration_months": 9}, "V", "Months asked for: 6 → ✓ approved"),
        ({"quantity.tablets": 32}, "IV", "Tablets per fill: 20 → ✓ approved"),
        ({"quantity.tablets": 32}, "IV", "Weekly dose, in mg: 160 → ✓ approved"),
        ({"quantity.tablets": 32}, "IV", "Days supply: 45 → ✓ approved"),
        ({"member.benefit": "medical"}, "Applicable", "Benefit: pharmacy → ✓ approved"),
        (
            {"prescriber.taxonomies": ["207Q00000X"]},
            "III.2",
            "with 207RH0000X (Internal Medicine, Hematology), or 6 others → ✓ approved",
        ),
        ({}, "III.2", "Hematology & Oncology) → ? pended"),
        ({}, "II", "Supporting documents: without reference chart-note-17 → ? pended"),
        ({"nccn": None}, "III.3", "NCCN recommendations: none, or 4 others → ✗ denied"),
        (
            {"member.birth_date": "2010-01-31", "nccn": []},
            "III.1",
            "Date of birth: 2004-11-01 → ✓ met, but still denied",
        ),
    ],
)
def test_the_nearest_change(
    opened: Opened, differs: dict[str, Any], criterion: str, told: str
) -> None:
    page = opened()
    request = next(case.request for case in worked.cases() if case.name == "initial-approved")
    for path, value in differs.items():
        put(request, path.split("."), value)
    entered(page, request)
    searched(page)
    lines = page.locator("#changes > ul > li", has_text=criterion).locator("li").all_inner_texts()
    assert any(told in line for line in lines), lines


def test_a_criterion_that_no_change_was_found_for_says_so(opened: Opened) -> None:
    page = opened()
    page.evaluate("() => { Change.ofCriterion = async () => [] }")
    entered(page, generators.INITIAL)
    assert searched(page).count("No change of one fact was found.") > 3


def test_a_search_that_breaks_off_leaves_the_decision(opened: Opened) -> None:
    page = opened()
    page.evaluate("() => { Change.ofCriterion = async () => { throw new Error('no more') } }")
    entered(page, generators.INITIAL)
    assert searched(page) == "The search broke off: no more."
    assert page.locator("#bar").inner_text().startswith("✓ Approved")
    assert page.locator("#fault").is_hidden()


def test_a_long_list_keeps_nobody_waiting(opened: Opened) -> None:
    page = opened()
    documents = [{"reference": f"n-{number}"} for number in range(1_000)]
    request = {**generators.INITIAL, "documentation": documents}
    entered(page, request)
    page.wait_for_timeout(1_000)
    assert page.get_attribute("#changes", "aria-busy") == "true"
    began = time.monotonic()
    page.locator('[id="f/quantity/tablets"]').focus()
    keyed(page, "3")
    assert json.loads(page.input_value("#source"))["quantity"]["tablets"] == 203
    assert time.monotonic() - began < 3
    entered(page, {**request, "documentation": documents[:200]})
    page.wait_for_selector("#changes:not([aria-busy])", timeout=60_000)
    assert "Of a list the first 10 items are tried." in page.inner_text("#changes")


# --------------------------------------------------------------------------------------------
# For people
# --------------------------------------------------------------------------------------------

STATES: dict[str, Any] = {
    "empty": None,
    "bare": generators.BARE["initial"],
    "approved": generators.INITIAL,
    "invalid": {**generators.FULL, "foo": 1, "nccn": 2, "service_date": "2022-02-30"},
    "not an object": [1],
}


@in_every_look
def test_axe_finds_no_violation(opened: Opened, many: Path, width: int, scheme: str) -> None:
    page = opened(many, viewport={"width": width, "height": 800}, color_scheme=scheme)
    denied = [request for name, request in example_cases() if "failure after" in name]
    for name, request in {**STATES, "denied": denied[0]}.items():
        if request is not None:
            entered(page, request)
            searched(page)
        page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
        report = Axe().run(page)
        assert report.violations_count == 0, f"{name}: {report.generate_report()}"
        overflow = page.evaluate("document.documentElement.scrollWidth")
        assert overflow <= width, name


def test_what_is_decided_is_said_aloud_once_it_is_entered(opened: Opened) -> None:
    page = opened()
    status = page.get_by_role("status")
    entered(page, generators.BARE["initial"])
    status.get_by_text("Pended, 10 open questions.").wait_for(state="attached")
    minor = generators.put(generators.INITIAL, "/member/birth_date", "2010-01-31")
    entered(page, minor)
    status.get_by_text("Denied. A clinician decides.").wait_for(state="attached")
    assert page.locator("#bar").inner_text() == "✗ Denied. A clinician decides."


@pytest.mark.long
def test_every_decision_prints_on_one_page(opened: Opened, many: Path) -> None:
    page = opened(many)
    cases = [*example_cases(), *((case.name, case.request) for case in worked.cases())]
    for (name, request), paper in zip(cases[::3], itertools.cycle(["A4", "Letter"]), strict=False):
        decision = entered(page, request)
        pdf = page.pdf(format=paper)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1, name
        page.emulate_media(media="print")
        shown = page.inner_text("body")
        page.emulate_media(media="null")
        for criterion in flat(decision["criteria"]):
            assert criterion["text"] in shown, name
        for each in (*decision["reasons"], *decision["notices"], *decision["errors"]):
            assert each["message"] in shown, name


def test_tab_goes_from_the_first_link_through_the_form(opened: Opened) -> None:
    page = opened()
    places = []
    for _ in range(9):
        page.keyboard.press("Tab")
        places.append(page.evaluate("() => document.activeElement.id"))
    assert places[1:7] == ["open", "save", "print", "clear", "guideline-choice", places[6]]
    assert places[6].startswith("f/")
    page.keyboard.press("Shift+Tab")
    page.locator(".skip").press("Enter")
    assert page.evaluate("() => location.hash") == "#decision"


# --------------------------------------------------------------------------------------------
# It keeps to itself
# --------------------------------------------------------------------------------------------

MARKUP = '"><img src=x onerror="window.hit=1"><script>window.hit=1</script>{{data}}'


def marked(value: Any) -> Any:
    """The same with markup in every text, and in a name."""
    if isinstance(value, dict):
        return {**{key: marked(each) for key, each in value.items()}, f"x{MARKUP}": MARKUP}
    if isinstance(value, list):
        return [*map(marked, value), MARKUP]
    return MARKUP


def test_markup_in_every_field_stays_text(opened: Opened) -> None:
    page = opened()
    whole = "document.documentElement.outerHTML.match(/<(img|script|iframe|svg)/g).length"
    before = page.evaluate(whole)
    texts = dict.fromkeys(generators.FIELDS, MARKUP)
    requests = [
        marked(generators.FULL),
        *(generators.put(generators.FULL, path, MARKUP) for path in texts),
        {**generators.FULL, "request_id": MARKUP[:128]},
        MARKUP,
    ]
    for request in requests:
        entered(page, request)
        searched(page)
        assert page.evaluate("window.hit") is None
        assert page.locator("img, iframe").count() == 0
        assert page.locator("script").count() == before
    entered(page, {**generators.FULL, "request_id": MARKUP[:128]})
    assert MARKUP[:128] in page.locator("#decision .outcome").inner_text()


def test_nothing_becomes_markup_or_runs_whatever_a_script_would_do(
    browser: Browser, file: Path
) -> None:
    page = browser.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-ready]")
    for attempt in (
        "document.body.innerHTML = '<b>x</b>'",
        "document.head.append(Object.assign(document.createElement('script'), { text: 'x' }))",
        "fetch('http://127.0.0.1:9/')",
    ):
        told = page.evaluate(
            f"async () => {{ try {{ await ({attempt}); return 'done' }} catch {{ return 'no' }} }}"
        )
        assert told == "no", attempt
    page.close()


def test_nothing_is_kept(opened: Opened) -> None:
    page = opened()
    entered(page, generators.FULL)
    kept = """async () => [localStorage.length, sessionStorage.length, document.cookie,
      (await indexedDB.databases()).length]"""
    assert page.evaluate(kept) == [0, 0, "", 0]
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.input_value("#source") == ""


def test_a_request_is_saved_and_opened_as_a_file(opened: Opened, tmp_path: Path) -> None:
    page = opened()
    name, document = next(worked.documents())
    request = tmp_path / f"{name}.json"
    request.write_text(json.dumps(document["request"]))
    page.set_input_files("#file", request)
    page.locator("#decision .outcome").wait_for()
    assert json.loads(page.text_content("#decision-json") or "") == document["decision"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the request").click()
    saved = json.loads(download.value.path().read_text())
    assert saved == document["request"]
    page.get_by_role("button", name="Start anew").click()
    assert page.text_content("#decision-json") == ""
    page.evaluate(
        """(text) => {
          const carried = new DataTransfer();
          carried.items.add(new File([text], "dropped.json"));
          const options = { dataTransfer: carried, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new DragEvent("drop", options));
        }""",
        json.dumps(document["request"]),
    )
    page.locator("#decision .outcome").wait_for()
    assert json.loads(page.text_content("#decision-json") or "") == document["decision"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32-be"])
def test_a_file_that_is_not_utf_8_is_refused(opened: Opened, tmp_path: Path, encoding: str) -> None:
    page = opened()
    assert entered(page, generators.FULL)["outcome"] == "approved"
    request = tmp_path / "request.json"
    text = json.dumps({**generators.FULL, "request_id": "Müller"}, ensure_ascii=False)
    request.write_text(text, encoding=encoding)
    page.set_input_files("#file", request)
    page.get_by_text("save it as UTF-8, and open it again").wait_for()
    assert page.text_content("#decision-json") == page.input_value("#source") == ""
    assert page.locator("#bar").is_hidden()
    assert page.input_value('[id="f/request_id"]') == ""
    request.write_text(text, encoding="utf-8-sig")
    page.set_input_files("#file", request)
    page.locator("#decision .outcome", has_text="Müller").wait_for()


def test_what_is_saved_is_what_is_written(opened: Opened, tmp_path: Path) -> None:
    page = opened()

    def saved() -> str:
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the request").click()
        return download.value.path().read_text()

    entered(page, generators.FULL)
    for text in ('{"type": "initial"', '{"quantity": {"tablets": 2e1}}'):
        page.evaluate(ENTER, text)
        assert saved() == f"{text}\n"
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    page.set_input_files("#file", broken)
    page.get_by_text("This is not a JSON document").wait_for()
    assert saved() == "{\n"


# --------------------------------------------------------------------------------------------
# Where it comes from
# --------------------------------------------------------------------------------------------


def test_the_same_bundle_makes_the_same_bytes(bundle_file: Path, file: Path) -> None:
    assert make(bundle_file.read_bytes()) == file.read_bytes()


def test_a_file_without_wasm_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not a gzipped tar archive"):
        make(b"")


@pytest.mark.parametrize("name", ["/data.json", "/.manifest"])
@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"\xff", b"[" * 100_000])
def test_a_bundle_whose_documents_are_none_is_refused(
    name: str, content: bytes, bundle_file: Path
) -> None:
    """By all that read one themselves."""
    spoilt = packed(members(bundle_file.read_bytes()) | {name: content})
    said = f"{name[1:]} is not a JSON object"
    with pytest.raises(ConfigurationError, match=said):
        make(spoilt)
    if name == "/.manifest":
        with pytest.raises(ConfigurationError, match=said):
            WasmEngine(spoilt)


def asked_of(url: str, path: str = "/", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(url.removeprefix("http://").strip("/"), timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def test_it_is_served_on_this_machine_only(file: Path) -> None:
    with PageServer(file.read_bytes) as url:
        status, headers, body = asked_of(url)
        assert (status, body) == (200, file.read_bytes())
        assert url.startswith("http://127.0.0.1:")
        assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert asked_of(url, "/x")[0] == 404
        assert asked_of(url, Host="example.com")[0] == 421
        with (
            pytest.raises(SidecarStartError, match="cannot be served"),
            PageServer(file.read_bytes, port=int(url.rpartition(":")[2].strip("/"))),
        ):
            pass


def test_it_says_why_there_is_none() -> None:
    def make() -> bytes:
        raise ConfigurationError("there is no opa")

    with PageServer(make) as url:
        assert asked_of(url)[0::2] == (503, b"there is no opa")
