"""64 callers while the bundle is swapped every second: each decision is of one policy, whole.

A minute in CI, ten seconds elsewhere, or PRIORAUTH_SOAK_S seconds. The figures are printed.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pytest

from priorauth import Client, Decision, SidecarError
from production import CALLER, Bundles, Production, eventually
from test_survival import OUTCOMES, REQUEST, good, strict  # noqa: F401  (fixtures)

pytestmark = pytest.mark.long

SECONDS = float(os.environ.get("PRIORAUTH_SOAK_S") or (60 if os.environ.get("CI") else 10))
CALLERS = 64
BATCH = 8


class Callers:
    """Callers in threads: every other asks for one decision at a time, the others for batches."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.sent, self.refused = 0, Counter[str]()
        self.wrong: list[str] = []
        self.revisions: Counter[str] = Counter()
        self.ids: set[str] = set()
        self.took: list[float] = []

    def run(self, during: Any) -> None:
        threads = [threading.Thread(target=self._call, args=(n,)) for n in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            during()
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _call(self, caller: int) -> None:
        for n in itertools.count():
            if self._stop.is_set():
                return
            size = BATCH if caller % 2 else 1
            requests = [{**REQUEST, "request_id": f"{caller}-{n}-{i}"} for i in range(size)]
            started = time.monotonic()
            decided: list[Decision] = []
            error = ""
            try:
                if size == 1:
                    decided = [self._client.decide(requests[0])]
                else:
                    decided = list(self._client.decide_many(requests))
            except SidecarError as fault:
                error = type(fault).__name__
            took = time.monotonic() - started
            with self._lock:
                self._note(requests, decided, error, took)

    def _note(self, requests: Any, decided: list[Decision], error: str, took: float) -> None:
        self.sent += len(requests)
        if error:
            self.refused[error] += len(requests)
            return
        self.took.append(took)
        revisions = {decision.revision or "" for decision in decided}
        if len(revisions) != 1 or len(decided) != len(requests):
            self.wrong.append(f"{len(decided)} answers to {len(requests)} from {revisions}")
        for request, decision in zip(requests, decided, strict=False):
            minimum = next(c.facts["minimum"] for c in decision.criteria if c.id == "age")
            found = (decision.request_id, decision.outcome, minimum)
            revision = decision.revision or ""
            expected = (request["request_id"], OUTCOMES[revision], MINIMUM[revision])
            if found != expected:
                self.wrong.append(f"{revision}: {found} and not {expected}")
            self.revisions[revision] += 1
            self.ids.add(decision.decision_id or "")


MINIMUM = {"good": 18, "strict": 80}


def test_swapped_every_second_under_load(
    tmp_path: Path,
    good: bytes,  # noqa: F811
    strict: bytes,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundles = Bundles(good)
    swaps: list[float] = []
    with (
        bundles.serving() as url,
        Production(tmp_path, url) as production,
        Client(production.url, token=CALLER, timeout=30) as client,
    ):
        eventually(production.ready)
        callers = Callers(client)

        def swap() -> None:
            end = time.monotonic() + SECONDS
            for content in itertools.cycle((strict, good)):
                if time.monotonic() >= end:
                    return
                bundles.content = content
                time.sleep(1)

        callers.run(swap)
        activated = production.log.read_text().count("Bundle loaded and activated successfully")
        # Alone: how long until a new bundle decides, polled for every second.
        for content, revision in itertools.islice(
            itertools.cycle(((strict, "strict"), (good, "good"))), 8
        ):
            bundles.content = content
            started = time.monotonic()
            eventually(lambda revision=revision: production.revision() == revision)
            swaps.append(time.monotonic() - started)
        memory = Path(f"/proc/{production.process.pid}/status")
        told = memory.read_text() if memory.exists() else "VmHWM: not known"
        peak = told.split("VmHWM:")[1].split("\n")[0].strip()
    decided = sum(callers.revisions.values())
    cuts = quantiles(callers.took, n=100)
    with capsys.disabled():
        print(
            f"\n{CALLERS} callers for {SECONDS:g} s, {activated} bundles activated: "
            f"{callers.sent} requests sent, {decided} decided ({dict(callers.revisions)}), "
            f"{sum(callers.refused.values())} refused {dict(callers.refused) or ''}\n"
            f"calls while swapping: p50 {cuts[49] * 1e3:.0f} ms, p99 {cuts[98] * 1e3:.0f} ms, "
            f"longest {max(callers.took) * 1e3:.0f} ms; OPA's peak memory {peak}\n"
            f"until a new bundle decides: median {median(swaps):.2f} s, longest {max(swaps):.2f} s"
        )
    assert callers.wrong == []
    assert not callers.refused
    assert callers.sent == decided
    assert min(callers.revisions["good"], callers.revisions["strict"]) > decided / 10
    assert activated > SECONDS / 20, "so busy it may take seconds, but it is served"
    lines = production.log.read_text().splitlines()
    logged = {
        entry["decision_id"] for line in lines if "decision_id" in (entry := json.loads(line))
    }
    assert callers.ids <= logged, "every decision is in the log"
