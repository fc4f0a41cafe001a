"""The damaged tables in `files`, each as `priorauth batch` takes it: `expected.yaml` says how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from test_batch import run

FILES = Path(__file__).with_name("files")
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((FILES / "expected.yaml").read_text())


def told(path: Path) -> list[str]:
    """The decisions in a file, a line each."""
    lines = []
    for document in map(json.loads, path.read_text().splitlines()):
        what = "; ".join(error["message"] for error in document["errors"])
        line = f"{document['request_id'] or '-'} {document['outcome']}"
        lines.append(f"{line}: {what}" if what else line)
    return lines


def test_every_file_is_there() -> None:
    names = {path.name for path in FILES.iterdir()} - {"expected.yaml", "make.py", "__pycache__"}
    assert names == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_damaged_file(name: str, bundle_file: Path, tmp_path: Path) -> None:
    expected = EXPECTED[name]
    out = tmp_path / "out.ndjson"
    code, said = run(FILES / name, "-o", out, "--bundle", bundle_file)
    assert "Traceback" not in said
    assert code == expected["exit"], said
    assert expected.get("says", "") in said
    assert out.exists() is ("decisions" in expected)
    if out.exists():
        assert told(out) == expected["decisions"]
    else:
        # One sentence, which quotes nothing of what is in the file.
        assert said.count("\n") == 1
        assert not any(held in said for held in ("r-1", "1956", "C90", "Invented", "Xpovio"))


@pytest.mark.parametrize("name", ["windows-1252.csv", "semicolons.csv"])
def test_an_encoding_that_is_told(name: str, bundle_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    code, _ = run(FILES / name, "-o", out, "--bundle", bundle_file, "--encoding", "cp1252")
    assert code == 0
    assert told(out) == EXPECTED["semicolons.csv"]["decisions"]


def test_what_is_not_in_the_encoding_that_is_told(bundle_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    file = FILES / "windows-1252.csv"
    assert run(file, "-o", out, "--bundle", bundle_file, "--encoding", "ascii")[0] == 3
    assert told(out)[1] == (
        "r-2 invalid: row 3: column diagnosis.icd10 is not ascii, as --encoding has it"
    )
    code, said = run(file, "-o", out, "--bundle", bundle_file, "--encoding", "latin-0")
    assert (code, "no encoding 'latin-0'" in said) == (2, True)
    wide = (FILES / "semicolons.csv").read_text().encode("utf-16-le")
    (tmp_path / "wide.csv").write_bytes(wide)
    code, said = run(tmp_path / "wide.csv", "-o", out, "--bundle", bundle_file)
    assert (code, "use --encoding utf-16-le" in said) == (2, True)
    encoded = ("--encoding", "utf-16-le")
    assert run(tmp_path / "wide.csv", "-o", out, "--bundle", bundle_file, *encoded)[0] == 0


@pytest.mark.parametrize(
    ("encoding", "code", "why"),
    [
        *(
            (each, 2, f"there is no encoding {each!r}")
            for each in ("undefined", "idna", "punycode")
        ),
        *(
            (each, 2, f"there is no encoding {each!r}")
            for each in ("rot13", "hex", "bz2", "x" * 99)
        ),
        ("utf-16", 1, "is not utf-16, or lacks the byte order mark"),
        ("utf_32", 1, "is not utf-32, or lacks the byte order mark"),
        ("utf-16-le", 2, "none of the columns type"),
        ("cp037", 2, "none of the columns type"),
    ],
)
def test_encodings_that_cannot_be(
    encoding: str, code: int, why: str, bundle_file: Path, tmp_path: Path
) -> None:
    command = (FILES / "semicolons.csv", "-o", tmp_path / "out.ndjson", "--bundle", bundle_file)
    found, said = run(*command, "--encoding", encoding)
    assert (found, why in said, said.count("\n")) == (code, True, 1), said
    assert list(tmp_path.iterdir()) == []
