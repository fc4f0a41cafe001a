"""What is compared: each candidate decides the same documents, over and over."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import psutil

import oracle
from priorauth import Client, Decider, Decision, LocalSidecar, WasmEngine, bundle
from priorauth._json import to_json
from priorauth._transport import OPA

HERE = Path(__file__).resolve().parent
CASES = HERE.parent / "tests/cases"
LOOPBACK = "127.0.0.1"
CALLS = 200
"""The documents of a turn that takes a call for each,"""
BATCHED = 1000
"""of one that takes them in batches,"""
WHOLE = 20_000
"""and of one that shares them out to processes."""


class Turn(NamedTuple):
    """What a turn took, by the clock and of all processors, in seconds, and what it came to."""

    seconds: float
    processor: float
    outcomes: list[str]


@dataclass(frozen=True)
class Candidate:
    """`size` is the number of documents of a turn. Without outcomes there are none to compare."""

    name: str
    size: int
    turn: Callable[[], Turn]
    decides: bool = True


class Bench:
    """What the candidates have in common: the documents, and what ends with the run."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.versions: dict[str, str] = {}
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cases = [json.loads(path.read_text()) for path in sorted(CASES.glob("*.json"))]
        self._cases = [case for case in cases if case["decision"]["outcome"] != "invalid"]
        self.engine = stack.enter_context(WasmEngine())

    @property
    def cases(self) -> int:
        return len(self._cases)

    def requests(self, count: int) -> list[Any]:
        return [case["request"] for case in islice(cycle(self._cases), count)]

    def outcomes(self, count: int) -> list[str]:
        return [case["decision"]["outcome"] for case in islice(cycle(self._cases), count)]


def timed(
    call: Callable[[], Any], outcomes: Callable[[Any], Iterable[str]], *others: psutil.Process
) -> Turn:
    """A turn in this process, which may keep others busy."""
    processor, start = spent(others), time.perf_counter()
    answer = call()
    seconds, processor = time.perf_counter() - start, spent(others) - processor
    return Turn(seconds, processor, list(outcomes(answer)))


def spent(others: Iterable[psutil.Process]) -> float:
    """The seconds of processor time that this process has had, and others with their children."""
    total = time.process_time()
    for root in others:
        for each in (root, *root.children(recursive=True)):
            total += sum(each.cpu_times()[:4])
    return total


def of_decisions(decisions: Iterable[Decision]) -> Iterator[str]:
    return (decision.outcome for decision in decisions)


def sidecar(bench: Bench) -> Iterator[Candidate]:
    server = LocalSidecar(args=(str(HERE / "trivial.rego"),))
    url = bench.stack.enter_context(server)
    bench.versions["OPA"] = str(server.opa_version)
    opa_process = psutil.Process(server.pid)
    client = bench.stack.enter_context(Client(url, timeout=60))
    host, port = url.removeprefix("http://").split(":")
    opa = OPA(host, int(port), timeout=60)
    bench.stack.callback(opa.close_connection)
    query = {"strict-builtin-errors": "true", "provenance": "true"}
    few, many = bench.requests(CALLS), bench.requests(BATCHED)

    def evaluation() -> Turn:
        asked = {**query, "metrics": "true"}
        bodies = [opa.query_rule(request, "priorauth", "decision", asked) for request in few]
        seconds = sum(body["metrics"]["timer_rego_query_eval_ns"] for body in bodies) / 1e9
        return Turn(seconds, seconds, [body["result"]["outcome"] for body in bodies])

    yield Candidate("OPA's evaluation alone", CALLS, evaluation)
    yield Candidate(
        "a call to a rule that is just true",
        CALLS,
        lambda: timed(
            lambda: [opa.query_rule(request, "trivial", "ok", query) for request in few],
            lambda _: [],
            opa_process,
        ),
        decides=False,
    )
    yield Candidate("sidecar, one by one", CALLS, one_by_one(client, few, opa_process))
    for size in (1, 10, 100, 1000):
        requests = few if size == 1 else many
        turn = in_batches(client, requests, size, opa_process)
        yield Candidate(f"sidecar, batches of {size}", len(requests), turn)


def one_by_one(
    engine: Decider, requests: Sequence[Any], *others: psutil.Process
) -> Callable[[], Turn]:
    return lambda: timed(lambda: [engine.decide(each) for each in requests], of_decisions, *others)


def in_batches(
    engine: Decider, requests: Sequence[Any], size: int, *others: psutil.Process
) -> Callable[[], Turn]:
    return lambda: timed(
        lambda: list(engine.decide_many(requests, batch_size=size)), of_decisions, *others
    )


def wasm(bench: Bench) -> Iterator[Candidate]:
    engine, many = bench.engine, bench.requests(BATCHED)
    yield Candidate("Wasm, one by one", CALLS, one_by_one(engine, bench.requests(CALLS)))
    for size in (10, 100, 1000):
        yield Candidate(f"Wasm, batches of {size}", BATCHED, in_batches(engine, many, size))
    texts = [to_json({"requests": many[at : at + 100]}) or b"" for at in range(0, BATCHED, 100)]
    yield Candidate(
        "Wasm, batches of 100, JSON in, JSON out",
        BATCHED,
        lambda: timed(
            lambda: [engine._evaluate("decisions", text) for text in texts],
            lambda answers: (
                each["outcome"] for text in answers for each in json.loads(text)[0]["result"]
            ),
        ),
    )


def node(bench: Bench) -> Iterator[Candidate]:
    folder = HERE / "node"
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("Node.js 20 or later, with npm, is not on PATH")
    if not (folder / "node_modules").exists():
        command = (npm, "ci", "--silent", "--no-audit", "--no-fund")
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    files = [bench.folder / name for name in ("policy.wasm", "data.json", "requests.json")]
    for file in files[:2]:
        file.write_bytes(bundle.member(bench.engine.bundle, file.name))
    files[2].write_text(json.dumps(bench.requests(BATCHED)))
    worker = Worker(bench, "node", folder / "wasm.mjs", *files)
    bench.versions.update(worker.ready)
    for name, size, batch in (
        ("one by one", CALLS, 0),
        ("batches of 100", BATCHED, 100),
    ):
        yield Candidate(
            f"Wasm in Node, {name}",
            size,
            lambda size=size, batch=batch: worker.turn(size=size, batch=batch),  # type: ignore[misc]
        )


def zen_engine(bench: Bench) -> Iterator[Candidate]:
    import importlib.metadata

    import zen

    # By key, for it compiles a decision that is made by `create_decision` at every evaluation.
    graph = json.loads((HERE / "xpovio.jdm.json").read_text())
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"xpovio": graph}}})
    bench.versions["zen-engine"] = importlib.metadata.version("zen-engine")
    requests = bench.requests(BATCHED)
    yield Candidate(
        "zen-engine, the outcome only",
        BATCHED,
        lambda: timed(
            lambda: [engine.evaluate("xpovio", request) for request in requests],
            lambda answers: (answer["result"]["outcome"] for answer in answers),
        ),
    )


def plain_python(bench: Bench) -> Iterator[Candidate]:
    texts = [json.dumps(request) for request in bench.requests(BATCHED)]
    yield Candidate(
        "plain Python (the tests' oracle), JSON in, JSON out",
        BATCHED,
        lambda: timed(
            lambda: [json.dumps(oracle.decide(json.loads(text))) for text in texts],
            lambda answers: (json.loads(answer)["outcome"] for answer in answers),
        ),
    )


def cores(bench: Bench) -> Iterator[Candidate]:
    """`priorauth batch`, NDJSON in and out, once its processes are there."""
    from priorauth.batch.formats import ROWS, Lines, LinesOut
    from priorauth.batch.workers import Job, decided

    lines = "".join(f"{json.dumps(request)}\n" for request in bench.requests(WHOLE + ROWS))
    pieces = list(Lines().pieces(io.BytesIO(lines.encode()), 0))
    job = Job(WasmEngine, Lines(), LinesOut())
    this = psutil.Process()

    def turn(workers: int) -> Turn:
        with closing(decided(job, pieces, workers)) as done:
            first = next(done)
            started = time.perf_counter()
            before = spent(this.children())
            rest = list(islice(done, len(pieces) - 1))
            seconds = time.perf_counter() - started
            processor = spent(this.children()) - before
        lines = b"".join(each.text for each in (first, *rest)).splitlines()
        return Turn(seconds, processor, [json.loads(line)["outcome"] for line in lines])

    for workers in (1, 2):
        yield Candidate(
            f"priorauth batch, {workers} process{'es' * (workers > 1)}",
            WHOLE,
            lambda workers=workers: turn(workers),  # type: ignore[misc]
        )


def spark(bench: Bench) -> Iterator[Candidate]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from priorauth.tables import REQUEST_COLUMNS

    folder = bench.folder / "requests"
    folder.mkdir()
    table = pa.Table.from_pylist(
        [
            {**{name: field(request, name) for name in REQUEST_COLUMNS}, "request_id": f"{n:05}"}
            for n, request in enumerate(bench.requests(WHOLE))
        ]
    )
    for part in range(8):
        length = WHOLE // 8
        pq.write_table(table.slice(part * length, length), folder / f"{part}.parquet")
    for count in (1, 2):
        worker = Worker(bench, sys.executable, HERE / "spark_worker.py", f"local[{count}]", folder)
        bench.versions.update(worker.ready)
        yield Candidate(f"Spark local[{count}]", WHOLE, worker.turn)


def field(request: Any, name: str) -> Any:
    """A field by its dotted name."""
    for key in name.split("."):
        request = (request or {}).get(key)
    return request


class Worker:
    """A process that takes turns when it is told to, and times them itself."""

    ready: dict[str, str]
    """The versions that it says it is of."""

    def __init__(self, bench: Bench, *command: str | Path) -> None:
        self._errors = bench.folder / f"{Path(command[1]).name}.stderr"
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": LOOPBACK},
            )
        bench.stack.callback(self._end)
        self._measured = psutil.Process(self._process.pid)
        self.ready = self._read()

    def turn(self, **job: int) -> Turn:
        assert self._process.stdin
        before = spent([self._measured])
        self._process.stdin.write(f"{json.dumps(job)}\n")
        self._process.stdin.flush()
        answer = self._read()
        return Turn(answer["seconds"], spent([self._measured]) - before, answer["outcomes"])

    def _read(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            said = self._errors.read_text(errors="replace").strip()
            raise OSError(f"{self._errors.stem} ended:\n{said}")
        return json.loads(line)

    def _end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


KINDS: dict[str, Callable[[Bench], Iterable[Candidate]]] = {
    "the sidecar": sidecar,
    "Wasm": wasm,
    "Node": node,
    "zen-engine": zen_engine,
    "plain Python": plain_python,
    "priorauth batch": cores,
    "Spark": spark,
}
