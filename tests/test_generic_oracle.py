"""OPA against the generic oracle: the same requests, decided twice, for every example guideline."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from generic_oracle import LIMITS, Oracle, inside, later
from test_examples import GUIDELINES, NAMES, ROOT, TABLES, decide, flat, request_of, table

SHARED: dict[str, Any] = yaml.safe_load((ROOT / "policy/facts/data.yaml").read_text("utf-8"))
PLAN: dict[str, Any] = yaml.safe_load((ROOT / "policy/plan/data.yaml").read_text("utf-8"))

ABSENT = object()
REQUESTS = 300
TREES = 20


def version(name: str) -> dict[str, Any]:
    """The newest version of an example's guideline."""
    files = sorted((GUIDELINES / name / "guidelines").glob("*/*/data.yaml"))
    content: dict[str, Any] = yaml.safe_load(files[-1].read_text(encoding="utf-8"))
    return content


def criteria(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        each
        for stage in content["criteria"].values()
        for tops in stage.values()
        for top in tops
        for each in (top, *inside(top))
    ]


def pools(content: dict[str, Any], on: date) -> dict[str, list[Any]]:
    """For each fact that a version asks for, values on both sides of what it says of the fact."""
    found: dict[str, list[Any]] = {"duration_months": [1, 2, 3, 5, 6, 7, 12, 13]}
    found["drug.strength_mg"] = [10, 20, 40]
    found["quantity.days_supply"] = [1, 2, 7, 27, 28, 29, 30, 31, 56, 90]
    for each in criteria(content):
        for path, values in around(each, content, on):
            found.setdefault(path, []).extend(values)
    return found


def around(each: dict[str, Any], content: dict[str, Any], on: date) -> list[tuple[str, list[Any]]]:
    kind, fact = each["kind"], each.get("fact", "")
    figures = [each[name] for name in ("minimum", "maximum") if name in each]
    if kind == "branch":
        bounds = [part["when"] for part in each["parts"]]
        figures = [w[name] for w in bounds for name in ("minimum", "maximum") if name in w]
    if kind == "age" or fact == "member.birth_date":
        ages = [years for figure in figures for years in (figure, figure + 1)]
        births = [later(on, -12 * years) for years in ages]
        days = [min(day + timedelta(n), on) for day in births for n in (-1, 0, 1)]
        return [("member.birth_date", [str(day) for day in days])]
    if kind == "formulary":
        return [("member.formulary", ["1", " Formulary 2", "3/Exclusive", "4", "other"])]
    if kind == "documented":
        return [("documentation", [[], [{"reference": "a note"}]])]
    if kind == "threshold":
        whole = declared(fact, content)["type"] == "integer"
        steps = (-1, 0, 1) if whole else (-1, -0.1, 0, 0.1, 1)
        return [(fact, [max(0, round(figure + step, 2)) for figure in figures for step in steps])]
    if kind == "diagnosis":
        codes = [
            c for code in each["accepted"] for c in (code, code + "1", code[:-1], code.lower())
        ]
        return [(fact, [*codes, "Z00.0"])]
    if kind == "dated_within":
        edge = later(on, -each["months"]) if "months" in each else on - timedelta(each["days"])
        return [(fact, [str(day + timedelta(n)) for day in (edge, on) for n in (-1, 0, 1)])]
    if kind == "response":
        scores = [0, 1, 1.2, 1.8, 2, 2.1, 3.1, 5.1, 5.5, 6.3, 6.8, 6.9, 7.3, 8, 8.4, 12.4]
        return [(each["baseline"], scores), (each["current"], scores)]
    if kind in {"quantity", "quantity_by_dose", "quantity_per_dose", "quantity_by_weight"}:
        return amounts(each)
    if kind == "tried":
        return [(fact, [[], *(therapies(each, seed) for seed in range(40))])]
    if kind in {"any_of", "none_of"}:
        return [(fact, lists(each, declared(fact, content)))]
    if kind in {"all", "any", "duration"}:
        return []
    return [(fact, scalars(each, declared(fact, content), on))]


def amounts(each: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    limits = each.get("limits") or [each.get("limit") or {"quantity": each.get("maximum", 3)}]
    asked = [max(1, limit["quantity"] + n) for limit in limits for n in (-1, 0, 1)]
    asked += [limit["quantity"] // 2 or 1 for limit in limits]
    pairs: list[tuple[str, list[Any]]] = [(each["quantity"], asked)]
    if "dose" in each:
        doses = [limit["dose"] for limit in limits]
        pairs.append((each["dose"], [*doses, *doses, doses[0] + 1]))
    if "weight" in each:
        pairs.append((each["weight"], [0.1, 33.3, 33.4, 66.6, 66.7, 99.9, 100, 100.1, 133.4, 200]))
    return pairs


def therapies(each: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    chosen = random.Random(seed)
    listed = []
    for _ in range(chosen.randint(1, 4)):
        one: dict[str, Any] = {
            "therapy": chosen.choice([*list(each["of"])[:2], *each["of"], "rest"])
        }
        for name, values in (
            ("result", ["failure", "failure", "success", "intolerance", "contraindication", None]),
            ("weeks", [each.get("weeks", 1) - 0.1, each.get("weeks", 1), 100, 0, None]),
        ):
            if chosen.random() < 0.8:
                one[name] = chosen.choice(values)
        listed.append(one)
    return listed


def lists(each: dict[str, Any], fact: dict[str, Any]) -> list[Any]:
    names = [*(each.get("accepted") or each["excluded"])]
    if "of" in each:
        properties = fact["items"]["properties"]
        others = {n: p["enum"][0] for n, p in properties.items() if "enum" in p}
        names += properties[each["of"]]["enum"]
        return [[], *([{**others, each["of"]: name}] for name in names)]
    names += fact["items"].get("enum", ["207Q00000X"])
    return [[], *([name] for name in names), [names[-1], names[0]]]


def scalars(each: dict[str, Any], fact: dict[str, Any], on: date) -> list[Any]:
    if fact["type"] == "boolean":
        return [True, False]
    if "enum" in fact:
        return list(fact["enum"])
    if fact.get("format") == "date":
        return [str(on + timedelta(days)) for days in (-400, -1, 0, 1, 45)]
    return [*each.get("accepted", []), "Z0001"]


def declared(path: str, content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = SHARED.get(path) or content["facts"][path]
    return found


def requests(name: str, content: dict[str, Any]) -> list[dict[str, Any]]:
    """Worked cases' base requests, a few facts of each changed; and some of nothing but chance."""
    chosen = random.Random(name)
    path = next(path for path in TABLES if path.parent.name == name)
    first = date.fromisoformat(content["in_force"]["from"])
    bases = [*table(path)["base"]]
    made = []
    for _ in range(REQUESTS):
        request = request_of(path, {"base": chosen.choice(bases)})
        on = chosen.choice([first, first + timedelta(chosen.randint(0, 800)), later(first, 13)])
        if chosen.random() < 0.7:
            on = date.fromisoformat(request["service_date"])
        on = max(on, first)
        request["service_date"] = str(on)
        pool = pools(content, on)
        # A base is what the guideline wants; the more is changed, the more is unknown or fails.
        many = chosen.choice([0, 1, 1, 2, 2, 3, 4, len(pool)])
        for fact in chosen.sample(sorted(pool), many):
            put(request, fact, chosen.choice([ABSENT, None, *(pool[fact] * 2)]))
        made.append(request)
    return made


def put(request: dict[str, Any], path: str, value: Any) -> None:
    *sections, last = path.split(".")
    node = request
    for section in sections:
        node = node.setdefault(section, {})
    if value is ABSENT:
        node.pop(last, None)
    else:
        node[last] = value


def as_oracle(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision in the oracle's form."""
    granted = decision["authorization"]
    missing = [entry["path"] for entry in decision["missing"]]
    assert len(missing) == len(set(missing)), "a path is asked for twice"
    return {
        "outcome": decision["outcome"],
        "criteria": {each["id"]: each["status"] for each in flat(decision["criteria"])},
        "missing": sorted(missing),
        "authorization": granted
        and {key: granted[key] for key in ("start_date", "end_date", "quantity")},
    }


def not_reported(expected: dict[str, Any], decision: dict[str, Any]) -> dict[str, Any]:
    """The oracle's answer without the parts that a decision leaves out: those not considered."""
    shown = {each["id"] for each in flat(decision["criteria"])}
    hidden = {
        id_: status
        for id_, status in expected["criteria"].items()
        if id_ not in shown and status == "not_considered"
    }
    kept = {id_: s for id_, s in expected["criteria"].items() if id_ not in hidden}
    return {**expected, "criteria": kept}


@cache
def twice(name: str) -> list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Each request with its decision, in the oracle's form, and with what the oracle says."""
    content = version(name)
    oracle = Oracle(content, SHARED, PLAN["formularies"])
    asked = requests(name, content)
    answers = zip(asked, decide(asked, name), strict=True)
    return [
        (request, as_oracle(decision), not_reported(oracle.decide(request), decision))
        for request, decision in answers
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("what", ["outcome", "criteria", "missing"])
def test_opa_says_the_same(name: str, what: str) -> None:
    different = [
        (request, opa[what], oracle[what])
        for request, opa, oracle in twice(name)
        if opa[what] != oracle[what]
    ]
    assert different[:3] == [], f"{len(different)} differ"


@pytest.mark.parametrize("name", NAMES)
def test_opa_authorizes_the_same(name: str) -> None:
    different = [
        (request, opa["authorization"], oracle["authorization"])
        for request, opa, oracle in twice(name)
        if opa["authorization"] != oracle["authorization"]
    ]
    assert different[:3] == [], f"{len(different)} differ"


@pytest.mark.parametrize("name", NAMES)
def test_every_outcome_is_met(name: str) -> None:
    outcomes = {opa["outcome"] for _, opa, _ in twice(name)}
    assert outcomes == {"approved", "modified", "denied", "pended", "not_applicable"}


def tree(
    chosen: random.Random,
    leaves: list[Any],
    facts: dict[str, Any],
    kinds: list[str],
    ids: Any,
    depth: int,
) -> dict[str, Any]:
    """A criterion of chance: a leaf, or a group of criteria of chance."""
    made: dict[str, Any] = {"id": f"c{next(ids)}", "clause": "1", "text": "words"}
    if depth == 0 or chosen.random() < 0.3:
        return {**chosen.choice(leaves), **made}
    made["kind"] = kind = chosen.choice(kinds)
    many = range(chosen.randint(1, 3))
    made["parts"] = [tree(chosen, leaves, facts, kinds, ids, depth - 1) for _ in many]
    if kind == "branch":
        made["fact"] = fact = chosen.choice([*facts, "member.birth_date"])
        for at, part in enumerate(made["parts"]):
            if fact == "member.birth_date":
                bounds = {"minimum": at * 18, "maximum": at * 18 + chosen.choice([10, 17])}
                part["when"] = {
                    n: bounds[n] for n in chosen.choice([("minimum", "maximum"), ("maximum",)])
                }
            else:
                values = facts[fact].get("enum", [True, False])
                part["when"] = {"values": chosen.sample(values, chosen.randint(1, len(values)))}
    return made


def guideline_of_chance(seed: int) -> dict[str, Any]:
    """A guideline whose criteria are those of the examples, nested by chance."""
    chosen = random.Random(seed)
    contents = [version(name) for name in NAMES]
    facts = {path: fact for content in contents for path, fact in content["facts"].items()}
    every = [each for content in contents for each in criteria(content) if "parts" not in each]
    for each in every:
        each.pop("when", None)
    leaves = [each for each in every if each["kind"] not in LIMITS]
    limits = [each for each in every if each["kind"] in LIMITS]
    known = {**SHARED, **facts}
    branched = {
        p: f for p, f in known.items() if f["type"] == "boolean" or ("enum" in f and "." in p)
    }
    ids = count()

    def some(of: list[Any], kinds: list[str], most: int) -> list[dict[str, Any]]:
        many = range(chosen.randint(1, most))
        return [tree(chosen, of, branched, kinds, ids, chosen.randint(0, 5)) for _ in many]

    return {
        "title": "Chance",
        "effective_date": "2024-01-31",
        "next_review": "2025-01",
        "in_force": {"from": "2024-01-31"},
        "facts": facts,
        "sections": [{"number": "1", "title": "Chance", "text": "words"}],
        "criteria": {
            "applicability": {"every_request": [chosen.choice(leaves) | {"id": f"c{next(ids)}"}]},
            "coverage": {
                "every_request": some(leaves, ["all", "any", "branch"], 1),
                "initial": some(leaves, ["all", "any", "any", "branch"], 2),
                "renewal": some(leaves, ["any"], 1),
            },
            "limits": {"every_request": some(limits, ["all", "branch"], 2)},
        },
    }


@pytest.mark.parametrize("seed", range(TREES))
def test_opa_says_the_same_of_any_tree(seed: int, tmp_path: Path) -> None:
    content = guideline_of_chance(seed)
    on_file = {
        "guidelines": {"chance": {"2024-01-31": content}},
        "drugs": {"chance": {"guideline": "chance"}},
    }
    (tmp_path / "data.json").write_text(json.dumps(on_file), encoding="utf-8")
    chosen = random.Random(seed)
    oracle = Oracle(content, SHARED, PLAN["formularies"])
    asked = []
    for _ in range(60):
        on = date(2024, 1, 31) + timedelta(chosen.choice([0, 1, 29, 30, 366, 500]))
        asked.append({"type": "initial", "service_date": str(on), "drug": {"name": "Chance"}})
        if chosen.random() < 0.4:
            asked[-1]["type"] = "renewal"
        for fact, values in pools(content, on).items():
            if chosen.random() < 0.85:
                put(asked[-1], fact, chosen.choice([ABSENT, None, *(values * 2)]))
    different = []
    for request, decision in zip(asked, decide(asked, str(tmp_path)), strict=True):
        opa = as_oracle(decision)
        expected = not_reported(oracle.decide(request), decision)
        same = [what for what in ("outcome", "criteria", "missing") if opa[what] == expected[what]]
        if len(same) < 3:
            different.append((request, opa, expected))
    assert different[:1] == [], f"{len(different)} differ"
