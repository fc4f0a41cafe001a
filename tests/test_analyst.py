"""Tables as an analyst has them: columns of their own, dates of their own, Excel, gzip, counts."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from files.make import COLUMNS, SOUND
from generators import FULL
from test_batch import inodes, read, requests, run, written
from test_files import EXPECTED
from test_files import told as told_of

OUTCOMES = ["approved", "denied", "modified", "pended", "approved", "modified"]
"""Of the rows in `SOUND`."""

OWN = ["claim_no", "claim_dob", "paid", "note"]


def claims(**other: Any) -> list[dict[str, Any]]:
    """The sound rows as claims: with columns of their own, and some by other names."""
    rows = []
    for number, cells in enumerate(SOUND):
        row: dict[str, Any] = dict(cells)
        born = date.fromisoformat(row.pop("member.birth_date"))
        own = {
            "claim_no": f"{number:06}",
            "claim_dob": f"{born.month}/{born.day}/{born.year}",
            "paid": f"-{number}.50",
            "note": f'=HYPERLINK("x";{number})' if number % 2 else "first, \nthen\r\nafter",
        }
        row["service_date"] = "11/1/2022"
        rows.append(own | row | other)
    return rows


def as_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def as_xlsx(path: Path, rows: list[dict[str, Any]]) -> Path:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in ([*rows[0]], *(row.values() for row in rows)):
        cells = [openpyxl.cell.WriteOnlyCell(sheet, value) for value in row]
        for cell in cells:
            if isinstance(cell.value, str):
                cell.data_type = "s"
        sheet.append(cells)
    book.save(path)
    return path


def table(path: Path) -> list[dict[str, Any]]:
    """The rows of a table, whatever wrote it."""
    if path.name.endswith(".parquet"):
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    if path.name.endswith(".xlsx"):
        names, *others = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
        return [dict(zip(names, row, strict=True)) for row in others]
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    separator = "\t" if ".tsv" in path.suffixes else ","
    return list(csv.DictReader(io.StringIO(text.decode(), newline=""), delimiter=separator))


MAPPED = ("--map", "claim_dob=member.birth_date", "--date-format", "%m/%d/%Y")


@pytest.mark.parametrize("given", ["csv", "tsv", "csv.gz", "xlsx", "parquet"])
def test_columns_of_one_s_own_pass_through(given: str, bundle_file: Path, tmp_path: Path) -> None:
    rows = claims()
    taken, out = as_csv(tmp_path / "claims.csv", rows), tmp_path / f"out.{given}"
    bundle = ("--bundle", bundle_file)
    code, said = run(taken, "-o", out, *bundle, *MAPPED)
    assert (code, "'claim_no'" in said, "--keep" in said, "--map" in said) == (2, True, True, True)
    code, said = run(taken, "-o", out, *bundle, *MAPPED, "--keep", "all")
    assert code == 0, said
    decided = table(out)
    assert [row["outcome"] for row in decided] == OUTCOMES
    assert list(decided[0])[:4] == ["claim_no", "paid", "note", "request_id"]
    assert "decision" not in decided[0]
    for row, before in zip(decided, rows, strict=True):
        for name in ("claim_no", "paid", "note"):
            cell = row[name]
            if given in ("csv", "tsv", "csv.gz"):
                # As a spreadsheet shows it: what would be a formula there is text.
                assert cell[:1] not in "=+@\t\r"
                cell = cell[1:] if cell.startswith("'") else cell
            assert cell == before[name]


def test_named_columns_pass_through_and_no_others(bundle_file: Path, tmp_path: Path) -> None:
    taken, out = as_csv(tmp_path / "claims.csv", claims()), tmp_path / "out.csv"
    command: list[str | Path] = [taken, "-o", out, "--bundle", bundle_file, *MAPPED]
    code, said = run(*command, "--keep", "claim_no,paid")
    assert (code, "'note'" in said) == (2, True)
    for names in (["--keep", "note,claim_no,paid"], ["--keep", "note", "--keep", "claim_no, paid"]):
        assert run(*command, *names, "--columns", "outcome,request_id")[0] == 0
        assert list(table(out)[0]) == ["claim_no", "paid", "note", "outcome", "request_id"]
    # A fact passes through too, when it is named.
    assert run(*command, "--keep", "all,claim_dob", "--columns", "outcome")[0] == 0
    assert [row["claim_dob"] for row in table(out)] == [row["claim_dob"] for row in claims()]


def test_what_passes_through_keeps_its_type(bundle_file: Path, tmp_path: Path) -> None:
    own = {
        "when": pa.array([datetime(2022, 11, 1, 3, 4, 5)] * 6, pa.timestamp("ns")),
        "amount": pa.array([Decimal("1.10")] * 6, pa.decimal128(9, 2)),
        "raw": pa.array([b"\xff\x00"] * 6),
        "kind": pa.array(["a", None, "b"] * 2).dictionary_encode(),
        "odd": pa.array([2**31 - 1] * 6, pa.int32()).cast(pa.date32()),
        "claim": pa.array([{"lines": [1, 2]}] * 6),
        "member": pa.array([{"benefit": "pharmacy", "plan": n} for n in range(6)]),
    }
    plain = {
        name: pa.array([row[name] or None for row in SOUND])
        for name in COLUMNS
        if name != "member.benefit"
    }
    taken, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.table(plain | own), taken)
    keep = ("--bundle", bundle_file, "--keep", "all")
    assert run(taken, "-o", out, *keep)[0] == 0
    before, after = pq.read_table(taken), pq.read_table(out)
    for name in own.keys() - {"member"}:
        assert after.schema.field(name).type == before.schema.field(name).type
        assert after.column(name).equals(before.column(name))
    assert after.column("member.plan").to_pylist() == list(range(6))
    assert after.column("outcome").to_pylist() == OUTCOMES
    for other in ("out.csv", "out.xlsx"):
        assert run(taken, "-o", tmp_path / other, *keep)[0] == 0
        row = table(tmp_path / other)[1]
        assert (str(row["amount"]), row["kind"] or "") == ("1.10", "")
        assert str(row["when"]).startswith("2022-11-01")
        assert json.loads(row["claim"]) == {"lines": [1, 2]}


def test_excel_in_and_out(bundle_file: Path, tmp_path: Path) -> None:
    rows = claims(paid=12.5, note="a\x0bb")
    for row in rows:
        row["service_date"] = datetime(2022, 11, 1)
        row["quantity.tablets"] = float(row["quantity.tablets"])
        row["member.drug_on_formulary"] = True
        row["when"] = datetime(2022, 10, 3, 4, 5, 6)
    for row in rows:
        row["note"] = "=1+1"
    taken, out = as_xlsx(tmp_path / "claims.xlsx", rows), tmp_path / "out.xlsx"
    code, said = run(taken, "-o", out, "--bundle", bundle_file, *MAPPED, "--keep", "all")
    assert code == 0, said
    decided = table(out)
    assert [row["outcome"] for row in decided] == OUTCOMES
    first = decided[0]
    assert (first["claim_no"], first["paid"], first["note"]) == ("000000", 12.5, "=1+1")
    assert first["when"] == datetime(2022, 10, 3, 4, 5, 6)
    assert first["authorization_start_date"] == datetime(2022, 11, 1)
    assert (first["authorization_tablets"], first["requires_clinician_review"]) == (20, False)
    sheet = openpyxl.load_workbook(out).active
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    # And to CSV: a date is a date, and a number is as it was.
    assert (
        run(taken, "-o", tmp_path / "o.csv", "--bundle", bundle_file, *MAPPED, "--keep", "all")[0]
        == 0
    )
    assert [row["paid"] for row in table(tmp_path / "o.csv")] == ["12.5"] * 6


def test_a_cell_that_is_too_long_for_excel(bundle_file: Path, tmp_path: Path) -> None:
    rows = [dict(row) | {"note": "x" * 40_000 + "\x00"} for row in SOUND]
    taken, out = as_csv(tmp_path / "in.csv", rows), tmp_path / "out.xlsx"
    assert run(taken, "-o", out, "--bundle", bundle_file, "--keep", "note")[0] == 0
    for row in table(out):
        assert len(row["note"]) == 32_767
        assert row["note"].endswith("an Excel cell holds no more)")


def test_a_workbook_that_cannot_be_taken(bundle_file: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("copy")):
        sheet.append(COLUMNS)
    book.save(tmp_path / "two.xlsx")
    code, said = run(tmp_path / "two.xlsx", "-o", tmp_path / "o.csv", "--bundle", bundle_file)
    assert (code, "the sheets Sheet, copy all have" in said) == (2, True)
    packed = tmp_path / "two.xlsx.gz"
    packed.write_bytes(gzip.compress((tmp_path / "two.xlsx").read_bytes()))
    for name, why in ((packed, "it"), (tmp_path / "old.xls", "save it as .xlsx")):
        if not name.exists():
            name.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
        code, said = run(name, "-o", tmp_path / "o.csv", "--bundle", bundle_file)
        assert (code, why in said, "Traceback" in said) == (2, True, False), said


@pytest.mark.parametrize("form", ["%m/%d/%Y", "%d.%m.%Y", "%Y%m%d"])
def test_dates_of_another_form_only_when_it_is_told(
    form: str, bundle_file: Path, tmp_path: Path
) -> None:
    dates = ("service_date", "member.birth_date")
    rows = [
        row | {name: date.fromisoformat(row[name]).strftime(form) for name in dates}
        for row in SOUND
    ]
    rows[4]["member.birth_date"] = "1956-04-12"
    taken, out = as_csv(tmp_path / "in.csv", rows), tmp_path / "out.ndjson"
    assert run(taken, "-o", out, "--bundle", bundle_file)[0] == 3
    assert {document["outcome"] for document in read(out)} == {"invalid"}
    assert run(taken, "-o", out, "--bundle", bundle_file, "--date-format", form)[0] == 3
    expected = [*OUTCOMES[:4], "invalid", OUTCOMES[5]]
    assert [document["outcome"] for document in read(out)] == expected
    (error,) = read(out)[4]["errors"]
    shown = date(2022, 10, 31).strftime(form)
    assert error["message"] == f"row 6: column member.birth_date must hold a date, as {shown}"
    assert "1956" not in json.dumps(read(out)[4])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--date-format", "%m/%d/%y"], "%d, %m and %Y once each"),
        (["--date-format", "MM/DD/YYYY"], "%d, %m and %Y once each"),
        (["--map", "dob"], "COLUMN=FACT"),
        (["--map", "dob=member.birthdate"], "is it member.birth_date?"),
        (["--map", "dob=member.birth_date"], "the table has no column 'dob'"),
        (["--map", "nccn=documentation"], "the column documentation more than once"),
        (["--keep", "claim"], "the table has no column 'claim'"),
        (["--columns", "outcomes"], "is it outcome?"),
        (["--columns", "xyz"], "they have request_id, outcome"),
        (["--encoding", "utf-0"], "no encoding 'utf-0'"),
        (["--to", "ndjson", "--columns", "outcome"], "--columns are for tables"),
    ],
)
def test_options_that_cannot_work(
    options: list[str], why: str, bundle_file: Path, tmp_path: Path
) -> None:
    taken = as_csv(tmp_path / "in.csv", list(SOUND))
    code, said = run(taken, "-o", tmp_path / "out.csv", "--bundle", bundle_file, *options)
    assert (code, why in said) == (2, True), said
    assert inodes(tmp_path) == ["in.csv"]


def test_a_column_of_decisions_cannot_be_kept_beside_theirs(
    bundle_file: Path, tmp_path: Path
) -> None:
    rows = [dict(row) | {"outcome": "mine"} for row in SOUND]
    taken, out = as_csv(tmp_path / "in.csv", rows), tmp_path / "out.csv"
    command: list[str | Path] = [taken, "-o", out, "--bundle", bundle_file, "--keep", "all"]
    code, said = run(*command)
    assert (code, "leave that one out with --columns" in said) == (2, True)
    assert run(*command, "--columns", "request_id")[0] == 0
    assert [row["outcome"] for row in table(out)] == ["mine"] * 6


@pytest.mark.parametrize("kind", ["csv", "tsv", "xlsx", "parquet"])
def test_a_template_is_filled_in_and_decided(kind: str, bundle_file: Path, tmp_path: Path) -> None:
    template = tmp_path / f"requests.{kind}"
    bundle = ("--bundle", bundle_file)
    assert run("--template", template, *bundle) == (0, "")
    code, said = run("--template", template, *bundle)
    assert (code, "nothing is overwritten" in said) == (2, True)
    out = tmp_path / "out.csv"
    assert run(template, "-o", out, *bundle)[0] == 0
    assert table(out) == []
    if kind == "parquet":
        schema = pq.read_schema(template)
        assert schema.field("member.birth_date").metadata[b"documentation"].startswith(b"Date of")
        assert (schema.names[:4], schema.field("service_date").type) == (
            ["request_id", "type", "service_date", "drug.name"],
            pa.date32(),
        )
        return
    (help_,) = table(template)
    assert list(help_)[:4] == ["request_id", "type", "service_date", "drug.name"]
    assert help_["type"] == "Type of request: initial, renewal; required"
    assert help_["member.birth_date"] == "Date of birth: a date, YYYY-MM-DD"
    rows = [help_, *({name: row.get(name, "") for name in help_} for row in SOUND)]
    if kind == "xlsx":
        as_xlsx(template, rows)
    else:
        with template.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(help_), delimiter="\t" if kind == "tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    assert run(template, "-o", out, *bundle)[0] == 0
    assert [row["outcome"] for row in table(out)] == OUTCOMES


def test_a_template_is_a_table(bundle_file: Path, tmp_path: Path) -> None:
    code, said = run("--template", tmp_path / "in.ndjson", "--bundle", bundle_file)
    assert (code, "not a table by its suffix" in said) == (2, True)
    code, said = run("--bundle", bundle_file)
    assert (code, "name a file of requests, or a file to write with --template" in said) == (
        2,
        True,
    )


@pytest.mark.parametrize(
    "name", ["out.ndjson.gz", "out.json", "out.json.gz", "out.csv.gz", "out.jsonl", "out.xlsx"]
)
def test_what_is_written_can_be_read_again(name: str, bundle_file: Path, tmp_path: Path) -> None:
    """Also in several processes, in pieces that are packed each by itself."""
    documents = list(requests(1_600))
    taken, out = written(tmp_path, "ndjson", documents), tmp_path / name
    columns = ["--columns", "all"] if ".csv" in name or ".xlsx" in name else []
    options: list[str | Path] = ["--bundle", bundle_file, "--workers", "2", *columns]
    assert run(taken, "-o", out, *options)[0] == 0
    if ".json" in name and ".jsonl" not in name:
        content = out.read_bytes()
        decisions = json.loads(gzip.decompress(content) if name.endswith(".gz") else content)
    elif ".csv" in name or ".xlsx" in name:
        decisions = [json.loads(row["decision"]) for row in table(out)]
    else:
        content = out.read_bytes()
        text = gzip.decompress(content) if name.endswith(".gz") else content
        decisions = list(map(json.loads, text.splitlines()))
    plain = tmp_path / "plain.ndjson"
    assert run(taken, "-o", plain, "--bundle", bundle_file)[0] == 0
    assert decisions == read(plain)


@pytest.mark.parametrize("name", ["in.json", "in.json.gz", "in.ndjson.gz", "in", "in.csv.gz"])
def test_what_is_packed_or_an_array_is_recognised(
    name: str, bundle_file: Path, tmp_path: Path
) -> None:
    documents = list(requests(1_200))
    taken = tmp_path / name
    if ".csv" in name:
        content = written(tmp_path, "csv", documents).read_bytes()
    elif ".ndjson" in name:
        content = written(tmp_path, "ndjson", documents).read_bytes()
    else:
        # Indented, and larger than what is read at a time.
        content = json.dumps(documents, indent=1).encode()
    taken.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    out = tmp_path / "out.ndjson"
    assert run(taken, "-o", out, "--bundle", bundle_file, "--workers", "2")[0] == 0
    assert [d["request_id"] for d in read(out)] == [d["request_id"] for d in documents]


def test_an_empty_array(bundle_file: Path, tmp_path: Path) -> None:
    taken, out = tmp_path / "in.json", tmp_path / "out.json"
    for text, count in (("[]", 0), (" [ ] \n", 0), ("[null]", 1), ("[[], 7]", 2)):
        taken.write_text(text)
        assert run(taken, "-o", out, "--bundle", bundle_file)[0] == (3 if count else 0)
        assert len(json.loads(out.read_text())) == count


def test_counts_by_outcome_and_by_clause(bundle_file: Path, tmp_path: Path) -> None:
    rows = [*SOUND, SOUND[0], SOUND[1], SOUND[1] | {"request_id": ""}, SOUND[0] | {"type": "new"}]
    taken, out = as_csv(tmp_path / "in.csv", rows), tmp_path / "out.csv"
    with taken.open("a") as file:
        file.write("\n" + "," * 15 + "\n")
    summary = tmp_path / "summary.json"
    command = (taken, "-o", out, "--bundle", bundle_file, "--summary", summary)
    code, said = run(*command)
    assert code == 3
    counts = json.loads(summary.read_text())
    assert {
        name: counts[name]
        for name in ("requests", "blank_rows", "repeated_request_ids", "outcomes", "clauses")
    } == {
        "requests": 10,
        "blank_rows": 2,
        "repeated_request_ids": 3,
        "outcomes": {"approved": 3, "denied": 3, "modified": 2, "pended": 1, "invalid": 1},
        "clauses": [
            {
                "outcome": outcome,
                "guideline_id": "xpovio",
                "guideline_version": "2022-10-03",
                "clause": clause,
                "requests": count,
            }
            for outcome, clause, count in (
                ("denied", "III.1", 3),
                ("modified", "IV", 1),
                ("modified", "V", 1),
                ("pended", "III.3", 1),
            )
        ],
    }
    assert summary.stat().st_mode & 0o777 == 0o600
    assert re.search(r"denied +xpovio 2022-10-03 +III\.1 +3\n", said)
    assert "3 rows with the request_id of an earlier row" in said
    assert "2 rows without content, left out" in said
    # The same from a run that prints its decisions.
    code, _ = run(taken, "--to", "ndjson", "--bundle", bundle_file, "--summary", summary)
    assert (code, json.loads(summary.read_text())) == (3, counts)


def test_the_formats_of_requests_agree(bundle_file: Path, tmp_path: Path) -> None:
    """One set of requests from every format of tables: the same decisions."""
    rows = [dict(row) for row in SOUND]
    plain = tmp_path / "in.csv"
    as_csv(plain, rows)
    as_xlsx(tmp_path / "in.xlsx", [{k: v or None for k, v in row.items()} for row in rows])
    pq.write_table(
        pa.Table.from_pylist([{k: v or None for k, v in row.items()} for row in rows]),
        tmp_path / "in.parquet",
    )
    for suffix, other in itertools.product(("csv", "xlsx", "parquet"), ("ndjson",)):
        out = tmp_path / f"{suffix}.{other}"
        assert run(tmp_path / f"in.{suffix}", "-o", out, "--bundle", bundle_file)[0] == 0
        assert told_of(out) == EXPECTED["semicolons.csv"]["decisions"]
    assert (
        run(written(tmp_path, "ndjson", [FULL]), "--keep", "all", "--bundle", bundle_file)[0] == 2
    )
