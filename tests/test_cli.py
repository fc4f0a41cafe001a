"""The command line, as a command: its output, its exit codes, and what it leaves behind."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import json
import os
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from rich.console import Console

from contracts import problems
from generators import INITIAL
from priorauth import Decision, NotJSON
from priorauth._json import not_json, read_json, sent_size
from priorauth.cli._show import show, show_decision
from servers import private_opa

COMMAND = [sys.executable, "-m", "priorauth.cli"]
NOWHERE = "http://127.0.0.1:1"

REQUEST: dict[str, Any] = {"request_id": "r-1", **INITIAL}


def environment(**more: str) -> dict[str, str]:
    """This one, without what would change what the command does."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PRIORAUTH_")}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE"):
        kept.pop(name, None)
    for name in ("PRIORAUTH_OPA", "PRIORAUTH_CACHE"):
        if name in os.environ:
            kept[name] = os.environ[name]
    return kept | {"TERM": "xterm-256color", "PYTHONUTF8": "1"} | more


def run(
    *arguments: str | Path, stdin: str | bytes = b"", **env: str
) -> subprocess.CompletedProcess[str]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], input=data, capture_output=True, env=environment(**env)
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(REQUEST))
    return path


# --------------------------------------------------------------------------------------------
# decide
# --------------------------------------------------------------------------------------------


def test_deciding_with_a_sidecar_of_its_own(request_file: Path) -> None:
    done = run("decide", request_file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" APPROVED   r-1\n")
    for told in ("Xpovio (selinexor)", "2022-10-03", "2023-04-30", "20 tablets for 28 days"):
        assert told in done.stdout
    for clause in ("Applicable", "Footer", "II", "III.1", "III.2", "III.3", "IV", "V"):
        assert re.search(rf"^met +{re.escape(clause)} ", done.stdout, re.MULTILINE)
    assert "age: 66" in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_what_is_missing_and_what_to_ask(url: str) -> None:
    bare = {key: REQUEST[key] for key in ("type", "service_date", "drug")}
    done = run("decide", "-", "--url", url, stdin=json.dumps(bare))
    assert done.returncode == 0
    assert "PENDED" in done.stdout
    assert "/member/birth_date" in done.stdout
    assert "What is the member's date of birth?" in done.stdout


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"quantity": {"tablets": 28, "days_supply": 28}}, ["MODIFIED", "reduced", "clinician"]),
        ({"member": {**REQUEST["member"], "birth_date": "2010-01-01"}}, ["DENIED", "not met"]),
        ({"drug": {"name": "another"}}, ["NOT APPLICABLE"]),
    ],
)
def test_what_else_there_is_to_tell(url: str, change: dict[str, Any], told: list[str]) -> None:
    done = run("decide", "-", "--url", url, stdin=json.dumps(REQUEST | change))
    assert done.returncode == 0
    for words in told:
        assert words in done.stdout


def test_json_for_programs(url: str, request_file: Path) -> None:
    done = run("decide", request_file, "--json", PRIORAUTH_URL=url)
    assert (done.returncode, done.stderr) == (0, "")
    decision = json.loads(done.stdout)
    assert problems("decision", decision) == []
    assert decision["outcome"] == "approved"


def test_an_invalid_request(url: str) -> None:
    done = run("decide", "-", "--url", url, stdin='{"type": "new", "dosage": 1}')
    assert done.returncode == 3
    assert "INVALID" in done.stdout
    assert "/dosage" in done.stdout
    assert "/type" in done.stdout


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "Expecting value at line 1, column 1"),
        (b"{'type': 4711}", "line 1, column 2"),
        (b"\xff\xfe4711", "byte 1 is not UTF-8"),
        (b'{"dose": {"mg_per_week": NaN}}', "NaN"),
        (b'{"dose": {"mg_per_week": 1e999999999}}', "too large"),
        (b'{"type": "initial", "type": "renewal"}', "a key more than once"),
        (b"[" * 200_000, "too deeply"),
        (b'{"request_id": "\\ud800"}', "surrogate"),
    ],
)
def test_text_that_is_not_json(url: str, text: bytes, why: str) -> None:
    done = run("decide", "-", "--url", url, stdin=text)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("priorauth: ")
    assert why in done.stderr
    assert "4711" not in done.stderr


def test_what_a_terminal_would_obey_is_not_passed_on(url: str) -> None:
    request = REQUEST | {"request_id": "\x1b[31mred\x07"}
    done = run("decide", "-", "--url", url, stdin=json.dumps(request))
    assert "red" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_text_of_the_request_makes_no_lines_of_its_own(url: str) -> None:
    request = REQUEST | {"request_id": "r\n APPROVED \u2028", "drug": {"name": "x\n APPROVED"}}
    done = run("decide", "-", "--url", url, stdin=json.dumps(request))
    assert "APPROVED" in done.stdout
    assert not any(line.startswith(" APPROVED") for line in done.stdout.split("\n"))


def test_groups_as_a_tree(tmp_path: Path) -> None:
    """Parts come after their group, further in, and those of a branch not taken say so."""

    def leaf(name: str, status: str, **facts: Any) -> dict[str, Any]:
        text = f"The words of {name}"
        return {"id": name, "clause": "III", "text": text, "status": status, "facts": facts}

    def group(name: str, kind: str, status: str, *parts: Any) -> dict[str, Any]:
        text = f"The words of {name}"
        told = {"id": name, "clause": "III", "text": text, "status": status}
        return {**told, "kind": kind, "parts": list(parts)}

    steps = group("steps", "any", "met", leaf("one", "not_met", score=2), leaf("two", "met"))
    tree = group(
        "tree",
        "branch",
        "met",
        group("taken", "all", "met", steps),
        leaf("idle", "not_considered"),
        group("idle_group", "all", "not_considered"),
    )
    decision = Decision.from_document(
        {
            "request_id": None,
            "outcome": "approved",
            "requires_clinician_review": False,
            "guideline": None,
            "criteria": [tree],
            "reasons": [],
            "missing": [],
            "authorization": {
                "start_date": "2022-11-01",
                "end_date": None,
                "quantity": {"days_supply": 28, "ml": 2.5, "billing_units": 4},
                "package": None,
            },
            "notices": [],
            "errors": [],
        }
    )
    shown = io.StringIO()
    console = Console(file=shown, width=80)
    show(console, lambda console: show_decision(console, decision))
    told = shown.getvalue()
    assert "2.5 ml, 4 billing units for 28 days" in told
    assert "no end" in told
    tree_shown = told.split("Clause by clause\n")[1]
    assert [
        line.split("  III")[0].rstrip() for line in tree_shown.splitlines() if "III" in line
    ] == [
        "met",
        "  met",
        "    met",
        "      not met",
        "      met",
        "  not considered",
        "  not considered",
    ]
    for words in ("whichever of these applies:", "one of these is enough:", "score: 2"):
        assert tree_shown.count(words) == 1


@pytest.mark.parametrize("columns", ["0", "1", "7"])
def test_few_columns(url: str, request_file: Path, columns: str) -> None:
    done = run("decide", request_file, "--url", url, COLUMNS=columns)
    assert "Clause by clause" in done.stdout
    assert "APPROVED" in done.stdout


@pytest.mark.parametrize(
    ("closed", "why"), [("<&-", "input is closed"), (">&-", "output is closed")]
)
@pytest.mark.parametrize("command", ["decide", "batch"])
def test_a_closed_stream(command: str, closed: str, why: str) -> None:
    line = f"exec {shlex.join(COMMAND)} {command} - --url {NOWHERE} {closed}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, env=environment())
    assert done.returncode == 1
    assert why in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


# --------------------------------------------------------------------------------------------
# batch
# --------------------------------------------------------------------------------------------

LINES = [
    json.dumps(REQUEST),
    "",
    "{not json",
    "null",
    '{"request_id": "\\udc00"}',
    json.dumps(REQUEST | {"type": "4711"}),
    '{"a": 1, "a": 2}',
    json.dumps(REQUEST | {"request_id": "last"}),
]


def test_a_line_out_for_every_line_in(url: str, tmp_path: Path) -> None:
    taken, given = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    taken.write_text("\n".join(LINES))
    given.write_text("from before")
    done = run("batch", taken, "-o", given, "--url", url)
    assert (done.returncode, done.stdout) == (3, "")
    assert re.match(r"8 lines in \d+\.\d s: 6 invalid, 2 approved\n", done.stderr)
    decisions = [json.loads(line) for line in given.read_text().splitlines()]
    assert [problems("decision", decision) for decision in decisions] == [[]] * 8
    outcomes = ["approved", *["invalid"] * 6, "approved"]
    assert [decision["outcome"] for decision in decisions] == outcomes
    assert decisions[-1]["request_id"] == "last"
    for n in (2, 3, 5, 7):
        (error,) = decisions[n - 1]["errors"]
        assert error["path"] in ("", "/request_id")
        assert error["message"].startswith(f"line {n}: not JSON: ")
    assert sorted(tmp_path.iterdir()) == [taken, given]


def test_a_batch_is_one_by_one(url: str) -> None:
    requests = [REQUEST | {"request_id": str(n)} for n in range(250)]
    done = run("batch", "-", "--url", url, stdin="".join(json.dumps(r) + "\n" for r in requests))
    assert done.returncode == 0
    decisions = [json.loads(line) for line in done.stdout.splitlines()]
    assert [decision["request_id"] for decision in decisions] == [str(n) for n in range(250)]
    assert "250 lines" in done.stderr


def test_a_line_without_end(url: str) -> None:
    """Memory is bounded by what a line may hold, not by what it does."""
    long = b'"' + b"x" * (3 << 20) + b'"\n'
    done = run("batch", "-", "--url", url, stdin=b"null\n" + long + b"null")
    assert done.returncode == 3
    messages = [json.loads(line)["errors"][0]["message"] for line in done.stdout.splitlines()]
    assert len(messages) == 3
    assert messages[1] == "line 2: not JSON: it is longer than 1048576 bytes"


def test_no_line_at_all(url: str) -> None:
    done = run("batch", "-", "--url", url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing to decide" in done.stderr


def test_a_batch_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    given = tmp_path / "out.ndjson"
    given.write_text("from before")
    done = run("batch", "-", "-o", given, "--url", NOWHERE, stdin=json.dumps(REQUEST))
    assert done.returncode == 4
    assert given.read_text() == "from before"
    assert list(tmp_path.iterdir()) == [given]


def test_output_that_is_no_file(url: str) -> None:
    before = os.stat("/dev/null")
    done = run("batch", "-", "-o", "/dev/null", "--url", url, stdin=json.dumps(REQUEST))
    assert done.returncode == 0
    assert os.stat("/dev/null").st_rdev == before.st_rdev


def test_output_where_none_can_be(url: str, tmp_path: Path) -> None:
    done = run("batch", "-", "-o", tmp_path / "no" / "out", "--url", url, stdin="null")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.long
def test_constant_memory(url: str, tmp_path: Path) -> None:
    """Ten times as many lines take no more memory, except for noise."""

    def peak(lines: int) -> int:
        taken = tmp_path / "in.ndjson"
        taken.write_text((json.dumps(REQUEST) + "\n") * lines)
        script = (
            "import resource, sys, priorauth.cli\n"
            "try:\n    priorauth.cli.main()\n"
            "finally:\n"
            "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, "batch", taken, "-o", "/dev/null", "--url", url],
            capture_output=True,
            env=environment(),
            check=True,
        )
        return int(done.stderr.split()[-1])

    assert peak(2_000) < peak(200) * 1.15


# --------------------------------------------------------------------------------------------
# guideline, health, help
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(), ("--version", "2022-10-03")])
def test_a_guideline_for_people(url: str, version: tuple[str, ...]) -> None:
    done = run("guideline", "show", "xpovio", *version, "--url", url)
    assert (done.returncode, done.stderr) == (0, "")
    for told in ("Xpovio (selinexor)", "Version 2022-10-03", "from 2020-08-01", "III.2"):
        assert told in done.stdout
    assert "160mg/week: 32 tablets per 28 days" in done.stdout
    assert "kind: age; minimum: 18" in done.stdout
    assert "What is the member's date of birth? (/member/birth_date)" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_guidelines_for_people(url: str) -> None:
    done = run("guideline", "list", "--url", url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Xpovio (selinexor): 2022-10-03" in done.stdout


def test_a_guideline_for_programs(url: str) -> None:
    listed = json.loads(run("guideline", "list", "--json", "--url", url).stdout)
    assert "xpovio" in [each["id"] for each in listed]
    shown = run("guideline", "show", "xpovio", "--version", "2022-10-03", "--json", "--url", url)
    found = json.loads(shown.stdout)
    assert (found["id"], found["versions"][0]["version"]) == ("xpovio", "2022-10-03")


def test_a_guideline_that_is_not_on_file(url: str) -> None:
    done = run("guideline", "show", "aspirin", "--url", url)
    assert done.returncode == 2
    assert "xpovio" in done.stderr
    done = run("guideline", "show", "xpovio", "--version", "1999-01-01", "--url", url)
    assert done.returncode == 2
    assert "2022-10-03" in done.stderr


def test_health(url: str) -> None:
    done = run("health", "--url", url)
    assert done.returncode == 0
    assert url in done.stdout
    assert "2022-10-03" in done.stdout


def test_the_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"priorauth {importlib.metadata.version('priorauth')}\n"


def test_completion_can_be_shown() -> None:
    """Of the shell that it is asked from; the second command keeps that one alive."""
    script = f"{shlex.join(COMMAND)} --show-completion; exit $?"
    done = subprocess.run(
        ["bash", "-c", script], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "_PRIORAUTH_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("priorauth de", ["decide"]),
        ("priorauth gui", ["guideline"]),
        ("priorauth guideline che", ["check"]),
        ("priorauth batch --engine ", ["wasm", "sidecar"]),
        ("priorauth serve --do", ["--docker"]),
    ],
)
def test_bash_completes(words: str, expected: list[str], tmp_path: Path) -> None:
    """In a bash, by what it is told to source."""
    command = tmp_path / "priorauth"
    command.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    command.chmod(0o755)
    script = (
        'source <(priorauth --show-completion); COMP_WORDS=($1 ${2:+""}); '
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); \"$(complete -p priorauth | sed 's/.*-F "
        "\\([^ ]*\\) .*/\\1/')\" priorauth; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    trailing = "x" if words.endswith(" ") else ""
    done = subprocess.run(
        ["bash", "-c", script, "bash", words, trailing],
        env=environment(**path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == expected, done.stderr


def test_help_documents_the_exit_codes() -> None:
    for arguments in (["--help"], *([c, "--help"] for c in ("decide", "batch", "serve"))):
        done = run(*arguments)
        assert done.returncode == 0
        for code in (0, 1, 2, 3, 4, 130):
            assert re.search(rf"^ *{code}  ", done.stdout, re.MULTILINE)
        assert max(map(len, done.stdout.splitlines())) <= 80


# --------------------------------------------------------------------------------------------
# Failures
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["decide", "--help"],
        [],
        ["--version"],
        ["guideline", "list"],
        ["decide", "-", "--json"],
        ["batch", "-"],
        ["bundle", "verify", "BUNDLE"],
    ],
    ids=" ".join,
)
def test_an_output_that_is_full(url: str, bundle_file: Path, arguments: list[str]) -> None:
    given = [str(bundle_file) if each == "BUNDLE" else each for each in arguments]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *given],
            input=b"{}",
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(PRIORAUTH_URL=url),
            check=False,
        )
    assert done.returncode == 1
    said = b"priorauth: the output cannot be written: No space left on device\n"
    assert done.stderr.endswith(said)
    assert done.stderr.count(said) == 1
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["decide", "batch", "replay"])
@pytest.mark.parametrize("named", [True, False], ids=["file", "standard input"])
def test_an_input_that_cannot_be_read_is_not_an_output(
    command: str, named: bool, bundle_file: Path
) -> None:
    unreadable = "/proc/self/mem"
    last: dict[str, list[str | Path]] = {
        "decide": ["--url", NOWHERE],
        "batch": ["--bundle", bundle_file],
        "replay": [bundle_file],
    }
    with open(unreadable, "rb") as file:
        done = subprocess.run(
            [*COMMAND, command, unreadable if named else "-", *last[command]],
            stdin=file,
            capture_output=True,
            text=True,
            env=environment(),
            check=False,
        )
    name = unreadable if named else "standard input"
    # Of a replay, 1 says that decisions differ.
    code = 4 if command == "replay" else 1
    assert (done.returncode, done.stderr) == (code, f"priorauth: {name}: Input/output error\n")


def test_errors_that_cannot_be_told() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "health", "--url", NOWHERE], stderr=full, env=environment(), check=False
        )
    assert done.returncode == 4


@pytest.mark.parametrize(
    "imported", ["signal", "json", "typer", "priorauth.decision", "priorauth.decider"]
)
def test_an_interrupt_before_anything_is_begun(imported: str) -> None:
    """While modules are still being imported, each of which Python then tells."""
    command = [sys.executable, "-X", "importtime", "-m", "priorauth", "decide", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True
    ) as process:
        assert process.stderr
        seen = begun = False
        for line in process.stderr:
            name = line.rpartition("|")[2].strip()
            begun = begun or name == "priorauth"
            seen = seen or name == imported
            if begun and seen:
                break
        else:
            pytest.fail("it was not imported")
        time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read().splitlines()
    assert process.returncode == 130
    assert rest[-1] == "priorauth: interrupted"
    assert not [line for line in rest[:-1] if not line.startswith("import time:")]


def test_an_interrupt_that_is_to_be_ignored(url: str) -> None:
    """As for what runs in the background of a script, or with nohup."""
    command = ["/bin/sh", "-c", 'trap "" INT; echo ready; exec "$@"', "sh", *COMMAND]
    with subprocess.Popen(
        [*command, "decide", "-", "--json", "--url", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        for _ in range(20):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        out, _ = process.communicate(b"{}", timeout=30)
    assert process.returncode == 3
    assert json.loads(out)["outcome"] == "invalid"


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["health", "--url", NOWHERE], 4, "Connection refused"),
        (["health", "--url", "localhost:8181"], 2, "http://host:port"),
        (["health", "--ca", __file__], 2, "--url"),
        (["health", "--url", "https://localhost", "--certificate", __file__], 2, "--key"),
        (["health", "--timeout", "-1"], 2, "timeout"),
        (["decide", "/no/such/file"], 2, "No such file"),
        (["decide", "/"], 2, "s a directory"),
        (["decide"], 2, ""),
        (["decided"], 2, ""),
        ([], 2, ""),
    ],
)
def test_a_failure_is_a_paragraph_and_an_exit_code(
    arguments: list[str], code: int, why: str
) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert why in done.stderr + (done.stdout if arguments == [] else "")


def test_a_token_from_a_file_or_the_environment(tmp_path: Path) -> None:
    policy = tmp_path / "policy.rego"
    policy.write_text(
        "package priorauth\n\nintegrity := []\n\ncatalog := [{\n"
        '\t"id": "g", "title": "G", "drug_names": [], "versions": [],\n}]\n'
    )
    authz = tmp_path / "authz.rego"
    authz.write_text(
        'package system.authz\n\ndefault allow := false\n\nallow if input.identity == "good"\n'
    )
    token = tmp_path / "token"
    token.write_text("good\n")
    flags = ("--authentication=token", "--authorization=basic")
    with private_opa(policy, authz, *flags) as (url, _):
        assert run("health", "--url", url, "--token-file", token).returncode == 0
        assert run("health", "--url", url, PRIORAUTH_TOKEN="good").returncode == 0
        done = run("health", "--url", url, PRIORAUTH_TOKEN="bad-secret")
        assert done.returncode == 4
        assert "401" in done.stderr
        assert "bad-secret" not in done.stderr
    assert "--token " not in run("health", "--help").stdout


def test_files_of_another_kind(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    done = run("health", "--url", NOWHERE, "--token-file", binary)
    assert (done.returncode, "not UTF-8" in done.stderr) == (2, True)
    pair = ("--certificate", binary, "--key", binary)
    done = run("health", "--url", "https://127.0.0.1:1", *pair)
    assert (done.returncode, "not a PEM certificate" in done.stderr) == (2, True)


def test_an_output_that_links_to_itself(url: str, request_file: Path, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    done = run("batch", request_file, "--url", url, "-o", loop)
    assert (done.returncode, "its links form a loop" in done.stderr) == (2, True)
    assert loop.is_symlink()


def test_what_is_read_is_not_written_over(bundle_file: Path, tmp_path: Path) -> None:
    """By any command that writes a file, nor by a link to it."""
    held = {
        "bundle": bundle_file.read_bytes(),
        "log": b'{"request": {}, "decision": {}}\n',
        "requests": b"{}\n",
        "key": (Path(__file__).parent / "keys" / "policy.pem").read_bytes(),
    }
    for name, content in held.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / f"{name}-link").symlink_to(name)
    for command in (
        "page --bundle bundle -o bundle",
        "page --bundle bundle -o bundle-link",
        "bundle build --key key -o key",
        "compare bundle bundle requests --report requests-link",
        "compare bundle bundle requests --report bundle",
        "replay log bundle --report log",
        "replay log bundle --report bundle-link",
        "replay log bundle --requests requests --report requests",
        "batch requests --bundle bundle --report requests",
    ):
        words = [
            tmp_path / word if word in {*held, *(f"{n}-link" for n in held)} else word
            for word in command.split()
        ]
        # The first word is what is to be done, though a file may be of that name.
        done = run(command.split()[0], *words[1:])
        assert (done.returncode, "is an input; name another file" in done.stderr) == (2, True), (
            command
        )
        assert {name: (tmp_path / name).read_bytes() for name in held} == held


def test_a_report_is_for_its_owner_only(bundle_file: Path, tmp_path: Path) -> None:
    """It names requests, and goes where no link leads."""
    requests, report, victim = (tmp_path / name for name in ("requests", "report", "victim"))
    requests.write_text(json.dumps(REQUEST))
    command = ("compare", bundle_file, bundle_file, requests, "--report", report)
    assert run(*command).returncode == 0
    assert report.stat().st_mode & 0o777 == 0o600
    victim.write_text("a victim's")
    report.unlink()
    report.symlink_to(victim)
    done = run(*command)
    assert (done.returncode, victim.read_text()) == (2, "a victim's")
    assert "not a plain file of this user's" in done.stderr


def test_a_reader_that_has_had_enough(url: str, tmp_path: Path) -> None:
    """As `priorauth batch … | head -1` is."""
    taken = tmp_path / "in.ndjson"
    taken.write_text((json.dumps(REQUEST) + "\n") * 300)
    with running("batch", taken, "--url", url) as process:
        assert process.stdout
        process.stdout.close()
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (1, b"")


# --------------------------------------------------------------------------------------------
# Interrupts
# --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def running(*arguments: str | Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**env),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_serving_until_it_is_stopped(number: int, code: int, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    assert run("page", "-o", file).returncode == 0
    with running("serve", "--port", "0", PRIORAUTH_TOKEN="mine") as process:
        assert process.stdout
        assert process.stderr
        url = process.stdout.readline().decode().strip()
        assert run("health", "--url", url, PRIORAUTH_TOKEN="mine").returncode == 0
        refused = run("health", "--url", url)
        assert refused.returncode == 4
        assert "check the token" in refused.stderr
        told = process.stderr.readline().decode()
        page = told.removeprefix("The reviewer's page is at ").strip()
        with urlopen(page, timeout=60) as answer:
            assert answer.read() == file.read_bytes()
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert b"Traceback" not in err
    assert b"mine" not in err
    assert run("health", "--url", url, PRIORAUTH_TOKEN="mine").returncode == 4
    with pytest.raises(OSError, match="refused"):
        urlopen(page, timeout=60)


def test_serving_with_a_token_that_it_draws() -> None:
    with running("serve", "--port", "0") as process:
        assert process.stdout
        assert process.stderr
        url = process.stdout.readline().decode().strip()
        (name, token) = process.stderr.readline().decode().split()[-1].split("=")
        assert run("health", "--url", url, **{name: token}).returncode == 0
        assert run("health", "--url", url).returncode == 4


def test_serving_at_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("serve", "--port", str(port))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.count("\n") == 1
    assert f"port {port} of 127.0.0.1 is not available: Address already in use" in done.stderr


def test_a_token_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with private_opa("--authorization=basic") as (url, _):
        for text, said in (("", "is empty"), (" \n", "is empty"), ("\u00e9", "cannot hold")):
            file.write_text(text)
            done = run("health", "--url", url, "--token-file", file)
            assert (done.returncode, done.stdout) == (2, "")
            assert said in done.stderr


def test_an_interrupted_batch_leaves_nothing(url: str, tmp_path: Path) -> None:
    given = tmp_path / "out.ndjson"
    with running("batch", "-", "-o", given, "--url", url) as process:
        assert process.stdin
        process.stdin.write((json.dumps(REQUEST) + "\n").encode() * 150)
        process.stdin.flush()
        deadline = time.monotonic() + 20
        while not list(tmp_path.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == b"priorauth: interrupted\n"
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------------------------
# On a terminal
# --------------------------------------------------------------------------------------------


def on_a_terminal(*arguments: str | Path, **env: str) -> tuple[int, str]:
    """The exit code, and all that the command writes to a terminal of 80 columns."""
    here, there = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=there,
        stdout=there,
        stderr=there,
        env=environment(COLUMNS="80", LINES="24", **env),
    )
    os.close(there)
    shown = b""
    with contextlib.suppress(OSError):
        while select.select([here], [], [], 30)[0]:
            part = os.read(here, 65536)
            if not part:
                break
            shown += part
    os.close(here)
    return process.wait(30), shown.decode()


def test_colour_on_a_terminal_only(url: str, request_file: Path) -> None:
    code, shown = on_a_terminal("decide", request_file, "--url", url)
    assert code == 0
    assert "\x1b[" in shown
    assert "APPROVED" in shown
    plain = run("decide", request_file, "--url", url).stdout
    bare = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()
    assert not re.search(r" $", plain, re.MULTILINE)
    _, colourless = on_a_terminal("decide", request_file, "--url", url, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", colourless)


def test_a_progress_bar_on_a_terminal_only(url: str, tmp_path: Path) -> None:
    taken = tmp_path / "in.ndjson"
    taken.write_text((json.dumps(REQUEST) + "\n") * 700)
    code, shown = on_a_terminal("batch", taken, "-o", tmp_path / "out", "--url", url)
    assert code == 0
    assert "%" in shown
    assert "700 lines in" in shown
    assert "%" not in run("batch", taken, "-o", tmp_path / "out", "--url", url).stderr


# --------------------------------------------------------------------------------------------
# Reading
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"160", 160),
        (b"160.0", 160.0),
        (b"1.6e2", 160.0),
        (b"160.0000000000000000000000", 160.0),
        (b"0.1", 0.1),
        (b"-0.0", 0.0),
        (b"5e-324", 5e-324),
        (b"1" + b"0" * 300, 10**300),
        (b'\xef\xbb\xbf{"a": [true, null]}', {"a": [True, None]}),
    ],
)
def test_json_is_read_as_it_is_written(text: bytes, value: Any) -> None:
    assert read_json(text) == value
    assert type(read_json(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        b"160.00000000000000000001",
        b"1e-999999999999999999999",
        b"-0.1e-99999999999999999999999999999999",
        b"1e999999999999999999999",
        b"0.1000000000000000055511151231257827",
        b"1e-400",
        b"1" * 5_000,
        b"1e309",
        b"Infinity",
        b"-Infinity",
    ],
)
def test_a_number_that_would_be_altered_is_refused(text: bytes) -> None:
    with pytest.raises(NotJSON):
        read_json(text)


LARGE = 1 << 20


@pytest.mark.parametrize(
    "text",
    [
        b"{" + b",".join(b'"k%d":1' % n for n in range(60_000)) + b',"k59999":1}',
        b'{"x":' + b"[" * 900 + b'"' + b"x" * LARGE + b'\\ud800"' + b"]" * 900 + b"}",
        b"[" + b",".join([b'"\\ud800"'] * 100_000) + b"]",
        b"[" + b",".join([b"0." + b"1" * 390] * 2_600) + b"]",
        b"[" + b",".join([b"9" * 400] * 2_600) + b"]",
        b"[" * LARGE,
        b'{"a":' * 100_000,
    ],
    ids=["keys twice", "deep", "wide", "fractions", "digits", "open", "open objects"],
)
def test_what_is_built_to_be_slow_to_read_is_not(text: bytes) -> None:
    """Also where the fault is found only when it is to be sent, and the place is looked for."""
    began = time.process_time()
    with contextlib.suppress(NotJSON):
        value = read_json(text)
        if sent_size(value) is None:
            not_json(value)
    assert time.process_time() - began < 2


def test_no_error_quotes_what_was_read() -> None:
    for text in (b'{"Doe": 1, "Doe": 2}', b'{"Doe": Doe}', b"[Doe]", b'"\xff Doe"', b'{"Doe" 1}'):
        with pytest.raises(NotJSON) as caught:
            read_json(text)
        assert "Doe" not in str(caught.value)
        assert caught.value.__context__ is None
