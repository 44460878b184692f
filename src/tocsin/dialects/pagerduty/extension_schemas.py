"""The kinds of extensions that clients may ask for by name: a fixed list. Tocsin sends to none of them yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExtensionSchema:
    """What an extension speaks to."""

    id: str
    label: str
    key: str
    send_types: tuple[str, ...] = (
        "trigger",
        "acknowledge",
        "resolve",
        "delegate",
        "escalate",
        "unacknowledge",
        "assign",
    )

    @property
    def name(self) -> str:
        """The label, by which it is found."""
        return self.label


SCHEMAS = (
    ExtensionSchema("PEXTHK1", "Generic V1 Webhook", "webhook"),
    ExtensionSchema("PJFWPEP", "Generic V2 Webhook", "webhook_v2"),
    ExtensionSchema("PEXTSL1", "Slack", "slack"),
    ExtensionSchema("PAKM60Z", "ServiceNow (v7)", "servicenow"),
    ExtensionSchema("PEXTJR1", "JIRA", "jira"),
    ExtensionSchema("PEXTJR2", "Jira Server", "jira_server"),
    ExtensionSchema("PEXTZD1", "Zendesk", "zendesk"),
    ExtensionSchema("PEXTCU1", "Custom Incident Action", "custom_action", ("custom",)),
)

BY_ID = {schema.id: schema for schema in SCHEMAS}
