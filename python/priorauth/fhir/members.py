"""What the plan knows of its members: a small interface, and a file that implements it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ..errors import ConfigurationError

Identifier = tuple[str, str]
"""An identifier as FHIR has it: its system (a URI) and its value."""


class Members(Protocol):
    """Finds what the plan knows of a member."""

    async def find(self, identifiers: Iterable[Identifier]) -> Mapping[str, Any] | None:
        """What the plan knows of the one member with any of these identifiers.

        They are those of the Coverage and the Patient that came in. The answer has `facts`, a part
        of a request document; `drugs`, such parts for single guidelines, by their ids; and
        `period`, the `start` and `end` of the coverage (dates). Each may be left out. None if there
        is no such member, or more than one.

        What cannot be found out now raises a PriorAuthError, whose message names nobody.
        """


class NothingKnown:
    """For a plan that is not asked: finds every member, with no facts."""

    async def find(self, identifiers: Iterable[Identifier]) -> Mapping[str, Any] | None:
        return {}


class _Identifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    system: str
    value: str


class _Period(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    start: str | msgspec.UnsetType = msgspec.UNSET
    end: str | msgspec.UnsetType = msgspec.UNSET


class _Member(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    identifiers: list[_Identifier]
    facts: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    drugs: dict[str, dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    period: _Period | msgspec.UnsetType = msgspec.UNSET


class _File(msgspec.Struct, forbid_unknown_fields=True):
    members: list[_Member]


class MemberFile:
    """The members of a JSON file, `{"members": [{"identifiers": …, "facts": …, …}, …]}`.

    An identifier is an object with `system` and `value`; the rest is as `Members.find` gives it.
    The file is read once, when this is made. Raises ConfigurationError, which names the place in
    the file and quotes nothing.
    """

    def __init__(self, path: Path) -> None:
        try:
            content = msgspec.json.decode(path.read_bytes(), type=_File)
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
        except msgspec.ValidationError as error:
            place = str(error).rpartition(" - at ")[2]
            raise ConfigurationError(
                f"{path} is not a members file: see {place or 'docs/interop.md'}"
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ConfigurationError(f"{path} is not JSON") from None
        self._by_identifier: dict[Identifier, int] = {}
        self._known: list[Mapping[str, Any]] = []
        for index, member in enumerate(content.members):
            known = msgspec.to_builtins(member)
            del known["identifiers"]
            self._known.append(known)
            for each in member.identifiers:
                if self._by_identifier.setdefault((each.system, each.value), index) != index:
                    raise ConfigurationError(
                        f"{path}: $.members[{index}] has an identifier that another member has too"
                    )

    async def find(self, identifiers: Iterable[Identifier]) -> Mapping[str, Any] | None:
        found = {self._by_identifier.get(each) for each in identifiers} - {None}
        if len(found) != 1:
            return None
        (index,) = found
        assert index is not None
        return self._known[index]
