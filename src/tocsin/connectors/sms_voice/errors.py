"""What the phone provider's statuses and error codes mean for the message. When to retry is for `paging` to decide.

The provider itself advises against hanging logic on exact codes, so they only sharpen what the HTTP status says.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.connectors._kit.contract import Outcome, Reason


@dataclass(frozen=True, slots=True)
class Meaning:
    """An outcome, its reason, and a sentence for the timeline ("" = the provider's own words)."""

    outcome: Outcome
    reason: Reason
    sentence: str = ""


def _refused(reason: Reason, sentence: str) -> Meaning:
    return Meaning(Outcome.REFUSED, reason, sentence)


def _retry(reason: Reason, sentence: str) -> Meaning:
    return Meaning(Outcome.RETRY, reason, sentence)


_OPTED_OUT = "the person has told the carrier to stop our texts; only a START from that phone undoes it"

CODES: dict[int, Meaning] = {
    10001: _refused(Reason.CONFIGURATION, "the account is not active"),
    14107: _retry(Reason.RATE, "too many messages"),
    20003: _refused(Reason.CREDENTIALS, "account SID or auth token is wrong"),
    20005: _refused(Reason.CONFIGURATION, "the account is not active"),
    20404: _refused(Reason.CONFIGURATION, "the account or its address is wrong"),
    20429: _retry(Reason.RATE, "too many requests"),
    20500: _retry(Reason.PROVIDER, "the provider has trouble"),
    20503: _retry(Reason.PROVIDER, "the provider has trouble"),
    21205: _refused(Reason.CONFIGURATION, "the provider does not accept our public URL"),
    21210: _refused(Reason.CONFIGURATION, "the sender's number is not verified"),
    21211: _refused(Reason.ADDRESS, "not a valid number"),
    21212: _refused(Reason.CONFIGURATION, "the sender's number is not valid"),
    21213: _refused(Reason.CONFIGURATION, "the sender's number is missing"),
    21214: _refused(Reason.ADDRESS, "the number can't be reached"),
    21215: _refused(Reason.CONFIGURATION, "calls to this country are not enabled at the provider"),
    21216: _refused(Reason.ADDRESS, "the provider does not call this number"),
    21217: _refused(Reason.ADDRESS, "not a valid number"),
    21219: _refused(Reason.ADDRESS, "a trial account reaches verified numbers only"),
    21401: _refused(Reason.ADDRESS, "not a valid number"),
    21408: _refused(Reason.CONFIGURATION, "texts to this country are not enabled at the provider"),
    21601: _refused(Reason.CONFIGURATION, "the sender's number can't send texts"),
    21602: _refused(Reason.CONTENT, "the text is empty"),
    21603: _refused(Reason.CONFIGURATION, "the sender's number is missing"),
    21604: _refused(Reason.ADDRESS, "the number is missing"),
    21606: _refused(Reason.CONFIGURATION, "the sender's number can't send texts to this number"),
    21608: _refused(Reason.ADDRESS, "a trial account reaches verified numbers only"),
    21610: _refused(Reason.OPTED_OUT, _OPTED_OUT),
    21611: _retry(Reason.RATE, "the sender's queue at the provider is full"),
    21612: _refused(Reason.ADDRESS, "no route from the sender's number to this number"),
    21614: _refused(Reason.ADDRESS, "not a mobile number"),
    21617: _refused(Reason.CONTENT, "the text is too long"),
    21659: _refused(Reason.CONFIGURATION, "the sender's number does not belong to the account"),
    30001: _retry(Reason.RATE, "the sender's queue at the provider is full"),
    30002: _refused(Reason.CONFIGURATION, "the account is suspended"),
    30003: _retry(Reason.ADDRESS, "the phone is off or out of reach"),
    30004: _refused(Reason.OPTED_OUT, "the carrier blocks our texts to this number"),
    30005: _refused(Reason.ADDRESS, "the number is unknown or no longer in use"),
    30006: _refused(Reason.ADDRESS, "a landline, or a carrier out of reach"),
    30007: _refused(Reason.CONTENT, "the carrier filtered the text"),
    30008: _retry(Reason.PROVIDER, "lost on the way, and the carrier does not say why"),
    30034: _refused(Reason.CONFIGURATION, "the sender's number is not registered for texts to the United States"),
    30036: _retry(Reason.PROVIDER, "the carrier could not deliver it in time"),
    30410: _retry(Reason.PROVIDER, "the provider's own provider was too slow"),
    63038: _retry(Reason.RATE, "the account's daily limit is reached"),
}
"""Codes of refused requests (2xxxx) and of failed deliveries (3xxxx)."""

_STATUSES: dict[int, Meaning] = {
    401: _refused(Reason.CREDENTIALS, "account SID or auth token is wrong"),
    402: _refused(Reason.CONFIGURATION, ""),
    403: _refused(Reason.CREDENTIALS, ""),
    404: _refused(Reason.CONFIGURATION, "the account or the base URL is wrong"),
    405: _refused(Reason.CONFIGURATION, "the base URL is wrong"),
    407: _refused(Reason.CONFIGURATION, ""),
    408: _retry(Reason.NETWORK, ""),
    409: _retry(Reason.PROVIDER, ""),
    410: _refused(Reason.CONFIGURATION, "the base URL is wrong"),
    421: _retry(Reason.PROVIDER, ""),
    425: _retry(Reason.PROVIDER, ""),
    429: _retry(Reason.RATE, "too many requests"),
    501: _refused(Reason.CONFIGURATION, "the base URL is wrong"),
    504: Meaning(Outcome.UNKNOWN, Reason.PROVIDER, "the provider's gateway got no answer in time"),
    505: _refused(Reason.CONFIGURATION, "the base URL is wrong"),
}


def meaning(status: int, code: int | None = None) -> Meaning:
    """The meaning of an HTTP status; a known error code sharpens a 4xx.

    There is no idempotency key: 504 is UNKNOWN, because the request may have been carried out behind the gateway.
    """
    if 200 <= status <= 299:
        return Meaning(Outcome.SENT, Reason.NONE)
    if 400 <= status <= 499 and code in CODES:
        return CODES[code]
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status <= 399:
        return _refused(Reason.CONFIGURATION, "the base URL leads elsewhere; redirects are not followed")
    if 400 <= status <= 499:
        return _refused(Reason.CONTENT, "")
    return _retry(Reason.PROVIDER, "")
