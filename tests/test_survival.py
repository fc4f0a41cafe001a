"""What can go wrong, done to real sidecars: never a wrong decision, never a silence."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from priorauth import (
    Client,
    Decision,
    SidecarError,
    SidecarHTTPError,
    SidecarTimeout,
    SidecarUnreachable,
    WasmEngine,
    bundle,
    opa,
)
from production import CALLER, CONFIG, KEYS, LEVELS, ROOT, Bundles, Production, eventually, signed
from servers import pause, spent

pytestmark = pytest.mark.long

REQUEST: dict[str, Any] = json.loads((ROOT / "examples" / "xpovio-initial.json").read_text())


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return signed(tmp_path_factory.mktemp("good") / "b.tar.gz", "good")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A bundle of another policy: one needs to be 80 years old."""
    folder = tmp_path_factory.mktemp("strict")
    for name in ("policy", "rego"):
        shutil.copytree(ROOT / name, folder / name)
    data = folder / "policy" / "guidelines" / "xpovio" / "2022-10-03" / "data.yaml"
    text = data.read_text()
    for old, new in ((" 18 years", " 80 years"), ("minimum: 18\n", "minimum: 80\n")):
        assert old in text
        text = text.replace(old, new)
    data.write_text(text)
    return signed(folder / "b.tar.gz", "strict", policy=folder)


OUTCOMES = {"good": "approved", "strict": "denied"}
"""What each of the two decides on REQUEST."""


@contextlib.contextmanager
def running(folder: Path, bundles: Bundles) -> Iterator[Production]:
    with bundles.serving() as url, Production(folder, url) as production:
        eventually(production.ready)
        yield production


def client(production: Production, **options: Any) -> Client:
    return Client(production.url, token=CALLER, **options)


# --------------------------------------------------------------------------------------------
# Decisions and what they came from
# --------------------------------------------------------------------------------------------


def test_a_decision_can_be_traced(tmp_path: Path, good: bytes) -> None:
    with running(tmp_path, Bundles(good)) as production, client(production) as asking:
        one = asking.decide(REQUEST)
        many = list(asking.decide_many([REQUEST] * 5, batch_size=2))
    assert {decision.revision for decision in (one, *many)} == {"good"}
    ids = [decision.decision_id for decision in many]
    assert len({one.decision_id, *ids}) == 4
    assert ids[0] == ids[1] != ids[2] == ids[3] != ids[4]
    log = [json.loads(line) for line in production.log.read_text().splitlines()]
    logged = {entry["decision_id"]: entry for entry in log if "decision_id" in entry}
    for decision in (one, *many):
        assert decision.decision_id in logged
        assert logged[decision.decision_id]["bundles"]["priorauth"] == {"revision": "good"}
    assert one == many[0], "where it comes from is no part of what is decided"


def test_in_process_the_revision_is_the_bundles_too(good: bytes) -> None:
    with WasmEngine(good) as engine:
        decision = engine.decide(REQUEST)
    assert (decision.revision, decision.decision_id) == ("good", None)


def test_without_a_bundle_or_a_log_there_is_neither(url: str) -> None:
    with Client(url) as asking:
        decision = asking.decide(REQUEST)
    assert (decision.revision, decision.decision_id) == (None, None)


# --------------------------------------------------------------------------------------------
# The sidecar
# --------------------------------------------------------------------------------------------


def test_killed_amid_a_batch_job_and_restarted(tmp_path: Path, good: bytes) -> None:
    requests = [{**REQUEST, "request_id": f"r-{n}"} for n in range(3000)]
    decided: list[Decision] = []
    errors = 0
    with running(tmp_path, Bundles(good)) as production, client(production) as asking:
        killer = threading.Timer(0.4, production.process.kill)
        killer.start()
        while len(decided) < len(requests):
            try:
                for decision in asking.decide_many(requests[len(decided) :], batch_size=50):
                    decided.append(decision)
            except SidecarUnreachable:
                errors += 1
                killer.join()
                assert production.stop(signal.SIGKILL) == -signal.SIGKILL
                production.start()
                eventually(production.ready)
    assert errors == 1
    assert [decision.request_id for decision in decided] == [f"r-{n}" for n in range(3000)]
    assert {decision.outcome for decision in decided} == {"approved"}


def test_paused_and_resumed(tmp_path: Path, good: bytes) -> None:
    with (
        running(tmp_path, Bundles(good)) as production,
        client(production, timeout=0.5) as asking,
    ):
        asking.decide(REQUEST)
        pause(production.process)
        with pytest.raises(SidecarTimeout):
            asking.decide(REQUEST)
        os.kill(production.process.pid, signal.SIGCONT)
        eventually(lambda: decides(asking))
        assert asking.decide(REQUEST).outcome == "approved"


def decides(asking: Client) -> bool:
    try:
        return bool(asking.decide(REQUEST))
    except SidecarError:
        return False


def test_stopped_it_finishes_what_it_has_begun(tmp_path: Path, good: bytes) -> None:
    requests = [REQUEST] * 1000
    answers: list[Any] = []
    with running(tmp_path, Bundles(good)) as production:
        at_it = threading.Thread(
            target=lambda: answers.append(production.decide({"requests": requests}, "decisions"))
        )
        before = spent(production.process.pid)
        at_it.start()
        # It works on what it was asked, which takes it long.
        eventually(lambda: spent(production.process.pid) > before + 0.05)
        assert production.stop(signal.SIGTERM) == 0
        at_it.join()
    assert [each["outcome"] for each in answers[0]["result"]] == ["approved"] * len(requests)


# --------------------------------------------------------------------------------------------
# The bundle server
# --------------------------------------------------------------------------------------------


def test_no_bundle_server_at_the_start(tmp_path: Path, good: bytes) -> None:
    """Without a bundle there are no rules, not even on access: nobody is served anything."""
    bundles = Bundles(None)
    with bundles.serving() as url, Production(tmp_path, url) as production:
        eventually(lambda: len(bundles.asked) >= 2)
        assert production.ask("GET", "/health/ready")[0] == 500
        assert production.ask("GET", "/health")[0] == 500
        with client(production) as asking, pytest.raises(SidecarHTTPError) as caught:
            asking.decide(REQUEST)
        assert (caught.value.status, caught.value.code) == (500, "internal_error")
        assert production.process.poll() is None
        assert "Bundle load failed" in production.log.read_text()
        bundles.content = good
        eventually(production.ready)
        assert production.revision() == "good"


def test_no_bundle_server_at_a_restart(tmp_path: Path, good: bytes, strict: bytes) -> None:
    """The last good bundle was kept, and decides."""
    bundles = Bundles(good)
    with contextlib.ExitStack() as serving:
        url = serving.enter_context(bundles.serving())
        with Production(tmp_path, url) as production:
            eventually(production.ready)
            eventually((tmp_path / "state/bundles/priorauth/bundle.tar.gz").exists)
            production.stop(signal.SIGKILL)
            serving.close()
            started = time.monotonic()
            production.start()
            eventually(production.ready)
            assert time.monotonic() - started < 10
            assert production.revision() == "good"
            eventually(lambda: "connection refused" in production.log.read_text())
            assert production.ready()
            bundles.content = strict
            with bundles.serving(int(url.rpartition(":")[2])):
                eventually(lambda: production.revision() == "strict")


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        found = {m.name: tar.extractfile(m) for m in tar.getmembers()}
        return {name: file.read() for name, file in found.items() if file}


def packed(content: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        for name, each in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(each)
            tar.addfile(member, io.BytesIO(each))
    return whole.getvalue()


def tampered(content: bytes, _: Path) -> bytes:
    found = members(content)
    changed = found["/data.json"].replace(b'"minimum":18', b'"minimum":80')
    assert changed != found["/data.json"]
    return packed({**found, "/data.json": changed})


def smuggled(content: bytes, _: Path) -> bytes:
    return packed({**members(content), "/more.rego": b"package system.authz\n\nallow := true\n"})


def truncated(content: bytes, _: Path) -> bytes:
    return content[: len(content) // 2]


def unsigned(content: bytes, _: Path) -> bytes:
    found = members(content)
    del found["/.signatures.json"]
    return packed(found)


def of_another_key(_: bytes, folder: Path) -> bytes:
    return signed(folder / "b.tar.gz", "bad", key="other")


def properly_signed(content: dict[str, bytes], folder: Path) -> bytes:
    """With the right key, because the signer too can err, or be made to."""
    whole = folder / "whole"
    for name, each in content.items():
        if name != "/.signatures.json":
            file = whole / name.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(each)
    claims = folder / "claims"
    claims.write_text('{"keyid": "policy", "scope": "priorauth"}')
    sign: list[str | Path] = [opa.ensure(), "sign", "--bundle", ".", "--signing-alg", "ES256"]
    sign += ["--signing-key", KEYS / "policy.pem", "--claims-file", claims]
    subprocess.run(sign, cwd=whole, check=True)
    files = [path for path in whole.rglob("*") if path.is_file()]
    return packed({f"/{path.relative_to(whole)}": path.read_bytes() for path in files})


def not_compiling(_: bytes, folder: Path) -> bytes:
    return properly_signed(
        {
            "/priorauth/a.rego": b"package priorauth\n\nx := data.priorauth.f(1)\n",
            "/.manifest": b'{"revision": "bad", "roots": ["priorauth"]}',
        },
        folder,
    )


def owning(content: bytes, folder: Path, *roots: str) -> bytes:
    """A bundle with more roots, and data of its own on who may ask."""
    found = members(content)
    data = json.loads(found["/data.json"]) | {"access": {"everyone": ["caller", "operator"]}}
    manifest = json.loads(found["/.manifest"]) | {"revision": "bad"}
    kept = [old for old in manifest["roots"] if not any(old.startswith(new) for new in roots)]
    manifest["roots"] = [*kept, *roots]
    found["/data.json"] = json.dumps(data).encode()
    found["/.manifest"] = json.dumps(manifest).encode()
    return properly_signed(found, folder)


def owning_access(content: bytes, folder: Path) -> bytes:
    return owning(content, folder, "access")


def owning_all_of_system(content: bytes, folder: Path) -> bytes:
    return owning(content, folder, "access", "system")


def owning_everything(content: bytes, folder: Path) -> bytes:
    return owning(content, folder, "")


def nothing(_: bytes, __: Path) -> None:
    return None


def not_a_bundle(_: bytes, __: Path) -> bytes:
    return b"<html>Sign in to continue</html>"


BAD: dict[Callable[[bytes, Path], bytes | None], str] = {
    tampered: "digest mismatch",
    smuggled: "not included in bundle signature",
    truncated: "unexpected EOF",
    unsigned: "missing .signatures.json",
    of_another_key: "failed to verify JWT signature",
    not_compiling: "undefined function data.priorauth.f",
    owning_access: "root access is in multiple bundles",
    owning_all_of_system: "root access is in multiple bundles",
    owning_everything: "overlap with any other bundle root",
    nothing: "404",
    not_a_bundle: "invalid header",
}


@pytest.fixture(scope="module")
def surviving(
    tmp_path_factory: pytest.TempPathFactory, good: bytes
) -> Iterator[tuple[Production, Bundles]]:
    bundles = Bundles(good)
    with running(tmp_path_factory.mktemp("surviving"), bundles) as production:
        yield production, bundles


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_a_bad_bundle_changes_nothing_and_shows_in_the_status(
    surviving: tuple[Production, Bundles],
    good: bytes,
    tmp_path: Path,
    spoil: Callable[[bytes, Path], bytes | None],
) -> None:
    production, bundles = surviving
    bundles.content = spoil(good, tmp_path)
    eventually(lambda: BAD[spoil] in json.dumps(production.status()))
    status = production.status()
    assert status["code"] == "bundle_error"
    assert status["active_revision"] == "good"
    assert production.decide(REQUEST)["result"]["outcome"] == "approved"
    assert production.revision() == "good"
    # Health does not show it: that is what the alerts are for.
    assert production.ready()
    assert "Bundle" in production.log.read_text()
    kept = production.state / "bundles" / "priorauth" / "bundle.tar.gz"
    assert kept.read_bytes() == good
    assert production.ask("POST", "/v1/data/priorauth/decision", {"input": {}})[0] == 401
    bundles.content = good
    eventually(lambda: "code" not in production.status())


def test_a_bundle_cannot_make_way_for_one_that_says_who_may_ask(
    surviving: tuple[Production, Bundles], good: bytes, tmp_path: Path
) -> None:
    """OPA keeps under `system/bundles` who owns what: a bundle that owned it would empty it."""
    production, bundles = surviving
    for root in ("system", "system/bundles", "system/bundles/x"):
        found = members(good)
        manifest = json.loads(found["/.manifest"]) | {"revision": "first"}
        others = [each for each in manifest["roots"] if not each.startswith("system/")]
        keep = [] if root == "system" else ["system/authz", "system/health", "system/log"]
        found["/.manifest"] = json.dumps(manifest | {"roots": [*others, *keep, root]}).encode()
        folder = tmp_path / root.replace("/", "-")
        folder.mkdir()
        bundles.content = properly_signed(found, folder)
        eventually(lambda: "overlap" in json.dumps(production.status()))
        assert production.revision() == "good"
        bundles.content = good
        eventually(lambda: "code" not in production.status())


@pytest.mark.parametrize(
    "spoil", [tampered, unsigned, of_another_key, owning_access], ids=lambda s: s.__name__
)
def test_a_bad_bundle_at_the_start_serves_nobody(
    good: bytes, tmp_path: Path, spoil: Callable[[bytes, Path], bytes | None]
) -> None:
    bundles = Bundles(spoil(good, tmp_path))
    with bundles.serving() as url, Production(tmp_path, url) as production:
        eventually(lambda: BAD[spoil] in production.log.read_text())
        assert production.ask("GET", "/health/ready")[0] == 500
        assert production.ask("POST", "/v1/data/priorauth/decision", {}, token=CALLER)[0] == 500
        assert not (production.state / "bundles" / "priorauth" / "bundle.tar.gz").exists()


def test_an_older_revision_is_served_and_named(
    surviving: tuple[Production, Bundles], good: bytes, strict: bytes
) -> None:
    """Its signature is good: to go back is the operator's right, and every decision tells."""
    production, bundles = surviving
    for content, revision in ((strict, "strict"), (good, "good")):
        bundles.content = content
        eventually(lambda revision=revision: production.revision() == revision)
        assert production.decide(REQUEST)["result"]["outcome"] == OUTCOMES[revision]


def test_a_key_is_replaced_by_another(tmp_path: Path) -> None:
    """With both keys known either signature is good; with the new one alone, only its own."""
    both = [f"keys.policy-2.{setting}" for setting in ("algorithm=ES256", "scope=priorauth")]
    options = [*LEVELS[0], *(word for setting in both for word in ("--set", setting))]
    options += ["--set-file", f"keys.policy-2.key={KEYS / 'other.pub'}"]
    old = signed(tmp_path / "old.tar.gz", "old")
    key = KEYS / "other.pem"
    new = bundle.build(tmp_path / "new.tar.gz", revision="new", key=key, key_id="policy-2")
    bundle.verify(new.path, key=KEYS / "other.pub", key_id="policy-2")
    posing = bundle.build(tmp_path / "posing.tar.gz", revision="posing", key=key)
    bundles = Bundles(old)
    with bundles.serving() as url, Production(tmp_path, url, *options) as production:
        eventually(production.ready)
        assert production.revision() == "old"
        bundles.content = new.path.read_bytes()
        eventually(lambda: production.revision() == "new")
        bundles.content = posing.path.read_bytes()
        eventually(lambda: "failed to verify" in json.dumps(production.status()))
        assert production.revision() == "new"
    bundles.content = new.path.read_bytes()
    with bundles.serving() as url:
        folder = tmp_path / "without"
        folder.mkdir()
        with Production(folder, url) as production:
            eventually(lambda: "key corresponding to ID policy-2" in production.log.read_text())
            assert not production.ready()


# --------------------------------------------------------------------------------------------
# Configuration and disk
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((": ${PRIORAUTH_BUNDLES}", ": '"), "failed to parse"),
        (("algorithm: ES256", "algorithm: none"), "unsupported algorithm"),
        (("service: bundles", "service: nowhere"), "service name"),
        (("max_length: 524288", "max_length: -1"), "max_length"),
        (("      scope: priorauth\n", "      keyid: nobody\n"), "key id nobody not found"),
        (("max_delay_seconds: 30", "max_delay_seconds: 3"), "polling"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_configuration_does_not_start(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    text = CONFIG.read_text()
    assert change[0] in text
    config = tmp_path / "config.yaml"
    config.write_text(text.replace(*change, 1))
    done = start(config, "--set-file", f"keys.policy.key={KEYS / 'policy.pub'}")
    assert done.returncode == 1
    assert said in done.stderr + done.stdout


def test_without_the_key_it_does_not_start() -> None:
    done = start(CONFIG)
    assert done.returncode == 1
    assert "no keys provided for key ID policy" in done.stderr + done.stdout


def start(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [opa.ensure(), "run", "--server", "--addr", "127.0.0.1:0"]
    command += ["--skip-version-check", "--config-file", config, *arguments]
    environment = {**os.environ, "PRIORAUTH_BUNDLES": "http://127.0.0.1:1"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize("fault", ["full", "in the way"])
def test_where_nothing_can_be_kept_the_new_bundle_decides(
    tmp_path: Path, good: bytes, strict: bytes, fault: str
) -> None:
    bundles, state = Bundles(good), tmp_path / "state"
    with contextlib.ExitStack() as stack:
        if fault == "full":
            state.mkdir()
            size = f"size={len(good) * 2 // 4096 * 4}k"
            mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(state)]
            if subprocess.run(mount, capture_output=True, check=False).returncode:
                pytest.skip("a full disk takes a mount of its own, and the right to make one")
            stack.callback(lambda: subprocess.run(["umount", "--lazy", state], check=True))
        production = stack.enter_context(running(tmp_path, bundles))
        kept = state / "bundles" / "priorauth" / "bundle.tar.gz"
        eventually(kept.exists)
        if fault == "full":
            with contextlib.suppress(OSError), (state / "filler").open("wb", 0) as filler:
                while True:
                    filler.write(bytes(4096))
        else:
            shutil.rmtree(state / "bundles")
            (state / "bundles").write_text("a file where a folder should be")
        bundles.content = strict
        eventually(lambda: production.revision() == "strict")
        assert production.decide(REQUEST)["result"]["outcome"] == "denied"
        eventually(lambda: "Failed to save new bundle to disk" in production.log.read_text())
        assert production.ready()
        if fault == "full":
            # Only the log tells: where an older bundle is kept, OPA lets it pass.
            assert "no space left on device" in production.log.read_text()
            assert "code" not in production.status()
            assert kept.read_bytes() == good, "what was kept is whole"
        else:
            eventually(lambda: "not a directory" in json.dumps(production.status()))
