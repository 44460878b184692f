"""Checks what an identity provider has signed: the ID token of a sign-in, the notice of a sign-out.

Only asymmetric signatures count, so nobody can sign with what is public. Keys come from the provider's key set alone,
never from a token. Rules: OpenID Connect Core 3.1.3.7, Back-Channel Logout 2.6, RFC 8725. Decides nothing about people.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwk, jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, Moment, Span

SKEW: Final[Span] = MINUTE
"""How far the provider's clock and ours may differ."""

OLDEST: Final[Span] = HOUR
"""A token that was issued longer ago is not of this sign-in."""

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
TOKEN_CHARS: Final = 32_000
_SUBJECT_CHARS: Final = 255
_HASHES: Final = {
    "256": hashlib.sha256,
    "384": hashlib.sha384,
    "512": hashlib.sha512,
    "DSA": hashlib.sha512,
    "519": hashlib.sha512,
}


class BadToken(Exception):
    """A token that must not be believed; the text says why, for the log."""


class UnknownKey(BadToken):
    """It names a key that the set does not hold: the provider may have new ones."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    now: Moment


def key_set(document: object) -> KeySet:
    """The provider's public keys out of its key set. Raises ValueError when it holds none that can be used."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError("the key set is not one")  # noqa: TRY004 - it came over the wire
    found = []
    for one in keys:
        usable = isinstance(one, dict) and one.get("use", "sig") == "sig" and one.get("kty") in ("RSA", "EC", "OKP")
        if not usable:
            continue
        try:
            found.append(jwk.import_key({name: value for name, value in one.items() if name in _PUBLIC}))
        except (JoseError, ValueError, TypeError):
            continue  # one that we do not understand takes the others from nobody
    if not found:
        raise ValueError("the key set holds no key to check signatures with")
    return KeySet(found)


_PUBLIC: Final = frozenset({"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"})


def signed_claims(token: str, keys: KeySet) -> tuple[dict[str, Any], str]:
    """What the provider has signed, and by which algorithm. Raises BadToken, UnknownKey."""
    if len(token) > TOKEN_CHARS or token.count(".") != 2:
        raise BadToken("it is no signed token")
    header = _header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise BadToken("it is not signed in a way that counts")
    held = list(keys)
    fitting = [key for key in held if key.kid == kid] if kid is not None else held if len(held) == 1 else []
    if not fitting:
        raise UnknownKey("it names a key that is not in the provider's set")
    try:
        checked = jws.deserialize_compact(token.encode(), fitting[0], algorithms=[str(algorithm)])
        claims = json.loads(checked.payload)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadToken(f"its signature does not hold ({type(error).__name__})") from error
    if not isinstance(claims, dict):
        raise BadToken("it holds no claims")
    return claims, str(algorithm)


def check_id_token(claims: Mapping[str, Any], expected: Expected, nonce: str) -> None:
    """Raises BadToken unless the claims are for us, for this sign-in, and for now."""
    _check_common(claims, expected)
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise BadToken("it is of another sign-in (nonce)")
    if _moment(claims, "exp") + SKEW <= expected.now:
        raise BadToken("it has expired")
    if expected.now - _moment(claims, "iat") > OLDEST:
        raise BadToken("it was issued too long ago")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_CHARS:
        raise BadToken("it says of nobody")


def check_access_token(claims: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    """Raises BadToken when the ID token speaks of another access token than the one that came with it."""
    said = claims.get("at_hash")
    if said is None:
        return
    digest = _HASHES[algorithm[-3:]](access_token.encode()).digest()
    wanted = base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), wanted.encode()):
        raise BadToken("it came with another access token (at_hash)")


def check_fresh(claims: Mapping[str, Any], expected: Expected, longest: Span) -> None:
    """Raises BadToken unless the person proved who they are at the provider so lately."""
    if expected.now - _moment(claims, "auth_time") > longest + SKEW:
        raise BadToken("the provider did not ask who it is again (auth_time)")


def check_logout(claims: Mapping[str, Any], expected: Expected) -> tuple[str, str, str]:
    """Subject, session and the notice's own id. Raises BadToken unless it is a notice of a sign-out."""
    _check_common(claims, expected)
    events = claims.get("events")
    if not isinstance(events, dict) or LOGOUT_EVENT not in events or "nonce" in claims:
        raise BadToken("it is no notice of a sign-out")
    if expected.now - _moment(claims, "iat") > DAY or (
        "exp" in claims and _moment(claims, "exp") + SKEW <= expected.now
    ):
        raise BadToken("it is too old")
    subject, sid, notice = (claims.get(name, "") for name in ("sub", "sid", "jti"))
    if not all(isinstance(one, str) for one in (subject, sid, notice)) or not notice or not (subject or sid):
        raise BadToken("it does not say whose session ends")
    return subject, sid, notice


def _check_common(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise BadToken("another provider issued it (iss)")
    audience = claims.get("aud")
    meant: Sequence[Any] = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in meant:
        raise BadToken("it is for another client (aud)")
    if claims.get("azp", expected.client_id if len(meant) == 1 else None) != expected.client_id:
        raise BadToken("it was given to another client (azp)")
    if _moment(claims, "iat") > expected.now + SKEW:
        raise BadToken("it was issued in the future")
    if "nbf" in claims and _moment(claims, "nbf") > expected.now + SKEW:
        raise BadToken("it is not valid yet")


def _moment(claims: Mapping[str, Any], name: str) -> Moment:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        raise BadToken(f"it does not say when ({name})")
    return int(value) * SECOND


def _header(token: str) -> dict[str, Any]:
    first = token.partition(".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadToken("its header can't be read")
    return found
