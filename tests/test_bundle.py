"""Bundles: reproducible, sound, signed, and what they are said to be."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from priorauth import bundle, opa
from priorauth.errors import BundleError, ConfigurationError
from production import KEYS, ROOT

GUIDELINE = "policy/guidelines/xpovio/2022-10-03/data.yaml"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A policy of the test's own, in a git checkout."""
    root = tmp_path / "checkout"
    for name in ("policy", "rego"):
        shutil.copytree(ROOT / name, root / name)
    git(root, "init", "-q")
    commit(root, "first")
    return root


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(root), *identity, *arguments]
    return subprocess.check_output(command, text=True).strip()


def commit(root: Path, message: str) -> str:
    git(root, "add", ".")
    git(root, "commit", "-qm", message)
    return git(root, "rev-parse", "HEAD")


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        found = {m.name: tar.extractfile(m) for m in tar.getmembers()}
        return {name: file.read() for name, file in found.items() if file}


def test_same_sources_same_bytes(checkout: Path, tmp_path: Path) -> None:
    one = bundle.build(tmp_path / "one.tar.gz", policy=checkout)
    time.sleep(1.1)
    elsewhere = tmp_path / "else" / "where"
    shutil.copytree(checkout, elsewhere)
    for path in elsewhere.rglob("*.rego"):
        path.touch()
    two = bundle.build(tmp_path / "two.tar.gz", policy=elsewhere)
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.sha256 == two.sha256 == hashlib.sha256(two.path.read_bytes()).hexdigest()
    assert one.size == len(two.path.read_bytes())
    other = bundle.build(tmp_path / "other.tar.gz", policy=checkout, revision="other")
    assert other.sha256 != one.sha256


def test_the_commit_is_the_revision(checkout: Path, tmp_path: Path) -> None:
    found = bundle.build(tmp_path / "b.tar.gz", policy=checkout)
    assert found.revision == git(checkout, "rev-parse", "HEAD")
    assert found.roots == bundle.ROOTS
    assert not found.signed
    assert bundle.verify(found.path) == found


def test_what_differs_from_the_commit_needs_a_name(checkout: Path, tmp_path: Path) -> None:
    (checkout / "README").write_text("not of the policy")
    bundle.build(tmp_path / "b.tar.gz", policy=checkout)
    (checkout / "rego" / "more.rego").write_text("package priorauth.more\n")
    with pytest.raises(ConfigurationError, match=r"the commit; .*\n  rego/more\.rego$"):
        bundle.build(tmp_path / "b.tar.gz", policy=checkout)
    named = bundle.build(tmp_path / "b.tar.gz", policy=checkout, revision="trial")
    assert named.revision == "trial"


@pytest.mark.parametrize("hidden", ["untracked", "ignored", "unchanged", "broken index"])
def test_what_git_does_not_tell_of_is_no_commits(
    hidden: str, checkout: Path, tmp_path: Path
) -> None:
    """As it asks, a file that no commit has would pass, and a change of one that it has."""
    plan, more = checkout / "policy" / "plan" / "data.yaml", checkout / "rego" / "more.rego"
    if hidden == "unchanged":
        git(checkout, "update-index", "--assume-unchanged", str(plan))
        plan.write_text(plan.read_text() + "# more\n")
    else:
        more.write_text("package priorauth.more\n")
    if hidden == "untracked":
        git(checkout, "config", "status.showUntrackedFiles", "no")
    elif hidden == "ignored":
        (checkout / ".git" / "info" / "exclude").write_text("more.rego\n")
    elif hidden == "broken index":
        (checkout / ".git" / "index").write_bytes(b"none")
    file = plan if hidden == "unchanged" else more
    with pytest.raises(ConfigurationError, match=str(file.relative_to(checkout))):
        bundle.build(tmp_path / "b.tar.gz", policy=checkout)
    assert not (tmp_path / "b.tar.gz").exists()


def test_without_a_commit_it_needs_a_name(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".git")
    # Nor is that of another checkout around it taken.
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("checkout/\n")
    commit(tmp_path, "around")
    with pytest.raises(ConfigurationError, match="name a revision"):
        bundle.build(tmp_path / "b.tar.gz", policy=checkout)


def test_tests_are_left_out(checkout: Path, tmp_path: Path) -> None:
    (checkout / "rego" / "priorauth" / "a_test.rego").write_text("package a_test\n\ntest_a := 1\n")
    found = bundle.build(tmp_path / "b.tar.gz", policy=checkout, revision="r")
    names = set(members(found.path.read_bytes()))
    rules = {f"/{path.relative_to(checkout / 'rego')}" for path in (checkout / "rego").rglob("*")}
    expected = {
        name for name in rules if name.endswith(".rego") and not name.endswith("_test.rego")
    }
    assert names == expected | {"/data.json", "/.manifest", "/policy.wasm"}


def test_rules_may_use_the_listed_builtins_and_no_others() -> None:
    listed = (ROOT / "rego" / "builtins.txt").read_text().splitlines()
    assert listed == sorted(set(listed))
    allowed = bundle.capabilities()
    assert [each["name"] for each in allowed["builtins"]] == listed, "OPA knows each of them"
    assert "rego_v1" in allowed["features"]


def test_data_that_a_bundle_would_leave_out(checkout: Path, tmp_path: Path) -> None:
    (checkout / "policy" / "plan" / "more.yaml").write_text("a: 1\n")
    with pytest.raises(BundleError, match=r"more\.yaml: bundles hold only"):
        bundle.build(tmp_path / "b.tar.gz", policy=checkout, revision="r")


def test_an_unsound_or_broken_policy_is_not_built(checkout: Path, tmp_path: Path) -> None:
    output = tmp_path / "b.tar.gz"
    before = bundle.build(output, policy=checkout)
    data = checkout / "policy" / "plan" / "data.yaml"
    sound = data.read_text()
    data.write_text("clinician_review: {}\n")
    with pytest.raises(BundleError, match="policy/plan /plan/clinician_review: "):
        bundle.build(output, policy=checkout, revision="unsound")
    data.write_text(sound)
    (checkout / "rego" / "broken.rego").write_text("package priorauth.broken\n\nx := nowhere\n")
    with pytest.raises(BundleError, match=r"broken\.rego:3.*unsafe"):
        bundle.build(output, policy=checkout, revision="broken")
    assert bundle.verify(output) == before
    assert {path.name for path in tmp_path.iterdir()} == {"checkout", "b.tar.gz"}


def test_a_figure_that_its_clause_does_not_have_is_not_built(
    checkout: Path, tmp_path: Path
) -> None:
    mistake(checkout)
    with pytest.raises(BundleError) as caught:
        bundle.build(tmp_path / "b.tar.gz", policy=checkout, revision="mistaken")
    (finding,) = re.findall(r"^  .+$", str(caught.value), re.MULTILINE)
    assert re.fullmatch(f"  {GUIDELINE} /criteria/coverage/initial/.+: .*the figure 21.*", finding)
    assert not (tmp_path / "b.tar.gz").exists()


def mistake(root: Path) -> None:
    """21 where the text says "at least 18 years of age"."""
    data = root / GUIDELINE
    text = data.read_text()
    assert text.count("        minimum: 18\n") == 1
    data.write_text(text.replace("        minimum: 18\n", "        minimum: 21\n"))


def test_a_figure_that_its_clause_does_not_have_is_not_verified(
    bundle_file: Path, tmp_path: Path
) -> None:
    def raise_it(name: str, content: bytes) -> bytes:
        if name != "/data.json":
            return content
        data = json.loads(content)
        initial = data["guidelines"]["xpovio"]["2022-10-03"]["criteria"]["coverage"]["initial"]
        next(each for each in initial if each["id"] == "age")["minimum"] = 21
        return json.dumps(data).encode()

    mistaken = tmp_path / "b.tar.gz"
    repacked(mistaken, {n: raise_it(n, c) for n, c in members(bundle_file.read_bytes()).items()})
    with pytest.raises(BundleError, match=f"{GUIDELINE} /criteria/coverage/.+: .*the figure 21"):
        bundle.verify(mistaken)
    (fault,) = bundle.integrity(mistaken)
    assert (fault.guideline, fault.version) == ("xpovio", "2022-10-03")
    assert bundle.integrity(bundle_file) == ()


def repacked(path: Path, content: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, each in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(each)
            tar.addfile(member, io.BytesIO(each))


def test_a_signature_is_verified(tmp_path: Path) -> None:
    key = KEYS / "policy.pub"
    found = bundle.build(tmp_path / "b.tar.gz", revision="r", key=KEYS / "policy.pem")
    assert found.signed
    assert bundle.verify(found.path, key=key) == found
    again = bundle.build(tmp_path / "again.tar.gz", revision="r", key=KEYS / "policy.pem")
    one, two = members(found.path.read_bytes()), members(again.path.read_bytes())
    assert one.pop("/.signatures.json") != two.pop("/.signatures.json")
    assert one == two
    with pytest.raises(BundleError, match="failed to verify JWT signature"):
        bundle.verify(found.path, key=KEYS / "other.pub")
    unsigned = bundle.build(tmp_path / "u.tar.gz", revision="r")
    with pytest.raises(BundleError, match=r"missing \.signatures\.json"):
        bundle.verify(unsigned.path, key=key)
    with pytest.raises(ConfigurationError, match="no such file"):
        bundle.verify(found.path, key=tmp_path / "nowhere.pub")


def test_what_was_tampered_with_does_not_verify(tmp_path: Path) -> None:
    found = bundle.build(tmp_path / "b.tar.gz", revision="r", key=KEYS / "policy.pem")
    content = members(found.path.read_bytes())
    data = json.loads(content["/data.json"])
    data["plan"]["clinician_review"] = ["denied"]
    content["/data.json"] = json.dumps(data).encode()
    repacked(found.path, content)
    with pytest.raises(BundleError, match=r"data\.json: digest mismatch"):
        bundle.verify(found.path, key=KEYS / "policy.pub")
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(found.path.read_bytes()[:5000])
    with pytest.raises(BundleError, match="unexpected EOF"):
        bundle.verify(cut)


def test_it_holds_rules_data_and_wasm_and_no_more(bundle_file: Path) -> None:
    content = members(bundle_file.read_bytes())
    rules = ("integrity", "priorauth", "system/authz", "system/health", "system/log")
    assert sorted(json.loads(content["/data.json"])) == [
        name for name in bundle.ROOTS if name not in rules
    ]
    assert json.loads(content["/.manifest"]) == {
        "revision": "test",
        "roots": list(bundle.ROOTS),
        "rego_version": 1,
        "metadata": {"integrity": []},
    }
    # The rules that check the data are there for sidecars, and not in the Wasm.
    assert "/integrity/entry.rego" in content
    for name in bundle.ENTRYPOINTS + bundle.FHIR_ENTRYPOINTS:
        assert f"priorauth/{name}".encode() in content["/policy.wasm"]
    assert b"priorauth/integrity" not in content["/policy.wasm"]


def test_a_bundle_has_the_policys_roots_and_no_others(bundle_file: Path, tmp_path: Path) -> None:
    content = members(bundle_file.read_bytes())
    manifest = json.loads(content["/.manifest"])

    def verified(roots: list[str] | None) -> bundle.Bundle:
        changed = {name: each for name, each in manifest.items() if name != "roots"}
        if roots is not None:
            changed["roots"] = roots
        own = {**content, "/.manifest": json.dumps(changed).encode()}
        repacked(tmp_path / "b.tar.gz", own)
        return bundle.verify(tmp_path / "b.tar.gz")

    ours = list(bundle.ROOTS)
    assert verified(ours[::-1]).roots == tuple(ours[::-1])
    for roots, said in (
        ([*ours, "access"], "access is not allowed"),
        ([*ours, "access/tokens"], "access/tokens is not allowed"),
        ([*ours, "other"], "other is not allowed"),
        (
            [*(each for each in ours if "system" not in each), "system"],
            "system is not allowed, system/a",
        ),
        ([""], "all data is not allowed"),
        (None, "all data is not allowed"),
        ([*ours, ours[0]], "overlapped roots"),
    ):
        with pytest.raises(BundleError, match=said):
            verified(roots)


def test_a_policy_may_not_hold_who_may_ask(checkout: Path, tmp_path: Path) -> None:
    (checkout / "policy" / "access").mkdir()
    (checkout / "policy" / "access" / "data.yaml").write_text("everyone: [caller]\n")
    with pytest.raises(BundleError, match="access"):
        bundle.build(tmp_path / "b.tar.gz", policy=checkout, revision="r")
    assert not (tmp_path / "b.tar.gz").exists()


def test_the_cache_keeps_the_last_few(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIORAUTH_OPA", str(opa.ensure()))
    monkeypatch.setenv("PRIORAUTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(bundle, "_KEPT", 2)
    plan = checkout / "policy" / "plan" / "data.yaml"
    sound = plan.read_text()

    def used(number: int) -> Path:
        plan.write_text(f"{sound}# {number}\n")
        return bundle.cached(checkout)

    # Those last used, and not those last made or read: not every use is a reading.
    first, *_, last = map(used, (0, 0, 1, 0, 2))
    kept = {path.name for path in (tmp_path / "cache").glob("bundle-*")}
    assert kept == {name for path in (first, last) for name in (path.name, f"{path.name}.sha256")}


def test_the_environment_gives_opa_no_options(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPA_EVAL_IGNORE", "*")
    monkeypatch.setenv("OPA_BUILD_IGNORE", "*")
    mistake(checkout)
    with pytest.raises(BundleError, match="the figure 21"):
        bundle.build(tmp_path / "b.tar.gz", policy=checkout, revision="mistaken")


def test_the_commands(tmp_path: Path) -> None:
    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "priorauth.cli", "bundle", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    key = KEYS / "policy.pem"
    built = run("build", "-o", "b.tar.gz", "--revision", "r-1", "--key", key)
    assert built.returncode == 0, built.stderr
    assert "sound, signed\n" in built.stdout
    assert "revision  r-1" in built.stdout
    verified = run("verify", "b.tar.gz", "--key", KEYS / "policy.pub")
    assert verified.returncode == 0
    assert "the signature is good" in verified.stdout
    refused = run("verify", "b.tar.gz", "--key", KEYS / "other.pub")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "failed to verify" in refused.stderr
    assert run("build", "--policy", tmp_path).returncode == 2
