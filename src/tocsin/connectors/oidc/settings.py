"""What an operator sets of the identity provider, and which of its addresses are acceptable."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from tocsin.connectors._kit.egress import Target, parse_target
from tocsin.connectors._kit.failures import ExchangeFailed
from tocsin.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """The provider. `redirect_uri`: where it sends browsers back; `home`: where it sends them after signing out.

    `groups_claim`: the claim, or the way to it with dots, that lists groups. `trusts_mail`: an address that the
    provider says nothing about counts as verified; one of which it says that it is not never does.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: str = "openid email profile"
    groups_claim: str = "groups"
    name: str = "single sign-on"
    trusts_mail: bool = False
    redirect_uri: str
    home: str


def check_issuer(issuer: str) -> None:
    """Raises Invalid unless it is an https address, or http on this machine."""
    parts = urlsplit(issuer)
    if parts.query or parts.fragment or not parts.netloc or "@" in parts.netloc:
        raise Invalid("TOCSIN_OIDC_ISSUER must be an address without user, query or fragment", reason="setting_invalid")
    if parts.scheme != "https" and not is_own_machine(issuer):
        raise Invalid("TOCSIN_OIDC_ISSUER must begin with https://", reason="setting_invalid")


def is_own_machine(url: str) -> bool:
    """Whether it is an http address on loopback: there nobody listens in between."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http":
        return False
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def target_of(url: object, issuer: str) -> Target:
    """An address that the provider names, as it may be asked. Raises ValueError for one that may not.

    Over https only; a provider on this machine may name others there.
    """
    if not isinstance(url, str) or not (url.startswith("https://") or (is_own_machine(issuer) and is_own_machine(url))):
        raise ValueError("an address of the provider is not https")
    try:
        return parse_target(url)
    except ExchangeFailed as error:
        raise ValueError(error.detail) from None
