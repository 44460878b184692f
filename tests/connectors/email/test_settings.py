"""The mail server's URL, read."""

from __future__ import annotations

import pytest

from tocsin.connectors.email.settings import SmtpSettings, smtp_settings
from tocsin.directory.sending import Encryption
from tocsin.kernel.errors import Invalid

FROM = "Tocsin <alarm@example.org>"


def test_a_full_url() -> None:
    settings = smtp_settings("smtp://mail%40example.org:p%40ss%2Fw%3Ard@mail.example.org:2525", FROM)
    assert (settings.host, settings.port) == ("mail.example.org", 2525)
    assert (settings.user, settings.password) == ("mail@example.org", "p@ss/w:rd")
    assert settings.encryption is Encryption.AUTO
    assert str(settings.mail_from) == "Tocsin <alarm@example.org>"
    assert settings.domain == "example.org"


@pytest.mark.parametrize(
    ("url", "port", "encryption", "verifies"),
    [
        ("smtp://relay.example", 25, Encryption.AUTO, False),
        ("smtp://relay.example/", 25, Encryption.AUTO, False),
        ("smtp://user:pass@relay.example", 587, Encryption.AUTO, True),
        ("smtps://relay.example", 465, Encryption.IMPLICIT, True),
        ("smtps://relay.example?verify=no", 465, Encryption.IMPLICIT, False),
        ("smtp://relay.example?tls=required", 25, Encryption.REQUIRED, True),
        ("smtp://relay.example?tls=off", 25, Encryption.OFF, False),
        ("smtp://relay.example?verify=yes", 25, Encryption.AUTO, True),
        ("smtp://[::1]:2525", 2525, Encryption.AUTO, False),
    ],
)
def test_what_is_not_said_has_a_sensible_default(url: str, port: int, encryption: Encryption, verifies: bool) -> None:
    settings = smtp_settings(url, FROM)
    assert (settings.port, settings.encryption, settings.verifies) == (port, encryption, verifies)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://:25",
        "smtp://mail.example.org:port",
        "smtp://mail.example.org:99999",
        "smtp://mail.example.org/inbox",
        "smtp://user:hunter2#2@mail.example.org",
        "smtp://user:hunter2/2@mail.example.org",
        "smtp://mail.example.org?tls=maybe",
        "smtp://mail.example.org?verify=perhaps",
        "smtp://mail.example.org?timeout=3",
        "smtps://mail.example.org?tls=off",
    ],
)
def test_a_wrong_url_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        smtp_settings(url, FROM)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("sender", [" ", "alarm", "@example.org", "alarm@", "a b@example.org", "a@b\r\nBcc: c@d", "<>"])
def test_a_wrong_sender_is_refused(sender: str) -> None:
    with pytest.raises(Invalid):
        smtp_settings("smtp://mail.example.org", sender)


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("smtp://alarm%40example.org:pass@mail.example.org", "alarm@example.org"),
        ("smtp://user:pass@mail.example.org", "tocsin@mail.example.org"),
        ("smtp://127.0.0.1:2525", "tocsin@localhost"),
        ("smtp://[::1]:2525", "tocsin@localhost"),
        ("smtp://mailhog:1025", "tocsin@localhost"),
    ],
)
def test_without_a_sender_there_is_one_to_try_things_out(url: str, sender: str) -> None:
    assert smtp_settings(url, "").mail_from.addr_spec == sender


def test_the_password_does_not_show() -> None:
    settings: SmtpSettings = smtp_settings("smtp://user:hunter2@mail.example.org", FROM)
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)
