"""Settings come from the environment only, and whatever is wrong with one is said by its name."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tocsin.app.settings import NAMES, AppSettings, from_environment
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
        ("TOCSIN_DATABASE_URL", "mysql://tocsin:canary@db/tocsin"),
        ("TOCSIN_DATABASE_URL", "db"),
        ("TOCSIN_HEARTBEAT_URL", "ftp://example.org/canary"),
        ("TOCSIN_HEARTBEAT_URL", "https://"),
        ("TOCSIN_SMTP_URL", "http://user:canary@mail:25"),
        ("TOCSIN_MAIL_FROM", "nobody"),
        ("TOCSIN_MAIL_FROM", "Alarm alarm@example.org"),
        ("TOCSIN_EGRESS_ALLOW", "10.0.0.0/8,bogus"),
        ("TOCSIN_TRUSTED_PROXIES", "127.0.0.1,proxy.example.org"),
        ("TOCSIN_SIGN_IN", "sso"),
        ("TOCSIN_SIGN_IN", "provider"),
        ("TOCSIN_SECOND_FACTOR", "all"),
        ("TOCSIN_SECRETS_KEY", "canary"),
        ("TOCSIN_OIDC_ISSUER", "https://login.example.org"),
        ("TOCSIN_OIDC_CLIENT_ID", "tocsin"),
        ("TOCSIN_OIDC_CREATE", "maybe"),
        ("TOCSIN_OIDC_LINK_BY_MAIL", "always"),
        ("TOCSIN_OIDC_ROLE", "owner"),
        ("TOCSIN_OIDC_GROUPS", "admins"),
        ("TOCSIN_OIDC_GROUPS", "admins=emperor"),
        ("TOCSIN_OIDC_GROUPS", "a=Payments/emperor"),
        ("TOCSIN_OIDC_GROUPS", "=admin"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=name) as refused:
        from_environment({name: value})
    assert "canary" not in refused.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOCSIN_DATABASE_URL", "postgres://db1,db2/tocsin?sslmode=require"),
        ("TOCSIN_SMTP_URL", "smtps://mail"),
        ("TOCSIN_MAIL_FROM", "Alarm <alarm@localhost>"),
        ("TOCSIN_MAIL_FROM", "alarm@example.org"),
    ],
)
def test_every_form_of_a_right_value_is_taken(name: str, value: str) -> None:
    assert value in vars_of(from_environment({name: value}))


def vars_of(settings: AppSettings) -> list[object]:
    return [getattr(settings, one.name) for one in fields(settings)]


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


OIDC = {
    "TOCSIN_PUBLIC_URL": "https://tocsin.example.org/",
    "TOCSIN_OIDC_ISSUER": "https://login.example.org/realms/staff",
    "TOCSIN_OIDC_CLIENT_ID": "tocsin",
    "TOCSIN_OIDC_CLIENT_SECRET": "canary-5",
    "TOCSIN_SECRETS_KEY": "canary-6" * 5,
}


def test_the_identity_provider_and_what_its_groups_give() -> None:
    groups = "cn=admins,ou=x=admin; payments = Payments / Refunds/manager ;watchers=observer;"
    settings = from_environment({**OIDC, "TOCSIN_OIDC_GROUPS": groups, "TOCSIN_OIDC_CREATE": "yes"})
    assert "canary" not in repr(settings)
    provider, rules = settings.sign_in.provider, settings.sign_in.rules
    assert provider is not None
    assert provider.redirect_uri == "https://tocsin.example.org/sign-in/provider/back"
    assert (rules.links, rules.makes, provider.trusts_mail) == (True, True, False)
    assert [(one.group, one.role, one.team, one.team_role) for one in rules.grants] == [
        ("cn=admins,ou=x", "admin", "", "responder"),
        ("payments", None, "Payments / Refunds", "manager"),
        ("watchers", "observer", "", "responder"),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOCSIN_PUBLIC_URL", ""),
        ("TOCSIN_OIDC_ISSUER", "http://login.example.org"),
        ("TOCSIN_OIDC_SCOPES", "email"),
        ("TOCSIN_OIDC_CLIENT_ID", ""),
    ],
)
def test_a_provider_that_can_not_work_is_refused_at_the_start(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=name):
        from_environment({**OIDC, name: value})
