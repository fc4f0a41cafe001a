"""A payer's prior-authorization guidelines as code: ask a sidecar or an engine, get a decision."""

from __future__ import annotations

from .catalog import Clause, Guideline, GuidelineVersion, Question, Section
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
    EngineFault,
    IntegrityFault,
    MalformedResult,
    NotJSON,
    OpaError,
    OpaNotFound,
    PolicyChanged,
    PriorAuthError,
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

__all__ = [
    "Authorization",
    "Clause",
    "Client",
    "ConfigurationError",
    "Criterion",
    "Decider",
    "Decision",
    "DockerSidecar",
    "EngineFault",
    "Guideline",
    "GuidelineReference",
    "GuidelineVersion",
    "Health",
    "IntegrityFault",
    "LocalSidecar",
    "MalformedResult",
    "Missing",
    "NotJSON",
    "Notice",
    "OpaError",
    "OpaNotFound",
    "Outcome",
    "PolicyChanged",
    "PriorAuthError",
    "Question",
    "Reason",
    "RequestFault",
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
