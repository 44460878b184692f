"""The settings of the phone connector. Reads no environment and never shows the auth token."""

from __future__ import annotations

from dataclasses import dataclass, field

from tocsin.connectors._kit.egress import Target, parse_target
from tocsin.connectors._kit.failures import ExchangeFailed
from tocsin.directory.sending import is_phone_account, phone_sender
from tocsin.kernel.errors import Invalid

TWILIO_URL = "https://api.twilio.com"
API_VERSION = "2010-04-01"


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """One account at Twilio or at a service of the same shape. `public_url`: where the provider can call us back."""

    base: Target
    account_sid: str
    auth_token: str = field(repr=False)
    from_number: str  # E.164; for texts also a short code, a name, or a Messaging Service (MG...)
    public_url: str = ""  # without a slash at the end; "" = no key presses, replies or receipts
    validity_seconds: int = 900  # a text that the carrier can't deliver for so long is dropped
    ring_seconds: int = 40  # most voicemail answers later
    detect_machines: bool = False  # the provider charges for it
    language: str = "en-US"
    voice: str = ""  # "" = the provider's default

    @property
    def account_path(self) -> str:
        """The path beneath which the account's resources are."""
        base = self.base.path.rstrip("/")
        version = "" if base.endswith(f"/{API_VERSION}") else f"/{API_VERSION}"
        return f"{base}{version}/Accounts/{self.account_sid}"


def phone_settings(
    account_sid: str, auth_token: str, from_number: str, *, base_url: str = "", public_url: str = ""
) -> PhoneSettings:
    """Check and build the settings. Raises Invalid, naming the setting that is wrong."""
    try:
        base = parse_target(base_url.strip() or TWILIO_URL)
    except ExchangeFailed as failure:
        raise Invalid(f"the phone provider's base URL: {failure.detail}", reason="twilio_base_url") from None
    if not is_phone_account(account_sid):
        raise Invalid("the account SID holds letters and digits only", reason="twilio_account_sid")
    if not auth_token:
        raise Invalid("the auth token is missing", reason="twilio_auth_token")
    number = phone_sender(from_number)
    if not number:
        raise Invalid("the sender is a number like +12025550100 or a Messaging Service (MG...)", reason="twilio_from")
    return PhoneSettings(base, account_sid, auth_token, number, public_url.rstrip("/"))
