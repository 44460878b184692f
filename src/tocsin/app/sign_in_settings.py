"""What an operator sets of signing in: the identity provider, what its groups give, second factors.

Decides what is acceptable, and names what is not. Reads no environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tocsin.connectors.oidc.settings import OidcSettings, check_issuer
from tocsin.directory.groups import Grant
from tocsin.directory.model import Role, TeamRole
from tocsin.kernel.errors import Invalid
from tocsin.runtime.federation import Rules
from tocsin.runtime.sign_in_ground import Demand, Policy

SHORTEST_KEY: Final = 32
"""Characters of TOCSIN_SECRETS_KEY."""

BACK: Final = "/sign-in/provider/back"
"""Where the provider sends browsers back, under the public address."""

_DEMANDS: Final = {"optional": Demand.NOBODY, "owners": Demand.OWNERS, "everyone": Demand.EVERYONE}
_LINKS: Final = ("verified", "trusted", "no")


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """How people sign in. `provider` None: not set up. `secrets_keys` empty: the installation's own key."""

    policy: Policy = field(default_factory=Policy)
    provider: OidcSettings | None = None
    rules: Rules = field(default_factory=Rules)
    secrets_keys: tuple[str, ...] = field(default=(), repr=False)


def sign_in_settings(text: Callable[[str], str], public_url: str) -> SignInSettings:
    """Read and check. `text` gives a setting by its name without TOCSIN_. Raises Invalid."""
    demand = _choice(text, "SECOND_FACTOR", "optional", tuple(_DEMANDS))
    only = _choice(text, "SIGN_IN", "any", ("any", "provider")) == "provider"
    provider = _provider(text, public_url)
    if only and provider is None:
        raise _wrong("SIGN_IN can be provider only with TOCSIN_OIDC_ISSUER")
    return SignInSettings(
        policy=Policy(_DEMANDS[demand], only_provider=only),
        provider=provider,
        rules=_rules(text),
        secrets_keys=_keys(text("SECRETS_KEY")),
    )


def _provider(text: Callable[[str], str], public_url: str) -> OidcSettings | None:
    issuer, client_id = text("OIDC_ISSUER"), text("OIDC_CLIENT_ID")
    if bool(issuer) != bool(client_id):
        raise _wrong("OIDC_ISSUER and TOCSIN_OIDC_CLIENT_ID go together")
    if not issuer:
        return None
    check_issuer(issuer)
    if not public_url:
        raise _wrong("OIDC_ISSUER needs TOCSIN_PUBLIC_URL: the provider sends browsers back there")
    scopes = text("OIDC_SCOPES") or "openid email profile"
    if "openid" not in scopes.split():
        raise _wrong("OIDC_SCOPES must hold openid")
    base = public_url.rstrip("/")
    return OidcSettings(
        issuer=issuer,
        client_id=client_id,
        client_secret=text("OIDC_CLIENT_SECRET"),
        scopes=scopes,
        groups_claim=text("OIDC_GROUPS_CLAIM") or "groups",
        name=text("OIDC_NAME") or "single sign-on",
        trusts_mail=_links(text) == "trusted",
        redirect_uri=base + BACK,
        home=f"{base}/sign-in",
    )


def _rules(text: Callable[[str], str]) -> Rules:
    role = text("OIDC_ROLE") or Role.RESPONDER
    if role not in set(Role) - {Role.OWNER}:
        raise _wrong(f"OIDC_ROLE must be one of {', '.join(one for one in Role if one is not Role.OWNER)}")
    return Rules(
        links=_links(text) != "no",
        makes=_choice(text, "OIDC_CREATE", "no", ("no", "yes")) == "yes",
        role=Role(role),
        grants=tuple(_grants(text("OIDC_GROUPS"))),
    )


def _links(text: Callable[[str], str]) -> str:
    return _choice(text, "OIDC_LINK_BY_MAIL", "verified", _LINKS)


def _grants(given: str) -> Iterator[Grant]:
    """`admins=admin; payments=Payments/responder`: a group, and a role or a team with a role there."""
    for part in filter(None, (one.strip() for one in given.split(";"))):
        group, _, gives = (one.strip() for one in part.rpartition("="))
        team, _, team_role = (one.strip() for one in gives.rpartition("/"))
        if group and gives in set(Role):
            yield Grant(group=group, role=Role(gives))
        elif group and team and team_role in set(TeamRole):
            yield Grant(group=group, team=team, team_role=TeamRole(team_role))
        else:
            raise _wrong(f"OIDC_GROUPS: {part[:100]!r} is not GROUP=ROLE or GROUP=TEAM/ROLE")


def _keys(given: str) -> tuple[str, ...]:
    keys = tuple(one.strip() for one in given.split(",") if one.strip())
    if any(len(key) < SHORTEST_KEY for key in keys):
        raise _wrong(f"SECRETS_KEY must have at least {SHORTEST_KEY} characters")
    return keys


def _choice(text: Callable[[str], str], name: str, default: str, choices: tuple[str, ...]) -> str:
    given = text(name) or default
    if given not in choices:
        raise _wrong(f"{name} must be one of {', '.join(choices)}")
    return given


def _wrong(why: str) -> Invalid:
    return Invalid(f"TOCSIN_{why}", reason="setting_invalid")
