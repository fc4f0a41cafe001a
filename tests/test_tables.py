"""Requests from tables and decisions to them."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import generators
from generators import ABSENT, BARE, FULL, INITIAL, RENEWAL, with_facts
from priorauth import ConfigurationError, NotJSON, WasmEngine, tables
from priorauth.batch.formats.delimited import DelimitedOut
from priorauth.tables.arrow import ArrowTable

POLICY = Path(__file__).parents[1] / "policy"


def declared() -> dict[str, Any]:
    """The vocabulary as it is written: the shared facts, and those of each version on file."""
    found: dict[str, Any] = yaml.safe_load((POLICY / "facts/data.yaml").read_text())
    for path in POLICY.glob("guidelines/*/*/data.yaml"):
        found |= yaml.safe_load(path.read_text()).get("facts", {})
    return found


REQUESTS = tables.Requests(declared())
COLUMNS = tuple(REQUESTS.columns)


def test_the_columns_are_the_facts_that_a_request_can_state(bundle_file: Path) -> None:
    with WasmEngine(bundle_file) as engine:
        assert engine.facts() == declared()
    schema = json.loads((POLICY.parent / "schemas/request.json").read_text())
    fields = []
    for name, node in schema["properties"].items():
        inner = node.get("properties")
        fields += [f"{name}.{field}" for field in inner] if inner else [name]
    assert sorted(fields) == sorted(COLUMNS)


def test_a_guideline_s_own_facts_are_columns_too() -> None:
    facts = {
        **declared(),
        "billing.hcpcs": {"type": "string", "pattern": "^[A-Z][0-9]{4}$"},
        "lab.measured_on": {"type": "string", "format": "date"},
        "lab.values": {"type": "array", "items": {"type": "number"}},
        "clinical.therapies": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["therapy"],
                "properties": {"therapy": {"type": "string"}, "weeks": {"type": "number"}},
            },
        },
        "lab.mutations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["count"],
                "properties": {"count": {"type": "integer"}},
            },
        },
    }
    requests = tables.Requests(facts)
    requests.heads([*COLUMNS, "billing.hcpcs", "lab.measured_on", "clinical.therapies"])
    cells = {
        "billing.hcpcs": "J1234",
        "lab.measured_on": "2022-10-20",
        "lab.values": "1.5| 2",
        "clinical.therapies": "a: b|c",
        "lab.mutations": '[{"count": 2}]',
    }
    assert requests.request(cells.items()) == {
        "billing": {"hcpcs": "J1234"},
        "lab": {"measured_on": "2022-10-20", "values": [1.5, 2], "mutations": [{"count": 2}]},
        "clinical": {"therapies": [{"therapy": "a: b"}, {"therapy": "c"}]},
    }
    weighed = '[{"therapy": "a", "weeks": 3}, "c"]'
    assert requests.request([("clinical.therapies", weighed)]) == {
        "clinical": {"therapies": [{"therapy": "a", "weeks": 3}, {"therapy": "c"}]}
    }
    for name, cell in [("lab.values", "1|"), ("lab.values", "a"), ("lab.mutations", "2")]:
        with pytest.raises(NotJSON, match=name):
            requests.request([(name, cell)])


def spelt(request: Any) -> dict[str, str]:
    """A request as the cells of a CSV file."""
    cells = {}
    for name in COLUMNS:
        section, _, field = name.partition(".")
        value = (request.get(section) or {}).get(field) if field else request.get(section)
        if value is None:
            continue
        if name == "nccn" and value:
            value = "|".join(f"{each['source']}:{each['category']}" for each in value)
        elif name == "documentation" and value:
            simple = all(set(each) == {"reference"} for each in value)
            value = "|".join(e["reference"] for e in value) if simple else json.dumps(value)
        elif isinstance(value, list):
            value = "|".join(value) or "[]"
        elif isinstance(value, bool):
            value = str(value).lower()
        cells[name] = str(value)
    return cells


@pytest.mark.parametrize("kind", ["initial", "renewal"])
def test_every_request_can_be_a_row(kind: str) -> None:
    for request in itertools.islice(generators.every_combination_of_states(kind), 0, None, 7):
        there = {
            key: {k: v for k, v in value.items() if v is not None}
            if isinstance(value, dict)
            else value
            for key, value in request.items()
            if value is not None
        }
        there = {key: value for key, value in there.items() if value != {}}
        assert REQUESTS.request(spelt(request).items()) == there


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("dose.mg_per_week", "160", 160),
        ("dose.mg_per_week", " 1.6e2 ", 160.0),
        ("dose.mg_per_week", 79.5, 79.5),
        ("dose.mg_per_week", Decimal("160.00"), 160.0),
        ("quantity.tablets", 20, 20),
        ("member.drug_on_formulary", "TRUE", True),
        ("member.drug_on_formulary", " false", False),
        ("member.birth_date", date(1956, 4, 12), "1956-04-12"),
        ("member.birth_date", "12/04/1956", "12/04/1956"),
        ("drug.name", " Xpovio ", " Xpovio "),
        ("prescriber.taxonomies", "207RH0003X|207R00000X", ["207RH0003X", "207R00000X"]),
        ("prescriber.taxonomies", '["207RH0003X"]', ["207RH0003X"]),
        ("nccn", "[]", []),
        ("nccn", [], []),
        ("nccn", "compendium: 2A", [{"source": "compendium", "category": "2A"}]),
        ("nccn", [{"source": "compendium", "category": None}], [{"source": "compendium"}]),
        ("documentation", "a|b", [{"reference": "a"}, {"reference": "b"}]),
        (
            "documentation",
            '[{"reference": "a", "type": "lab"}]',
            [{"reference": "a", "type": "lab"}],
        ),
        (
            "documentation",
            [{"reference": "a", "date": date(2022, 1, 2), "type": None}],
            [{"reference": "a", "date": "2022-01-02"}],
        ),
    ],
)
def test_a_cell(name: str, cell: object, value: object) -> None:
    document = REQUESTS.request([(name, cell)])
    for step in name.split("."):
        document = document[step]
    assert document == value
    assert type(document) is type(value)


@pytest.mark.parametrize("cell", ["", None])
def test_an_empty_cell_is_an_absent_fact(cell: object) -> None:
    assert REQUESTS.request((name, cell) for name in COLUMNS) == {}


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("dose.mg_per_week", "160 mg"),
        ("dose.mg_per_week", "1,5"),
        ("dose.mg_per_week", "NaN"),
        ("dose.mg_per_week", "1e400"),
        ("dose.mg_per_week", "160.00000000000000000001"),
        ("dose.mg_per_week", "true"),
        ("dose.mg_per_week", float("nan")),
        ("dose.mg_per_week", True),
        ("dose.mg_per_week", Decimal("NaN")),
        ("dose.mg_per_week", Decimal("0.1000000000000000055511")),
        ("quantity.tablets", '"20"'),
        ("member.drug_on_formulary", "yes"),
        ("member.drug_on_formulary", 1),
        ("member.birth_date", datetime(1956, 4, 12, 3)),
        ("drug.name", 5),
        ("prescriber.taxonomies", '["207RH0003X"'),
        ("prescriber.taxonomies", {"a": 1}),
        ("nccn", "2A"),
    ],
)
def test_a_cell_that_is_not_of_its_kind(name: str, cell: object) -> None:
    with pytest.raises(NotJSON, match=name) as raised:
        REQUESTS.request([(name, cell)])
    assert raised.value.pointer == "/" + name.replace(".", "/")
    assert str(cell) not in str(raised.value)


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ([*COLUMNS, "member.birthdate"], "member.birthdate.*is it member.birth_date"),
        ([*COLUMNS, "Claim Number"], "Claim Number.*--keep.*--map"),
        ([*COLUMNS, "nccn"], "nccn more than once"),
        (["type", "drug.name"], "no column service_date"),
        ([], "none of the columns type, service_date, drug.name"),
    ],
)
def test_columns_that_requests_have_not(names: list[str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        REQUESTS.heads(names)


TYPES = {
    "member": pa.struct([("birth_date", pa.date32()), ("drug_on_formulary", pa.bool_())]),
    "prescriber": pa.struct([("taxonomies", pa.list_(pa.string()))]),
    "nccn": pa.list_(pa.struct([("source", pa.string()), ("category", pa.string())])),
    "documentation": pa.list_(
        pa.struct([("reference", pa.string()), ("type", pa.string()), ("date", pa.date32())])
    ),
    "dose": pa.struct([("mg_per_week", pa.decimal128(10, 2)), ("times_per_week", pa.int8())]),
    "quantity.tablets": pa.uint16(),
    "quantity.days_supply": pa.float64(),
    "drug.name": pa.dictionary(pa.int8(), pa.string()),
    "type": pa.large_string(),
    "service_date": pa.date32(),
    "diagnosis.icd10": pa.null(),
}


def test_arrow_s_own_types() -> None:
    row = {
        "member": {"birth_date": date(1956, 4, 12), "drug_on_formulary": True},
        "prescriber": None,
        "nccn": [{"source": "compendium", "category": "2A"}],
        "documentation": [{"reference": "a", "type": None, "date": date(2022, 1, 2)}],
        "dose": {"mg_per_week": Decimal("160.00"), "times_per_week": None},
        "quantity.tablets": 32,
        "quantity.days_supply": 28.0,
        "drug.name": "xpovio",
        "type": "initial",
        "service_date": date(2022, 11, 1),
        "diagnosis.icd10": None,
    }
    batch = pa.RecordBatch.from_pylist([row], schema=pa.schema(list(TYPES.items())))
    (held,) = ArrowTable.of(REQUESTS, batch.schema).rows(batch, ["row 1"])
    assert held.fault is None
    assert held.request == {
        "type": "initial",
        "service_date": "2022-11-01",
        "drug": {"name": "xpovio"},
        "member": {"birth_date": "1956-04-12", "drug_on_formulary": True},
        "nccn": [{"source": "compendium", "category": "2A"}],
        "documentation": [{"reference": "a", "date": "2022-01-02"}],
        "dose": {"mg_per_week": 160},
        "quantity": {"tablets": 32, "days_supply": 28},
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("quantity.tablets", pa.bool_()),
        ("member.drug_on_formulary", pa.int8()),
        ("service_date", pa.timestamp("s")),
        ("drug.name", pa.int32()),
        ("nccn", pa.int32()),
        ("member", pa.struct([("birth_date", pa.bool_())])),
        ("member", pa.struct([("born", pa.date32())])),
        ("member", pa.string()),
    ],
)
def test_a_type_that_a_column_cannot_have(name: str, kind: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        ArrowTable.of(REQUESTS, pa.schema([*{**TYPES, name: kind}.items()]))


def test_decisions_as_rows(bundle_file: Path) -> None:
    requests = [FULL, RENEWAL, BARE["initial"], {}, {"type": 7, "member": {"x": 1}}]
    requests.append(with_facts(INITIAL, {"/quantity/tablets": 40, "/nccn": ABSENT}))
    requests.append(with_facts(INITIAL, {"/quantity/tablets": 40, "/duration_months": 12}))
    requests.append(with_facts(INITIAL, {"/drug/name": "other"}))
    with WasmEngine(bundle_file) as engine:
        decisions = list(engine.decide_many(requests))
        table = tables.Decisions.of(engine.catalog(), engine.facts(), ["all"])
    documents = [decision.raw for decision in decisions]
    batch = table.batch(documents)
    assert batch.schema == table.schema()
    assert tuple(batch.schema.names) == table.columns
    for row, decision in zip(batch.to_pylist(), decisions, strict=True):
        assert json.loads(row["decision"]) == decision.raw
        assert row["outcome"] == decision.outcome
        assert row["reasons"] == [
            {"code": r.code, "criterion": r.criterion, "clause": r.clause} for r in decision.reasons
        ]
        for criterion in decision.criteria:
            assert row[f"criterion_{criterion.id}"] == criterion.status
        terms = decision.authorization
        assert row["authorization_end_date"] == (terms and terms.end_date)
        assert row["authorization_tablets"] == (terms and terms.quantity["tablets"])
        assert row["authorization_days_supply"] == (terms and terms.quantity["days_supply"])
    target = DelimitedOut(table, (), ",")
    out = target.head + target.encode(documents, (), first=True)
    told = csv.DictReader(io.StringIO(out.decode(), newline=""))
    for cells, decision in zip(told, decisions, strict=True):
        assert json.loads(cells["decision"]) == decision.raw
        assert cells["reasons"] == "|".join(reason.code for reason in decision.reasons)
        assert cells["requires_clinician_review"] in ("true", "false")


def test_a_table_that_pyarrow_writes_can_be_read_again(tmp_path: Path, bundle_file: Path) -> None:
    with WasmEngine(bundle_file) as engine:
        table = tables.Decisions.of(engine.catalog(), engine.facts())
        batch = table.batch([engine.decide(FULL).raw])
    pq.write_table(pa.Table.from_batches([batch]), tmp_path / "t.parquet")
    assert pq.read_table(tmp_path / "t.parquet").to_pylist() == batch.to_pylist()


def test_groups_and_quantities_of_every_kind_as_a_row() -> None:
    """A part of a group has a column like any other; so has a quantity with fractions."""
    table = tables.Decisions(("therapy", "step", "other"), {"ml": False, "doses": True})
    leaf = {"id": "step", "status": "met", "facts": {}}
    idle = {"id": "other", "status": "not_considered", "facts": {}}
    document = {
        "request_id": None,
        "outcome": "approved",
        "requires_clinician_review": False,
        "guideline": None,
        "criteria": [
            {"id": "therapy", "status": "met", "parts": [leaf, idle]},
        ],
        "reasons": [],
        "missing": [],
        "notices": [],
        "errors": [],
        "authorization": {
            "start_date": "2022-11-01",
            "end_date": None,
            "quantity": {"ml": 2, "doses": 3.0},
            "package": None,
        },
    }
    (row,) = table.batch([document]).to_pylist()
    told = [row[f"criterion_{each}"] for each in table.criteria]
    assert told == ["met", "met", "not_considered"]
    assert (row["authorization_ml"], row["authorization_doses"]) == (2.0, 3)
    assert type(row["authorization_ml"]) is float
    assert row["authorization_end_date"] is None
