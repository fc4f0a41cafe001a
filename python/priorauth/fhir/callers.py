"""Who may call: the JSON Web Tokens of CDS Hooks, by keys that are on file here.

No key is fetched: `jku`, where a token says its keys are, is ignored.
"""

from __future__ import annotations

from pathlib import Path

import jwt
import msgspec

from ..errors import ConfigurationError, PriorAuthError

_LONGEST_S = 600
_LEEWAY_S = 10
_CLAIMS = ["iss", "aud", "exp", "iat", "jti"]


class CallRefused(PriorAuthError):  # noqa: N818
    """A call without an acceptable token. Quotes nothing of the token."""


class _Issuer(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[dict[str, object]]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    issuers: dict[str, _Issuer]


class Callers:
    """The clients of a JSON file, `{"url": …, "issuers": {ISS: {"keys": [JWK, …]}, …}}`.

    `url` is where clients find the service, and so what their tokens' audience begins with; an
    issuer has its JSON Web Key Set. Raises ConfigurationError.
    """

    def __init__(self, path: Path) -> None:
        try:
            content = msgspec.json.decode(path.read_bytes(), type=_File)
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigurationError(f"{path} is not a callers file: {error}") from None
        self._url = content.url.rstrip("/")
        self._keys: dict[tuple[str, str], jwt.PyJWK] = {}
        for issuer, given in content.issuers.items():
            for index, key in enumerate(given.keys):
                place = f"{path}: key {index} of {issuer}"
                if not isinstance(key.get("kid"), str):
                    raise ConfigurationError(f"{place} has no `kid`")
                if "d" in key or key.get("kty") == "oct":
                    raise ConfigurationError(f"{place} is not a public key")
                algorithm = _algorithm(key)
                if algorithm is None or key.get("alg", algorithm) != algorithm:
                    raise ConfigurationError(
                        f"{place} must be for ES384 (`kty` EC, `crv` P-384) or RS384 (`kty` RSA)"
                    )
                try:
                    self._keys[issuer, str(key["kid"])] = jwt.PyJWK(key, algorithm)
                except (jwt.PyJWTError, ValueError, TypeError) as error:
                    raise ConfigurationError(f"{place} is not a usable key: {error}") from None

    def check(self, authorization: str | None, path: str) -> None:
        """Let a call pass whose `Authorization` is good for this path, or raise CallRefused."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise CallRefused("a bearer token is needed: a JSON Web Token, as CDS Hooks has it")
        try:
            header = jwt.get_unverified_header(token)
            claimed = jwt.decode(token, options={"verify_signature": False})
            key = self._keys[str(claimed.get("iss")), str(header.get("kid"))]
            if header.get("typ") != "JWT":
                raise jwt.InvalidTokenError
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=f"{self._url}{path}",
                leeway=_LEEWAY_S,
                options={"require": _CLAIMS},
            )
            if claims["exp"] - claims["iat"] > _LONGEST_S:
                raise jwt.ExpiredSignatureError
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            pass
        else:
            return
        # Out here, so that nothing of the token is chained to it.
        raise CallRefused("the token was not accepted; check its issuer, key, audience and expiry")


def _algorithm(key: dict[str, object]) -> str | None:
    """The algorithm that a key is for, of those that CDS Hooks recommends."""
    if key.get("kty") == "RSA":
        return "RS384"
    return "ES384" if (key.get("kty"), key.get("crv")) == ("EC", "P-384") else None
