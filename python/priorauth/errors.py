"""Everything priorauth raises, as one tree.

::

    PriorAuthError
    ├── ConfigurationError        a setting that cannot work (a ValueError)
    ├── NotJSON                   a request, or a text, that is not JSON (a ValueError)
    ├── BundleError               a bundle that cannot be built, is unsound or does not verify
    ├── OpaNotFound               no usable `opa`, and no way to get one
    ├── SidecarStartError         a local sidecar that did not start
    └── SidecarError              a sidecar that gave no decision
        ├── SidecarUnreachable    no connection, or one that broke off
        ├── SidecarTimeout        no complete answer within the time allowed (a TimeoutError)
        ├── SidecarHTTPError      any status but 200, with OPA's own code and message
        │   ├── TokenRefused      401 or 403: the caller has no access
        │   └── RequestRefused    the caller has access, but this request is beyond a limit
        ├── EngineError           an engine in this process that failed, as for lack of memory
        ├── UndefinedResult       200, but the policy has no answer: not loaded, or broken data
        ├── PolicyChanged         decisions by another policy than those before
        ├── MalformedResult       200, but the answer is not what the policy's contract says
        └── UnsoundPolicy         the policy finds fault with its own guideline data

None of them is ever a decision. Messages say what happened, where, and what to do. They hold no
content of a request or a decision, and no exception that holds any is chained.
All of them can be pickled.
"""

# ruff: noqa: N818  (most names say what happened, not that it is an error)

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


class PriorAuthError(Exception):
    """The base of everything priorauth raises."""


class ConfigurationError(PriorAuthError, ValueError):
    """A setting that cannot work, found before anything is sent."""


class NotJSON(PriorAuthError, ValueError):
    """A request that cannot be written as JSON, or a text that cannot be read as such.

    `reason` is what is wrong, `pointer` the JSON Pointer (RFC 6901) of the value at fault (`""`
    for the whole document), and `index` the number of the request, from 0, when it is one of many.
    """

    def __init__(self, reason: str, *, pointer: str = "", index: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer
        self.index = index

    def __str__(self) -> str:
        which = "the request" if self.index is None else f"request {self.index} (counted from 0)"
        return f"{which} is not JSON: {self.reason}"


class BundleError(PriorAuthError):
    """A bundle that cannot be built, is unsound, or does not verify.

    `findings` are what its own rules find wrong with its data, when it is unsound.
    """

    def __init__(self, message: str, *, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class OpaNotFound(PriorAuthError):
    """No usable `opa` executable, and no way to get one."""


class SidecarStartError(PriorAuthError):
    """A local sidecar that did not start, or stopped before it answered."""


class SidecarError(PriorAuthError):
    """A sidecar, or an engine, that gave no decision."""


class SidecarUnreachable(SidecarError):
    """No connection to the sidecar, or one that broke off before the answer was complete."""


class SidecarTimeout(SidecarError, TimeoutError):
    """No complete answer within the time allowed, however slowly its parts came in."""


@dataclass(frozen=True)
class OpaError:
    """One of the errors that OPA lists in its answer: a code, and where in the policy.

    `location` is `file:row`, or None. `message` is OPA's own; it can quote the request, so it is
    kept out of the exception's message and of `repr`.
    """

    code: str
    location: str | None
    message: str = field(repr=False)


class SidecarHTTPError(SidecarError):
    """A status other than 200.

    `status` is the HTTP status. `code` and `errors` are OPA's own; None and `()` when the answer
    is not OPA's.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str | None = None,
        errors: tuple[OpaError, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.errors = errors


class TokenRefused(SidecarHTTPError):
    """401 or 403: the sidecar does not accept the token or certificate, or asks for one."""


class RequestRefused(SidecarHTTPError):
    """A call beyond a limit, whoever the caller is: too large, too many requests, or not JSON.

    The message names the limit. In smaller parts the call may well be answered.
    """


class EngineError(SidecarError):
    """An engine in this process that failed: out of memory, or rules in conflict."""


class UndefinedResult(SidecarError):
    """The policy has no answer: it is not loaded, or its guideline data lacks what a rule needs."""


class PolicyChanged(SidecarError):
    """Decisions by another policy than the earlier ones of the same run."""


class MalformedResult(SidecarError):
    """An answer that breaks the policy's contract.

    `pointer` is the JSON Pointer (RFC 6901) of the fault in the result, `""` for the whole.
    """

    def __init__(self, message: str, *, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


@dataclass(frozen=True)
class Finding:
    """What is wrong with the data of a guideline version: where (a JSON Pointer), and what.

    `guideline` and `version` are empty for a finding outside the guidelines: `path` then starts
    with the part of the policy's data that it is in, as in `/plan/early_renewal_days`.
    """

    guideline: str
    version: str
    path: str
    message: str

    @property
    def file(self) -> str:
        """The file or folder to correct, relative to the policy's root."""
        if self.guideline:
            return f"policy/guidelines/{self.guideline}/{self.version}/data.yaml"
        part = self.path.split("/")[1:2]
        return "/".join(["policy", *part])

    def __str__(self) -> str:
        return f"{self.file} {self.path}: {self.message}"


def listed(findings: Iterable[Finding]) -> str:
    """Findings as the end of a message, one per line."""
    return "".join(f"\n  {finding}" for finding in findings)


class UnsoundPolicy(SidecarError):
    """The policy finds fault with its own guideline data; `findings` says what."""

    def __init__(self, message: str, *, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings
