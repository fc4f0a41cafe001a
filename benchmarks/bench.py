"""What a decision costs, wherever it is made, as ratios from one run.

Each candidate takes its turn in every round, so that what else the machine does falls on all of
them alike. The figures are medians over the rounds, a ratio's that of the ratios of each round.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psutil

from candidates import HOOK, HOOKED, MANY, TABLES, Bench, Candidate, Table, Turn

ROOT = Path(__file__).resolve().parents[1]
YARDSTICK = "`opa bench`: the yardstick"
DECISION = "`opa bench`: a decision"
ONE_BY_ONE = "HTTP: one by one"
BATCHES = "HTTP: batches of 100"
WASM = "Wasm, JSON to JSON: one by one"
WASM_BATCHES = "Wasm, JSON to JSON: batches of 100"


class Goal(NamedTuple):
    """The most that one candidate's time may be of another's, or above it, in seconds.

    `aim` is what it should be, where that is less.
    """

    words: str
    of: str
    to: str
    most: float
    aim: float | None = None
    seconds: bool = False

    def found(self, costs: Costs) -> float:
        if self.seconds:
            return statistics.median(
                (one.clock - other.clock) / 1e6
                for one, other in zip(costs[self.of], costs[self.to], strict=True)
            )
        return ratio(costs[self.of], costs[self.to])

    def verdict(self, found: float) -> str:
        if found > self.most:
            return "missed"
        return "met" if self.aim is None or found <= self.aim else "met, not the aim"


class Cost(NamedTuple):
    """Microseconds a decision, by the clock and of all processors, and what else is counted."""

    clock: float
    processor: float
    more: float | None


GOALS = (
    Goal("a decision, to the yardstick", DECISION, YARDSTICK, 2.5, 2.0),
    Goal(
        "one by one over HTTP, to a rule that is just true",
        ONE_BY_ONE,
        "HTTP: a rule that is just true",
        2.0,
        1.5,
    ),
    Goal("batches of 100 over HTTP, to one by one", BATCHES, ONE_BY_ONE, 0.5),
    Goal("a hook end to end, to the decision on its request over HTTP", HOOK, HOOKED, 2.0),
    Goal("Wasm in batches of 100, to the yardstick", WASM_BATCHES, YARDSTICK, 0.7, 0.5),
    Goal("Wasm one by one, to the yardstick", WASM, YARDSTICK, 2.5),
    *(
        Goal(f"{words}, {MANY}, to 1", f"{of}, {MANY}", of, 1.05)
        for words, of in (
            ("a decision", DECISION),
            ("one by one over HTTP", ONE_BY_ONE),
            ("batches of 100 over HTTP", BATCHES),
            ("Wasm one by one", WASM),
            ("Wasm in batches of 100", WASM_BATCHES),
        )
    ),
    *(
        Goal(
            f"seconds more to start from {how}, {MANY}",
            f"start from {how}, {MANY.removesuffix(' on file')}",
            f"start from {how}, 1 guideline",
            2.0,
            seconds=True,
        )
        for how in ("folders", "a bundle")
    ),
    Goal(
        "`priorauth batch` by 2 processes, to 1",
        "priorauth batch, 2 processes",
        "priorauth batch, 1 process",
        0.55,
    ),
    Goal("Spark local[2], to local[1]", "Spark local[2]", "Spark local[1]", 0.625),
)

Costs = dict[str, list[Cost]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="the tables with this in their heading")
    arguments = parser.parse_args()
    tables = [table for table in TABLES if arguments.only in table.heading]
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        bench = Bench(stack)
        candidates, left_out = gather(bench, tables)
        costs = measure(bench, [each for group in candidates for each in group], arguments.rounds)
        page = "\n".join(
            [
                *about(bench, arguments.rounds, load),
                *goals(costs),
                *(
                    line
                    for table, group in zip(tables, candidates, strict=True)
                    for line in shown(table, group, costs)
                ),
                *(f"\nLeft out, {words}" for words in left_out),
            ]
        )
    sys.stdout.write(f"{page}\n")
    if not arguments.only:
        write("docs/performance.md", page)
        write("README.md", in_short(costs))


def write(name: str, content: str) -> None:
    """Put the content between the marks of a page."""
    page = (ROOT / name).read_text()
    before, rest = page.split("<!-- bench -->\n")
    after = rest.split("<!-- /bench -->")[1]
    (ROOT / name).write_text(f"{before}<!-- bench -->\n{content}\n<!-- /bench -->{after}")


def gather(bench: Bench, tables: list[Table]) -> tuple[list[list[Candidate]], list[str]]:
    """The candidates of each table, and those that are not available here."""
    candidates: list[list[Candidate]] = []
    left_out: list[str] = []
    for table in tables:
        candidates.append([])
        for name, kind in table.kinds.items():
            try:
                candidates[-1] += kind(bench)
            except (ImportError, OSError) as why:
                left_out.append(f"{name}: {str(why).splitlines()[-1]}")
    return candidates, left_out


def measure(bench: Bench, candidates: list[Candidate], rounds: int) -> Costs:
    costs: Costs = defaultdict(list)
    # The first round is for what is made or compiled on first use.
    for number in range(rounds + 1):
        sys.stderr.write(f"round {number} of {rounds}\n")
        for candidate in candidates:
            if candidate.once and number != 1:
                continue
            turn = candidate.turn()
            check(bench, candidate, turn)
            if number:
                scale = 1e6 / candidate.size
                cost = Cost(turn.seconds * scale, turn.processor * scale, turn.more)
                costs[candidate.name].append(cost)
    return costs


def check(bench: Bench, candidate: Candidate, turn: Turn) -> None:
    """Stop at a candidate whose decisions differ from the worked cases."""
    if candidate.decides and turn.outcomes != bench.outcomes(
        max(candidate.size, len(turn.outcomes))
    ):
        sys.exit(f"{candidate.name} decides differently from the worked cases")


def about(bench: Bench, rounds: int, load: float) -> Iterator[str]:
    versions = {"Python": platform.python_version(), **bench.versions}
    memory = psutil.virtual_memory().total / 2**30
    yield (
        f"Measured on {datetime.date.today()} by `make bench`: medians of {rounds} rounds over the "
        f"{bench.cases} valid worked cases, repeated; every outcome checked. "
        f"{', '.join(f'{name} {version}' for name, version in versions.items())}; "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB; "
        f"a load of {load:.1f} when it began."
    )


def goals(costs: Costs) -> Iterator[str]:
    yield "\n## Goals\n"
    yield "| | at most | aim | measured | |\n| --- | ---: | ---: | ---: | --- |"
    for goal in GOALS:
        if goal.of in costs and goal.to in costs:
            found = goal.found(costs)
            aim = "" if goal.aim is None else f"{goal.aim:g}"
            yield f"| {goal.words} | {goal.most:g} | {aim} | {found:.2f} | {goal.verdict(found)} |"


def shown(table: Table, candidates: list[Candidate], costs: Costs) -> Iterator[str]:
    heads = [table.unit, f"{table.unit} of processor time"]
    relative = table.unit == "µs" and YARDSTICK in costs
    heads += ["to the yardstick"] * relative + [table.more] * bool(table.more)
    yield f"\n## {table.heading}\n"
    yield f"| {' | '.join(['', *heads])} |"
    yield f"| --- |{' ---: |' * len(heads)}"
    scale = 1e-3 if table.unit == "ms" else 1
    for name in (candidate.name for candidate in candidates):
        taken = costs[name]
        cells = [
            f"{statistics.median(cost.clock for cost in taken) * scale:,.0f}",
            f"{statistics.median(cost.processor for cost in taken) * scale:,.0f}",
        ]
        if relative:
            cells.append(f"{ratio(taken, costs[YARDSTICK]):.2f}")
        if table.more:
            counted = [cost.more for cost in taken if cost.more is not None]
            cells.append(f"{statistics.median(counted):,.0f}" if counted else "")
        yield f"| {' | '.join([name, *cells])} |"


def in_short(costs: Costs) -> str:
    """The line for README."""
    single, batched, in_wasm = (
        statistics.median(cost.clock for cost in costs[name])
        for name in (ONE_BY_ONE, BATCHES, WASM_BATCHES)
    )
    return (
        f"A decision takes {single:,.0f} µs over HTTP, {batched:,.0f} µs in a batch of 100, and "
        f"{in_wasm:,.0f} µs in process by WebAssembly; OPA's evaluation takes "
        f"{ratio(costs[DECISION], costs[YARDSTICK]):.1f} times as long as that of "
        "hand-written criteria without texts or reasons. See "
        "[docs/performance.md](docs/performance.md); `make bench` measures it."
    )


def ratio(of: list[Cost], to: list[Cost]) -> float:
    return statistics.median(one.clock / other.clock for one, other in zip(of, to, strict=True))


if __name__ == "__main__":
    main()
