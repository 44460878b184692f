"""What makes a mail server or an account at a phone provider valid, as an owner sets it up; what removing one means.

Decides from how things are written. Whether somebody answers there is seen when something is sent, and whether an
address may be reached is judged by whoever connects (`connectors`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any

from tocsin.directory.sending import (
    MAIL_SERVER_ID,
    PHONE_ACCOUNT_ID,
    MailServer,
    PhoneAccount,
    is_phone_account,
    mail_sender,
    phone_sender,
    plain_base,
    plain_host,
)
from tocsin.directory.urls import host_problem, url_problem
from tocsin.engine.thing_removal import alone
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.limits import NAME_CHARS
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase

SECRET_CHARS = 4000
PORTS = 65_535
_SEALED = "s1."
"""How every sealed text begins: what does not was never sealed, and is not stored."""


def _mail_server(draft: Draft) -> Verdict:
    server: MailServer = replace(draft.new, host=plain_host(draft.new.host))
    draft.new = server
    found = [*_fixed_id(server.id, MAIL_SERVER_ID)]
    if not _is_host(server.host):
        found.append(phrase("Server is a name like mail.example.org, or an address, without scheme and port"))
    if not 0 <= server.port <= PORTS:
        found.append(phrase("Port must be between 1 and %(ports)s", ports=PORTS))
    if len(server.user) > NAME_CHARS or not server.user.isprintable():
        found.append(phrase("User is too long, or holds control characters"))
    if mail_sender(server.mail_from) is None or len(server.mail_from) > NAME_CHARS:
        found.append(phrase("Sender is not an address like alarm@example.org"))
    if server.user and not server.secret:
        found.append(phrase("Password is missing: the server asks the user for one"))
    if server.secret and not server.user:
        found.append(phrase("User is missing: a password is somebody's"))
    found += _secret_problems(draft)
    return found, NOTHING


def _phone_account(draft: Draft) -> Verdict:
    account: PhoneAccount = replace(draft.new, base_url=plain_base(draft.new.base_url))
    draft.new = replace(account, number=phone_sender(account.number) or account.number)
    found = [*_fixed_id(account.id, PHONE_ACCOUNT_ID)]
    if not is_phone_account(account.account):
        found.append(phrase("Account holds letters and digits only, at least two"))
    if not account.secret:
        found.append(phrase("Token is missing"))
    if not phone_sender(account.number):
        found.append(phrase("Sender is a number with its country, like +12025550100, or a pool of numbers (MG…)"))
    if account.base_url and (problem := url_problem(account.base_url)):
        found.append(phrase("Address is not a URL that can be called: %(problem)s", problem=problem))
    found += _secret_problems(draft)
    return found, NOTHING


def _fixed_id(given: str, wanted: str) -> Iterator[str]:
    """There is one of each."""
    if given != wanted:
        yield phrase("There is only one, with the id %(wanted)s", wanted=wanted)


def _is_host(host: str) -> bool:
    if ":" not in host:
        return not host_problem(host)
    try:
        return IPv6Address(host).scope_id is None
    except ValueError:
        return False


def _secret_problems(draft: Draft) -> Iterator[str]:
    """A secret is stored sealed, and goes nowhere but where it was meant for when it was typed."""
    new, old = draft.new, draft.old
    if new.secret and not new.secret.startswith(_SEALED):
        yield phrase("The secret is not sealed")
    elif len(new.secret) > SECRET_CHARS:
        yield phrase("The secret is too long")
    kept = old is not None and new.secret == old.secret
    if kept and new.secret and new.secret_for != old.secret_for:
        yield phrase("The secret has to be typed again: what is kept was meant for another server, user or encryption")
    if not kept:
        draft.new = replace(new, secret_set_at=draft.now if new.secret else 0)


RULES: Mapping[str, Callable[[Draft], Verdict]] = {
    "mail_server": _mail_server,
    "phone_account": _phone_account,
}
"""The rule of each kind."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {
    "mail_server": alone,
    "phone_account": alone,
}
"""What removing each kind means."""
