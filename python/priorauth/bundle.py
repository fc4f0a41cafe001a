"""Bundles: the policy as one file that sidecars fetch, verify and serve.

The same sources and revision make the same bytes. Only signatures differ, because ES256 draws a
random number for each.

A bundle is made from a copy of the policy that was found sound. Its manifest says so, and a sidecar
is ready on that word: it need not check again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import _cache, _git
from . import opa as _opa
from . import policy as _policy
from ._document import items
from .decider import finding
from .errors import BundleError, ConfigurationError, Finding, UndefinedResult, listed

KEY_ID = "policy"
"""The name of the key in a signature and in `opa-config.yaml`."""

SCOPE = "priorauth"
"""The scope of a signature; one made for another scope does not verify."""

ENTRYPOINTS = ("decision", "decisions", "catalog", "facts")
"""The rules under `priorauth` that a bundle's Wasm can answer: all but `integrity`, which needs
builtins that only OPA itself has."""

FHIR_ENTRYPOINTS = (
    *("fhir/metadata", "fhir/crd/services", "fhir/crd/response", "fhir/crd/requests"),
    *("fhir/crd/technical", "fhir/dtr/questionnaire_package", "fhir/dtr/form", "fhir/dtr/facts"),
)
"""More of them, for FHIR."""

EVERY_ENTRYPOINT = ENTRYPOINTS + FHIR_ENTRYPOINTS

ROOTS = (
    *("calendar", "codes", "drugs", "facts", "guidelines", "integrity", "placeholders", "plan"),
    *("priorauth", "schemas", "system/authz", "system/health", "system/log", "usual"),
)
"""The parts of OPA's data that a bundle owns: these and no others. `access` is the operator's own.
The rest of `system` is OPA's, which keeps there what other bundles own."""

_ALGORITHM = "ES256"
_DATA = ("data.yaml", "data.json")
_LARGEST = 1 << 28

# What OPA says of an entry point that a policy lacks.
_NO_RULE = re.compile(r'entrypoint "?([\w/]+)"? does not refer to a rule')

_KEPT = 20
# Change this when the same files come to make another bundle.
_FORMAT = 3

# What the manifest says about the data: the findings on it. `data.system.health` reads this.
_SOUND: dict[str, list[object]] = {"integrity": []}


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A bundle on file. `sha256` is that of the file, in hexadecimal; `size` is in bytes.

    `roots` are the parts of OPA's data that it owns: `ROOTS`. `signed` says whether it has a
    signature; only `verify` with a key says whether that is good.
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
    entrypoints: Sequence[str] = EVERY_ENTRYPOINT,
) -> Bundle:
    """Build the bundle of a sound policy, without its tests, and replace `output` with it.

    `policy` is the folder that holds `policy/` and `rego/`; by default the package's own.
    `revision` is by default its git commit. `key` is a P-256 private key (PEM) to sign it with, and
    `key_id` the name that verifiers know the key by. `entrypoints` are what its Wasm can answer.

    Raises ConfigurationError when there is no revision and the policy is not that of a commit,
    BundleError when it does not compile or is unsound, and OpaNotFound.
    """
    root = _policy.root() if policy is None else _policy.check(policy)
    with tempfile.TemporaryDirectory() as scratch:
        signing = [] if key is None else _signing(Path(scratch), key.resolve(), key_id)
        source = _policy.copy(root, Path(scratch, "source"))
        if revision is None:
            revision = _commit(root, source)
        built = _build(_opa.ensure(), source, revision, signing, entrypoints)
        whole = output.with_name(f".{output.name}.{os.getpid()}")
        try:
            shutil.copyfile(built, whole)
            whole.replace(output)
        finally:
            whole.unlink(missing_ok=True)
    return _described(output, revision, ROOTS, signed=key is not None)


def verify(path: Path, *, key: Path | None = None, key_id: str = KEY_ID) -> Bundle:
    """Check a bundle as a sidecar does before it serves it, and that its data is sound.

    `key` is the public key (PEM) that must have signed it; without it no signature is checked.
    Raises BundleError, and OpaNotFound.
    """
    with tempfile.TemporaryDirectory() as scratch:
        verifying: list[str | Path] = []
        if key is not None:
            # OPA takes the name of a missing file for the key itself.
            if not key.is_file():
                raise ConfigurationError(f"no such file: {key}")
            verifying = ["--verification-key", key.resolve(), "--verification-key-id", key_id]
            verifying += ["--signing-alg", _ALGORITHM, "--scope", SCOPE]
        unused = Path(scratch, "verified.tar.gz")
        opa = _opa.ensure()
        _run(opa, "build", "--bundle", path.resolve(), "--output", unused, *verifying)
    found = _json(opa, "inspect", "--format", "json", path)
    revision, roots = found["manifest"].get("revision", ""), found["manifest"].get("roots") or [""]
    if sorted(roots) != sorted(ROOTS):
        raise BundleError(
            f"{path} has other roots than a policy's: {_difference(roots)}. A bundle owns its "
            "roots in a sidecar, so this one could change who may ask"
        )
    # Whatever its manifest says.
    _check_soundness(opa, path, str(path))
    return _described(path, revision, roots, signed=bool(found.get("signatures_config")))


def integrity(path: Path, *, opa: Path | None = None) -> tuple[Finding, ...]:
    """The findings on the guidelines in a bundle, by its own rules; empty when it is sound.

    Raises BundleError for a bundle without such rules, MalformedResult for one whose rules give a
    malformed answer, and OpaNotFound.
    """
    try:
        found = _opa.evaluate("data.priorauth.integrity", "--bundle", path.resolve(), opa=opa)
    except UndefinedResult as error:
        raise BundleError(f"{path} holds no policy that can check its own data: {error}") from None
    return items(found, (), finding)


def cached(
    policy: Path | None = None, *, opa: Path | None = None, otherwise: Path | None = None
) -> Path:
    """The bundle of a policy, in the cache; built when it is not there.

    It is named for what it is made from: each file of the policy, and the OPA. So a bundle in the
    cache is sound, and a policy that has changed is checked. `policy` is by default the package's
    own; `opa` is the executable, by default found or fetched. `otherwise` is a folder to build the
    bundle in when no cache can be used.

    Raises ConfigurationError for a folder that holds no policy, BundleError when the policy does
    not compile, is unsound or cannot be kept, and OpaNotFound.
    """
    root = _policy.root() if policy is None else _policy.check(policy)
    opa = opa or _opa.ensure()
    version = _opa.version(opa)
    try:
        bundle = _cache.folder() / _name(_made_from(version, root))
        if not _cache.holds(bundle):
            with _cache.workshop() as scratch:
                built, name = _named(opa, version, root, scratch)
                bundle = _cache.keep(built, bundle.with_name(name))
            _cache.forget(_name("*"), _KEPT)
    except OSError as error:
        if otherwise is None:
            raise BundleError(f"the cache cannot be used: {error}") from error
        bundle, _ = _named(opa, version, root, otherwise)
    return bundle


def capabilities(opa: Path | None = None) -> dict[str, Any]:
    """OPA's own capabilities, reduced to the builtins that rules may use (`rego/builtins.txt`)."""
    names = (_policy.root() / "rego" / "builtins.txt").read_text().split()
    found = _json(opa or _opa.ensure(), "capabilities", "--current")
    return {**found, "builtins": [each for each in found["builtins"] if each["name"] in names]}


def member(bundle: bytes, name: str) -> bytes:
    """A file in a bundle. Raises ConfigurationError when it is not there."""
    for found, content in _files(bundle, name):
        if found == name:
            return content
    raise ConfigurationError(f"the bundle holds no {name}; make one with `priorauth bundle build`")


def document(bundle: bytes, name: str) -> dict[str, Any]:
    """The JSON object in a file of a bundle. Raises ConfigurationError if there is none."""
    text = member(bundle, name)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError(
            f"the bundle cannot be used: {name} is not a JSON object; build it with "
            "`priorauth bundle build`"
        )
    return found


def rules(bundle: bytes) -> dict[str, bytes]:
    """The Rego files in a bundle, by path. Raises ConfigurationError if it is not a bundle."""
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
        raise ConfigurationError(
            "the bundle is not a gzipped tar archive, or is cut short"
        ) from None


def _named(opa: Path, version: str, root: Path, scratch: Path) -> tuple[Path, str]:
    """Build the bundle of a policy as it is now, and tell its name in the cache."""
    # Named for the copy, because the policy may change meanwhile.
    source = _policy.copy(root, scratch / "source")
    digest = _made_from(version, source)
    return _build(opa, source, revision=digest[:16]), _name(digest)


def _made_from(version: str, root: Path) -> str:
    made_from = f"{_FORMAT} opa {version} {_policy.digest(root)}"
    return hashlib.sha256(made_from.encode()).hexdigest()


def _name(digest: str) -> str:
    return f"bundle-{digest}.tar.gz"


def _signing(scratch: Path, key: Path, key_id: str) -> list[str | Path]:
    claims = scratch / "claims.json"
    claims.write_text(json.dumps({"keyid": key_id, "scope": SCOPE}))
    return ["--signing-key", key, "--signing-alg", _ALGORITHM, "--claims-file", claims]


def _build(
    opa: Path,
    source: Path,
    revision: str,
    signing: Sequence[str | Path] = (),
    entrypoints: Sequence[str] = EVERY_ENTRYPOINT,
) -> Path:
    """Build the bundle of the policy at `source`, a copy that nobody else has, beside it."""
    for path in _policy.files(source):
        if path.suffix in (".yaml", ".yml", ".json") and path.name not in _DATA:
            raise BundleError(
                f"{path}: bundles hold only data in files named {' or '.join(_DATA)}; "
                "OPA would leave this one out"
            )
    plain, built = source.with_name("plain.tar.gz"), source.with_name("built.tar.gz")
    # First its data as JSON, which OPA reads in a fraction of the time that YAML takes.
    _run(opa, "build", "--output", plain, *_policy.FOLDERS, cwd=source)
    _check_soundness(opa, plain, "the policy")
    staged = source.with_name("staged")
    shutil.copytree(source / "rego", staged, ignore=_all_but_rego)
    (staged / "data.json").write_bytes(member(plain.read_bytes(), "data.json"))
    # Not as a build target: with that manifest, sidecars would run the Wasm and not the rules.
    (staged / "policy.wasm").write_bytes(_compile_wasm(opa, staged, entrypoints))
    manifest = {"revision": revision, "roots": ROOTS, "rego_version": 1, "metadata": _SOUND}
    (staged / ".manifest").write_text(json.dumps(manifest))
    # In the staging folder, because OPA puts the path as given into the bundle.
    _run(opa, "build", "--bundle", ".", "--output", built, *signing, cwd=staged)
    return built


def _check_soundness(opa: Path, bundle: Path, name: str) -> None:
    if findings := integrity(bundle, opa=opa):
        raise BundleError(
            f"{name} is unsound; its rules find fault with its data:{listed(findings)}",
            findings=findings,
        )


def _all_but_rego(folder: str, names: list[str]) -> set[str]:
    return {
        name for name in names if not name.endswith(".rego") and not Path(folder, name).is_dir()
    }


def _compile_wasm(opa: Path, staged: Path, entrypoints: Sequence[str]) -> bytes:
    """The Wasm module of the policy that is staged, with these entry points.

    It has the rules that decide and no others. Data stays outside, in the bundle's data.json; it is
    compiled with it for OPA to find what clashes with it.

    Raises BundleError for a policy that does not compile to Wasm, such as one that asks for a
    builtin that hosts of Wasm lack.
    """
    allowed, built = staged.with_name("capabilities.json"), staged.with_name("wasm.tar.gz")
    allowed.write_text(json.dumps(capabilities(opa)))
    command: list[str | Path] = ["build", "--target", "wasm", "--capabilities", allowed]
    command += [f"--entrypoint=priorauth/{name}" for name in entrypoints]
    try:
        _run(opa, *command, "--output", built, "data.json", "priorauth", cwd=staged)
    except BundleError as error:
        if lacking := _NO_RULE.search(str(error)):
            raise BundleError(
                f"the policy has no rule {lacking[1]}, which this version of priorauth asks for"
            ) from None
        raise BundleError(f"the policy does not compile to Wasm: {error}") from None
    return member(built.read_bytes(), "policy.wasm")


def _described(path: Path, revision: str, roots: Sequence[str], *, signed: bool) -> Bundle:
    content = path.read_bytes()
    return Bundle(
        path=path,
        revision=revision,
        roots=tuple(roots),
        signed=signed,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


def _difference(roots: Sequence[str]) -> str:
    others = [f"{root or 'all data'} is not allowed" for root in roots if root not in ROOTS]
    return ", ".join([*others, *(f"{root} is missing" for root in ROOTS if root not in roots)])


def _commit(root: Path, source: Path) -> str:
    """The commit of the checkout at `root`, when what was copied from it is that commit's policy.

    git is not asked what has changed: its settings can hide files that a bundle would hold.
    """
    committed = source.with_name("commit")
    try:
        commit = _git.extract(root, "HEAD", committed)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{root} is not a git checkout of a policy; name a revision. {error}"
        ) from None
    if changed := _policy.differing(source, committed):
        raise ConfigurationError(
            "the policy differs from the commit; commit it, or name a revision:\n"
            + "\n".join(f"  {path}" for path in changed)
        )
    return commit


def _json(opa: Path, *arguments: str | Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_run(opa, *arguments))
    return document


def _run(opa: Path, *arguments: str | Path, cwd: Path | None = None) -> str:
    command: Sequence[str | Path] = [opa.absolute(), *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=_opa.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BundleError((done.stderr or done.stdout).strip().removeprefix("error: "))
    return done.stdout
