"""What a decision costs through a sidecar, as ratios from one run.

Each candidate takes its turn in every round, so that what else the machine does falls on all of
them alike; the figures are medians over the rounds.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from priorauth import Client, LocalSidecar
from priorauth._transport import OPA

HERE = Path(__file__).resolve().parent
ROUNDS = 30
BATCHES = (1, 10, 100, 1000)
STRICT = {"strict-builtin-errors": "true", "metrics": "true"}


def main() -> None:
    request = json.loads((HERE.parent / "tests/cases/initial-approved.json").read_text())["request"]
    sidecar = LocalSidecar(args=(str(HERE / "trivial.rego"),))
    with sidecar as url, Client(url, timeout=60) as client:
        host, port = url.removeprefix("http://").split(":")
        opa = OPA(host, int(port), timeout=60)
        figures = measure(client, opa, request)
        version = sidecar.opa_version
    report(figures, version)


def measure(client: Client, opa: OPA, request: object) -> dict[str, float]:
    """Microseconds a decision, each the median of the rounds."""
    costs: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, decided: int, call: Callable[[], object]) -> object:
        start = time.perf_counter_ns()
        answer = call()
        costs[name].append((time.perf_counter_ns() - start) / decided / 1000)
        return answer

    for _ in range(ROUNDS):
        for _ in range(5):
            timed("trivial", 1, lambda: opa.query_rule(request, "trivial", "ok", STRICT))
            timed("decide", 1, lambda: client.decide(request))
            body = opa.query_rule(request, "priorauth", "decision", STRICT)
            costs["evaluation"].append(body["metrics"]["timer_rego_query_eval_ns"] / 1000)
            body = opa.query_rule(request, "trivial", "ok", STRICT)
            costs["trivial evaluation"].append(body["metrics"]["timer_rego_query_eval_ns"] / 1000)
        for size in BATCHES:
            requests = [request] * size
            timed(
                f"batch {size}",
                size,
                lambda requests=requests, size=size: list(
                    client.decide_many(requests, batch_size=size)
                ),
            )
    return {name: statistics.median(taken) for name, taken in costs.items()}


def report(figures: dict[str, float], version: str | None) -> None:
    rows = [
        ("OPA's evaluation of data.priorauth.decision", figures["evaluation"]),
        ("OPA's evaluation of a rule that is just true", figures["trivial evaluation"]),
        ("a call to a rule that is just true, through the client", figures["trivial"]),
        ("Client.decide", figures["decide"]),
        *((f"Client.decide_many, batches of {size}", figures[f"batch {size}"]) for size in BATCHES),
    ]
    out = sys.stdout
    out.write(f"OPA {version}, medians of {ROUNDS} rounds\n\n")
    out.write("| | µs a decision | to the trivial call | to Client.decide |\n")
    out.write("| --- | ---: | ---: | ---: |\n")
    for name, cost in rows:
        to_trivial, to_decide = cost / figures["trivial"], cost / figures["decide"]
        out.write(f"| {name} | {cost:.0f} | {to_trivial:.2f} | {to_decide:.2f} |\n")


if __name__ == "__main__":
    main()
