"""Nothing of a member in anything that the sidecar writes: markers planted, and looked for."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generators import FULL
from production import CALLER, LEVELS, OPERATOR, Bundles, Production, eventually, signed


class Markers:
    """Values found nowhere else: texts, dates, digits and numbers, each a new one."""

    def __init__(self) -> None:
        self._numbers = itertools.count(10_001)
        self.planted: list[str] = []

    def _next(self, form: str) -> str:
        marker = form.format(next(self._numbers))
        self.planted.append(marker)
        return marker

    def text(self) -> str:
        return self._next("PLANTED-{}")

    def day(self) -> str:
        n = next(self._numbers)
        self.planted.append(f"{n - 9000}-07-13")
        return self.planted[-1]

    def digits(self) -> str:
        return self._next("77777{}")

    def number(self) -> int:
        return int(self._next("6666{}"))

    def found(self, text: str) -> list[str]:
        """The markers in a text, as they are or encoded."""
        unescaped = text.encode().decode("unicode_escape", errors="replace")
        places = (text, unescaped)
        return [m for m in self.planted for place in places for form in forms(m) if form in place]


def forms(marker: str) -> set[str]:
    coded = base64.b64encode(marker.encode()).decode().rstrip("=")
    return {marker, marker.lower(), marker.encode().hex(), coded[:-1]}


def spots(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a document has a value, itself included."""
    yield at
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        yield from spots(child, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copy = value.copy()
    copy[at[0]] = replaced(value[at[0]], at[1:], new)
    return copy


def planted(markers: Markers) -> Iterator[Any]:
    """Requests with a marker in every field: as valid as can be, and of every other kind."""
    full: Any = FULL
    for at in spots(FULL):
        full_value = value(FULL, at)
        if isinstance(full_value, str):
            name = at[-1] if isinstance(at[-1], str) else at[-2]
            if "date" in name:
                marker: Any = markers.day()
            elif name == "npi":
                marker = markers.digits()
            elif name in ("request_id", "icd10", "reference"):
                marker = markers.text()
                full = replaced(full, at, marker)
            else:
                marker = markers.text()
            yield replaced(FULL, at, marker)
        elif type(full_value) in (int, float):
            yield replaced(FULL, at, markers.number())
        # Also where it does not belong.
        for wrong in (
            markers.text(),
            markers.number(),
            [markers.text()],
            {markers.text(): markers.text()},
            {"name": {markers.text(): [markers.text(), markers.number()]}},
        ):
            yield replaced(FULL, at, wrong)
        if isinstance(full_value, dict):
            yield replaced(FULL, at, {**full_value, markers.text(): markers.text()})
        if isinstance(full_value, list):
            yield replaced(FULL, at, [*full_value, markers.text(), {markers.text(): 1}])
    yield full
    # Each kind of outcome, with everything that can be said freely.
    for change in (
        {"drug": {"name": markers.text()}},
        {"service_date": "1999-01-01"},
        {"service_date": "2024-05-05"},
        {"type": "renewal"},
        {"nccn": [{"source": "guidelines", "category": "3"}]},
        {"documentation": None},
        {"quantity": {"tablets": markers.number(), "days_supply": 28}},
        {"duration_months": markers.number()},
        {"dose": {"mg_per_week": markers.number()}},
    ):
        yield {**full, **change}


def value(document: Any, at: tuple[Any, ...]) -> Any:
    for key in at:
        document = document[key]
    return document


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    content = signed(tmp_path_factory.mktemp("bundle") / "b.tar.gz", "r-1")
    with Bundles(content).serving() as url:
        yield url


@pytest.mark.parametrize("options", LEVELS, ids=" ".join)
def test_no_marker_is_written(tmp_path: Path, bundles: str, options: tuple[str, ...]) -> None:
    markers = Markers()
    errors: list[str] = []
    with Production(tmp_path, bundles, *options) as production:
        eventually(production.ready)

        def ask(method: str, target: str, body: Any = None, **headers: str) -> int:
            sent = {"Authorization": f"Bearer {CALLER}", **headers}
            status, text = production.ask(method, target, body, headers=sent)
            if status != 200:
                errors.append(text)
            return status

        requests = list(planted(markers))
        decided = [production.decide(request)["result"] for request in requests]
        assert {decision["outcome"] for decision in decided} == {
            *("approved", "modified", "denied", "pended", "not_applicable", "invalid")
        }
        for size in (1, 7, len(requests)):
            answers = production.decide({"requests": requests[:size]}, "decisions")["result"]
            assert answers == decided[:size]
        # Where callers send what does not belong there.
        text, path = markers.text, "/v1/data/priorauth"
        for rule in ("decision", "decisions", "catalog", "facts", "integrity"):
            for document in (
                {"input": text()},
                {"input": {text(): text()}},
                {"input": {"requests": text()}},
                {"input": {"requests": {text(): text()}}},
                {"input": {"requests": [text()], text(): text()}},
                {text(): text(), "input": {}},
                {text(): text()},
                text(),
                [text()],
            ):
                ask("POST", f"{path}/{rule}", document)
            ask("POST", f"{path}/{rule}?strict-builtin-errors=true", {"input": text()})
            ask("POST", f"{path}/{rule}?{text()}={text()}", {"input": {}})
            ask("POST", f"{path}/{rule}?provenance={text()}", {"input": {}})
            ask("POST", f"{path}/{rule}/{text()}", {"input": {}})
            ask("POST", f"{path}/{rule}", f"{{{text()}".encode())
            ask("POST", f"{path}/{rule}", f'{{"input": {text()}}}'.encode())
            ask("POST", f"{path}/{rule}", f'{{"input": "{text()}'.encode())
            ask("POST", f"{path}/{rule}", b'{"input": 1e%d}' % markers.number())
            ask("POST", f"{path}/{rule}", gzip.compress(text().encode()))
            zipped = gzip.compress(json.dumps({"input": {text(): 1}}).encode())
            ask("POST", f"{path}/{rule}", zipped, **{"Content-Encoding": "gzip"})
            for yaml in ("input: [{}", "input: {}: {}: x", "{}: &a *b", "\t{}"):
                body = yaml.replace("{}", text()).encode()
                ask("POST", f"{path}/{rule}", body, **{"Content-Type": "application/yaml"})
            # OPA 1.22.2 stumbles over this one, hangs up and logs where: no more than that.
            with contextlib.suppress(http.client.RemoteDisconnected):
                ask("POST", f"{path}/{rule}", text().encode(), **{"Content-Encoding": "gzip"})
        for name in ("traceparent", "tracestate", "baggage", "X-Request-ID", "User-Agent"):
            ask("POST", f"{path}/decision", {"input": {}}, **{name: text()})
        for name in ("Cookie", "Referer", "X-Forwarded-For", "Content-Type", "Accept", "Host"):
            ask("POST", f"{path}/decision", {"input": {}}, **{name: text()})
        ask("POST", f"{path}/decision", {"input": {}}, Authorization=f"Bearer {text()}")
        ask("POST", f"{path}/decisions", {"input": {"requests": [text()] * 1001}})
        ask(text(), f"/{text()}?{text()}", {"input": text()})
        ask("GET", f"/health/{text()}")
        ask("GET", f"/health?{text()}={text()}")
        errors += [production.metrics(), production.ask("GET", "/v1/status", token=OPERATOR)[1]]
    log = production.log.read_text()
    assert log.count('"Decision Log"') > len(requests)
    assert markers.found(log) == []
    assert CALLER not in log
    assert [found for error in errors for found in markers.found(error)] == []
    keeps_what_was_decided(log, decided)


def keeps_what_was_decided(log: str, decided: list[Any]) -> None:
    lines = [line for line in log.splitlines() if '"Decision Log"' in line]
    entries = [json.loads(line) for line in lines]
    single = [entry for entry in entries if entry["path"] == "priorauth/decision"]
    for entry, decision in zip(single, decided, strict=False):
        assert re.fullmatch(r"[0-9a-f-]{36}", entry["decision_id"])
        assert entry["bundles"]["priorauth"] == {"revision": "r-1"}
        assert entry["metrics"]["timer_server_handler_ns"] > 0
        assert "input" not in entry
        assert entry["result"] == kept(decision)
    batches = [entry.get("result") for entry in entries if entry["path"] == "priorauth/decisions"]
    assert [kept(decision) for decision in decided] in batches


def kept(decision: Any) -> Any:
    guideline = decision["guideline"]
    return {
        "outcome": decision["outcome"],
        "requires_clinician_review": decision["requires_clinician_review"],
        "guideline": guideline and {name: guideline[name] for name in ("id", "version")},
        "criteria": [only(each, "id", "clause", "status") for each in decision["criteria"]],
        "reasons": [only(each, "code", "criterion", "clause") for each in decision["reasons"]],
        "notices": [only(each, "code") for each in decision["notices"]],
    }


def only(document: Any, *names: str) -> Any:
    return {name: document[name] for name in names}


def test_the_levels_that_are_not_recommended_do_write_markers(tmp_path: Path, bundles: str) -> None:
    """What the search would find, so that finding nothing means something."""
    for options, shown in (
        (("--log-level=debug",), "BODY-MARKER"),
        (("--log-level=info",), "PATH-MARKER"),
        (("--log-level=info", "--log-level-request=error"), "PATH-MARKER"),
    ):
        folder = tmp_path / shown / "-".join(options)
        folder.mkdir(parents=True)
        with Production(folder, bundles, *options) as production:
            eventually(production.ready)
            production.decide({"request_id": "BODY-MARKER"})
            production.ask("POST", "/v1/data/PATH-MARKER", token=CALLER)
        assert shown in production.log.read_text()
