"""The plan's FHIR service: CDS Hooks (Da Vinci CRD) and questionnaires (DTR).

Needs the extra `fhir`: `pip install 'priorauth[fhir]'`. A plan plugs in what it knows of its
members by `Members`, and serves `Service(…).application` as any aiohttp application, or by `serve`.

aiohttp was compared with Starlette on uvicorn: it is installed already, because opa-python-client
needs it;
it is the HTTP server and the client of the sidecar in one event loop; and passing a decision
through took 1.8 times the sidecar's own time, where Starlette took 2.0 (with aiohttp's client, on
httptools and uvloop) to 2.2 (with a client in threads).
"""

from __future__ import annotations

from .callers import Callers, CallRefused
from .members import Identifier, MemberFile, Members, NothingKnown
from .rules import Rules
from .service import THIS_MACHINE, Service
from .serving import serve

__all__ = [
    "THIS_MACHINE",
    "CallRefused",
    "Callers",
    "Identifier",
    "MemberFile",
    "Members",
    "NothingKnown",
    "Rules",
    "Service",
    "serve",
]
