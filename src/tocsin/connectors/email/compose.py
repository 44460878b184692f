"""A page as an e-mail: headers, plain text, simple HTML. Decides no wording of the alarm itself; never sends.

Nothing from outside can add a header: control characters are folded to blanks before a value is set, and the standard
library refuses any that were left.
"""

from __future__ import annotations

import hashlib
import re
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from html import escape

import idna

from tocsin.connectors._kit.contract import OutboundMessage, Reason
from tocsin.connectors._kit.failures import refused
from tocsin.kernel.time import Moment, to_datetime

SUBJECT_CHARS = 200
ADDRESS_CHARS = 254

_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ADDRESS = re.compile(r"[^\x00-\x20\x7f@<>()\[\]\\,;:\"]+@[^\x00-\x20\x7f@<>()\[\]\\,;:\"]+")
_NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SEVEN_BIT = SMTP.clone(cte_type="7bit")


def compose(message: OutboundMessage, sender: Address, now: Moment) -> EmailMessage:
    """The finished mail. Every attempt has the same Message-ID. Raises ExchangeFailed (REFUSED)."""
    recipient = recipient_address(message.address)
    mail = EmailMessage(policy=_SEVEN_BIT if recipient.username.isascii() else SMTPUTF8)
    mail["From"] = sender
    mail["To"] = recipient
    mail["Subject"] = one_line(message.subject or message.text) or "Tocsin"
    mail["Date"] = format_datetime(to_datetime(now))
    mail["Message-ID"] = f"<page.{_safe_id(message.id)}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # no out-of-office replies, please
    mail["X-Auto-Response-Suppress"] = "All"
    if message.incident_ids:
        # The thread's root is a message that never was: so any mail of an incident may come first.
        root = f"<incident.{_safe_id(message.incident_ids[0])}@{sender.domain}>"
        mail["In-Reply-To"] = root
        mail["References"] = root
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    mail.set_content(_plain(message), cte="quoted-printable")
    mail.add_alternative(_html(message), subtype="html", cte="quoted-printable")
    return mail


def recipient_address(text: str) -> Address:
    """One address; an international domain in its ASCII form. Raises ExchangeFailed (REFUSED, ADDRESS)."""
    if len(text) <= ADDRESS_CHARS and _ADDRESS.fullmatch(text) and not _NOT_IN_TEXT.search(text):
        local, _, domain = text.rpartition("@")
        try:
            if not domain.isascii():
                domain = idna.encode(domain, uts46=True).decode()
            return Address(username=local, domain=domain)
        except (MessageError, ValueError, IndexError):
            pass
    raise refused(Reason.ADDRESS, "not an e-mail address")


def one_line(text: str) -> str:
    """Text for a header: control characters and runs of blanks become one blank, at most `SUBJECT_CHARS` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: SUBJECT_CHARS * 4]).split())
    return line if len(line) <= SUBJECT_CHARS else line[: SUBJECT_CHARS - 1] + "…"


def _safe_id(text: str) -> str:
    return text if _SAFE_ID.fullmatch(text) else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _clean(text: str) -> str:
    return _NOT_IN_TEXT.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def _plain(message: OutboundMessage) -> str:
    text = _clean(message.text).rstrip()
    if message.ack_url:
        text += f"\n\nAcknowledge (opens a page with a button):\n{_clean(message.ack_url)}"
    return text + "\n"


_PAGE = """<!doctype html>
<html lang="en"><body style="margin:0;padding:24px;font:16px/24px -apple-system,'Segoe UI',Roboto,sans-serif">
<h1 style="margin:0 0 16px;font-size:20px;line-height:28px">{heading}</h1>
{body}
{button}</body></html>
"""
_BUTTON = """<p style="margin:24px 0"><a href="{url}" style="display:inline-block;padding:14px 24px;border-radius:6px;\
background:#b3261e;color:#ffffff;font-weight:600;text-decoration:none">Acknowledge</a></p>
<p style="margin:0;color:#5f6368;font-size:13px;line-height:20px">The link opens a page with a button; \
opening it alone acknowledges nothing.</p>
"""


def _html(message: OutboundMessage) -> str:
    if message.html:
        return _clean(message.html)
    paragraphs = [part for part in _clean(message.text).split("\n\n") if part.strip()]
    body = "\n".join(
        f'<p style="margin:0 0 12px">{escape(part.strip()).replace(chr(10), "<br>")}</p>' for part in paragraphs
    )
    linkable = message.ack_url.startswith(("https://", "http://"))
    button = _BUTTON.format(url=escape(_clean(message.ack_url))) if linkable else ""
    return _PAGE.format(heading=escape(one_line(message.subject)), body=body, button=button)
