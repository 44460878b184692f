"""`tocsin watch URL`: a small process on another machine that pages by its own provider when the pager fails."""

from __future__ import annotations

import re
import signal
import threading
from urllib.parse import urlsplit

import click

from tocsin.app.logs import configure
from tocsin.app.settings import from_environment
from tocsin.app.watch import EVERY_SECONDS, Recipient, watch
from tocsin.directory.model import Channel
from tocsin.kernel.errors import TocsinError

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@click.command("watch")
@click.argument("url")
@click.option("--page", "texts", multiple=True, metavar="+NUMBER|MAIL", help="Whom to tell; may be repeated.")
@click.option("--call", "calls", multiple=True, metavar="+NUMBER", help="Whom to call; may be repeated.")
@click.option("--every", type=click.FloatRange(0.1, 300), default=EVERY_SECONDS, show_default=True, help="Seconds.")
def command(url: str, texts: tuple[str, ...], calls: tuple[str, ...], every: float) -> None:
    """Watch the pager at URL from another machine, and page when it fails twice in a row.

    Sends by the provider in this machine's own settings (TOCSIN_TWILIO_..., TOCSIN_SMTP_URL): best another one than the
    pager's.
    """
    recipients = [_recipient(text) for text in texts] + [_called(text) for text in calls]
    if not recipients:
        raise click.UsageError("Name somebody to page: --page +12025550101 or --page ops@example.org.")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.UsageError("URL is the pager's address, https://tocsin.example.org.")
    configure("watch")
    base = url.rstrip("/").removesuffix("/healthz")
    try:
        vigil = watch(from_environment(), base, recipients)
    except TocsinError as error:
        raise click.ClickException(error.message) from None
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    vigil.run(stopping, every)


def _recipient(text: str) -> Recipient:
    if _NUMBER.fullmatch(text):
        return Recipient(Channel.SMS, text)
    if _MAIL.fullmatch(text):
        return Recipient(Channel.EMAIL, text)
    raise click.UsageError(f"{text} is neither a number like +12025550101 nor a mail address.")


def _called(text: str) -> Recipient:
    if not _NUMBER.fullmatch(text):
        raise click.UsageError(f"{text} is not a number like +12025550101.")
    return Recipient(Channel.VOICE, text)
