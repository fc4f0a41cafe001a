"""The reviewer's page: one HTML file that decides offline, by the Wasm and the data of a bundle.

The file connects to nothing and keeps nothing. `page.html` is its frame. Its scripts and its style
are the files beside it, unchanged, and `vendor/opa-wasm` is npm's `@open-policy-agent/opa-wasm`.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from pathlib import Path

from ..bundle import document, member

_FOLDER = Path(__file__).parent
_STYLE = "style.css"
_SCRIPTS = (
    "vendor/opa-wasm/opa-wasm-browser.js",
    *("json.js", "engine.js", "dom.js", "form.js", "text.js", "change.js", "main.js"),
)
_LICENCES = tuple(f"vendor/opa-wasm/LICENSE{of}" for of in ("", ".sprintf-js", ".yaml"))


def page(bundle: bytes) -> bytes:
    """The page of a bundle. Raises ConfigurationError for a bundle that cannot be used."""
    style = _read(_STYLE)
    scripts = [_read(name) for name in _SCRIPTS]
    data, manifest = (document(bundle, name) for name in ("data.json", ".manifest"))
    policy = [
        "default-src 'none'",
        # The engine is compiled, and only these scripts are run.
        " ".join(["script-src", "'wasm-unsafe-eval'", *map(_digest, scripts)]),
        f"style-src {_digest(style)}",
        "base-uri 'none'",
        "form-action 'none'",
        # No text becomes markup, whatever a script would do.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    filled = {
        "policy": "; ".join(policy),
        "style": style,
        "revision": html.escape(str(manifest.get("revision") or "without a revision")),
        "wasm": base64.b64encode(member(bundle, "policy.wasm")).decode(),
        # The same in JSON, and it cannot end the element that holds it.
        "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c"),
        "licences": html.escape("\n\n".join(map(_read, _LICENCES))),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda name: filled[name[1]], _read("page.html")).encode()


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
