"""What an identity provider sends is believed only if it signed it, for us, for this sign-in, and for now."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tocsin.connectors._kit.http import HttpClient
from tocsin.connectors.oidc.provider import AT_ONCE, OidcProvider
from tocsin.connectors.oidc.settings import OidcSettings, check_issuer, target_of
from tocsin.connectors.oidc.tokens import BadToken, key_set, signed_claims
from tocsin.kernel.errors import Invalid, NotSignedIn, Unavailable
from tocsin.kernel.time import SECOND, Moment
from tocsin.runtime.federation import Arrival
from tocsin.testing.fake_http import (
    FakeAnswer,
    FakeHttpServer,
    FakeRequest,
    FaultScript,
    closes,
    hangs,
    json_answer,
    says,
)

NOW: Moment = 1_800_000_000 * SECOND
NONCE = "n" * 40
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def now() -> Moment:
    return NOW


def signed(claims: dict[str, Any], key: Any = KEY, algorithm: str = "RS256", **header: Any) -> str:
    protected = {"alg": algorithm, "kid": "one", "typ": "JWT", **header}
    return jws.serialize_compact(
        {name: value for name, value in protected.items() if value is not None},
        json.dumps(claims).encode(),
        key,
        algorithms=[algorithm],
    )


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)]
    return ".".join([*parts, ""])


@dataclass
class Fake:
    """A provider that says whatever a test wants."""

    server: FakeHttpServer = field(init=False)
    faults: FaultScript = field(default_factory=FaultScript)
    keys: list[Any] = field(default_factory=lambda: [KEY])
    claims: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    token: Callable[[dict[str, Any]], str] = signed
    asked: list[FakeRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = FakeHttpServer(lambda request: self.faults.around(lambda: self.answer(request)), now)

    @property
    def base(self) -> dict[str, Any]:
        """Claims that are all right."""
        return {
            "iss": self.server.url,
            "sub": "alice",
            "aud": "tocsin",
            "exp": NOW // SECOND + 300,
            "iat": NOW // SECOND,
            "nonce": NONCE,
            "email": "alice@example.com",
            "email_verified": True,
            "name": "Alice",
            "groups": ["payments"],
        }

    def answer(self, request: FakeRequest) -> FakeAnswer:
        """One of its endpoints."""
        self.asked.append(request)
        url = self.server.url
        if request.path == "/.well-known/openid-configuration":
            found = {
                "issuer": url,
                "authorization_endpoint": f"{url}/auth",
                "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/keys",
                "userinfo_endpoint": f"{url}/me",
                **self.description,
            }
            return json_answer({name: value for name, value in found.items() if value is not None})
        if request.path == "/keys":
            return json_answer({"keys": [key.as_dict(private=False) for key in self.keys]})
        if request.path == "/me":
            return json_answer(self.userinfo)
        claims = {name: value for name, value in {**self.base, **self.claims}.items() if value is not None}
        return json_answer({"access_token": "at", "token_type": "Bearer", "id_token": self.token(claims)})


@pytest.fixture
def fake() -> Iterator[Fake]:
    made = Fake()
    with made.server:
        yield made


@pytest.fixture
def provider(fake: Fake) -> Iterator[OidcProvider]:
    made = provider_of(fake)
    yield made
    made.close()


def provider_of(fake: Fake, **more: Any) -> OidcProvider:
    settings = OidcSettings(
        issuer=fake.server.url,
        client_id="tocsin",
        client_secret="s:e/c r&t",
        name="Keyring",
        redirect_uri="https://tocsin.example/sign-in/provider/back",
        home="https://tocsin.example/sign-in",
    )
    return OidcProvider(replace(settings, **more), time.monotonic, now, http=HttpClient(time.monotonic, seconds=1.0))


def arrive(provider: OidcProvider, issuer: str = "", *, again: bool = False) -> Arrival:
    return provider.arrive(code="c", verifier="v", nonce=NONCE, issuer=issuer, again=again)


def test_what_is_right_is_believed(fake: Fake, provider: OidcProvider) -> None:
    found = arrive(provider)
    assert (found.subject, found.email, found.name, found.groups) == (
        "alice", "alice@example.com", "Alice", ("payments",)
    )  # fmt: skip
    sent = next(one for one in fake.asked if one.path == "/token")
    login = base64.b64decode(sent.headers["authorization"].removeprefix("Basic ")).decode()
    assert login == "tocsin:s%3Ae%2Fc%20r%26t"
    form = dict(sent.form())
    assert (form["code_verifier"], form["redirect_uri"]) == ("v", "https://tocsin.example/sign-in/provider/back")


HOUR = 3600
WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "other"},
    "no audience": {"aud": None},
    "a list without us": {"aud": ["other", "third"]},
    "given to another client": {"aud": ["tocsin", "other"], "azp": "other"},
    "several audiences, given to nobody": {"aud": ["tocsin", "other"]},
    "for us, given to another": {"azp": "other"},
    "another issuer": {"iss": "https://evil.example"},
    "the issuer with more behind it": {"iss": "http://127.0.0.1.evil.example"},
    "another sign-in": {"nonce": "x" * 40},
    "no nonce": {"nonce": None},
    "expired": {"exp": NOW // SECOND - 61},
    "never expires": {"exp": None},
    "expires in words": {"exp": "tomorrow"},
    "of the future": {"iat": NOW // SECOND + 61},
    "of long ago": {"iat": NOW // SECOND - HOUR - 61, "exp": NOW // SECOND + HOUR},
    "not valid yet": {"nbf": NOW // SECOND + 61},
    "of nobody": {"sub": None},
    "of an empty name": {"sub": ""},
    "of a number": {"sub": 7},
    "with another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("case", WRONG)
def test_claims_that_are_wrong_sign_nobody_in(fake: Fake, provider: OidcProvider, case: str) -> None:
    fake.claims = WRONG[case]
    with pytest.raises(NotSignedIn, match="can't be trusted"):
        arrive(provider)


RIGHT: dict[str, dict[str, Any]] = {
    "a clock that is a minute off": {"exp": NOW // SECOND - 59, "iat": NOW // SECOND + 59},
    "a list of audiences, given to us": {"aud": ["other", "tocsin"], "azp": "tocsin"},
    "its access token": {"at_hash": base64.urlsafe_b64encode(hashlib.sha256(b"at").digest()[:16]).decode().rstrip("=")},
}


@pytest.mark.parametrize("case", RIGHT)
def test_claims_that_are_right_in_another_way(fake: Fake, provider: OidcProvider, case: str) -> None:
    fake.claims = RIGHT[case]
    assert arrive(provider).subject == "alice"


PUBLIC = KEY.as_pem(private=False)
FORGED: dict[str, Callable[[dict[str, Any]], str]] = {
    "unsigned": lambda claims: unsigned(claims, {"alg": "none", "kid": "one"}),
    "unsigned, in capitals": lambda claims: unsigned(claims, {"alg": "None", "kid": "one"}),
    "without an algorithm": lambda claims: unsigned(claims, {"kid": "one"}),
    "signed with the public key as a password": lambda claims: _hmac(claims, PUBLIC),
    "signed with the client's secret": lambda claims: _hmac(claims, b"s:e/c r&t"),
    "signed by somebody else": lambda claims: signed(claims, OTHER),
    "with a key of its own in the header": lambda claims: signed(
        claims, OTHER, jwk=OTHER.as_dict(private=False), kid=None
    ),
    "with an unknown key": lambda claims: signed(claims, kid="two"),
    "of three empty parts": lambda _claims: "..",
    "no token": lambda _claims: "hello",
    "changed after it was signed": lambda claims: _changed(signed(claims)),
    "encrypted": lambda _claims: "a.b.c.d.e",
    "far too long": lambda claims: signed({**claims, "x": "y" * 40_000}),
    "a list": lambda _claims: jws.serialize_compact({"alg": "RS256", "kid": "one"}, b"[]", KEY, algorithms=["RS256"]),
}


def _hmac(claims: dict[str, Any], secret: bytes) -> str:
    """By hand: the library refuses to sign with what looks like a public key."""
    head = unsigned(claims, {"alg": "HS256", "kid": "one", "typ": "JWT"}).rstrip(".")
    mac = hmac.digest(secret, head.encode(), hashlib.sha256)
    return f"{head}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _changed(token: str) -> str:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "erin"}).encode()).decode().rstrip("=")
    return f"{header}.{other}.{signature}"


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_token_signs_nobody_in(fake: Fake, provider: OidcProvider, case: str) -> None:
    fake.token = FORGED[case]
    with pytest.raises(NotSignedIn, match="can't be trusted"):
        arrive(provider)


def test_other_kinds_of_keys_count_too() -> None:
    for key, algorithm in (
        (ECKey.generate_key("P-256", {"kid": "one"}), "ES256"),
        (OKPKey.generate_key("Ed25519", {"kid": "one"}), "Ed25519"),
    ):
        token = signed({"sub": "alice"}, key, algorithm)
        assert signed_claims(token, key_set({"keys": [key.as_dict(private=False)]}))[0] == {"sub": "alice"}


def test_a_secret_key_in_the_set_is_no_key() -> None:
    secret = OctKey.generate_key(256, {"kid": "one"})
    with pytest.raises(ValueError, match="no key"):
        key_set({"keys": [secret.as_dict(private=True), {"kty": "what"}, "x", {"kty": "RSA", "n": 1}]})
    keys = key_set({"keys": [secret.as_dict(private=True), KEY.as_dict(private=False)]})
    with pytest.raises(BadToken):
        signed_claims(signed({}, secret, "HS256"), keys)


def test_a_new_key_is_fetched_but_not_for_every_token_that_names_one(fake: Fake, provider: OidcProvider) -> None:
    arrive(provider)
    fresh = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    fake.keys, fake.token = [fresh], lambda claims: signed(claims, fresh, kid="two")
    with pytest.raises(NotSignedIn):
        arrive(provider)
    before = len([one for one in fake.asked if one.path == "/keys"])
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            arrive(provider)
    assert len([one for one in fake.asked if one.path == "/keys"]) == before == 1
    provider._keys_at -= 11
    assert arrive(provider).subject == "alice"


def test_another_provider_that_sends_the_browser_back_is_noticed(fake: Fake) -> None:
    fake.description = {"authorization_response_iss_parameter_supported": True}
    provider = provider_of(fake)
    for issuer in ("https://evil.example", ""):
        with pytest.raises(NotSignedIn):
            arrive(provider, issuer)
    assert not [one for one in fake.asked if one.path == "/token"], "the code went nowhere"
    assert arrive(provider, fake.server.url).subject == "alice"
    provider.close()


@pytest.mark.parametrize(
    ("claims", "trusts", "email"),
    [
        ({"email_verified": True}, False, "alice@example.com"),
        ({"email_verified": "true"}, False, "alice@example.com"),
        ({"email_verified": False}, True, ""),
        ({"email_verified": "false"}, True, ""),
        ({"email_verified": None}, False, ""),
        ({"email_verified": None}, True, "alice@example.com"),
        ({"email_verified": None, "xms_edov": True}, False, "alice@example.com"),
        ({"email_verified": None, "xms_edov": "0"}, True, ""),
        ({"email_verified": False, "xms_edov": True}, True, ""),
        ({"email": None}, True, ""),
        ({"email": 7}, True, ""),
    ],
)
def test_which_address_the_provider_answers_for(fake: Fake, claims: dict[str, Any], trusts: bool, email: str) -> None:
    fake.claims, fake.userinfo = claims, {"sub": "alice"}
    provider = provider_of(fake, trusts_mail=trusts)
    assert arrive(provider).email == email
    provider.close()


def test_what_the_token_leaves_out_is_asked_for_and_must_be_of_the_same_person(
    fake: Fake, provider: OidcProvider
) -> None:
    fake.claims = {"groups": None, "name": None}
    fake.userinfo = {"sub": "alice", "name": "Al", "groups": ["leads"], "email": "evil@example.com"}
    found = arrive(provider)
    assert (found.name, found.groups, found.email) == ("Al", ("leads",), "alice@example.com"), (
        "what is signed counts first"
    )
    fake.userinfo = {"sub": "bob", "groups": ["admins"]}
    with pytest.raises(NotSignedIn):
        arrive(provider)


def test_groups_in_an_object_and_groups_that_are_too_many(fake: Fake) -> None:
    fake.claims = {"realm_access": {"roles": ["admins", 7]}}
    provider = provider_of(fake, groups_claim="realm_access.roles")
    assert arrive(provider).groups == ("admins",)
    provider.close()
    for overage in ({"_claim_names": {"groups": "src1"}}, {"hasgroups": True}):
        fake.claims = overage
        provider = provider_of(fake)
        with pytest.raises(NotSignedIn, match="more groups than"):
            arrive(provider)
        provider.close()


def test_whoever_is_to_prove_it_again_must_have_done_so(fake: Fake, provider: OidcProvider) -> None:
    for claims in ({}, {"auth_time": NOW // SECOND - 1000}):
        fake.claims = claims
        with pytest.raises(NotSignedIn):
            arrive(provider, again=True)
    fake.claims = {"auth_time": NOW // SECOND - 10}
    assert arrive(provider, again=True).subject == "alice"


BROKEN: dict[str, dict[str, Any]] = {
    "calls itself another": {"issuer": "https://evil.example"},
    "no token endpoint": {"token_endpoint": None},
    "keys in the clear": {"jwks_uri": "http://keys.example/"},
    "a file": {"token_endpoint": "file:///etc/passwd"},
    "not a text": {"jwks_uri": 7},
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_description_that_can_not_be_used_is_said(fake: Fake, provider: OidcProvider, case: str) -> None:
    fake.description = BROKEN[case]
    with pytest.raises(Unavailable, match="can't be used"):
        provider.way_there(state="s", nonce="n", challenge="c", again=False)


TROUBLE = {"hangs": hangs(3), "closes": closes(), "says 500": says(500, {}), "says nonsense": says(200, "<html>")}


@pytest.mark.parametrize("case", TROUBLE)
def test_a_provider_in_trouble_is_said_within_its_time(fake: Fake, provider: OidcProvider, case: str) -> None:
    fake.faults.always(TROUBLE[case])
    began = time.monotonic()
    for _ in range(5):
        with pytest.raises(Unavailable, match="Keyring"):
            provider.way_there(state="s", nonce="n", challenge="c", again=False)
    assert time.monotonic() - began < 3, "one that hangs is left alone for a while"


def test_an_answer_that_is_too_large_is_none(fake: Fake, provider: OidcProvider) -> None:
    fake.description = {"padding": "x" * 100_000}
    with pytest.raises(Unavailable):
        provider.way_there(state="s", nonce="n", challenge="c", again=False)


def test_those_who_wait_for_a_provider_are_few(fake: Fake, provider: OidcProvider) -> None:
    provider._places = threading.Semaphore(0)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        provider.way_there(state="s", nonce="n", challenge="c", again=False)
    assert time.monotonic() - began < 4
    assert AT_ONCE <= 4


@pytest.mark.parametrize(
    ("issuer", "good"),
    [
        ("https://login.example.org/realms/staff", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost:8080", True),
        ("http://login.example.org", False),
        ("http://localhost.evil.example", False),
        ("https://user@login.example.org", False),
        ("https://login.example.org/?tenant=1", False),
        ("ftp://login.example.org", False),
        ("https://", False),
        ("login.example.org", False),
    ],
)
def test_which_issuers_are_taken(issuer: str, good: bool) -> None:
    if good:
        check_issuer(issuer)
    else:
        with pytest.raises(Invalid, match="TOCSIN_OIDC_ISSUER"):
            check_issuer(issuer)


def test_a_provider_out_there_names_no_address_in_the_clear() -> None:
    for url in ("http://127.0.0.1/token", "http://login.example.org/token", "https://user:pass@login.example.org/"):
        with pytest.raises(ValueError, match=r"address|URL"):
            target_of(url, "https://login.example.org")
    assert target_of("https://tokens.example.org/t", "https://login.example.org").host == "tokens.example.org"


def notice(fake: Fake, **claims: Any) -> dict[str, Any]:
    given = {
        "iss": fake.server.url, "aud": "tocsin", "iat": NOW // SECOND, "jti": "j1", "sub": "alice", "sid": "s1",
        "events": {LOGOUT: {}}, **claims,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def test_a_notice_of_a_sign_out_is_believed_if_it_is_one(fake: Fake, provider: OidcProvider) -> None:
    found = provider.ended(signed(notice(fake)))
    assert (found.subject, found.sid, found.id) == ("alice", "s1", "j1")
    wrong: list[dict[str, Any]] = [
        {"events": None}, {"events": {}}, {"events": []}, {"nonce": NONCE}, {"jti": None}, {"sub": None, "sid": None},
        {"aud": "other"}, {"iss": "https://evil.example"}, {"iat": NOW // SECOND + 100}, {"exp": NOW // SECOND - 100},
        {"iat": NOW // SECOND - 90_000},
    ]  # fmt: skip
    for claims in wrong:
        with pytest.raises(Invalid):
            provider.ended(signed(notice(fake, **claims)))
    for token in ("", "x", signed(notice(fake), OTHER), unsigned(notice(fake), {"alg": "none", "kid": "one"})):
        with pytest.raises(Invalid):
            provider.ended(token)
    with pytest.raises(Invalid):
        provider.ended(signed(fake.base))
