"""A workbook of one sheet, written straight through: the same rows make the same bytes.

Not by a library: openpyxl and XlsxWriter, which can write without holding all of it in memory, use
temporary files, which a kill would leave behind.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

LONGEST = 32_767
"""How many characters a cell holds."""

_CUT = " … (cut: an Excel cell holds no more)"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What Excel would take for an escaped character.
_NUMBERED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
# Excel rounds numbers of more digits than it shows.
_LARGEST = 10**15
_FIRST = datetime(1899, 12, 30)
# Before this day Excel counts one that never was, 29 February 1900.
_TRUE_FROM = datetime(1900, 3, 1)
_DAY, _TIME = 1, 2

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>
<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>
</Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>
</Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">
<bookViews><workbookView/></bookViews>
<sheets><sheet name=%s sheetId="1" r:id="rId1"/></sheets>
</workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>
</Relationships>""",
    "xl/styles.xml": f"""<styleSheet xmlns="{_MAIN}">
<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>
<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>
<fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill>
<fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
</styleSheet>""",
}
SHEET = "xl/worksheets/sheet1.xml"
"""The part with the rows."""

_BEGIN = f"""<worksheet xmlns="{_MAIN}">
<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft"
 state="frozen"/></sheetView></sheetViews>
<sheetData>
"""
_END = "</sheetData>\n</worksheet>"


def write(file: BinaryIO, title: str, rows: Iterable[Sequence[Any]]) -> None:
    """A workbook of a sheet with these rows, the first of which stays in view.

    A cell is text, which is never a formula, a number, a boolean, a date, a time or None.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _PARTS.items():
            told = text % quoteattr(title) if "%s" in text else text
            archive.writestr(_entry(name), (_XML + told).encode())
        with archive.open(_entry(SHEET), "w", force_zip64=True) as sheet:
            sheet.write((_XML + _BEGIN).encode())
            for number, row in enumerate(rows, 1):
                cells = "".join(
                    _cell(f"{_letters(place)}{number}", value)
                    for place, value in enumerate(row)
                    if value not in (None, "")
                )
                sheet.write(f'<row r="{number}">{cells}</row>\n'.encode())
            sheet.write(_END.encode())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _letters(place: int) -> str:
    """The name of a column, counted from 0."""
    name = ""
    while place >= 0:
        name = chr(ord("A") + place % 26) + name
        place = place // 26 - 1
    return name


def _cell(at: str, value: Any) -> str:
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < _LARGEST):
        return f'<c r="{at}"><v>{value!r}</v></c>'
    if isinstance(value, date):
        style = _TIME if isinstance(value, datetime) else _DAY
        when = value if isinstance(value, datetime) else datetime(*value.timetuple()[:3])
        if when.tzinfo is None and when >= _TRUE_FROM:
            days = (when - _FIRST) / timedelta(days=1)
            return f'<c r="{at}" s="{style}"><v>{days:.15g}</v></c>'
        value = value.isoformat()
    text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))
    if len(text) > LONGEST:
        text = text[: LONGEST - len(_CUT)] + _CUT
    # A bare carriage return would be read as the end of a line.
    text = escape(_NUMBERED.sub("_x005F_", text), {"\r": "&#13;"})
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
