"""Damaged CSV: every row that went in is accounted for, and no sound row's decision changes."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.make import COLUMNS, SOUND
from generators import repeatable
from priorauth import WasmEngine
from priorauth.batch.formats.delimited import (
    SEPARATORS,
    Delimited,
    split,
    unescaped,
)
from priorauth.batch.formats.delimited import (
    written as as_csv,
)
from priorauth.batch.input import Input
from priorauth.tables import Requests, decided

Decide = Callable[[bytes], list[Mapping[str, Any]]]

NAMES = ["Xpovio", " xpovio\r\n", "\nSelinexor", "other and\nanother", 'the "drug"', "=1+1"]
DOCUMENTS = ["chart-note-17", '[{"reference": "a, b", "type": "lab"}]', "", "x|y"]


@pytest.fixture(scope="module")
def decide(bundle_file: Path) -> Decide:
    """Decides a table as a batch does; all that it holds is accounted for."""
    engine = WasmEngine(bundle_file)
    requests = Requests(engine.facts())

    def decide(table: bytes) -> list[Mapping[str, Any]]:
        data = Input(io.BytesIO(table), "table")
        source = Delimited.of(data, requests)
        documents = []
        for piece in source.pieces(data, 0):
            documents += decided(engine, source.rows(piece)[0])
        data.check()
        return documents

    return decide


@st.composite
def sound_rows(draw: st.DrawFn) -> list[dict[str, str]]:
    rows = []
    for number in range(draw(st.integers(2, 7))):
        row = draw(st.sampled_from(SOUND)) | {"request_id": f"s-{number}"}
        row["drug.name"] = draw(st.sampled_from(NAMES))
        row["documentation"] = draw(st.sampled_from(DOCUMENTS))
        for name in draw(st.sets(st.sampled_from(COLUMNS[8:]), max_size=6)):
            row[name] = ""
        rows.append(row)
    return rows


def written(rows: list[dict[str, str]], separator: str, every: bool, end: str) -> list[str]:
    """The header and the rows, as lines of text with their ends; every cell quoted, or those that
    must be. Not by the csv module, which leaves the ends that it does not write as they are.
    """
    lines = []
    for cells in (COLUMNS, *(row.values() for row in rows)):
        told = [
            '"{}"'.format(cell.replace('"', '""'))
            if every or any(each in cell for each in (separator, '"', "\r", "\n"))
            else cell
            for cell in cells
        ]
        lines.append(separator.join(told) + end)
    return lines


def cut(draw: st.DrawFn, row: str) -> bytes:
    body, end = row.rstrip("\r\n"), row[len(row.rstrip("\r\n")) :]
    at = draw(st.integers(0, len(body)))
    return (draw(st.sampled_from([body[:at] + end, body[:at], body[at:] + end]))).encode()


def quote(draw: st.DrawFn, row: str) -> bytes:
    body = row
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(body.rstrip("\r\n"))))
        body = body[:at] + '"' + body[at:]
    return body.encode()


def re_encode(draw: st.DrawFn, row: str) -> bytes:
    at = draw(st.integers(0, len(row.rstrip("\r\n"))))
    return row[:at].encode() + "\u00e9\u2019".encode("cp1252") + row[at:].encode()


def merge(draw: st.DrawFn, row: str) -> bytes:
    """With the next, by the loss of the line's end, or of any line's end in it."""
    ends = [at for at, each in enumerate(row) if each in "\r\n"]
    at = draw(st.sampled_from(ends))
    return (row[:at] + row[at + 1 :]).encode()


DAMAGES = (cut, quote, quote, re_encode, merge)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[dict[str, str]], set[int], list[bytes]]:
    """Rows, which of them are damaged or glued to what is, and the lines as they are left."""
    rows = draw(st.permutations(draw(sound_rows())))
    separator = draw(st.sampled_from(SEPARATORS))
    header, *lines = written(
        rows, separator, draw(st.booleans()), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    )
    spoilt: set[int] = set()
    left = [line.encode() for line in lines]
    for number in draw(st.sets(st.integers(0, len(rows) - 1), max_size=3)):
        left[number] = draw(st.sampled_from(DAMAGES))(draw, lines[number])
        spoilt.add(number)
        if not left[number].endswith((b"\n", b"\r")):
            spoilt.add(number + 1)
    if draw(st.booleans()):
        blank = draw(st.sampled_from(["\n", separator * (len(COLUMNS) - 1) + "\n"]))
        at = draw(st.integers(0, len(rows)))
        if not at or left[at - 1].endswith((b"\n", b"\r")):
            left[at : at + 1] = [blank.encode() + b"".join(left[at : at + 1])]
    return rows, spoilt, [header.encode(), *left]


def glued(lines: list[bytes]) -> set[int]:
    """The rows that the damage puts into one cell with others, by RFC 4180.

    Such a file may be meant that way, so nobody can tell.
    """
    texts = [line.decode("utf-8", "replace") for line in lines]
    separator = max(SEPARATORS, key=lambda each: len(texts[0].split(each)))
    covered: set[int] = set()
    for first, last in itertools.combinations(range(1, len(texts)), 2):
        text = io.StringIO("".join(texts[first : last + 1]), newline="")
        try:
            (cells,) = csv.reader(text, delimiter=separator, strict=True)
        except (csv.Error, ValueError):
            continue
        if len(cells) == len(COLUMNS):
            covered |= set(range(first - 1, last))
    return covered


@repeatable
@given(damaged())
def test_no_row_is_lost_and_none_is_misread(
    decide: Decide, made: tuple[list[dict[str, str]], set[int], list[bytes]]
) -> None:
    rows, spoilt, lines = made
    documents = decide(b"".join(lines))
    unclear = glued(lines)
    ids = [document["request_id"] for document in documents]
    for number, row in enumerate(rows):
        if number in spoilt or (number in unclear and row["request_id"] not in ids):
            continue
        (expected,) = decide("".join(written([row], ",", True, "\n")).encode())
        assert [each for each in documents if each["request_id"] == row["request_id"]] == [expected]
    # What else is decided is of rows that are damaged.
    sound = {row["request_id"] for number, row in enumerate(rows) if number not in spoilt}
    assert set(ids) <= sound or spoilt
    remains = [lines[number + 1].strip(b',;|" \t\r\n') for number in spoilt if number < len(rows)]
    assert set(ids) > sound or not any(remains) or unclear


@repeatable
@given(sound_rows(), st.sampled_from(SEPARATORS), st.sampled_from(["\n", "\r\n", "\r"]))
def test_sound_rows_are_read_however_they_are_written(
    decide: Decide, rows: list[dict[str, str]], separator: str, end: str
) -> None:
    ways = [written(rows, separator, every, end) for every in (False, True)]
    one, other = (decide("".join(lines).encode()) for lines in ways)
    assert one == other
    assert [document["request_id"] for document in one] == [row["request_id"] for row in rows]
    assert decide("".join(ways[0]).encode("utf-16")) == one


@repeatable
@given(st.lists(st.text(st.sampled_from("ab \"',;|\t=+-@'1\n\r\u00e9\uff1d")), min_size=2))
def test_cells_come_back_as_they_were(cells: list[str]) -> None:
    for separator in SEPARATORS:
        text = as_csv([cells], separator).decode()
        assert list(map(unescaped, split(text, separator) or [])) == cells
        for cell in next(csv.reader(io.StringIO(text, newline=""), delimiter=separator)):
            # As the OWASP has it; a number is what it looks like.
            assert cell[:1] not in tuple("=+-@\t\r\uff1d") or cell.lstrip("+-").isdigit()
