"""What the phone provider sends us: signature first, then the form, as typed values. Pure; acts on nothing.

The signature is over the exact public URL. That comes from our own setting, never from the request's headers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

from tocsin.connectors._kit.contract import Outcome
from tocsin.connectors._kit.text import quote
from tocsin.connectors.sms_voice.errors import CODES
from tocsin.connectors.sms_voice.settings import PhoneSettings
from tocsin.kernel.errors import Invalid, NotAllowed

FORM_BYTES = 64 * 1024
_FIELDS = 200
_DEFAULT_PORTS = {"https": 443, "http": 80}


def signature(auth_token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """The value of X-Twilio-Signature: the URL, then each field's name and value, sorted, repeats once."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), hashlib.sha1)).decode()


def is_signed(auth_token: str, url: str, fields: Sequence[tuple[str, str]], given: str) -> bool:
    """Whether the provider signed this. It signs with or without the default port; both are tried."""
    if not auth_token:
        return False
    expected = [signature(auth_token, form, fields).encode() for form in _spellings(url)]
    matches = [hmac.compare_digest(one, given.encode("utf-8", "replace")) for one in expected]
    return any(matches)


def read_form(settings: PhoneSettings, path_and_query: str, body: bytes, given: str) -> Mapping[str, str]:
    """The fields of a signed callback. Raises NotAllowed (signature, account) or Invalid (not a form)."""
    if len(body) > FORM_BYTES:
        raise Invalid("the form is too large", reason="too_large")
    try:
        text = body.decode("ascii")
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError:
        raise Invalid("not a form", reason="form") from None
    if not is_signed(settings.auth_token, settings.public_url + path_and_query, fields, given):
        raise NotAllowed("the signature does not match", reason="signature")
    form = dict(fields)
    if form.get("AccountSid") != settings.account_sid:
        raise NotAllowed("from another account", reason="account")
    return form


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text from a person. `sender` and `recipient` are E.164 numbers."""

    provider_id: str
    sender: str
    recipient: str
    body: str
    opted_out: bool  # the carrier took it as STOP and will refuse our texts from now on


def read_text(form: Mapping[str, str]) -> InboundText:
    """An incoming text. Raises Invalid when a field is missing."""
    return InboundText(
        provider_id=_field(form, "MessageSid"),
        sender=_field(form, "From"),
        recipient=_field(form, "To"),
        body=form.get("Body", ""),
        opted_out=form.get("OptOutType", "").upper() == "STOP",
    )


class Delivery(StrEnum):
    """How far a text or a call has come, as far as we act on it."""

    PENDING = "pending"  # with the provider or the carrier, or ringing
    DELIVERED = "delivered"  # on the phone; or a person picked up
    FAILED = "failed"  # did not arrive, nobody picked up, or a machine did


_TEXTS: dict[str, tuple[int, Delivery]] = {
    "accepted": (1, Delivery.PENDING),
    "scheduled": (1, Delivery.PENDING),
    "queued": (2, Delivery.PENDING),
    "sending": (3, Delivery.PENDING),
    "sent": (4, Delivery.PENDING),
    "partially_delivered": (5, Delivery.PENDING),
    "undelivered": (6, Delivery.FAILED),
    "failed": (6, Delivery.FAILED),
    "canceled": (6, Delivery.FAILED),
    "delivered": (7, Delivery.DELIVERED),
    "read": (8, Delivery.DELIVERED),
}
_CALLS: dict[str, tuple[int, Delivery]] = {
    "queued": (1, Delivery.PENDING),
    "initiated": (2, Delivery.PENDING),
    "ringing": (3, Delivery.PENDING),
    "in-progress": (4, Delivery.PENDING),  # picked up, but perhaps by a machine: `completed` tells
    "busy": (6, Delivery.FAILED),
    "no-answer": (6, Delivery.FAILED),
    "failed": (6, Delivery.FAILED),
    "canceled": (6, Delivery.FAILED),
    "completed": (7, Delivery.DELIVERED),
}
_MACHINES = ("machine", "fax")


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A receipt. Receipts come late, twice and out of order: keep the highest `rank` seen and ignore the rest.

    `retryable` says of a failure whether another attempt may reach the phone.
    """

    provider_id: str
    status: str  # the provider's word
    rank: int  # 0 = a word that we do not know, which changes nothing
    delivery: Delivery
    detail: str = ""
    error_code: int | None = None
    retryable: bool = False


def read_status(form: Mapping[str, str]) -> StatusUpdate:
    """A receipt for a text or a call. Raises Invalid when a field is missing."""
    if "CallSid" in form:
        return _call_status(form)
    status = _field(form, "MessageStatus")
    rank, delivery = _TEXTS.get(status, (0, Delivery.PENDING))
    return _update(_field(form, "MessageSid"), status, rank, delivery, _code(form.get("ErrorCode", "")))


def _call_status(form: Mapping[str, str]) -> StatusUpdate:
    status = _field(form, "CallStatus")
    rank, delivery = _CALLS.get(status, (0, Delivery.PENDING))
    if delivery is Delivery.DELIVERED and form.get("AnsweredBy", "").startswith(_MACHINES):
        return StatusUpdate(_field(form, "CallSid"), status, rank, Delivery.FAILED, "a machine picked up")
    return _update(_field(form, "CallSid"), status, rank, delivery, _code(form.get("ErrorCode", "")))


def _update(provider_id: str, status: str, rank: int, delivery: Delivery, code: int | None) -> StatusUpdate:
    known = CODES.get(code) if code is not None else None
    detail = status.replace("-", " ") if delivery is Delivery.FAILED else ""
    if detail and code is not None:
        detail += f" ({code}): {known.sentence}" if known else f" ({code})"
    retryable = delivery is Delivery.FAILED and (known is None or known.outcome is Outcome.RETRY)
    return StatusUpdate(provider_id, quote(status), rank, delivery, quote(detail), code, retryable)


def _field(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise Invalid(f"{name} is missing", reason="form")
    return value


def _code(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 and int(text) else None


def _spellings(url: str) -> tuple[str, ...]:
    """The URL as it stands, and the other way to write its scheme's default port."""
    parts = urlsplit(url)
    usual = f":{_DEFAULT_PORTS.get(parts.scheme, 0)}"
    if parts.port is None:
        return url, parts._replace(netloc=parts.netloc + usual).geturl()
    return url, parts._replace(netloc=parts.netloc.removesuffix(usual)).geturl()
