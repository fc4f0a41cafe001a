"""`priorauth batch` between files of every kind, in several processes, broken off and resumed."""

from __future__ import annotations

import contextlib
import csv
import errno
import functools
import io
import itertools
import json
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import generators
from generators import FULL, INITIAL
from priorauth import Client, EngineError, SidecarError, WasmEngine, bundle
from priorauth.batch.formats import target_of
from priorauth.batch.formats.delimited import Delimited, DelimitedOut, Record
from priorauth.batch.formats.json_array import Items
from priorauth.batch.formats.ndjson import LinesOut
from priorauth.batch.input import Input
from priorauth.batch.output import Output
from priorauth.batch.run import run as run_job
from priorauth.batch.tally import Tally
from priorauth.batch.workers import Done, Job, Policy, work
from priorauth.tables import Decisions, Requests
from servers import free_port, never_answering_to, pause, private_opa
from test_tables import COLUMNS, spelt

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "priorauth.cli"]
FORMATS = ("ndjson", "csv", "parquet")


def started(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    env = {key: value for key, value in os.environ.items() if key != "PRIORAUTH_URL"}
    return subprocess.Popen(
        [*COMMAND, "batch", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        start_new_session=True,
        **options,
    )


def run(*arguments: str | Path, **options: Any) -> tuple[int, str]:
    with started(*arguments, **options) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out + err


def requests(number: int) -> Iterator[dict[str, Any]]:
    kinds = [generators.every_combination_of_states(kind) for kind in ("initial", "renewal")]
    several = itertools.chain.from_iterable(itertools.zip_longest(*kinds))
    for index, request in enumerate(itertools.islice(several, number)):
        yield {**request, "request_id": f"r-{index}"}


def written(folder: Path, kind: str, documents: list[dict[str, Any]]) -> Path:
    """The requests in a file of this kind."""
    path = folder / f"in.{kind}"
    rows = [spelt(document) for document in documents]
    if kind == "ndjson":
        path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    elif kind == "csv":
        with path.open("w", newline="") as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerows(rows)
    else:
        schema = pa.schema([(name, pa.string()) for name in COLUMNS])
        pq.write_table(pa.Table.from_pylist(rows, schema), path, row_group_size=700)
    return path


def read(path: Path) -> list[Any]:
    """The decision documents in a file of whatever kind."""
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_bytes().splitlines()]
    if path.suffix == ".csv":
        csv.field_size_limit(1 << 20)
        with path.open(newline="") as file:
            return [json.loads(row["decision"]) for row in csv.DictReader(file)]
    return [json.loads(text) for text in pq.read_table(path).column("decision").to_pylist()]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("requests")
    documents = list(requests(3_000))
    return {kind: written(folder, kind, documents) for kind in FORMATS}


@pytest.fixture(scope="module")
def expected(files: dict[str, Path], bundle_file: Path) -> list[Any]:
    """What the sidecar decides, one worker, from NDJSON to NDJSON."""
    out = files["ndjson"].with_name("expected.ndjson")
    run(files["ndjson"], "-o", out, "--engine", "sidecar", "--workers", "1")
    decisions = read(out)
    assert [each["request_id"] for each in decisions] == [f"r-{n}" for n in range(3_000)]
    return decisions


@pytest.mark.parametrize(("taken", "given"), list(itertools.product(FORMATS, FORMATS)))
def test_from_and_to_every_kind_of_file(
    taken: str,
    given: str,
    files: dict[str, Path],
    expected: list[Any],
    bundle_file: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / f"out.{given}"
    columns = [] if given == "ndjson" else ["--columns", "all"]
    code, said = run(files[taken], "-o", out, "--bundle", bundle_file, *columns)
    assert (code, said.startswith("3,000 lines in")) == (0, True)
    assert read(out) == expected
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    assert out.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("given", ["ndjson", "csv"])
def test_either_engine_and_any_number_of_workers_write_the_same_bytes(
    given: str, files: dict[str, Path], bundle_file: Path, tmp_path: Path
) -> None:
    """Columns included: hosts of Wasm give the vocabulary in another order than OPA."""
    outs = []
    wasm: list[str | Path] = ["--engine", "wasm", "--bundle", bundle_file, "--workers"]
    ways: list[list[str | Path]] = [["--engine", "sidecar"], [*wasm, "1"], [*wasm, "3"]]
    for n, options in enumerate(ways):
        outs.append(tmp_path / f"{n}.{given}")
        assert run(files["ndjson"], "-o", outs[n], *options)[0] == 0
    assert outs[0].read_bytes() == outs[1].read_bytes() == outs[2].read_bytes()


def test_rows_that_cannot_be_read_get_a_decision_too(bundle_file: Path, tmp_path: Path) -> None:
    names = ["request_id", "type", "service_date", "drug.name", "quantity.tablets", "nccn"]
    lines = [
        ",".join(names).encode(),
        b"a,initial,2022-11-01,xpovio,20 tablets,",
        b'b,initial,2022-11-01,"xpo\nvio",20,',
        b"c,initial,2022-11-01,xpovio,20,,,,",
        b"d,initial,2022-11-01,xpovio",
        b"e,initial,2022-11-01,xp\xffvio,20,",
        b"f,initial,2022-02-30,xpovio,20,2A",
        b"",
        b"g,initial,2022-11-01,xpovio,20,compendium:2A",
    ]
    file = tmp_path / "in.csv"
    file.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines) + b"\r\n")
    code, _ = run(file, "-o", tmp_path / "out.ndjson", "--bundle", bundle_file)
    assert code == 3
    decisions = read(tmp_path / "out.ndjson")
    assert [decision["outcome"] for decision in decisions] == [
        *("invalid", "not_applicable", "invalid", "invalid", "invalid", "invalid", "pended"),
    ]
    told = [[(e["path"], e["message"]) for e in d["errors"]] for d in decisions]
    assert told[0] == [("/quantity/tablets", "row 2: column quantity.tablets must hold a number")]
    assert told[2] == [("", "row 4 (line 5): it has 9 cells, but the header has 6")]
    assert told[3] == [("", "row 5 (line 6): it has 4 cells, but the header has 6")]
    assert told[4][0][0] == "/drug/name"
    assert told[4][0][1].startswith("row 6 (line 7): column drug.name is not UTF-8")
    assert told[5] == [
        (
            "/nccn",
            "row 7 (line 8): column nccn must hold a list of source:category with | between them",
        )
    ]
    assert [d["request_id"] for d in decisions] == ["a", "b", None, None, "e", "f", "g"]


@pytest.mark.parametrize(
    ("name", "content", "options", "why"),
    [
        ("in.csv", "type,service_date,drug.name,member.age\n", [], "member.age"),
        ("in.csv", "type,service_date\n", [], "drug.name"),
        ("in.csv", "", [], "none of the columns type"),
        ("in.parquet", "no parquet", [], "not a readable Parquet file"),
        ("in.ndjson", "{}\n", ["--resume", "-o", "-"], "--resume needs an input file"),
        ("in.ndjson", "{}\n", ["--to", "parquet"], "to a pipe"),
        ("in.ndjson", "{}\n", ["--engine", "wasm", "--url", "http://localhost:1"], "--url"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_decided(
    name: str, content: str, options: list[str], why: str, bundle_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content)
    command: list[str | Path] = [file, *options]
    if not {"-o", "--to"} & set(options):
        command += ["-o", tmp_path / "out.ndjson"]
    if "--engine" not in options:
        command += ["--bundle", bundle_file]
    code, said = run(*command)
    assert code == 2
    assert why in said
    assert [path.name for path in tmp_path.iterdir()] == [name]


# --------------------------------------------------------------------------------------------
# Broken off and resumed
# --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    return written(folder, "ndjson", list(requests(8_000)))


def inodes(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "number"),
    [
        *((kind, signal.SIGKILL) for kind in (*FORMATS, "xlsx", "json.gz")),
        ("ndjson", signal.SIGINT),
        ("parquet", signal.SIGTERM),
    ],
)
def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(
    kind: str, number: signal.Signals, large: Path, bundle_file: Path, tmp_path: Path
) -> None:
    whole, out = tmp_path / "whole" / f"out.{kind}", tmp_path / "out" / f"out.{kind}"
    whole.parent.mkdir()
    out.parent.mkdir()
    command: list[str | Path] = [large, "--bundle", bundle_file, "--workers", "2"]
    began = time.monotonic()
    assert run(*command, "-o", whole)[0] == 0
    took = time.monotonic() - began
    chance = random.Random(f"{kind} {number}")
    broken = 0
    for _ in range(8):
        with started(*command, "-o", out, "--resume") as process:
            try:
                process.wait(chance.uniform(0.3, 0.7) * took)
            except subprocess.TimeoutExpired:
                process.send_signal(number)
                broken += 1
            said = "".join(process.communicate(timeout=60))
        if process.returncode == 0:
            break
        # What has the name is whole, even when it was killed just after.
        assert not out.exists() or out.read_bytes() == whole.read_bytes()
        assert "Traceback" not in said
    else:
        assert run(*command, "-o", out, "--resume")[0] == 0
    assert broken >= 1
    assert out.read_bytes() == whole.read_bytes()
    assert inodes(out.parent) == [out.name]


def test_what_is_left_can_be_gone_on_with_only_from_the_same(
    large: Path, bundle_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.ndjson"
    command: list[str | Path] = [large, "-o", out, "--bundle", bundle_file, "--workers", "1"]
    with started(*command) as process:
        journal = tmp_path / ".out.ndjson.journal"
        while not journal.exists():
            assert process.poll() is None
            time.sleep(0.01)
        # While it runs, no other may write.
        pause(process)
        assert "written by another run" in run(*command)[1]
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        said = "".join(process.communicate(timeout=60))
    assert process.returncode == 130
    assert "--resume" in said
    parts = (".out.ndjson.ids", ".out.ndjson.journal", ".out.ndjson.partial")
    assert inodes(tmp_path) == list(parts)
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    told = json.loads(journal.read_text())
    assert set(told) == {"size", "ids", "tally", "made_from"}
    assert 0 < Tally.read(told["tally"]).rows < 8_000

    code, said = run(*command, "--resume", "--engine", "wasm", "--to", "csv")
    assert (code, "started from another" in said) == (2, True)
    os.utime(large)
    code, said = run(*command, "--resume")
    assert (code, "started from another" in said) == (2, True)
    assert run(*command)[0] == 0
    assert inodes(tmp_path) == ["out.ndjson"]


@pytest.mark.parametrize("kind", ["ndjson", "json", "json.gz", "csv", "parquet", "xlsx"])
@pytest.mark.parametrize("moved", [False, True], ids=["before", "after"])
def test_an_interrupt_as_it_gets_its_name(
    kind: str,
    moved: bool,
    bundle_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What has the name stays whole; what has not can be gone on with."""
    whole, out = tmp_path / "whole" / f"out.{kind}", tmp_path / "out" / f"out.{kind}"
    engine = WasmEngine(bundle_file)
    table = Decisions.of(engine.catalog(), engine.facts(), ())
    target = target_of(kind.partition(".")[0], out.name, table, {})
    decided = [engine.decide(request).raw for request in (FULL, INITIAL)]
    text = target.encode(decided, (), first=True)
    tally = Tally(Counter({("outcome", "approved"): 2}))

    def write(path: Path, *, resume: bool) -> None:
        path.parent.mkdir(exist_ok=True)
        with Output(path, target, ["x"], resume=resume) as output:
            if not output.tally.rows:
                output.add(Done(2, 0, text, b"", tally))
            output.finish()

    def interrupted(made: Path, path: Path) -> None:
        if moved or path != out:
            os.replace(made, path)
        if path == out:
            raise KeyboardInterrupt

    write(whole, resume=False)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write(out, resume=False)
    assert (out.name in inodes(out.parent)) == moved
    if moved:
        assert inodes(out.parent) == [out.name]
    else:
        write(out, resume=True)
    assert out.read_bytes() == whole.read_bytes()


def test_with_nothing_to_go_on_with_it_begins(tmp_path: Path, bundle_file: Path) -> None:
    file = written(tmp_path, "ndjson", [INITIAL, FULL])
    out = tmp_path / "out.ndjson"
    for _ in range(2):
        assert run(file, "-o", out, "--bundle", bundle_file, "--resume")[0] == 0
        assert len(read(out)) == 2


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not another run that is in the way."""

    def flock(*_: object) -> NoReturn:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    output = Output(tmp_path / "out.ndjson", LinesOut(), None, resume=False)
    with pytest.raises(OSError, match="cannot be locked: No locks available"), output:
        pass


class Failing:
    """Work that fails as if a file had ended."""

    @contextlib.contextmanager
    def ready(self) -> Iterator[Any]:
        def fail(_: object) -> NoReturn:
            raise EOFError

        yield fail


def test_what_fails_in_a_worker_is_no_end_of_its_work() -> None:
    sent = io.BytesIO(pickle.dumps(Failing()) + pickle.dumps("a piece"))
    with pytest.raises(EOFError):
        work(sent, io.BytesIO())
    work(io.BytesIO(pickle.dumps(Failing())[:-1]), io.BytesIO())


def test_no_worker_outlives_it(large: Path, bundle_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    with started(large, "-o", out, "--bundle", bundle_file, "--workers", "2") as process:
        while not (tmp_path / ".out.ndjson.journal").exists():
            assert process.poll() is None
            time.sleep(0.01)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 2
        process.kill()
        process.communicate(timeout=60)
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_worker_that_is_killed_is_no_decision(
    large: Path, bundle_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.ndjson"
    command: list[str | Path] = [large, "-o", out, "--bundle", bundle_file, "--workers", "2"]
    with started(*command) as process:
        while not (tmp_path / ".out.ndjson.journal").exists():
            assert process.poll() is None
            time.sleep(0.01)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        said = "".join(process.communicate(timeout=60))
    assert process.returncode == 4
    assert "worker process ended" in said
    assert "--resume" in said
    assert run(*command, "--resume")[0] == 0
    assert len(read(out)) == 8_000


MEASURED = """
import sys
from priorauth.cli import app
try:
    app(sys.argv[1:], standalone_mode=False)
finally:
    # Not getrusage: its peak counts the parent's memory before this program was loaded.
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            print(line.split()[1], file=sys.stderr)
"""


@pytest.mark.long
@pytest.mark.parametrize("kind", FORMATS)
def test_memory_does_not_depend_on_how_much_there_is(
    kind: str, bundle_file: Path, tmp_path: Path
) -> None:
    peaks = []
    for number in (2_000, 8_000):
        file = written(tmp_path, kind, list(requests(number)))
        done = subprocess.run(
            [
                *(sys.executable, "-c", MEASURED, "batch", str(file), "--workers", "1"),
                *("-o", str(tmp_path / f"out.{kind}"), "--bundle", str(bundle_file)),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stderr.split()[-1]) >> 10)
    assert peaks[1] < 300
    assert peaks[1] - peaks[0] < 60


# --------------------------------------------------------------------------------------------
# What is read, and what is in the way
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link", ["itself", "symlink", "hard link", "standard input", "summary", "report"]
)
def test_what_is_read_is_not_written_over(link: str, bundle_file: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "csv", [FULL])
    before = file.read_bytes()
    out = tmp_path / "out.ndjson"
    if link == "symlink":
        out.symlink_to(file)
    elif link == "hard link":
        out.hardlink_to(file)
    elif link not in ("summary", "report"):
        out = file
    command: list[str | Path] = [file, "-o", out, "--bundle", bundle_file]
    with file.open("rb") as data:
        if link == "standard input":
            command[0:1] = ["-", "--from", "csv"]
        if link in ("summary", "report"):
            command += [f"--{link}", file]
        code, said = run(*command, stdin=data)
    assert (code, "input; name another" in said) == (2, True)
    assert file.read_bytes() == before
    assert inodes(tmp_path) in ([file.name], [file.name, "out.ndjson"])


def test_the_bundle_is_not_written_over(bundle_file: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "ndjson", [FULL])
    bundle = tmp_path / "bundle.tar.gz"
    bundle.write_bytes(bundle_file.read_bytes())
    assert run(file, "-o", bundle, "--bundle", bundle)[0] == 2
    assert bundle.read_bytes() == bundle_file.read_bytes()


@pytest.mark.parametrize("part", ["partial", "ids", "whole", "journal.new"])
@pytest.mark.parametrize("kind", ["symlink", "hard link", "folder", "pipe"])
def test_nothing_is_followed_where_our_files_go(
    part: str, kind: str, bundle_file: Path, tmp_path: Path
) -> None:
    """Anyone who can write to the folder could redirect the decisions."""
    file = written(tmp_path, "csv", [FULL])
    victim = tmp_path / "victim"
    victim.write_text("a victim's")
    out = tmp_path / "out.parquet"
    trap = tmp_path / f".{out.name}.{part}"
    if kind == "symlink":
        trap.symlink_to(victim)
    elif kind == "hard link":
        trap.hardlink_to(victim)
    elif kind == "folder":
        trap.mkdir()
    else:
        os.mkfifo(trap)
    code, said = run(file, "-o", out, "--bundle", bundle_file)
    assert victim.read_text() == "a victim's"
    assert (code, "not a plain file of this user's" in said) == (2, True)
    assert not out.exists()


def test_what_is_left_by_others_is_for_its_owner_only(bundle_file: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "ndjson", [FULL])
    out = tmp_path / "out.ndjson"
    partial = tmp_path / ".out.ndjson.partial"
    partial.write_text("from before")
    partial.chmod(0o666)
    out.write_text("from before")
    out.chmod(0o666)
    assert run(file, "-o", out, "--bundle", bundle_file)[0] == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert len(read(out)) == 1


@pytest.mark.parametrize(
    ("out", "summary", "why"),
    [
        ("x" * 250, None, "has a name too long for the files beside it; take one of 242 bytes"),
        ("\u00e9" * 122, None, "has a name too long"),
        ("out.csv", "no/summary.json", "there is no such folder"),
        ("out.csv", "out.csv", "name the same file; name others"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_decided(
    out: str, summary: str | None, why: str, bundle_file: Path, tmp_path: Path
) -> None:
    file = written(tmp_path, "ndjson", [FULL])
    command: list[str | Path] = [file, "-o", tmp_path / out, "--bundle", bundle_file]
    if summary:
        command += ["--summary", tmp_path / summary]
    code, said = run(*command)
    assert (code, why in said, said.count("\n")) == (2, True, 1), said
    assert inodes(tmp_path) == [file.name]


def test_the_longest_name(bundle_file: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "ndjson", [FULL])
    name = "x" * 242
    assert run(file, "-o", tmp_path / name, "--bundle", bundle_file)[0] == 0
    assert inodes(tmp_path) == [file.name, name]


def test_very_many_columns_take_no_longer_each(bundle_file: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    own = ",".join(f"c{number}" for number in range(130_000))
    file.write_text(
        f"type,service_date,drug.name,{own}\ninitial,2022-11-01,Xpovio{',' * 130_000}\n"
    )
    started_at = time.monotonic()
    keep = ("--keep", "all", "--columns", "outcome")
    assert run(file, "-o", out, "--bundle", bundle_file, *keep)[0] == 0
    assert time.monotonic() - started_at < 60
    assert out.read_bytes().startswith(b"c0,c1,")


def test_odd_cells_of_parquet(bundle_file: Path, tmp_path: Path) -> None:
    """A text that is too long, an impossible day in a list, and a time in an unknown zone."""
    rows = [spelt(FULL) for _ in range(3)]
    table = pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in COLUMNS]))
    no_day = pa.array([0, 2**31 - 1, 0], pa.int32()).cast(pa.date32())
    document = pa.StructArray.from_arrays([pa.array(["a"] * 3), no_day], ["reference", "date"])
    changed = {
        "diagnosis.icd10": pa.array(["x" * (1 << 20), "C90.0", "x" * ((1 << 20) + 1)]),
        "documentation": pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), document),
    }
    for name, column in changed.items():
        table = table.set_column(table.column_names.index(name), name, column)
    stamps = pa.array([1, 2, 3], pa.timestamp("us", "Mars/Base"))
    pq.write_table(table.append_column("when", stamps), tmp_path / "in.parquet")
    for name in ("out.csv", "out.parquet"):
        out = tmp_path / name
        options = ("--bundle", bundle_file, "--keep", "when", "--columns", "decision")
        assert run(tmp_path / "in.parquet", "-o", out, *options)[0] == 3
        told = [[error["message"] for error in each["errors"]] for each in read(out)]
        assert told[0] == []
        assert told[1][0].startswith(
            "row 2: column documentation holds a value that cannot be read"
        )
        assert told[2] == ["row 3: column diagnosis.icd10 is longer than 1048576 bytes"]
    assert pq.read_table(tmp_path / "out.parquet").column("when").type == stamps.type


SOUND_JOURNAL: dict[str, Any] = {
    "size": 0,
    "ids": 0,
    "tally": {"counts": [["outcome", "invalid", 1]], "sums": []},
    "made_from": [],
}


@pytest.mark.parametrize(
    "journal",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        *(
            json.dumps(SOUND_JOURNAL | {name: value}).encode()
            for name, value in (
                ("size", -1),
                ("size", "x"),
                ("ids", None),
                ("tally", []),
                ("tally", {"counts": [], "sums": []}),
                ("tally", {"counts": [["outcome", "invalid", "x"]], "sums": []}),
                ("tally", SOUND_JOURNAL["tally"] | {"sums": [["requested", "1/0"]]}),
                ("tally", 7),
            )
        ),
    ],
)
def test_a_journal_that_cannot_be_read(journal: bytes, bundle_file: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "ndjson", [FULL])
    out = tmp_path / "out.ndjson"
    (tmp_path / ".out.ndjson.journal").write_bytes(journal)
    code, said = run(file, "-o", out, "--bundle", bundle_file, "--resume")
    assert (code, said.count("\n")) == (2, 2)
    assert "cannot be read; start anew without --resume" in said
    assert run(file, "-o", out, "--bundle", bundle_file)[0] == 0
    assert inodes(tmp_path) == [file.name, out.name]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'{"a": 1}', "is not a JSON array$"),
        (b"[1}", "is not a JSON array: } ends it, at item 1"),
        (b"[1, {}}]", "is not a JSON array: } ends it, at item 2"),
        (b"[1]}", "continues after its array has ended, at item 1"),
        (b"[1] [2]", "continues after its array has ended, at item 1"),
        (b"[1, 2", "breaks off in item 2"),
    ],
)
def test_what_is_not_one_array(text: bytes, told: str) -> None:
    with pytest.raises(OSError, match=told):
        list(Items("in.json").pieces(Input(io.BytesIO(text), "in.json"), 0))


def test_counting_leaves_the_limit_of_csv_as_it_is() -> None:
    before = csv.field_size_limit(1 << 10)
    try:
        rows = io.BytesIO(b"decision\n" + b"x" * (1 << 11))
        assert DelimitedOut(Decisions.of((), {}, ()), (), ",").count(rows) == 1
        assert csv.field_size_limit() == 1 << 10
    finally:
        csv.field_size_limit(before)


# --------------------------------------------------------------------------------------------
# A sidecar that refuses some, or changes
# --------------------------------------------------------------------------------------------


def padded(request: dict[str, Any], size: int) -> dict[str, Any]:
    """The request with documents that make it about so large."""
    references = [{"reference": f"chart-note-{n:06}"} for n in range(size // 38)]
    return request | {"documentation": references}


def test_what_a_sidecar_does_not_take_spoils_no_other_row(tmp_path: Path) -> None:
    """As many bytes as production takes, and in one row more; one that takes too long; one that
    OPA cannot read."""
    documents = [padded(FULL, 6_900) | {"request_id": f"r-{n}"} for n in range(300)]
    documents[120] = padded(FULL, 600_000) | {"request_id": "too large"}
    documents[7] = {"request_id": "too far", "dose": {"mg_per_week": 10**399}}
    documents[222] = FULL | {"request_id": "too slow"}
    file, out = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    file.write_text("".join(f"{json.dumps(document)}\n" for document in documents))
    limits = ("--set=server.decoding.max_length=524288", "--authorization=basic")
    folders = [ROOT / "policy", ROOT / "rego", ROOT / "deploy" / "access-local"]
    with (
        private_opa(*limits, *folders) as (opa, _),
        never_answering_to(b"too slow", opa) as url,
    ):
        code, said = run(file, "-o", out, "--url", url, "--timeout", "1.5")
    assert code == 3, said
    decisions = read(out)
    assert [d["request_id"] for d in decisions] == [d["request_id"] for d in documents]
    refused = {d["request_id"]: d for d in decisions if d["outcome"] == "invalid"}
    assert set(refused) == {"too large", "too far", "too slow"}
    for name, line, why in (
        ("too large", 121, "request body too large"),
        ("too far", 8, "a number has at most 32 characters"),
        ("too slow", 223, "no complete answer"),
    ):
        (error,) = refused[name]["errors"]
        assert error["message"].startswith(f"line {line}: it cannot be decided: ")
        assert why in error["message"]


@contextlib.contextmanager
def serving(policy: Path, port: int, *, revision: str | None) -> Iterator[None]:
    """A sidecar on this port: of a bundle of this revision, or of the policy's files."""
    with tempfile.TemporaryDirectory() as folder:
        arguments: list[str | Path] = [policy / "policy", policy / "rego"]
        if revision:
            bundle.build(Path(folder) / "bundle.tar.gz", policy=policy, revision=revision)
            arguments = ["--set", f"bundles.priorauth.resource=file://{folder}/bundle.tar.gz"]
        with private_opa(*arguments, port=port) as (url, _), Client(url) as client:
            deadline = time.monotonic() + 30
            while True:
                with contextlib.suppress(SidecarError):
                    client.health()
                    break
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield


@pytest.mark.long
@pytest.mark.parametrize("bundled", [True, False], ids=["bundles", "files"])
def test_a_run_is_decided_by_one_policy(bundled: bool, tmp_path: Path) -> None:
    """The sidecar is restarted with another policy amid a run, and again before it is resumed."""
    other = tmp_path / "policy"
    for name in ("policy", "rego", "schemas"):
        shutil.copytree(ROOT / name, other / name)
    plan = other / "policy/plan/data.yaml"
    plan.write_text(plan.read_text().replace("denied", "pended"))
    data = other / "policy/guidelines/xpovio/2022-10-03/data.yaml"
    data.write_text(data.read_text().replace("2023-06", "2023-07"))
    port = free_port()
    url, out = f"http://127.0.0.1:{port}", tmp_path / "out.ndjson"
    asked = written(tmp_path, "ndjson", list(requests(2_500)))
    command: list[str | Path] = [asked, "-o", out, "--url", url, "--workers", "1"]
    former, latter = ("r-1", "r-2") if bundled else (None, None)
    with serving(ROOT, port, revision=former):
        process = started(*command)
        while not (tmp_path / ".out.ndjson.journal").exists():
            assert process.poll() is None
            time.sleep(0.01)
        pause(process)
    with serving(other, port, revision=latter):
        process.send_signal(signal.SIGCONT)
        _, said = process.communicate(timeout=60)
        assert (process.returncode, "now decides by another policy" in said) == (4, True), said
        code, said = run(*command, "--resume")
        assert (code, "another input or policy" in said) == (2, True), said
    with serving(ROOT, port, revision=former):
        assert run(*command, "--resume")[0] == 0
    whole = tmp_path / "whole.ndjson"
    assert run(asked, "-o", whole, "--engine", "sidecar")[0] == 0
    assert out.read_bytes() == whole.read_bytes()


def test_a_sidecar_that_refuses_everyone_ends_the_run(tmp_path: Path) -> None:
    """The token is at fault, not the rows."""
    file, out = written(tmp_path, "ndjson", [FULL, INITIAL]), tmp_path / "out.ndjson"
    access = tmp_path / "access.json"
    access.write_text('{"access": {"everyone": []}}')
    folders = [ROOT / "policy", ROOT / "rego", access]
    with private_opa("--authorization=basic", *folders) as (url, _):
        code, said = run(file, "-o", out, "--url", url)
    assert (code, "answered 401" in said) == (4, True)
    assert not out.exists()


@pytest.mark.long
def test_a_sidecar_that_is_slow_for_everyone_ends_the_run(large: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    options = ("--timeout", "3", "--workers", "1")
    with private_opa(ROOT / "policy", ROOT / "rego") as (url, opa):
        process = started(large, "-o", out, "--url", url, *options)
        while not (tmp_path / ".out.ndjson.journal").exists():
            assert process.poll() is None
            time.sleep(0.01)
        pause(opa)
        _, said = process.communicate(timeout=60)
        assert (process.returncode, "no complete answer" in said, "--resume" in said) == (
            4,
            True,
            True,
        )
        opa.send_signal(signal.SIGCONT)
        assert run(large, "-o", out, "--url", url, *options, "--resume")[0] == 0
    assert len(read(out)) == 8_000
    assert not any(document["outcome"] == "invalid" for document in read(out))


def test_either_engine_writes_the_same_bytes_however_numbers_are_spelt(
    url: str, bundle_file: Path, tmp_path: Path
) -> None:
    """Also of what cannot be asked about."""
    plain = json.dumps(FULL)
    assert '"tablets": 20' in plain
    spelt_so = ["20", "20.0", "2e1", "200E-1", "20.5", "1e-7", "12345678.9", "40.0", "1e22", "-0.0"]
    lines = [plain.replace('"tablets": 20', f'"tablets": {each}') for each in spelt_so]
    lines += [plain.replace('"mg_per_week": 100', f'"mg_per_week": {each}') for each in spelt_so]
    lines += [
        '{"request_id": "\\ud800"}',
        '{"drug": {"name": "\\udfff"}}',
        "[]",
        "{",
        '{"a":1e999}',
    ]
    file = tmp_path / "in.ndjson"
    file.write_text("\n".join(lines))
    outs = []
    for name, engine in (("one", ["--url", url]), ("other", ["--bundle", str(bundle_file)])):
        for suffix in ("ndjson", "csv", "parquet"):
            out = tmp_path / f"{name}.{suffix}"
            assert run(file, "-o", out, *engine)[0] == 3
            outs.append(out.read_bytes())
    assert outs[:3] == outs[3:]
    assert len(outs[0].splitlines()) == len(lines)


# --------------------------------------------------------------------------------------------
# Accounts
# --------------------------------------------------------------------------------------------


class Losing(Delimited):
    """Loses a row, as no one should."""

    def _records(self, lines: Iterator[bytes | None]) -> Iterator[Record]:
        yield from itertools.islice(super()._records(lines), 1, None)


class Doubling(LinesOut):
    """Writes a decision twice."""

    def encode(self, documents: Any, kept: Any, *, first: bool) -> bytes:
        return super().encode([*documents, *documents[:1]], kept, first=first)


@pytest.mark.parametrize("fault", ["lost", "doubled"])
def test_a_row_that_is_lost_or_doubled_is_noticed(
    fault: str, bundle_file: Path, tmp_path: Path
) -> None:
    file, out = written(tmp_path, "csv", [FULL, INITIAL, FULL]), tmp_path / "out.ndjson"
    engine = WasmEngine(bundle_file)
    make = functools.partial(WasmEngine, bundle_file)
    with file.open("rb") as opened:
        data = Input(opened, "in.csv")
        sound = Delimited.of(data, Requests(engine.facts()))
        source = Losing(**vars(sound)) if fault == "lost" else sound
        target = LinesOut() if fault == "lost" else Doubling()
        job = Job(make, Policy(), engine.facts(), source, target)
        output = Output(out, target, ["x"], resume=False)
        told = "of 4 lines" if fault == "lost" else "holds 4 decisions for 3 rows, and is dropped"
        with pytest.raises((EngineError, OSError), match=told):
            run_job(job, data, output, workers=1, progress=lambda _: nullcontext(lambda *_: None))
    assert not out.exists()


@pytest.mark.parametrize(
    "kind",
    [
        "csv",
        *(pytest.param(kind, marks=pytest.mark.long) for kind in ("ndjson.gz", "parquet", "xlsx")),
    ],
)
def test_what_is_left_and_damaged_is_not_put_in_place(
    kind: str, large: Path, bundle_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / f"out.{kind}"
    command: list[str | Path] = [large, "-o", out, "--bundle", bundle_file, "--workers", "1"]
    with started(*command) as process:
        while not (tmp_path / f".out.{kind}.journal").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    partial = tmp_path / f".out.{kind}.partial"
    content = bytearray(partial.read_bytes())
    content[100:400] = b'"\n' * 150
    partial.write_bytes(content)
    code, said = run(*command, "--resume")
    assert (code, said.count("\n"), "is dropped; start anew" in said) == (1, 1, True), said
    assert inodes(tmp_path) == []
    assert run(*command)[0] == 0
