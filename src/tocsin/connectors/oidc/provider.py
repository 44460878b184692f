"""The identity provider: where browsers go, what a code stands for, how its own session ends.

Everything that it is asked is bounded in time and size, and a few requests at once are the most: a provider that hangs
holds up those who sign in by it and nobody else. Its addresses come from its own description at the issuer that the
operator set, never from a person. Decides whether its word can be believed, nothing about people.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import structlog
from joserfc.jwk import KeySet

from tocsin.connectors._kit.contract import Ticks
from tocsin.connectors._kit.egress import Target
from tocsin.connectors._kit.failures import ExchangeFailed
from tocsin.connectors._kit.http import HttpAnswer, HttpClient
from tocsin.connectors.oidc.settings import OidcSettings, target_of
from tocsin.connectors.oidc.tokens import (
    BadToken,
    Expected,
    UnknownKey,
    check_access_token,
    check_fresh,
    check_id_token,
    check_logout,
    key_set,
    signed_claims,
)
from tocsin.kernel.errors import Invalid, NotSignedIn, Unavailable
from tocsin.kernel.time import MINUTE, Moment
from tocsin.runtime.federation import Arrival, Ended

log = structlog.get_logger("oidc")

SECONDS: Final = 6.0
"""One request to the provider, everything included."""

AT_ONCE: Final = 4
WAIT_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 3600.0
"""How long its description and keys are used before they are asked for again."""

AGAIN_SECONDS: Final = 10.0
"""How long it is left alone after it did not answer, and before keys are asked for anew because one is unknown."""

FRESH: Final = 5 * MINUTE
_GROUPS_MAX: Final = 1000
_DOMAIN_OWNED: Final = "xms_edov"
"""One provider says by this, where it says nothing else, that its customer owns the domain of the address."""

_NOT_BELIEVED: Final = "What {name} sent can't be trusted, so nobody was signed in. Start again."
_SILENT: Final = "{name} does not answer. Try again in a moment, or sign in another way."
_TOO_MANY_GROUPS: Final = (
    "You are in more groups than {name} can list. Whoever runs it has to send only the groups of this application."
)


@dataclass(frozen=True, slots=True)
class Description:
    """What the provider says of itself."""

    issuer: str
    authorization: str
    token: Target
    keys: Target
    userinfo: Target | None
    end_session: str
    by_post: bool
    names_itself: bool


class OidcProvider:
    """One provider. Safe to use from many threads."""

    def __init__(
        self, settings: OidcSettings, ticks: Ticks, now: Callable[[], Moment], *, http: HttpClient | None = None
    ) -> None:
        self._settings = settings
        self._ticks = ticks
        self._now = now
        self._http = http or HttpClient(ticks, seconds=SECONDS)
        self._places = threading.Semaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._description: Description | None = None
        self._described_at = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0
        self._silent_until = 0.0

    @property
    def name(self) -> str:
        """What people call it."""
        return self._settings.name

    @property
    def issuer(self) -> str:
        """Its identifier."""
        return self._settings.issuer

    def way_there(self, *, state: str, nonce: str, challenge: str, again: bool) -> str:
        """Where the browser goes. Raises Unavailable."""
        description = self._describe()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.redirect_uri,
            "scope": self._settings.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if again else {}),
        }
        joint = "&" if "?" in description.authorization else "?"
        return description.authorization + joint + urlencode(asked, quote_via=quote)

    def arrive(self, *, code: str, verifier: str, nonce: str, issuer: str, again: bool) -> Arrival:
        """Whom the code stands for. Raises NotSignedIn, Unavailable."""
        description = self._describe()
        if (issuer or description.names_itself) and issuer != description.issuer:
            raise self._disbelieved("another provider sent the browser back (iss)")
        answer = self._redeem(description, code, verifier)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise self._disbelieved("its answer holds no tokens")
        expected = Expected(description.issuer, self._settings.client_id, self._now())
        try:
            claims, algorithm = self._claims(description, id_token)
            check_id_token(claims, expected, nonce)
            check_access_token(claims, algorithm, access_token)
            if again:
                check_fresh(claims, expected, FRESH)
            claims = self._completed(description, claims, access_token)
        except BadToken as error:
            raise self._disbelieved(str(error)) from error
        return self._arrival(description.issuer, claims, id_token)

    def way_out(self, id_token: str) -> str:
        """Where the browser ends the provider's session; "" when it offers nothing, or is not known just now."""
        with self._lock:
            description = self._description
        if description is None or not description.end_session:
            return ""
        asked = {
            "id_token_hint": id_token,
            "client_id": self._settings.client_id,
            "post_logout_redirect_uri": self._settings.home,
        }
        joint = "&" if "?" in description.end_session else "?"
        return description.end_session + joint + urlencode(asked, quote_via=quote)

    def ended(self, token: str) -> Ended:
        """What a notice of the provider says. Raises Invalid, Unavailable."""
        description = self._describe()
        try:
            claims, _ = self._claims(description, token)
            subject, sid, notice = check_logout(
                claims, Expected(description.issuer, self._settings.client_id, self._now())
            )
        except BadToken as error:
            log.warning("oidc_notice_refused", why=str(error))
            raise Invalid("This is no notice of the provider.", reason="notice") from error
        return Ended(subject, sid, notice)

    def close(self) -> None:
        """Close kept connections. Asking afterwards opens new ones."""
        self._http.close()

    # -- tokens

    def _claims(self, description: Description, token: str) -> tuple[dict[str, Any], str]:
        """Signed claims, by keys that are asked for anew when the token names one that is not known."""
        try:
            return signed_claims(token, self._key_set(description))
        except UnknownKey:
            return signed_claims(token, self._key_set(description, anew=True))

    def _completed(self, description: Description, claims: dict[str, Any], access_token: str) -> dict[str, Any]:
        """The claims with what the provider says elsewhere, where the token leaves something out."""
        wanted = ("email", "name", self._settings.groups_claim.partition(".")[0])
        if description.userinfo is None or all(name in claims for name in wanted):
            return claims
        answer = self._ask(description.userinfo, {"Authorization": f"Bearer {access_token}"})
        if answer.get("sub") != claims["sub"]:
            raise BadToken("its answer about the person is about another one (sub)")
        return {**answer, **claims}

    def _arrival(self, issuer: str, claims: Mapping[str, Any], id_token: str) -> Arrival:
        elsewhere = claims.get("_claim_names")
        if claims.get("hasgroups") or (isinstance(elsewhere, dict) and self._settings.groups_claim in elsewhere):
            raise NotSignedIn(_TOO_MANY_GROUPS.format(name=self.name), reason="groups")
        name, sid = claims.get("name"), claims.get("sid")
        return Arrival(
            issuer=issuer,
            subject=claims["sub"],
            email=self._mail(claims),
            name=name if isinstance(name, str) else "",
            groups=_groups(claims, self._settings.groups_claim),
            sid=sid if isinstance(sid, str) else "",
            id_token=id_token,
        )

    def _mail(self, claims: Mapping[str, Any]) -> str:
        """The address that the provider answers for, "" if none."""
        email, verified = claims.get("email"), claims.get("email_verified")
        if not isinstance(email, str):
            return ""
        said = claims.get(_DOMAIN_OWNED) if verified is None else verified
        good = said is True or said in ("true", "1", 1) or (said is None and self._settings.trusts_mail)
        return email.strip() if good else ""

    # -- asking

    def _redeem(self, description: Description, code: str, verifier: str) -> dict[str, Any]:
        """The answer to the code. Raises NotSignedIn when the provider refuses it."""
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if not settings.client_secret:
            form["client_id"] = settings.client_id
        elif description.by_post:
            form |= {"client_id": settings.client_id, "client_secret": settings.client_secret}
        else:
            headers["Authorization"] = _basic(settings.client_id, settings.client_secret)
        with self._place():
            answer = self._exchange(lambda: self._http.post(description.token, headers, urlencode(form).encode()))
        found = _object(answer)
        if answer.status >= 500 or found is None:
            raise self._silent(f"token endpoint answered {answer.status}")
        if answer.status != 200:
            log.warning("oidc_code_refused", status=answer.status, error=str(found.get("error", ""))[:80])
            raise NotSignedIn(_NOT_BELIEVED.format(name=self.name), reason="code_refused")
        return found

    def _describe(self) -> Description:
        with self._lock:
            known, age = self._description, self._ticks() - self._described_at
        if known is not None and age < KEPT_SECONDS:
            return known
        try:
            made = self._read_description()
        except Unavailable:
            if known is not None:
                return known  # it says the same as an hour ago, or what follows fails in clear words
            raise
        with self._lock:
            self._description, self._described_at = made, self._ticks()
        return made

    def _read_description(self) -> Description:
        issuer = self._settings.issuer
        try:
            where = target_of(f"{issuer.rstrip('/')}/.well-known/openid-configuration", issuer)
            found = self._ask(where, {})
            said = found.get("issuer")
            if not isinstance(said, str) or said.rstrip("/") != issuer.rstrip("/"):
                raise ValueError(f"it calls itself {str(said)[:200]}, not {issuer}")
            methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            userinfo, end_session = found.get("userinfo_endpoint"), found.get("end_session_endpoint")
            target_of(found.get("authorization_endpoint"), issuer)
            if end_session is not None:
                target_of(end_session, issuer)
            return Description(
                issuer=said,
                authorization=str(found["authorization_endpoint"]),
                token=target_of(found.get("token_endpoint"), issuer),
                keys=target_of(found.get("jwks_uri"), issuer),
                userinfo=target_of(userinfo, issuer) if userinfo is not None else None,
                end_session=end_session or "",
                by_post="client_secret_basic" not in methods and "client_secret_post" in methods,
                names_itself=found.get("authorization_response_iss_parameter_supported") is True,
            )
        except ValueError as error:
            log.warning("oidc_description_unusable", issuer=issuer, why=str(error))
            raise Unavailable(
                f"What {self.name} says of itself can't be used ({error}). Sign in another way.", reason="provider"
            ) from error

    def _key_set(self, description: Description, *, anew: bool = False) -> KeySet:
        with self._lock:
            known, age = self._keys, self._ticks() - self._keys_at
        if known is not None and age < (AGAIN_SECONDS if anew else KEPT_SECONDS):
            return known
        try:
            made = key_set(self._ask(description.keys, {}))
        except ValueError as error:
            raise self._silent(str(error)) from error
        with self._lock:
            self._keys, self._keys_at = made, self._ticks()
        return made

    def _ask(self, target: Target, headers: Mapping[str, str]) -> dict[str, Any]:
        """The object at an address. Raises Unavailable."""
        with self._place():
            answer = self._exchange(lambda: self._http.get(target, {"Accept": "application/json", **headers}))
        found = _object(answer)
        if answer.status != 200 or found is None:
            raise self._silent(f"{target.authority}{target.path.partition('?')[0]} answered {answer.status}")
        return found

    def _exchange(self, ask: Callable[[], HttpAnswer]) -> HttpAnswer:
        try:
            return ask()
        except ExchangeFailed as error:
            with self._lock:
                self._silent_until = self._ticks() + AGAIN_SECONDS
            raise self._silent(error.detail) from error

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the few requests at once; while the provider is silent none is made."""
        with self._lock:
            silent = self._ticks() < self._silent_until
        if silent or not self._places.acquire(timeout=WAIT_SECONDS):
            raise Unavailable(_SILENT.format(name=self.name), reason="provider")
        try:
            yield
        finally:
            self._places.release()

    def _silent(self, why: str) -> Unavailable:
        log.warning("oidc_no_answer", why=why)
        return Unavailable(_SILENT.format(name=self.name), reason="provider")

    def _disbelieved(self, why: str) -> NotSignedIn:
        log.warning("oidc_not_believed", why=why)
        return NotSignedIn(_NOT_BELIEVED.format(name=self.name), reason="not_believed")


def _groups(claims: Mapping[str, Any], claim: str) -> tuple[str, ...]:
    """What the claim lists: by its whole name, or followed through objects at each dot."""
    found: Any = claims.get(claim)
    if found is None and "." in claim:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else [found]
    return tuple(one for one in listed[:_GROUPS_MAX] if isinstance(one, str))


def _object(answer: HttpAnswer) -> dict[str, Any] | None:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749, 2.3.1: both are form-encoded before they are joined."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
