"""Fetch the npm package that the reviewer's page carries: its engine.

With `--check` nothing is fetched, and a file that is not what was fetched makes the exit code 1.
Fetching needs npm. To take another version, change it here with its `dist.integrity`, which
`npm view NAME@VERSION dist.integrity` tells.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "python/priorauth/page/vendor/opa-wasm"
SUMS = FOLDER / "SHA256SUMS"
PACKAGES = {
    "@open-policy-agent/opa-wasm@1.10.0": (
        "sha512-ymR/nFS3nO9o24j9xowGGQaf+Gmb813QcxUpVZkfRlJkawKWqSIllnEH15agyWjijmOIyhA"
        "+OBErenx6N3jphw==",
        {"dist/opa-wasm-browser.js": "opa-wasm-browser.js", "LICENSE": "LICENSE"},
    ),
    # Both are in the file above, by its source map.
    "sprintf-js@1.1.3": (
        "sha512-Oo+0REFV59/rz3gfJNKQiBlwfHaSESl1pcGyABQsnnIfWOFt6JNj5gCog2U6MLZ/"
        "/IGYD+nA8nI+mTShREReaA==",
        {"LICENSE": "LICENSE.sprintf-js"},
    ),
    "yaml@1.10.2": (
        "sha512-r3vXyErRCYJ7wg28yvBY5VSoAF8ZvlcW9/BwUzEtUsjvX/DKs24dIkuwjtuprwJJHsbyUbLApepYTR1BN4uHrg==",
        {"LICENSE": "LICENSE.yaml"},
    ),
}


def main() -> None:
    if "--check" in sys.argv[1:]:
        if SUMS.read_text() != sums():
            sys.exit(f"{FOLDER} is not what scripts/vendor.py fetched; run it anew")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for package, (integrity, files) in PACKAGES.items():
            archive = packed(package, Path(scratch))
            digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            if f"sha512-{digest}" != integrity:
                sys.exit(f"{package} is not the one that is pinned: its digest is sha512-{digest}")
            with tarfile.open(archive) as tar:
                for name, target in files.items():
                    file = tar.extractfile(f"package/{name}")
                    assert file
                    (FOLDER / target).write_bytes(file.read())
    SUMS.write_text(sums())


def packed(package: str, folder: Path) -> Path:
    command = ["npm", "pack", package, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return folder / done.stdout.strip()


def sums() -> str:
    """The digests of the files, in the form of `sha256sum`."""
    names = sorted(name for _, files in PACKAGES.values() for name in files.values())
    digests = ((hashlib.sha256((FOLDER / n).read_bytes()).hexdigest(), n) for n in names)
    return "".join(f"{digest}  {name}\n" for digest, name in digests)


if __name__ == "__main__":
    main()
