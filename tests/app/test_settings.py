"""Settings come from the environment only, and whatever is wrong with one is said by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.app.settings import NAMES, from_environment
from tocsin.kernel.errors import Invalid


def test_nothing_set_gives_the_defaults() -> None:
    settings = from_environment({})
    assert settings.port == 8080
    assert settings.database_url is None
    assert settings.max_backlog == 200_000
    assert settings.events_per_key_per_minute == 0
    assert settings.base_url == "http://localhost:8080"


def test_a_name_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="TOCSIN_PROT"):
        from_environment({"TOCSIN_PROT": "8080", "PATH": "/bin"})


def test_the_command_line_wins_over_the_environment() -> None:
    settings = from_environment({"TOCSIN_PORT": "9000", "TOCSIN_DATA_DIR": "elsewhere"}, data=Path("here"), port=9001)
    assert settings.port == 9001
    assert settings.data == Path("here").absolute()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOCSIN_PORT", "http"),
        ("TOCSIN_PORT", "0"),
        ("TOCSIN_PORT", "65536"),
        ("TOCSIN_MAX_BACKLOG", "-1"),
        ("TOCSIN_EVENTS_PER_KEY_PER_MINUTE", "1e3"),
        ("TOCSIN_PUBLIC_URL", "tocsin.example.org"),
        ("TOCSIN_TLS_CERT", "cert.pem"),
        ("TOCSIN_EGRESS_ALLOW", "10.0.0.0/8,bogus"),
        ("TOCSIN_TRUSTED_PROXIES", "127.0.0.1,proxy.example.org"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=name):
        from_environment({name: value})


def test_secrets_do_not_show() -> None:
    secrets = {
        "TOCSIN_SMTP_URL": "smtp://user:canary-1@mail:25",
        "TOCSIN_DATABASE_URL": "postgresql://user:canary-2@db/tocsin",
        "TOCSIN_TWILIO_AUTH_TOKEN": "canary-3",
        "TOCSIN_HEARTBEAT_URL": "https://example.org/canary-4",
    }
    assert "canary" not in repr(from_environment(secrets))


def test_every_setting_of_the_contract_is_known() -> None:
    assert {"TOCSIN_SLACK_BOT_TOKEN", "TOCSIN_JIRA_PROJECT", "TOCSIN_NOTION_DATABASE"} <= NAMES.keys()
    from_environment(dict.fromkeys(NAMES, ""))
