"""A mail server and an account for texts and calls: what makes them valid, and that a secret goes nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast
from tocsin.directory.model import Channel, ContactMethod
from tocsin.directory.sending import Encryption, MailServer, PhoneAccount
from tocsin.engine.sending import counting_on, mail_server, phone_account
from tocsin.engine.things import CHANGED_MEANWHILE
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.testing.world import World

MAIL = MailServer(host="Mail.Example.ORG.", user="tocsin", secret="s1.key.sealed", mail_from="Alarm <a@example.org>")
PHONE = PhoneAccount(account="AC1", secret="s1.key.sealed", number="+1 (202) 555-0100")


def test_there_is_one_of_each(world: World) -> None:
    world.save(MAIL)
    world.save(PHONE)
    server, account = mail_server(world.config), phone_account(world.config)
    assert server is not None
    assert account is not None
    assert (server.host, server.usual_port, server.secret_set_at) == ("mail.example.org", 587, world.clock.now())
    assert (account.number, account.secret_set_at) == ("+12025550100", world.clock.now())
    with pytest.raises(Conflict) as overtaken:
        world.save(replace(MAIL, host="other.example.org"))
    assert overtaken.value.reason == CHANGED_MEANWHILE
    with pytest.raises(Invalid, match="There is only one"):
        world.save(replace(MAIL, id="second"))
    world.delete(server)
    assert mail_server(world.config) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"host": ""}, "Server is a name"),
        ({"host": "mail example"}, "Server is a name"),
        ({"host": "fe80::1%eth0"}, "Server is a name"),
        ({"host": "127.1"}, "Server is a name"),
        ({"port": -1}, "Port must be"),
        ({"mail_from": "a@example.org\r\nBcc: x@example.org"}, "Sender is not an address"),
        ({"user": "a\nb"}, "User is too long, or holds control characters"),
        ({"secret": ""}, "Password is missing"),
        ({"user": ""}, "User is missing"),
        ({"secret": "in the clear"}, "The secret is not sealed"),
        ({"secret": "s1." + "x" * 5000}, "The secret is too long"),
    ],
)
def test_a_mail_server_that_cannot_work_is_refused(world: World, wrong: dict[str, object], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        world.save(replace(MAIL, **wrong))  # type: ignore[arg-type]
    assert mail_server(world.config) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"account": "AC1/../Accounts"}, "Account holds letters and digits only"),
        ({"secret": ""}, "Token is missing"),
        ({"secret": "in the clear"}, "The secret is not sealed"),
        ({"number": "+0"}, "Sender is a number"),
        ({"base_url": "https://user:pass@phone.example.org"}, "Address is not a URL that can be called"),
    ],
)
def test_an_account_that_cannot_work_is_refused(world: World, wrong: dict[str, object], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        world.save(replace(PHONE, **wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [{"host": "evil.example.org"}, {"port": 25}, {"user": "root"}, {"encryption": Encryption.OFF},
     {"any_certificate": True}],
)  # fmt: skip
def test_a_secret_that_is_kept_stays_with_its_server(world: World, change: dict[str, object]) -> None:
    server = world.save(MAIL)
    with pytest.raises(Invalid, match="The secret has to be typed again"):
        world.save(replace(server, **change), *change)
    world.save(replace(server, secret="s1.key.another", **change), "secret", *change)
    world.save(replace(mail_server(world.config) or server, mail_from="b@example.org"), "mail_from")


def test_a_token_that_is_kept_stays_with_its_provider(world: World) -> None:
    account = world.save(PHONE)
    with pytest.raises(Invalid, match="The secret has to be typed again"):
        world.save(replace(account, base_url="https://evil.example.org"), "base_url")
    world.save(replace(account, number="+12025550111"), "number")


def test_when_a_secret_was_typed_is_on_record(world: World) -> None:
    server = world.save(MAIL)
    world.clock.step(60_000_000)
    same = world.save(replace(server, mail_from="b@example.org"), "mail_from")
    assert same.secret_set_at == server.secret_set_at
    fresh = world.save(replace(server, secret="s1.key.another"), "secret")
    assert fresh.secret_set_at == server.secret_set_at + 60_000_000


def test_who_counts_on_a_way(world: World, cast: Cast) -> None:
    everybody = len([one for one in world.config.users.values() if world.config.contacts_of.get(one.id)])
    some, only = counting_on(world.config, (Channel.EMAIL,))
    world.save(ContactMethod(id="", user_id=cast.olga.id, channel=Channel.WEBHOOK, address="https://x.example.com/"))
    assert 0 < some <= everybody
    assert counting_on(world.config, (Channel.EMAIL,)) == (some, only - 1 if only else 0)
