"""Workbooks as no spreadsheet writes them, and as some do, in bounded memory and time.

Each is one sentence and an exit code, or a decision for every row.
"""

from __future__ import annotations

import io
import os
import re
import resource
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest

from files.make import COLUMNS, SOUND
from priorauth.batch.formats import sheet, workbook
from test_analyst import as_xlsx, claims, table
from test_batch import inodes, run
from test_files import told

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "xl/worksheets/sheet1.xml"
MEMORY = 700 << 20
"""The address space that a run has, besides what its engine reserves and never touches."""


def cells(values: Iterable[str], number: int) -> str:
    """A row as XML, of texts."""
    made = "".join(
        f'<c r="{sheet._letters(at)}{number}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        for at, value in enumerate(values)
        if value
    )
    return f'<row r="{number}">{made}</row>'


ROWS = [COLUMNS, *(tuple(row.values()) for row in SOUND)]
TOLD = ["r-1 approved", "r-2 denied", "r-3 modified", "r-4 pended", "r-5 approved", "r-6 modified"]


def document(rows: str, after: str = "", head: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{head}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>'
        f"{after}</worksheet>"
    )


SOUND_ROWS = "".join(cells(row, number) for number, row in enumerate(ROWS, 1))


def packed(
    path: Path, parts: dict[str, str | bytes | Callable[[], Iterator[bytes]]], *more: str
) -> Path:
    """A workbook with these parts in place of a sound one's, or besides."""
    whole = io.BytesIO()
    sheet.write(whole, "requests", ROWS)
    with zipfile.ZipFile(whole) as sound:
        held: dict[str, Any] = {name: sound.read(name) for name in sound.namelist()}
    held |= parts
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held.items():
            with archive.open(name, "w", force_zip64=True) as part:
                if callable(content):
                    for chunk in content():
                        part.write(chunk)
                else:
                    part.write(content.encode() if isinstance(content, str) else content)
    return path


def repeated(head: str, text: str, size: int, tail: str = "") -> Callable[[], Iterator[bytes]]:
    """Text over and over, as large as this when it is unpacked."""
    block = (text * (1 + (1 << 20) // len(text))).encode()

    def chunks() -> Iterator[bytes]:
        yield head.encode()
        for _ in range(size // len(block)):
            yield block
        yield tail.encode()

    return chunks


BILLION = (
    '<!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
BEGIN = f'<worksheet xmlns="{MAIN}"><sheetData>'
TEXTS = f'<sst xmlns="{MAIN}">'
RELATED = "xl/_rels/workbook.xml.rels"
HEADER = cells(COLUMNS, 1)


def with_texts(content: Any) -> dict[str, Any]:
    """A sheet that takes a text from those that sheets share, and these."""
    whole = io.BytesIO()
    sheet.write(whole, "requests", [])
    with zipfile.ZipFile(whole) as sound:
        related = sound.read(RELATED).decode()
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    more = f'<Relationship Id="rId9" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
    one = SOUND_ROWS.replace("inlineStr", "s", 1).replace("<is><t>request_id</t></is>", "<v>0</v>")
    return {
        RELATED: related.replace("</Relationships>", f"{more}</Relationships>"),
        "xl/sharedStrings.xml": content,
        SHEET: document(one),
    }


BOMBS: dict[str, tuple[dict[str, Any], str]] = {
    "entities": (
        {SHEET: document(cells([*COLUMNS[:-1], "x"], 1), head=BILLION)},
        "has a document type, which no workbook has",
    ),
    "an entity of another file's": (
        {SHEET: document(f"<row><c><v>&e;</v></c></row>{SOUND_ROWS}", head=EXTERNAL)},
        "has a document type, which no workbook has",
    ),
    "entities in shared texts": (
        with_texts(f"{BILLION}{TEXTS}<si><t>&i;</t></si></sst>"),
        "has a document type, which no workbook has",
    ),
    "zip": (
        {"xl/media/image1.png": repeated("", "\0", 1100 << 20)},
        "is larger than 1 GiB when unpacked; save it as CSV",
    ),
    "shared texts": (
        with_texts(repeated(TEXTS, "<si/>", 300 << 20, "</sst>")),
        "and no more than 256 are read; save it as CSV",
    ),
    "styles": (
        {"xl/styles.xml": repeated("<styleSheet>", "<xf/>", 20 << 20, "</styleSheet>")},
        "MB in its part 'xl/styles.xml', and no more than 16 are read",
    ),
    "a row without end": (
        {
            SHEET: repeated(
                f"{BEGIN}{HEADER}<row>", "<c/>", 20 << 20, "</row></sheetData></worksheet>"
            )
        },
        "has cells out of order, in row 2",
    ),
    "a row far away": (
        {SHEET: document(f'{HEADER}<row r="99999999999"/>')},
        "has rows out of order",
    ),
    "a row of a number without end": (
        {SHEET: document(f'{HEADER}<row r="{"9" * 10_000}"/>')},
        "not a readable Excel workbook",
    ),
    "more rows than there are": (
        {SHEET: repeated(f"{BEGIN}{HEADER}", "<row/>", 8 << 20, "</sheetData></worksheet>")},
        "has rows out of order, at row 1048577",
    ),
    "a cell far away": (
        {SHEET: document(f'{HEADER}<row r="2"><c r="XFE2"><v>1</v></c></row>')},
        "has a cell outside the columns of a sheet",
    ),
    "elements in elements": (
        {SHEET: repeated(BEGIN + HEADER, "<a>", 20 << 20)},
        "is nested too deeply",
    ),
    "a tag without end": (
        {SHEET: repeated(BEGIN + HEADER + '<row a="', "x", 20 << 20)},
        "has a tag or a comment that is too long",
    ),
    "a comment without end": (
        {SHEET: repeated(BEGIN + HEADER + "<!--", "x", 20 << 20)},
        "has a tag or a comment that is too long",
    ),
    "the same row twice": (
        {SHEET: document(SOUND_ROWS + cells(ROWS[2], 7))},
        "has rows out of order, at row 8",
    ),
    "rows in rows": (
        {SHEET: document(SOUND_ROWS.replace("</row>", "", 3) + "</row>" * 3)},
        "has rows out of order",
    ),
    "the same cell twice": (
        {SHEET: document(SOUND_ROWS.replace('r="B3"', 'r="A3"'))},
        "has cells out of order, in row 3",
    ),
    "a cell of another row": (
        {SHEET: document(SOUND_ROWS.replace('r="B3"', 'r="B4"'))},
        "has a cell outside the columns of a sheet",
    ),
    "a cell with two values": (
        {SHEET: document(f"{SOUND_ROWS}<row><c><v>1</v><v>2</v></c></row>")},
        "has a cell with two values, in row 8",
    ),
    "a merged cell far away": (
        {SHEET: document(SOUND_ROWS, '<mergeCells><mergeCell ref="A1:A9999999"/></mergeCells>')},
        "has a merged-cell reference that is not a range",
    ),
    "no sheet": ({SHEET: ""}, "not a readable Excel workbook"),
    "a sheet that breaks off": (
        {SHEET: document(SOUND_ROWS)[:-60]},
        "cannot be read to its end",
    ),
}


def bounded() -> None:
    """Not by its address space: what runs Wasm reserves more of it than any machine has."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_sentence(name: str, bundle_file: Path, tmp_path: Path) -> None:
    parts, why = BOMBS[name]
    taken = packed(tmp_path / "in.xlsx", parts)
    out = tmp_path / "out.ndjson"
    code, said = run(taken, "-o", out, "--bundle", bundle_file, preexec_fn=bounded)
    assert why in said
    assert (code in (1, 2), said.count("\n"), "Traceback" in said) == (True, 1, False), said
    assert inodes(tmp_path) == ["in.xlsx"]
    assert not any(held in said for held in ("r-1", "1956", "C90", "Xpovio", "nologin"))


def test_parts_of_one_name(bundle_file: Path, tmp_path: Path) -> None:
    """Programs differ on which of them is read."""
    taken = packed(tmp_path / "in.xlsx", {})
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(taken, "a") as archive,
    ):
        archive.writestr(SHEET, document(SOUND_ROWS))
    code, said = run(taken, "-o", tmp_path / "out.csv", "--bundle", bundle_file)
    assert (code, "has a part twice" in said) == (2, True)


def test_a_packing_that_no_workbook_has(bundle_file: Path, tmp_path: Path) -> None:
    """LZMA's own header says how much memory it takes."""
    taken = tmp_path / "in.xlsx"
    with (
        zipfile.ZipFile(packed(tmp_path / "sound.xlsx", {})) as sound,
        zipfile.ZipFile(taken, "w", zipfile.ZIP_LZMA) as archive,
    ):
        for name in sound.namelist():
            archive.writestr(name, sound.read(name))
    code, said = run(taken, "-o", tmp_path / "out.csv", "--bundle", bundle_file)
    assert (code, "has a part that is packed in an unknown way" in said) == (2, True)


def test_many_sheets_that_are_one(bundle_file: Path, tmp_path: Path) -> None:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheets = "".join(f'<sheet name="{n}" r:id="rId1"/>' for n in range(100_000))
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{office}"><sheets>{sheets}</sheets></workbook>'
    taken = packed(tmp_path / "in.xlsx", {"xl/workbook.xml": book})
    code, said = run(taken, "-o", tmp_path / "out.csv", "--bundle", bundle_file)
    assert (code, "has a sheet twice" in said) == (2, True)


def test_what_a_sheet_says_of_its_size_does_not_count(bundle_file: Path, tmp_path: Path) -> None:
    for number, ref in enumerate(("A1", "A1:XFD1048576", "A1:ZZZ99999999", "no range")):
        content = document(SOUND_ROWS).replace(
            "<sheetData>", f'<dimension ref="{ref}"/><sheetData>'
        )
        taken = packed(tmp_path / f"{number}.xlsx", {SHEET: content})
        out = tmp_path / f"{number}.ndjson"
        assert run(taken, "-o", out, "--bundle", bundle_file, preexec_fn=bounded)[0] == 0
        assert told(out) == TOLD


def test_a_row_that_is_too_long_spoils_no_other(bundle_file: Path, tmp_path: Path) -> None:
    """Cell by cell, in one cell, and by a text that many cells share."""
    long = SOUND_ROWS.replace("C90.0", "x" * 1_100_000, 1)
    head, second = long.index('<row r="3">'), long.index('<row r="4">')
    several = cells(["y" * 900_000] * 16, 3)
    content = long[:head] + several + long[second:]
    taken, out = packed(tmp_path / "in.xlsx", {SHEET: document(content)}), tmp_path / "out.ndjson"
    code, _ = run(taken, "-o", out, "--bundle", bundle_file, preexec_fn=bounded)
    assert code == 3
    assert told(out) == [
        "r-1 invalid: row 2: it is longer than 1048576 bytes",
        "- invalid: row 3: it is longer than 1048576 bytes",
        *TOLD[2:],
    ]
    shared = with_texts(f"{TEXTS}<si><t>{'z' * 200_000}</t></si></sst>")
    many = "".join(f'<c r="{sheet._letters(at)}3" t="s"><v>0</v></c>' for at in range(16_384))
    shared[SHEET] = document(f'{HEADER}{cells(ROWS[1], 2)}<row r="3">{many}</row>')
    taken = packed(tmp_path / "shared.xlsx", shared)
    assert run(taken, "-o", out, "--bundle", bundle_file, preexec_fn=bounded)[0] == 3
    assert told(out) == ["r-1 approved", "- invalid: row 3: it is longer than 1048576 bytes"]


@pytest.mark.long
def test_memory_does_not_depend_on_how_much_there_is(bundle_file: Path, tmp_path: Path) -> None:
    """As many rows as a sheet holds, all but a few of them without content."""
    taken, out = tmp_path / "in.xlsx", tmp_path / "out.ndjson"
    tail = "".join(cells(row, 1_048_570 + number) for number, row in enumerate(ROWS[1:], 1))
    blank = "".join(f'<row r="{number}"/>' for number in range(2, 1_048_571))
    packed(taken, {SHEET: document(HEADER + blank + tail)})
    code, said = run(taken, "-o", out, "--bundle", bundle_file, preexec_fn=bounded)
    assert (code, "1,048,569 rows without content" in said) == (0, True)
    assert told(out) == TOLD


def built(path: Path, change: Callable[[Any, Any], None]) -> Path:
    """A workbook of the sound rows as openpyxl writes it, changed."""
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    change(book, book.active)
    book.save(path)
    return path


def days(book: Any, sheet: Any) -> None:
    """A day as the number that it is, in the format of a day, and as text."""
    sheet["E2"] = 20557
    sheet["E3"] = 40318
    sheet["E3"].number_format = "d-mmm-yy"
    sheet["E4"], sheet["E4"].number_format = 20557.5, "yyyy-mm-dd"
    sheet["E5"], sheet["E5"].number_format = -3, "yyyy-mm-dd"
    sheet["E6"], sheet["E6"].number_format = 9_999_999_999, "yyyy-mm-dd"
    sheet["E7"] = date(1956, 4, 12)


def days_of_1904(book: Any, sheet: Any) -> None:
    book.epoch = openpyxl.utils.datetime.MAC_EPOCH
    sheet["E3"] = date(2010, 5, 20)
    sheet["E3"].number_format = '[$-409]mmmm\\ d", "yyyy;@'


def merged(book: Any, sheet: Any) -> None:
    """Down, across, on the header, outside of the table, and a title below it."""
    sheet.merge_cells("P2:P3")
    sheet.merge_cells("B5:C5")
    sheet.merge_cells("A1:A1")
    sheet.merge_cells("R4:S4")
    sheet["A9"] = "that is all"
    sheet.merge_cells("A9:D9")
    sheet.merge_cells("A11:D12")


MERGED = "it has a merged cell, or is part of one; undo that, and write in each cell what it holds"


def errors(book: Any, sheet: Any) -> None:
    for number, error in enumerate(("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?"), 2):
        sheet.cell(number, 9).value = error
        assert sheet.cell(number, 9).data_type == "e"


def others(book: Any, sheet: Any) -> None:
    """Sheets without requests; hidden rows and columns count like any other."""
    book.create_sheet("notes", 0).append(["Xpovio", 2022])
    book.create_sheet("empty", 0)
    book.create_chartsheet("chart", 0)
    sheet.row_dimensions[4].hidden = True
    sheet.column_dimensions["P"].hidden = True
    sheet.auto_filter.ref = "A1:P7"


def numbers(book: Any, sheet: Any) -> None:
    """Numbers where text belongs, and text where numbers belong."""
    sheet["G2"] = 2
    sheet["G3"], sheet["G3"].number_format = 2, "@"
    sheet["G4"], sheet["G4"].number_format = 2, "0.00"
    sheet["G5"], sheet["G5"].number_format = 2, "00"
    sheet["G6"] = True
    sheet["N7"] = " 20 "


TEXT = (
    "column member.formulary must hold text, and holds a number that may be shown in other digits; "
    "format it as text"
)
DAY = "column member.birth_date must hold a date, YYYY-MM-DD"
NO_VALUE = "column member.birth_date holds a value that no Excel cell can hold"
ERROR = "column diagnosis.icd10 holds a spreadsheet error, such as #N/A"
CASES: dict[Callable[[Any, Any], None], list[str]] = {
    days: [
        f"r-1 invalid: row 2: {DAY}",
        TOLD[1],
        f"r-3 invalid: row 4: {DAY}",
        f"r-4 invalid: row 5: {NO_VALUE}",
        f"r-5 invalid: row 6: {NO_VALUE}",
        TOLD[5],
    ],
    days_of_1904: TOLD,
    merged: [
        f"r-1 invalid: row 2: {MERGED}",
        f"r-2 invalid: row 3: {MERGED}",
        TOLD[2],
        f"r-4 invalid: row 5: {MERGED}",
        *TOLD[4:],
        f"that is all invalid: row 9: {MERGED}",
    ],
    errors: [*(f"r-{n} invalid: row {n + 1}: {ERROR}" for n in range(1, 6)), TOLD[5]],
    others: TOLD,
    numbers: [
        *TOLD[:2],
        f"r-3 invalid: row 4: {TEXT}",
        f"r-4 invalid: row 5: {TEXT}",
        "r-5 invalid: row 6: column member.formulary must hold text",
        TOLD[5],
    ],
}


@pytest.mark.parametrize("change", CASES, ids=lambda change: change.__name__)
def test_what_spreadsheets_have(
    change: Callable[[Any, Any], None], bundle_file: Path, tmp_path: Path
) -> None:
    taken, out = built(tmp_path / "in.xlsx", change), tmp_path / "out.ndjson"
    code, said = run(taken, "-o", out, "--bundle", bundle_file)
    assert told(out) == CASES[change]
    assert code == (0 if CASES[change] == TOLD else 3), said


def test_formulas_count_as_what_they_came_to(bundle_file: Path, tmp_path: Path) -> None:
    """A text, a number, nothing visible, an error; and no result, because nothing has computed
    it."""
    results = {
        2: '<c r="N2"><f>10+10</f><v>20</v></c>',
        3: '<c r="N3" t="str"><f>A1</f><v>20</v></c>',
        4: '<c r="N4" t="str"><f>IF(1,"","")</f><v></v></c>',
        5: '<c r="N5" t="e"><f>NA()</f><v>#N/A</v></c>',
        6: '<c r="N6"><f>10+10</f></c>',
        7: '<c r="N7"><f t="shared" si="0"/><v/></c>',
    }
    content = document(SOUND_ROWS)
    for number, cell in results.items():
        content, count = re.subn(rf'<c r="N{number}".*?</c>', cell, content)
        assert count == 1
    taken, out = packed(tmp_path / "in.xlsx", {SHEET: content}), tmp_path / "out.ndjson"
    assert run(taken, "-o", out, "--bundle", bundle_file)[0] == 3
    none = "is a formula without a result; open the file in Excel and save it"
    assert told(out) == [
        *TOLD[:2],
        "r-3 pended",
        "r-4 invalid: row 5: column quantity.tablets holds a spreadsheet error, such as #N/A",
        f"r-5 invalid: row 6: column quantity.tablets {none}",
        f"r-6 invalid: row 7: column quantity.tablets {none}",
    ]


def test_texts_however_they_are_written(bundle_file: Path, tmp_path: Path) -> None:
    """Shared, in parts, with phonetic guides, with escaped characters; in other
    name spaces, places and spellings of names; and a text that is missing."""
    runs = (
        '<si><r><rPr><b/></rPr><t>r-</t></r><r><t>1</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si>'
    )
    parts = with_texts(f"{TEXTS}<si><t>_x0072_equest_id</t></si>{runs}</sst>")
    content = document(
        SOUND_ROWS.replace("<is><t>request_id</t></is>", "<v>0</v>")
        .replace('r="A1" t="inlineStr"', 'r="A1" t="s"')
        .replace('r="A2" t="inlineStr"><is><t>r-1</t></is>', 'r="A2" t="s"><v>1</v>')
        .replace('r="A3" t="inlineStr"><is><t>r-2</t></is>', 'r="A3" t="s"><v>99</v>')
    )
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    parts[SHEET] = content.replace(MAIN, strict).replace('<row r="4">', "<row>")
    parts["xl/SharedStrings.xml"] = parts.pop("xl/sharedStrings.xml")
    taken, out = packed(tmp_path / "in.xlsx", parts), tmp_path / "out.ndjson"
    code, said = run(taken, "-o", out, "--bundle", bundle_file)
    assert code == 3, said
    assert told(out) == [
        TOLD[0],
        "- invalid: row 3: column request_id holds a value that no Excel cell can hold",
        *TOLD[2:],
    ]


ANY = [
    *("=1+1", "_x0041_ & <b>", "a\r\nb\rc\n", " ", "\ud7ff\U0001f600", "'", "#N/A", "1e5", "TRUE"),
    *("_x005F_x0041_", "a_x", "_x000D_", "]]>", "\t"),
]


def test_any_text_comes_back_from_excel_as_it_was(bundle_file: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{**SOUND[0], "note": note} for note in ANY]
    taken = as_xlsx(tmp_path / "plain.xlsx", [{**SOUND[0], "note": "x"}])
    whole = io.BytesIO()
    sheet.write(whole, "requests", [[*rows[0]], *([*row.values()] for row in rows)])
    taken.write_bytes(whole.getvalue())
    out, again = tmp_path / "out.xlsx", tmp_path / "again.xlsx"
    for path in (out, again):
        code, said = run(taken, "-o", path, "--bundle", bundle_file, "--keep", "all")
        assert code == 0, said
    # The same rows make the same bytes.
    assert out.read_bytes() == again.read_bytes()
    decided = openpyxl.load_workbook(out).active
    assert decided.freeze_panes == "A2"
    notes = [row[0] for row in decided.iter_rows(min_row=2, values_only=True)]
    # openpyxl leaves escaped characters as they are.
    read = [str(note).replace("_x005F_x", "_x") for note in notes]
    # A cell of blanks has no content.
    assert read == [str(None) if not note.strip() else note for note in ANY]


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (0.1 + 0.2, 0.1 + 0.2),
        (10**15 - 1, 10**15 - 1),
        (10**15, "1000000000000000"),
        (-(10**20), "-100000000000000000000"),
        (True, True),
        (date(2022, 10, 3), datetime(2022, 10, 3)),
        (datetime(2022, 10, 3, 4, 5, 6), datetime(2022, 10, 3, 4, 5, 6)),
        (date(1900, 2, 28), "1900-02-28"),
        (date(1900, 3, 1), datetime(1900, 3, 1)),
        ("x" * 32_767, "x" * 32_767),
        ("a\x00b\ufffe", "a\ufffdb\ufffd"),
        (None, None),
        ("", None),
    ],
)
def test_a_cell_that_is_written(value: Any, back: Any) -> None:
    whole = io.BytesIO()
    sheet.write(whole, 'a & "b"', [[value, "next"]])
    book = openpyxl.load_workbook(whole)
    assert book.sheetnames == ['a & "b"']
    read, following = next(book.active.iter_rows(values_only=True))
    assert (read, type(read), following) == (back, type(back), "next")
    # And as it is read here.
    with_ours = workbook.Workbook(whole)
    (row,) = with_ours.rows('a & "b"')
    with_ours.close()
    assert (row.cells[0].value if 0 in row.cells else None) == back


def test_the_letters_of_columns() -> None:
    for number in (0, 25, 26, 701, 702, 16_383):
        letters = sheet._letters(number)
        assert letters == openpyxl.utils.get_column_letter(number + 1)
        assert workbook._column(letters) == number


STOPPED = """
import os, signal, sys
from pathlib import Path
from priorauth.batch.formats import sheet
written = sheet._cell
def cell(*arguments):
    cell.count += 1
    if cell.count == 60:
        os.kill(os.getpid(), signal.SIGKILL)
    return written(*arguments)
cell.count = 0
sheet._cell = cell
from priorauth.cli import app
app(sys.argv[1:])
"""


def test_a_kill_leaves_nothing_of_a_workbook_elsewhere(bundle_file: Path, tmp_path: Path) -> None:
    """Killed while it makes the workbook: what is decided is beside the output, and goes on."""
    (tmp_path / "tmp").mkdir()
    taken = as_xlsx(tmp_path / "in.xlsx", claims())
    out = tmp_path / "out.xlsx"
    command = [str(taken), "-o", str(out), "--bundle", str(bundle_file), "--keep", "all"]
    command += ["--map", "claim_dob=member.birth_date", "--date-format", "%m/%d/%Y"]
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp")}
    killed = [sys.executable, "-c", STOPPED, "batch", *command]
    done = subprocess.run(killed, env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []
    left = {path for path in tmp_path.iterdir() if path.name.startswith(".out.xlsx.")}
    assert tmp_path / ".out.xlsx.partial" in left
    for path in left:
        assert path.stat().st_mode & 0o777 == 0o600
    assert run(*command, "--resume")[0] == 0
    assert inodes(tmp_path) == ["in.xlsx", "out.xlsx", "tmp"]
    assert len(table(out)) == len(SOUND)
