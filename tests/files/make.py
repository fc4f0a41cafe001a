"""Write the damaged tables in this folder. What is expected of each is beside it, by hand.

python tests/files/make.py
"""

from __future__ import annotations

import gzip
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent

APPROVED: dict[str, str] = {
    "request_id": "r-1",
    "type": "initial",
    "service_date": "2022-11-01",
    "drug.name": "Xpovio",
    "member.birth_date": "1956-04-12",
    "member.benefit": "pharmacy",
    "member.formulary": "2",
    "member.drug_on_formulary": "true",
    "diagnosis.icd10": "C90.0",
    "prescriber.taxonomies": "207RH0003X",
    "nccn": "compendium:2A",
    "documentation": "chart-note-17",
    "dose.mg_per_week": "100",
    "quantity.tablets": "20",
    "quantity.days_supply": "28",
    "duration_months": "3",
}
COLUMNS = tuple(APPROVED)


def row(number: int, **other: str) -> dict[str, str]:
    """A request as cells; those by other names have `__` for the dot."""
    changed = {name.replace("__", "."): cell for name, cell in other.items()}
    return APPROVED | {"request_id": f"r-{number}"} | changed


SOUND = [
    row(1),
    row(2, member__birth_date="2010-05-20"),
    row(3, quantity__tablets="40"),
    row(4, nccn=""),
    row(5),
    row(6, duration_months="12"),
]
"""Approved, denied, modified, pended, approved, modified."""


def lines(rows: list[dict[str, str]], separator: str = ",") -> list[str]:
    return [separator.join(COLUMNS), *(separator.join(each.values()) for each in rows)]


def text(name: str, made: list[str], end: str = "\n", encoding: str = "utf-8") -> None:
    content = "".join(line + end for line in made).encode(encoding)
    if name.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    (HERE / name).write_bytes(content)


def with_icd10(cells: dict[int, str], rows: list[dict[str, str]] = SOUND) -> list[str]:
    """The sound table with these cells in the column of diagnoses, as they are, by row."""
    return lines([each | {"diagnosis.icd10": cells.get(n, "C90.0")} for n, each in enumerate(rows)])


def quotes() -> None:
    text("unclosed-quote.csv", with_icd10({1: '"C90.0'}))
    text("two-unclosed-quotes.csv", with_icd10({1: '"C90.0', 4: '"C90.0'}))
    text("quote-inside-a-cell.csv", with_icd10({1: 'C90".0', 4: 'C90.0"'}))
    text("quotes-around-rows.csv", with_icd10({1: '"C90.0', 4: 'C90.0"'}))
    text("quotes-around-two-rows.csv", with_icd10({1: '"C90.0', 2: 'C90.0"'}))
    text(
        "line-breaks-in-cells.csv", with_icd10({1: '"C90\nor, it may be,\nC91"', 4: '"\nC90.0\n"'})
    )


def shapes() -> None:
    made = lines(SOUND)
    cut = made[1].rpartition(",")[0]
    text("short-row.csv", [made[0], cut, *made[2:]])
    text("long-row.csv", [made[0], made[1] + ",", made[2] + made[3], *made[4:]])
    blank = ["", "," * 15, ' , ,"",' + "," * 12, ""]
    text("blank-rows.csv", [made[0], *blank, made[1], *blank, f"{made[2]},", *made[3:]])
    quotes_only = ['""', ",".join(['""'] * 16), '"""",' + "," * 14, '""""""']
    text("rows-of-quotes.csv", [made[0], *quotes_only, *made[1:]])
    text("two-files-in-one.csv", [*made, *made])
    text("no-header.csv", made[1:])
    text("cell-without-end.csv.gz", with_icd10({1: "x" * (1 << 20) + "x" * 100}))
    cells = with_icd10({1: "'=C90.0", 4: "'-C90.0"})
    text("escaped-formulas.csv", cells)


def spellings() -> None:
    text("semicolons.csv", lines(SOUND, ";"))
    text("tabs.tsv", lines(SOUND, "\t"))
    text("pipes.csv", lines(SOUND, "|"))
    text("carriage-returns.csv", lines(SOUND), "\r")
    made = lines(SOUND)
    (HERE / "line-ends-of-every-kind.csv").write_bytes(
        "".join(map(str.__add__, made, ["\r\n", "\n", "\r", "\n", "\r\n", "\r", ""])).encode()
    )
    text("windows-1252.csv", with_icd10({1: "C90\u20180", 4: "\u00e9"}), encoding="cp1252")
    text("utf-16.csv", with_icd10({1: "\u00e9"}), encoding="utf-16")
    (HERE / "byte-order-mark.csv").write_bytes(
        b"\xef\xbb\xbf" + (HERE / "semicolons.csv").read_bytes()
    )


def documents() -> list[Any]:
    request = json.loads((HERE.parents[1] / "examples/xpovio-initial.json").read_text())
    return [request | {"request_id": f"r-{number}"} for number in range(1, 4)]


def as_json() -> None:
    one, two, three = map(json.dumps, documents())
    faults = [
        '{"request_id": "r-4", "dose": {"mg_per_week": 1e-999999999999999999999}}',
        '{"request_id": "r-5", "type": "initial", "type": "renewal"}',
        '{"request_id": "r-6", "drug": {"name": "\\ud800"}}',
        '{"request_id": "r-7", "quantity": {"tablets": 20.000000000000000000001}}',
    ]
    text("numbers-and-keys.ndjson", [one, *faults, "", '{"request_id": "r-8"', two])
    text("numbers-and-keys.json", ["[", ",\n".join([one, *faults, three]), "]"])
    text("one-line.json", [f"[{one},{two}]"])
    text("broken-off.json", ["[", one, ",", two, ",", '{"request_id": '])
    text("no-json-inside.json", [f"[{one}, {{request}}, {two}]"])
    patient = {"resourceType": "Patient", "name": [{"family": "Invented"}]}
    text("fhir.json", [json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient}]})])
    text("fhir.ndjson", [json.dumps({"id": "1", **patient})])
    whole = gzip.compress("".join(f"{one}\n" for _ in range(2000)).encode(), mtime=0)
    (HERE / "broken-off.ndjson.gz").write_bytes(whole[: len(whole) // 2])


def parquet() -> None:
    plain = {name: pa.array([each[name] or None for each in SOUND]) for name in COLUMNS}
    spoilt = b"".join(
        [b"C90.0", b"C\xff0.0", b"C90.0", b"C90.0", b"\xe9\xe9\xe9\xe9\xe9", b"C90.0"]
    )
    offsets = pa.array(range(0, 31, 5), pa.int32()).buffers()[1]
    odd_text = pa.Array.from_buffers(pa.string(), 6, [None, offsets, pa.py_buffer(spoilt)])
    days = [
        (date.fromisoformat(each["member.birth_date"]) - date(1970, 1, 1)).days for each in SOUND
    ]
    days[1], days[4] = 2**31 - 1, -(2**31)
    lists = pa.ListArray.from_arrays(
        pa.array([0, 1, 2, 3, 4, 5, 6], pa.int32()),
        pa.StructArray.from_arrays(
            [
                pa.array(["chart-note-17"] * 6),
                pa.array([days[0], *days[1:]], pa.int32()).cast(pa.date32()),
            ],
            ["reference", "date"],
        ),
    )
    tables = {
        "not-utf-8.parquet": plain | {"diagnosis.icd10": odd_text},
        "no-such-days.parquet": plain
        | {
            "member.birth_date": pa.array(days, pa.int32()).cast(pa.date32()),
            "documentation": lists,
        },
        "categories.parquet": plain
        | {name: plain[name].dictionary_encode() for name in ("drug.name", "member.benefit")},
        "parquet-without-suffix": plain,
    }
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), HERE / name)
    content = bytearray((HERE / "parquet-without-suffix").read_bytes())
    content[40:200] = b"\0" * 160
    (HERE / "damaged-page.parquet").write_bytes(content)
    stamped = plain | {
        "service_date": pa.array([datetime(2022, 11, 1)] * 6, pa.timestamp("us", "UTC"))
    }
    pq.write_table(pa.table(stamped), HERE / "timestamps.parquet")


def workbook() -> None:
    book = openpyxl.Workbook()
    notes = book.active
    notes.append(["What is in this workbook", "requests"])
    sheet = book.create_sheet("Requests")
    sheet.append([])
    sheet.append([*COLUMNS, None])
    for number, each in enumerate(SOUND):
        cells: list[Any] = list(each.values())
        cells[2] = datetime(2022, 11, 1)
        cells[12:16] = [float(cell) for cell in cells[12:16]]
        cells[6] = 2
        if number == 1:
            cells[8] = "=UPPER(A1)"
        if number == 3:
            sheet.append([None, " ", None])
            cells[4] = datetime(1956, 4, 12, 10, 30)
        if number == 4:
            cells[8] = "#N/A"
        if number == 5:
            cells[6] = 2.5
        sheet.append(cells)
    sheet.append([None] * 16 + ["a note"])
    stream = io.BytesIO()
    book.save(stream)
    (HERE / "formulas-and-errors.xlsx").write_bytes(stream.getvalue())
    (HERE / "no-workbook.xlsx").write_bytes(stream.getvalue()[:3000])


if __name__ == "__main__":
    quotes()
    shapes()
    spellings()
    as_json()
    parquet()
    workbook()
