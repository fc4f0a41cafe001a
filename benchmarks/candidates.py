"""What is compared: each candidate decides the same documents, over and over."""

from __future__ import annotations

import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import urllib3

import oracle
import worked
from priorauth import Client, Decider, Decision, WasmEngine, bundle, opa, policy
from priorauth._json import to_json
from priorauth._transport import OPA
from priorauth._wasm import Module
from servers import free_port

HERE = Path(__file__).resolve().parent
LOOPBACK = "127.0.0.1"
CALLS = 200
"""The documents of a turn that takes a call for each,"""
BATCHED = 1000
"""of one that takes them in batches,"""
WHOLE = 20_000
"""and of one that shares them out to processes."""
INVENTED = 1000
"""The guidelines that are added to see what their number costs."""

MANY = f"{INVENTED + 1:,} guidelines on file"
_STARTED_S = 120
READ_SPEED = "--optimize-store-for-read-speed"
QUERY = {"strict-builtin-errors": "true", "provenance": "true"}


class Turn(NamedTuple):
    """What a turn took, by the clock and of all processors, in seconds, and what it came to.

    `more` is what else its table has a column for: allocations, or the memory of the sidecar.
    """

    seconds: float
    processor: float
    outcomes: list[str]
    more: float | None = None


@dataclass(frozen=True)
class Candidate:
    """`size` is the number of documents of a turn. Without outcomes there are none to compare.

    What takes long is measured `once`, and not in every round.
    """

    name: str
    size: int
    turn: Callable[[], Turn]
    decides: bool = True
    once: bool = False


class Bench:
    """What the candidates have in common: documents, guidelines, and what ends with the run.

    `bundle` and `root` are the policy as it is; `many_bundle` and `many_root` have the invented
    guidelines too.
    """

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.versions: dict[str, str] = {}
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self._cases = [
            case for case in worked.cases() if case.expected.get("outcome", "invalid") != "invalid"
        ]
        self.engine = stack.enter_context(WasmEngine())
        self.opa = opa.ensure()
        self.root = policy.root()
        self.bundle = self.folder / "bundle.tar.gz"
        self.bundle.write_bytes(self.engine.bundle)
        self.many_root = self.folder / "many"
        self.many_bundle = self.folder / "many.tar.gz"
        invent(self.root, self.many_root)
        add_invented(self.bundle, self.many_bundle)

    @property
    def cases(self) -> int:
        return len(self._cases)

    def requests(self, count: int) -> list[Any]:
        return [case.request for case in islice(cycle(self._cases), count)]

    def outcomes(self, count: int) -> list[str]:
        return [case.expected["outcome"] for case in islice(cycle(self._cases), count)]

    def request(self, name: str) -> Any:
        return next(case.request for case in self._cases if case.name == name)


def invented(text: str) -> Iterator[tuple[str, str, str]]:
    """The id, the generic name and the data of each invented guideline, made from Xpovio's."""
    for number in range(INVENTED):
        brand, generic = f"Invented{number:04}", f"generic{number:04}"
        yield brand.lower(), generic, text.replace("Xpovio", brand).replace("selinexor", generic)


def invent(root: Path, many: Path) -> None:
    """A policy's folder with the invented guidelines beside its own."""
    for name in policy.FOLDERS:
        shutil.copytree(root / name, many / name, ignore=shutil.ignore_patterns(policy.TESTS))
    (version,) = (root / "policy/guidelines/xpovio").iterdir()
    for id_, generic, text in invented((version / "data.yaml").read_text()):
        folder = many / "policy/guidelines" / id_ / version.name
        folder.mkdir(parents=True)
        (folder / "data.yaml").write_text(text)
        for name in (id_, generic):
            drug = many / "policy/drugs" / name
            drug.mkdir()
            (drug / "data.yaml").write_text(f"guideline: {id_}\n")


def add_invented(source: Path, target: Path) -> None:
    """A bundle with the invented guidelines beside its own. Only its data differs."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for each in old:
            file = old.extractfile(each)
            content = file.read() if file else b""
            if each.name.removeprefix("/") == "data.json":
                data = json.loads(content)
                for id_, generic, text in invented(json.dumps(data["guidelines"]["xpovio"])):
                    data["guidelines"][id_] = json.loads(text)
                    data["drugs"] |= {name: {"guideline": id_} for name in (id_, generic)}
                content = json.dumps(data).encode()
                each.size = len(content)
            new.addfile(each, io.BytesIO(content))


def timed(
    call: Callable[[], Any], outcomes: Callable[[Any], Iterable[str]], *others: psutil.Process
) -> Turn:
    """A turn in this process, which may keep others busy."""
    processor, start = spent(others), time.perf_counter()
    answer = call()
    seconds, processor = time.perf_counter() - start, spent(others) - processor
    memory = sum(each.memory_info().rss for each in others) / 2**20
    return Turn(seconds, processor, list(outcomes(answer)), memory or None)


def spent(others: Iterable[psutil.Process]) -> float:
    """The seconds of processor time that this process has had, and others with their children."""
    total = time.process_time()
    for root in others:
        for each in (root, *root.children(recursive=True)):
            total += sum(each.cpu_times()[:4])
    return total


def of_decisions(decisions: Iterable[Decision]) -> Iterator[str]:
    return (decision.outcome for decision in decisions)


def of_texts(texts: Iterable[bytes]) -> Iterator[str]:
    """The outcomes in the result sets of Wasm, of one decision each or of a batch."""
    for text in texts:
        result = json.loads(text)[0]["result"]
        for each in result if isinstance(result, list) else [result]:
            yield each["outcome"]


def alone(bench: Bench) -> Iterator[Candidate]:
    """One evaluation by `opa bench`: no HTTP, no JSON."""
    yardstick = ("--data", HERE / "yardstick.rego")
    own, many = ("--bundle", bench.bundle), ("--bundle", bench.many_bundle)
    for name, case, rule, arguments in (
        ("the yardstick", "initial-approved", "yardstick", yardstick),
        ("a decision", "initial-approved", "priorauth", (*own, READ_SPEED)),
        (f"a decision, without {READ_SPEED}", "initial-approved", "priorauth", own),
        ("a decision on a renewal", "renewal-approved", "priorauth", (*own, READ_SPEED)),
        (f"a decision, {MANY}", "initial-approved", "priorauth", (*many, READ_SPEED)),
    ):
        request = bench.folder / f"{case}.json"
        request.write_text(json.dumps(bench.request(case)))
        command = (bench.opa, "bench", "--format", "json", "--input", request, *arguments)
        yield Candidate(
            f"`opa bench`: {name}",
            1,
            lambda command=(*command, f"data.{rule}.decision"): opa_bench(command),  # type: ignore[misc]
            decides=False,
        )


def opa_bench(command: Sequence[str | Path]) -> Turn:
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    seconds = found["T"] / found["N"] / 1e9
    return Turn(seconds, seconds, [], found["MemAllocs"] / found["N"])


def packed(file: Path) -> list[str]:
    """The arguments that have a sidecar serve a bundle, as in production, and look at it once."""
    bundle = "bundles.priorauth"
    settings = (
        f"{bundle}.resource=file://{file}",
        f"{bundle}.polling.min_delay_seconds=36000",
        f"{bundle}.polling.max_delay_seconds=36000",
    )
    return [f"--set={setting}" for setting in settings]


class Server:
    """A sidecar. LocalSidecar would look first whether its bundle is in the cache."""

    seconds: float
    """What it took to start, up to the answer to the first request."""

    def __init__(
        self, bench: Bench, *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        command = (bench.opa, "run", "--server", "--addr", f"{LOOPBACK}:{self.port}")
        options = ("--skip-version-check", "--log-level", "error", "--ignore", policy.TESTS)
        started = time.perf_counter()
        self._popen = subprocess.Popen(
            [*command, *options, *arguments],
            env={**os.environ, **(environment or {})},
            stderr=(errors := tempfile.TemporaryFile("w+", dir=bench.folder)),  # noqa: SIM115
        )
        self.process = psutil.Process(self._popen.pid)
        bench.stack.callback(self.close)
        while not self._decides():
            if self._popen.poll() is not None or time.perf_counter() > started + _STARTED_S:
                errors.seek(0)
                raise OSError(f"OPA does not decide: {errors.read().strip()}")
            time.sleep(0.005)
        self.seconds = time.perf_counter() - started

    def close(self) -> None:
        self._popen.kill()
        self._popen.wait()

    def _decides(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=_STARTED_S)
            with closing(connection):
                connection.request("POST", "/v1/data/priorauth/decision", '{"input": null}')
                return b'"result"' in connection.getresponse().read()
        return False


def over_http(bench: Bench) -> Iterator[Candidate]:
    bench.versions["OPA"] = opa.version(bench.opa)
    few, many = bench.requests(CALLS), bench.requests(BATCHED)
    own_bundle, beside = packed(bench.bundle), (HERE / "trivial.rego", HERE / "yardstick.rego")
    own = Server(bench, READ_SPEED, *own_bundle, *beside)
    client = bench.stack.enter_context(Client(own.url, timeout=60))
    asked = OPA(LOOPBACK, own.port, timeout=60)
    bench.stack.callback(asked.close_connection)

    for name, package, rule, query in (
        ("a rule that is just true", "trivial", "ok", QUERY),
        # A bare rule has no guard against the builtins' errors that a null brings about.
        ("the yardstick", "yardstick", "decision", {"provenance": "true"}),
    ):
        yield Candidate(
            f"HTTP: {name}",
            CALLS,
            lambda asked_for=(package, rule, query): timed(  # type: ignore[misc]
                lambda: [asked.query_rule(request, *asked_for) for request in few],
                lambda _: [],
                own.process,
            ),
            decides=False,
        )
    yield Candidate("HTTP: one by one", CALLS, one_by_one(client, few, own.process))

    def evaluation() -> Turn:
        metered = {**QUERY, "metrics": "true"}
        bodies = [asked.query_rule(request, "priorauth", "decision", metered) for request in few]
        seconds = sum(body["metrics"]["timer_rego_query_eval_ns"] for body in bodies) / 1e9
        return Turn(seconds, seconds, [body["result"]["outcome"] for body in bodies])

    yield Candidate("HTTP: of that, OPA's evaluation", CALLS, evaluation)
    for size in (10, 100, 1000):
        turn = in_batches(client, many, size, own.process)
        yield Candidate(f"HTTP: batches of {size}", BATCHED, turn)
    for name, ask in (("http.client", by_http_client), ("urllib3", by_urllib3)):
        yield Candidate(
            f"HTTP: one by one, by plain {name}",
            CALLS,
            lambda ask=ask: timed(  # type: ignore[misc]
                lambda: list(ask(own.url, few)),
                lambda bodies: (body["result"]["outcome"] for body in bodies),
                own.process,
            ),
        )
    for name, arguments, environment in (
        (f"without {READ_SPEED}", own_bundle, {}),
        ("GOGC=400", [READ_SPEED, *own_bundle], {"GOGC": "400"}),
        ("GOGC=800", [READ_SPEED, *own_bundle], {"GOGC": "800"}),
        (MANY, [READ_SPEED, *packed(bench.many_bundle)], {}),
    ):
        server = Server(bench, *arguments, environment=environment)
        other = bench.stack.enter_context(Client(server.url, timeout=60))
        yield Candidate(f"HTTP: one by one, {name}", CALLS, one_by_one(other, few, server.process))
        yield Candidate(
            f"HTTP: batches of 100, {name}", BATCHED, in_batches(other, many, 100, server.process)
        )


PATH = "/v1/data/priorauth/decision?strict-builtin-errors=true&provenance=true"
HEADERS = {"Content-Type": "application/json"}


def by_http_client(url: str, requests: Iterable[Any], path: str = PATH) -> Iterator[Any]:
    with closing(http.client.HTTPConnection(url.removeprefix("http://"))) as connection:
        for request in requests:
            connection.request("POST", path, json.dumps({"input": request}), HEADERS)
            yield json.loads(connection.getresponse().read())


def by_urllib3(url: str, requests: Iterable[Any]) -> Iterator[Any]:
    with urllib3.PoolManager() as pool:
        for request in requests:
            body = json.dumps({"input": request})
            yield json.loads(pool.request("POST", url + PATH, body=body, headers=HEADERS).data)


def hooks(bench: Bench) -> Iterator[Candidate]:
    """A CDS Hooks call end to end, and the bare decision on the request made from it."""
    import fhir_calls as calls

    sidecar = Server(bench, READ_SPEED, *packed(bench.bundle))
    members = bench.folder / "members.json"
    members.write_text(json.dumps(calls.MEMBERS))
    command = [sys.executable, "-m", "priorauth", "serve", "--fhir", "--port", "0"]
    service = subprocess.Popen(
        [*command, "--url", sidecar.url, "--members", members],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    bench.stack.callback(service.communicate)
    bench.stack.callback(service.terminate)
    assert service.stdout
    url = service.stdout.readline().strip()
    if not url:
        raise OSError("the FHIR service does not start")
    (member,) = calls.MEMBERS["members"]
    body = calls.hook()
    envelope = {"service": "order-sign-crd", "hook": body, "member": member}
    path = "/v1/data/priorauth/fhir/crd/requests"
    (request,) = next(by_http_client(sidecar.url, [envelope], path))["result"]
    pended = ["pended"] * CALLS

    def turn(outcomes: Iterator[str], *others: psutil.Process) -> Turn:
        found = timed(lambda: list(outcomes), lambda told: told, *others)
        if found.outcomes != pended:
            sys.exit("a hook is not answered as its request is decided")
        return found

    def decided() -> Iterator[str]:
        for answer in by_http_client(sidecar.url, [request] * CALLS):
            yield answer["result"]["outcome"]

    def called() -> Iterator[str]:
        with closing(calls.Called(url)) as connection:
            for _ in range(CALLS):
                status, answer = connection.signed(body)
                asked = status == 200 and calls.asserted(answer).get("questionnaire")
                yield "pended" if asked else "something else"

    processes = (sidecar.process, psutil.Process(service.pid))
    for name, outcomes in ((HOOKED, decided), (HOOK, called)):
        yield Candidate(
            name,
            CALLS,
            lambda outcomes=outcomes: turn(outcomes(), *processes),  # type: ignore[misc]
            decides=False,
        )


HOOK = "HTTP: a hook, end to end"
HOOKED = "HTTP: the decision on a hook's request, by plain http.client"


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
    few, many = bench.requests(CALLS), bench.requests(BATCHED)
    yield Candidate("Wasm: one by one", CALLS, one_by_one(bench.engine, few))
    for size in (10, 100, 1000):
        turn = in_batches(bench.engine, many, size)
        yield Candidate(f"Wasm: batches of {size}", BATCHED, turn)
    built = bench.folder / "yardstick.tar.gz"
    rules = ("--entrypoint=yardstick/decision", "--entrypoint=yardstick/decisions")
    command = (bench.opa, "build", "--target", "wasm", *rules, "--output", built)
    subprocess.run([*command, HERE / "yardstick.rego"], check=True, stdout=sys.stderr)
    code, data = (bundle.member(bench.engine.bundle, name) for name in ("policy.wasm", "data.json"))
    more_data = bundle.member(bench.many_bundle.read_bytes(), "data.json")
    bare = bundle.member(built.read_bytes(), "policy.wasm")
    for name, package, module in (
        ("", "priorauth", Module(code, data)),
        (f", {MANY}", "priorauth", Module(code, more_data)),
        (", the yardstick", "yardstick", Module(bare, b"{}")),
    ):
        yield from json_to_json(name, package, module, few, many)


def json_to_json(
    name: str, package: str, module: Module, few: Sequence[Any], many: Sequence[Any]
) -> Iterator[Candidate]:
    """One instance that gets texts and gives texts."""
    instance = module.instance()
    batches = [{"requests": many[at : at + 100]} for at in range(0, len(many), 100)]
    for how, size, rule, inputs in (
        ("one by one", len(few), "decision", few),
        ("batches of 100", len(many), "decisions", batches),
    ):
        entrypoint = module.entrypoints[f"{package}/{rule}"]
        texts = [to_json(each) or b"" for each in inputs]
        yield Candidate(
            f"Wasm, JSON to JSON: {how}{name}",
            size,
            lambda entrypoint=entrypoint, texts=texts: timed(  # type: ignore[misc]
                lambda: [instance.evaluate(entrypoint, text) for text in texts],
                of_texts,
            ),
            decides=package == "priorauth",
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
            f"Wasm in Node: {name}",
            size,
            lambda size=size, batch=batch: worker.turn(size=size, batch=batch),  # type: ignore[misc]
        )


def plain_python(bench: Bench) -> Iterator[Candidate]:
    texts = [json.dumps(request) for request in bench.requests(BATCHED)]
    yield Candidate(
        "plain Python (the tests' oracle), JSON to JSON",
        BATCHED,
        lambda: timed(
            lambda: [json.dumps(oracle.decide(json.loads(text))) for text in texts],
            lambda answers: (json.loads(answer)["outcome"] for answer in answers),
        ),
    )


def cores(bench: Bench) -> Iterator[Candidate]:
    """`priorauth batch`, NDJSON in and out, once its processes are there."""
    from priorauth.batch.formats import ROWS, Lines, LinesOut
    from priorauth.batch.input import Input
    from priorauth.batch.workers import Job, Policy, worked

    lines = "".join(f"{json.dumps(request)}\n" for request in bench.requests(WHOLE + ROWS))
    pieces = list(Lines().pieces(Input(io.BytesIO(lines.encode()), "lines"), 0))
    with WasmEngine(bench.bundle) as engine:
        facts = engine.facts()
    job = Job(partial(WasmEngine, bench.bundle), Policy(), facts, Lines(), LinesOut())
    this = psutil.Process()

    def turn(workers: int) -> Turn:
        with closing(worked(job, pieces, workers)) as done:
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

    folder = bench.folder / "requests"
    folder.mkdir()
    columns = bench.engine.facts()
    table = pa.Table.from_pylist(
        [
            {**{name: field(request, name) for name in columns}, "request_id": f"{n:05}"}
            for n, request in enumerate(bench.requests(WHOLE))
        ]
    )
    for part in range(8):
        length = WHOLE // 8
        pq.write_table(table.slice(part * length, length), folder / f"{part}.parquet")
    for count in (1, 2):
        script = (HERE / "spark_worker.py", f"local[{count}]", folder, bench.bundle)
        worker = Worker(bench, sys.executable, *script)
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


def start(bench: Bench) -> Iterator[Candidate]:
    """From nothing to the first answer, and what is then asked before it counts as ready."""
    for name, root, file in (
        ("1 guideline", bench.root, bench.bundle),
        (MANY.removesuffix(" on file"), bench.many_root, bench.many_bundle),
    ):
        folders: list[str | Path] = [*policy.paths(root)]
        for how, sources in (("folders", folders), ("a bundle", packed(file))):
            yield Candidate(
                f"start from {how}, {name}",
                1,
                lambda sources=sources: started(bench, *sources),  # type: ignore[misc]
                decides=False,
            )
        command = (bench.opa, "eval", "--bundle", file, "data.priorauth.integrity")
        yield Candidate(
            f"`opa eval` of integrity, {name}",
            1,
            lambda command=command: ran(command),  # type: ignore[misc]
            decides=False,
            once=True,
        )


def started(bench: Bench, *sources: str | Path) -> Turn:
    server = Server(bench, READ_SPEED, *sources)
    with server.process.oneshot():
        processor = sum(server.process.cpu_times()[:2])
        memory = server.process.memory_info().rss / 2**20
    server.close()
    return Turn(server.seconds, processor, [], memory)


def ran(command: Sequence[str | Path]) -> Turn:
    began, before = time.perf_counter(), os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - began, os.times()
    processor = after.children_user - before.children_user
    return Turn(seconds, processor + after.children_system - before.children_system, [])


class Table(NamedTuple):
    """What is shown together. `more` heads the column of what its turns have besides time."""

    heading: str
    kinds: dict[str, Callable[[Bench], Iterable[Candidate]]]
    unit: str = "µs"
    more: str = ""


TABLES = (
    Table("One evaluation, by `opa bench`", {"opa bench": alone}, more="allocations"),
    Table("From a sidecar", {"the sidecar": over_http}, more="MiB of the sidecar"),
    Table(
        "For prescribers' systems",
        {"the FHIR service": hooks},
        more="MiB of the sidecar and the service",
    ),
    Table("In process", {"Wasm": wasm, "Node": node, "plain Python": plain_python}),
    Table("Whole histories", {"priorauth batch": cores, "Spark": spark}),
    Table("To start", {"start": start}, unit="ms", more="MiB of the sidecar"),
)
