"""Bundles: the policy as one file that sidecars fetch, verify and serve.

The same sources and revision make the same bytes. Only a signature differs from one to the next,
for ES256 draws a random number for each.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import _cache
from . import opa as _opa
from . import policy as _policy
from ._document import items
from .decider import integrity_fault
from .errors import BundleError, ConfigurationError, IntegrityFault, listed

KEY_ID = "policy"
"""The name that a signature gives its key, and under which `opa-config.yaml` has it."""

SCOPE = "priorauth"
"""What a signature is for; one made for anything else does not verify."""

ENTRYPOINTS = ("decision", "decisions", "catalog", "facts")
"""The rules under `priorauth` that a bundle's Wasm can be asked for: all but `integrity`, which
needs builtins that only OPA itself has."""

ROOTS = (
    *("calendar", "drugs", "facts", "guidelines", "integrity", "placeholders", "plan"),
    *("priorauth", "schemas", "system/authz", "system/health", "system/log", "usual"),
)
"""The parts of OPA's data that a bundle owns: these and no others. `access` is the operator's own,
and what else is under `system` is OPA's, which keeps there what other bundles own."""

_ALGORITHM = "ES256"
_DATA = ("data.yaml", "data.json")
_LARGEST = 1 << 28


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A bundle on file. `sha256` is that of the file, in hexadecimal; `size` is in bytes.

    `roots` are the parts of OPA's data that it owns: `ROOTS`. `signed` says whether it has a
    signature: only `verify` with a key says that the signature is good.
    """

    path: Path
    revision: str
    roots: tuple[str, ...]
    signed: bool
    sha256: str
    size: int


def build(
    output: Path,
    *,
    policy: Path | None = None,
    revision: str | None = None,
    key: Path | None = None,
    key_id: str = KEY_ID,
) -> Bundle:
    """Build the bundle of a policy, without its tests, and replace `output` with it once sound.

    `policy` is the folder that holds `policy/` and `rego/`, the package's own by default;
    `revision` is its git commit by default; `key` a P-256 private key (PEM) to sign it with, and
    `key_id` the name that verifiers know it by.

    Raises ConfigurationError when no commit says what the policy is, BundleError when it does not
    compile or finds fault with its own data, and OpaNotFound.
    """
    root = _policy.root() if policy is None else _policy.check(policy)
    if revision is None:
        revision = _commit(root)
    signing: list[str | Path] = []
    with tempfile.TemporaryDirectory() as scratch:
        staged = Path(scratch, "bundle")
        _stage(root, staged)
        manifest = {"revision": revision, "roots": ROOTS, "rego_version": 1}
        # Not as a target of its own: its manifest would have sidecars run the Wasm, not the rules.
        (staged / "policy.wasm").write_bytes(_compile_wasm(root))
        (staged / ".manifest").write_text(json.dumps(manifest))
        if key is not None:
            claims = Path(scratch, "claims.json")
            claims.write_text(json.dumps({"keyid": key_id, "scope": SCOPE}))
            signing += ["--signing-key", key.resolve(), "--signing-alg", _ALGORITHM]
            signing += ["--claims-file", claims]
        built = Path(scratch, "bundle.tar.gz")
        # From where the sources are staged: OPA puts the path as it is given into the bundle.
        _run("build", "--bundle", ".", "--output", built, *signing, cwd=staged)
        bundle = _inspect(built)
        whole = output.with_name(f".{output.name}.{os.getpid()}")
        try:
            shutil.copyfile(built, whole)
            whole.replace(output)
        finally:
            whole.unlink(missing_ok=True)
    return dataclasses.replace(bundle, path=output)


def verify(path: Path, *, key: Path | None = None, key_id: str = KEY_ID) -> Bundle:
    """Check a bundle as a sidecar does before it serves it, and that its data is sound.

    `key` is the public key (PEM) that must have signed it; without, no signature is looked at.
    Raises BundleError, and OpaNotFound.
    """
    with tempfile.TemporaryDirectory() as scratch:
        verifying: list[str | Path] = []
        if key is not None:
            # OPA takes what is no file for the key itself.
            if not key.is_file():
                raise ConfigurationError(f"no such file: {key}")
            verifying = ["--verification-key", key.resolve(), "--verification-key-id", key_id]
            verifying += ["--signing-alg", _ALGORITHM, "--scope", SCOPE]
        unused = Path(scratch, "verified.tar.gz")
        _run("build", "--bundle", path.resolve(), "--output", unused, *verifying)
    return _inspect(path)


def integrity(path: Path) -> tuple[IntegrityFault, ...]:
    """What is wrong with the guidelines in a bundle, by its own rules; empty when it is sound.

    Raises BundleError for a bundle without such rules, MalformedResult for one whose rules answer
    in another form, and OpaNotFound.
    """
    asked = ("eval", "--format", "json", "--bundle", path.resolve(), "data.priorauth.integrity")
    results = _json(*asked).get("result")
    if not results:
        raise BundleError(f"{path} holds no policy that can check its own data")
    return items(results[0]["expressions"][0]["value"], (), integrity_fault)


def default_bundle() -> Path:
    """The bundle of the package's own policy, in the cache; built when what was kept is not there.

    Raises BundleError and OpaNotFound.
    """
    made_from = f"opa {_opa.VERSION} {_policy.digest(_policy.root())}"
    revision = hashlib.sha256(made_from.encode()).hexdigest()[:16]
    bundle = _cache.location() / f"bundle-{revision}.tar.gz"
    try:
        _cache.folder()
        if not _cache.holds(bundle):
            with _cache.workshop() as scratch:
                _cache.keep(build(scratch / "bundle", revision=revision).path, bundle)
    except OSError as error:
        raise BundleError(f"the cache cannot be used: {error}") from error
    return bundle


def capabilities() -> dict[str, Any]:
    """OPA's own capabilities, with only the builtins of `rego/builtins.txt`: all rules may use."""
    names = (_policy.root() / "rego" / "builtins.txt").read_text().split()
    found = _json("capabilities", "--current")
    return {**found, "builtins": [each for each in found["builtins"] if each["name"] in names]}


def member(bundle: bytes, name: str) -> bytes:
    """A file in a bundle. Raises ConfigurationError when it is not there."""
    for found, content in _files(bundle, name):
        if found == name:
            return content
    raise ConfigurationError(f"the bundle holds no {name}; make one with `priorauth bundle build`")


def rules(bundle: bytes) -> dict[str, bytes]:
    """The Rego files in a bundle, by their paths. Raises ConfigurationError for what is none."""
    return dict(_files(bundle, ".rego"))


def _files(bundle: bytes, suffix: str) -> Iterator[tuple[str, bytes]]:
    # Read, never unpacked: names in a bundle are absolute.
    try:
        with tarfile.open(fileobj=io.BytesIO(bundle), mode="r:gz") as archive:
            for each in archive:
                name = each.name.removeprefix("/")
                if name.endswith(suffix) and each.isreg():
                    if each.size > _LARGEST:
                        raise ConfigurationError(f"the bundle's {name} is larger than {_LARGEST} B")
                    file = archive.extractfile(each)
                    assert file
                    yield name, file.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        raise ConfigurationError("the bundle is no gzipped tar archive, or is cut short") from None


def _stage(root: Path, staged: Path) -> None:
    """Lay out what goes into the bundle."""
    for folder in _policy.paths(root):
        for path in sorted(folder.rglob("*")):
            if path.is_dir() or path.match(_policy.TESTS):
                continue
            if path.suffix in (".yaml", ".yml", ".json") and path.name not in _DATA:
                raise BundleError(
                    f"{path}: bundles hold only data in files named {' or '.join(_DATA)}; "
                    "OPA would leave this one out"
                )
            if path.suffix == ".rego" or path.name in _DATA:
                target = staged / path.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def _compile_wasm(policy: Path) -> bytes:
    """The Wasm module of the policy at this root, with its entry points.

    It has the rules that decide and no others. Data stays outside, in the bundle's data.json; it is
    compiled with the data of `policy/` for OPA to find what clashes with it.

    Raises BundleError for a policy that does not compile to Wasm, such as one that asks for a
    builtin that hosts of Wasm lack, and OpaNotFound.
    """
    with tempfile.TemporaryDirectory() as scratch:
        built, allowed = Path(scratch, "bundle.tar.gz"), Path(scratch, "capabilities.json")
        allowed.write_text(json.dumps(capabilities()))
        done = subprocess.run(
            [
                *(_opa.ensure(), "build", "--target", "wasm"),
                *(f"--entrypoint=priorauth/{name}" for name in ENTRYPOINTS),
                *("--capabilities", allowed),
                *("--ignore", _policy.TESTS, "--output", built),
                *("policy", "rego/priorauth"),
            ],
            cwd=policy,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().removeprefix("error: ")
            raise BundleError(f"the policy does not compile to Wasm: {said}")
        return member(built.read_bytes(), "policy.wasm")


def _inspect(path: Path) -> Bundle:
    """What a bundle says it is, once its rules find it sound."""
    found = _json("inspect", "--format", "json", path)
    revision, roots = found["manifest"].get("revision", ""), found["manifest"].get("roots") or [""]
    if sorted(roots) != sorted(ROOTS):
        raise BundleError(
            f"{path} has other roots than a policy's: {_difference(roots)}. A bundle owns its "
            "roots in a sidecar; so it could take over who may ask"
        )
    if faults := integrity(path):
        raise BundleError(f"{path} is unsound; its rules find fault with its data:{listed(faults)}")
    content = path.read_bytes()
    return Bundle(
        path=path,
        revision=revision,
        roots=tuple(roots),
        signed=bool(found.get("signatures_config")),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


def _difference(roots: Sequence[str]) -> str:
    others = [f"{root or 'all data'} is none" for root in roots if root not in ROOTS]
    return ", ".join([*others, *(f"{root} is missing" for root in ROOTS if root not in roots)])


def _commit(root: Path) -> str:
    """The commit whose policy this is, and no other."""
    tracked = _git(root, "ls-tree", "--name-only", "HEAD", "--", *_policy.FOLDERS)
    if len(tracked.splitlines()) != len(_policy.FOLDERS):
        raise ConfigurationError(f"{root} is no git checkout of a policy; name a revision")
    if changed := _git(root, "status", "--porcelain", "--", *_policy.FOLDERS):
        raise ConfigurationError(
            "the policy is not what the commit holds; commit it, or name a revision:\n" + changed
        )
    return _git(root, "rev-parse", "HEAD").strip()


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _json(*arguments: str | Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_run(*arguments))
    return document


def _run(*arguments: str | Path, cwd: Path | None = None) -> str:
    command: Sequence[str | Path] = [_opa.ensure(), *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError((done.stderr or done.stdout).strip().removeprefix("error: "))
    return done.stdout
