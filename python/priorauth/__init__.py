"""A payer's prior-authorization guidelines as code: ask a sidecar or an engine, get a decision."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalog import Guideline, GuidelineCriterion, GuidelineVersion, Question, Section
    from .client import Client
    from .decider import Decider, Health
    from .decision import (
        Authorization,
        Criterion,
        Decision,
        GuidelineReference,
        Missing,
        Notice,
        Outcome,
        Reason,
        RequestFault,
        Status,
    )
    from .errors import (
        ConfigurationError,
        EngineError,
        Finding,
        MalformedResult,
        NotJSON,
        OpaError,
        OpaNotFound,
        PriorAuthError,
        RequestRefused,
        SidecarError,
        SidecarHTTPError,
        SidecarStartError,
        SidecarTimeout,
        SidecarUnreachable,
        TokenRefused,
        UndefinedResult,
        UnsoundPolicy,
    )
    from .sidecar import DockerSidecar, LocalSidecar
    from .wasm import WasmEngine

_MODULES = ("errors", "decision", "catalog", "decider", "client", "sidecar", "wasm")

__all__ = [
    "Authorization",
    "Client",
    "ConfigurationError",
    "Criterion",
    "Decider",
    "Decision",
    "DockerSidecar",
    "EngineError",
    "Finding",
    "Guideline",
    "GuidelineCriterion",
    "GuidelineReference",
    "GuidelineVersion",
    "Health",
    "LocalSidecar",
    "MalformedResult",
    "Missing",
    "NotJSON",
    "Notice",
    "OpaError",
    "OpaNotFound",
    "Outcome",
    "PriorAuthError",
    "Question",
    "Reason",
    "RequestFault",
    "RequestRefused",
    "Section",
    "SidecarError",
    "SidecarHTTPError",
    "SidecarStartError",
    "SidecarTimeout",
    "SidecarUnreachable",
    "Status",
    "TokenRefused",
    "UndefinedResult",
    "UnsoundPolicy",
    "WasmEngine",
]


def __getattr__(name: str) -> object:
    # Only what is used is imported: this saves half a second before a command can be interrupted.
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    for module in _MODULES if name in __all__ else ():
        found = importlib.import_module(f"{__name__}.{module}")
        if name in vars(found):
            globals()[name] = vars(found)[name]
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
