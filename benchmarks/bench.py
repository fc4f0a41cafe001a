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
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psutil

from candidates import KINDS, Bench, Candidate, Turn

README = Path(__file__).resolve().parents[1] / "README.md"
REFERENCE = "sidecar, one by one"


class Goal(NamedTuple):
    """What the ratio of two candidates' costs, the one over the other, has to be."""

    words: str
    over: str
    under: str
    cost: Callable[[Cost], float]
    most: float | None = None
    least: float | None = None

    def met(self, ratio: float) -> bool:
        return ratio <= self.most if self.most is not None else ratio >= (self.least or 0)


class Cost(NamedTuple):
    """Microseconds a decision, by the clock and of all processors."""

    clock: float
    processor: float


GOALS = (
    Goal(
        "one decision, to the call to a rule that is just true",
        REFERENCE,
        "a call to a rule that is just true",
        lambda cost: cost.clock,
        most=1.5,
    ),
    Goal(
        "a decision in a batch of 100, to one by one",
        "sidecar, batches of 100",
        REFERENCE,
        lambda cost: cost.clock,
        most=0.25,
    ),
    Goal(
        "decisions a second and core, Wasm in batches to the sidecar in batches",
        "sidecar, batches of 100",
        "Wasm, batches of 100",
        lambda cost: cost.processor,
        least=3,
    ),
    Goal(
        "a decision by Wasm in batches, to zen-engine's outcome",
        "Wasm, batches of 100",
        "zen-engine, the outcome only",
        lambda cost: cost.processor,
        most=2,
    ),
    Goal(
        "decisions a second, two processes to one",
        "priorauth batch, 1 process",
        "priorauth batch, 2 processes",
        lambda cost: cost.clock,
        least=1.8,
    ),
    Goal(
        "decisions a second, Spark local[2] to local[1]",
        "Spark local[1]",
        "Spark local[2]",
        lambda cost: cost.clock,
        least=1.6,
    ),
)

Costs = dict[str, list[Cost]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        bench = Bench(stack)
        candidates, left_out = gather(bench)
        costs = measure(bench, candidates, rounds)
    text = "\n".join(report(bench, costs, left_out, rounds, load))
    sys.stdout.write(f"{text}\n")
    page = README.read_text()
    before, rest = page.split("<!-- bench -->\n")
    after = rest.split("<!-- /bench -->")[1]
    README.write_text(f"{before}<!-- bench -->\n{text}\n<!-- /bench -->{after}")


def gather(bench: Bench) -> tuple[list[Candidate], list[str]]:
    """The candidates, and those that cannot be had here."""
    candidates: list[Candidate] = []
    left_out: list[str] = []
    for name, kind in KINDS.items():
        try:
            candidates += kind(bench)
        except (ImportError, OSError) as why:
            left_out.append(f"{name}: {str(why).splitlines()[-1]}")
    return candidates, left_out


def measure(bench: Bench, candidates: list[Candidate], rounds: int) -> Costs:
    costs: Costs = defaultdict(list)
    # The first round is for what is made or compiled on first use.
    for number in range(rounds + 1):
        sys.stderr.write(f"round {number} of {rounds}\n")
        for candidate in candidates:
            turn = candidate.turn()
            check(bench, candidate, turn)
            if number:
                scale = 1e6 / candidate.size
                costs[candidate.name].append(Cost(turn.seconds * scale, turn.processor * scale))
    return costs


def check(bench: Bench, candidate: Candidate, turn: Turn) -> None:
    """What decides otherwise than the worked cases say is no candidate."""
    if candidate.decides and turn.outcomes != bench.outcomes(
        max(candidate.size, len(turn.outcomes))
    ):
        sys.exit(f"{candidate.name} does not decide as the others do")


def report(
    bench: Bench, costs: Costs, left_out: list[str], rounds: int, load: float
) -> Iterator[str]:
    versions = {"Python": platform.python_version(), **bench.versions}
    memory = psutil.virtual_memory().total / 2**30
    yield (
        f"Measured on {datetime.date.today()} by `make bench`: medians of {rounds} rounds over the "
        f"{bench.cases} valid worked cases, repeated; every outcome checked. "
        f"{', '.join(f'{name} {version}' for name, version in versions.items())}; "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB; "
        f"a load of {load:.1f} when it began.\n"
    )
    yield (
        "| | µs a decision | µs of processor time | decisions/s per core "
        "| to the sidecar, one by one |"
    )
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, taken in costs.items():
        clock, processor = (statistics.median(kind) for kind in zip(*taken, strict=True))
        relative = ratio(taken, costs[REFERENCE], lambda cost: cost.clock)
        yield (
            f"| {name} | {clock:,.0f} | {processor:,.0f} | {1e6 / processor:,.0f} "
            f"| {relative:.2f} |"
        )
    yield "\n| goal | | measured | |\n| --- | ---: | ---: | --- |"
    for goal in GOALS:
        if goal.over in costs and goal.under in costs:
            found = ratio(costs[goal.over], costs[goal.under], goal.cost)
            wanted = f"≤ {goal.most:g}" if goal.most is not None else f"≥ {goal.least:g}"
            met = "met" if goal.met(found) else "not met"
            yield f"| {goal.words} | {wanted} | {found:.2f} | {met} |"
    for words in left_out:
        yield f"\nLeft out, {words}"


def ratio(over: list[Cost], under: list[Cost], cost: Callable[[Cost], float]) -> float:
    return statistics.median(cost(a) / cost(b) for a, b in zip(over, under, strict=True))


if __name__ == "__main__":
    main()
