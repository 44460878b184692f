"""A fake phone provider with the phones behind it: Twilio's shape on one side, people who answer on the other.

It checks credentials and numbers, keeps what every phone received and when, signs what it sends to us, and fails when
told to. Backs the tests and the demo's `/demo/phones` page. The HTTP side is in `fake_phones_server`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

from tocsin.kernel.time import SECOND, Moment, iso
from tocsin.testing.fake_http import Clock, FaultScript
from tocsin.testing.fake_phones_calls import CallbackClient, CallbackFailed, CallRunner, CallState, FakeCall

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_STOP = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit"}
_START = {"start", "yes", "unstop"}
_BODY_CHARS = 1600
_T = TypeVar("_T")


class Refused(Exception):
    """The provider refuses a request, with an HTTP status and its own error code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(slots=True)
class FakeText:
    """A text on one of the phones; `incoming` is seen from the phone."""

    sid: str
    number: str
    other: str
    body: str
    received_at: Moment
    incoming: bool = True
    status: str = "queued"
    status_url: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FakePhone:
    """One phone: its owner's name and all that it has seen, oldest first."""

    number: str
    name: str = ""
    texts: list[FakeText] = field(default_factory=list)
    calls: list[FakeCall] = field(default_factory=list)
    opted_out: bool = False
    receipts: tuple[str, ...] | None = None  # None = as the provider does for everybody
    error_code: int = 0


@dataclass(slots=True)
class Bucket:
    """A rate limit: so many requests a second, and so many at once."""

    per_second: float
    burst: float
    level: float = 0.0
    at: Moment = 0

    def take(self, now: Moment) -> bool:
        """Whether one more request fits."""
        passed = max(0, now - self.at) / SECOND if self.at else 0.0
        self.level = max(0.0, self.level - passed * self.per_second)
        self.at = now
        if self.level + 1 > self.burst:
            return False
        self.level += 1
        return True


class FakePhones:
    """The provider's account and the phones. Safe to use from several threads.

    `clock` gives the moment of each event. `inbound_url` is what the account's owner has entered for incoming texts.
    """

    def __init__(
        self, clock: Clock, *, account_sid: str = "ACfake", auth_token: str = "fake-token", inbound_url: str = ""
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.inbound_url = inbound_url
        self.client = CallbackClient(account_sid, auth_token)
        self.faults = FaultScript()
        self.limit: Bucket | None = None
        self.receipts: tuple[str, ...] = ("sent", "delivered")
        self.lies = False  # takes every text, says that it was delivered, and loses it
        self.requests: list[tuple[Moment, str, str]] = []  # moment, resource, number: also those that were refused
        self.callback_failures: list[CallbackFailed] = []
        self._clock = clock
        self._calls = CallRunner(self.client)
        self._phones: dict[str, FakePhone] = {}
        self._changed = threading.Condition()
        self._version = 0
        self._sids = clock() << 20  # like a real provider's, an id never returns: not even after a new start
        self._receipts: SimpleQueue[tuple[str, dict[str, str]] | None] = SimpleQueue()
        self._courier: threading.Thread | None = None

    # What the account's owner asks for; the HTTP side calls these.

    def accept_text(self, form: Mapping[str, str], received_at: Moment) -> FakeText:
        """Take a text for delivery. Raises Refused as the provider would."""
        number, sender, body = (
            form.get("To", ""),
            form.get("From") or form.get("MessagingServiceSid", ""),
            form.get("Body", ""),
        )
        self._note("Messages", number, received_at)
        self._check_numbers(number, sender)
        if not body.strip():
            raise Refused(400, 21602, "Message body is required")
        if len(body) > _BODY_CHARS:
            raise Refused(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        with self._changed:
            phone = self._phone(number)
            if phone.opted_out:
                raise Refused(400, 21610, "Attempt to send to unsubscribed recipient")
            text = FakeText(self._sid("SM"), number, sender, body, received_at, fields=dict(form))
            text.status_url = form.get("StatusCallback", "")
            if not self.lies:
                phone.texts.append(text)
                self._tell()
            receipts, code = self.receipts if phone.receipts is None else phone.receipts, phone.error_code
        for status in receipts:
            self.send_receipt(text, status, code if status in ("undelivered", "failed") else 0)
        return text

    def accept_call(self, form: Mapping[str, str], received_at: Moment) -> FakeCall:
        """Ring a phone. Raises Refused as the provider would."""
        number, sender = form.get("To", ""), form.get("From", "")
        self._note("Calls", number, received_at)
        self._check_numbers(number, sender)
        url, twiml = form.get("Url", ""), form.get("Twiml", "")
        if not twiml and not url.startswith(("http://", "https://")):
            raise Refused(400, 21205, "Url is not a valid URL")
        with self._changed:
            call = FakeCall(self._sid("CA"), number, sender, received_at, url, twiml, form.get("StatusCallback", ""))
            self._phone(number).calls.append(call)
            self._tell()
        self._report(call, "initiated", "ringing")
        return call

    # What the phones' owners do.

    def add_phone(self, number: str, name: str) -> None:
        """Show a phone before anything has reached it."""
        with self._changed:
            self._phone(number).name = name
            self._tell()

    def set_receipts(self, number: str, *receipts: str, error_code: int = 0) -> None:
        """What becomes of texts to this phone: the statuses to report, in order."""
        with self._changed:
            phone = self._phone(number)
            phone.receipts, phone.error_code = receipts, error_code

    def reply(self, number: str, body: str) -> str:
        """The owner sends a text to us. Returns the TwiML that answered it. Raises CallbackFailed."""
        with self._changed:
            phone = self._phone(number)
            to = next((text.other for text in reversed(phone.texts) if text.incoming), "+15005550006")
            text = FakeText(self._sid("SM"), number, to, body, self._clock(), incoming=False, status="received")
            phone.texts.append(text)
            word = body.strip().lower()
            phone.opted_out = word in _STOP or (phone.opted_out and word not in _START)
            self._tell()
        fields = {"MessageSid": text.sid, "SmsSid": text.sid, "From": number, "To": to, "Body": body}
        fields |= {"NumMedia": "0", "NumSegments": "1"}
        if word in _STOP:
            fields["OptOutType"] = "STOP"
        return self.client.post(self.inbound_url, fields)

    def answer(self, number: str) -> list[str]:
        """The owner picks up the ringing call. Returns the words that they hear."""
        call = self._latest(number, CallState.RINGING)
        heard = self._calls.pick_up(call)
        self._report(call, "in-progress")
        return self._after(call, heard)

    def press(self, number: str, digits: str) -> list[str]:
        """The owner presses a key, picking up first if it still rings. Returns the words that they hear then."""
        if self._newest_call(number).state is CallState.RINGING:
            self.answer(number)
        call = self._latest(number, CallState.ANSWERED)
        return self._after(call, self._calls.press(call, digits))

    def listen(self, number: str) -> list[str]:
        """The owner presses nothing. Returns what the call says next."""
        call = self._latest(number, CallState.ANSWERED)
        return self._after(call, self._calls.wait(call))

    def hang_up(self, number: str) -> None:
        """The owner ends the call; a ringing one is declined."""
        call = self._newest_call(number)
        ringing = call.state is CallState.RINGING
        call.state = CallState.MISSED if ringing else CallState.ENDED
        self._report(call, "busy" if ringing else "completed")
        self._say_so()

    def miss(self, number: str) -> None:
        """Nobody picks up."""
        call = self._latest(number, CallState.RINGING)
        call.state = CallState.MISSED
        self._report(call, "no-answer")
        self._say_so()

    # What a test or a page wants to know.

    def texts(self, number: str) -> list[FakeText]:
        """Texts that this phone received, oldest first."""
        with self._changed:
            return [text for text in self._phone(number).texts if text.incoming]

    def all_texts(self, number: str) -> list[FakeText]:
        """Texts to and from this phone, oldest first."""
        with self._changed:
            return list(self._phone(number).texts)

    def calls(self, number: str) -> list[FakeCall]:
        """Calls to this phone, oldest first."""
        with self._changed:
            return list(self._phone(number).calls)

    def wait_for_text(
        self, number: str, predicate: Callable[[FakeText], bool] = lambda _: True, timeout: float = 5.0
    ) -> FakeText:
        """The first text on this phone that fits, as soon as there is one. Raises TimeoutError."""
        return self._wait(lambda: self._phone(number).texts, lambda text: text.incoming and predicate(text), timeout)

    def wait_for_call(
        self, number: str, predicate: Callable[[FakeCall], bool] = lambda _: True, timeout: float = 5.0
    ) -> FakeCall:
        """The first call to this phone that fits, as soon as there is one. Raises TimeoutError."""
        return self._wait(lambda: self._phone(number).calls, predicate, timeout)

    def wait_for_change(self, version: int, timeout: float) -> int:
        """The version once it differs from `version`, or the same one after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout)
            return self._version

    def feed(self) -> dict[str, Any]:
        """Every phone as JSON: for a page that shows them. `version` grows with every change."""
        with self._changed:
            phones = [_phone_json(phone) for phone in self._phones.values()]
            return {"version": self._version, "phones": phones}

    # Receipts travel in a thread of their own, in order, like the provider's: after the answer, and perhaps never.

    def start(self) -> None:
        """Begin to deliver receipts."""
        self._courier = threading.Thread(target=self._carry, name="fake-receipts", daemon=True)
        self._courier.start()

    def stop(self) -> None:
        """Deliver what is queued and stop."""
        if self._courier is not None:
            self._receipts.put(None)
            self._courier.join(timeout=15)
            self._courier = None

    def send_receipt(self, text: FakeText, status: str, error_code: int = 0) -> None:
        """Report a status of a text to us; any status, in any order, as often as you like."""
        fields = {"MessageSid": text.sid, "SmsSid": text.sid, "MessageStatus": status, "SmsStatus": status}
        fields |= {"From": text.other, "To": text.number} | ({"ErrorCode": str(error_code)} if error_code else {})
        text.status = status
        if text.status_url:
            self._receipts.put((text.status_url, fields))

    def _report(self, call: FakeCall, *statuses: str) -> None:
        for sequence, status in enumerate(statuses):
            if call.status_url:
                fields = {**self._calls.fields(call, status), "SequenceNumber": str(sequence)}
                self._receipts.put((call.status_url, fields))

    def _carry(self) -> None:
        while (receipt := self._receipts.get()) is not None:
            try:
                self.client.post(*receipt)
            except CallbackFailed as failure:
                self.callback_failures.append(failure)

    def _check_numbers(self, number: str, sender: str) -> None:
        if self.limit is not None and not self.limit.take(self._clock()):
            raise Refused(429, 20429, "Too Many Requests")
        if not number:
            raise Refused(400, 21604, "A 'To' phone number is required")
        if not _NUMBER.fullmatch(number):
            raise Refused(400, 21211, f"The 'To' number {number} is not a valid phone number")
        if not sender:
            raise Refused(400, 21603, "A 'From' phone number is required")

    def _note(self, resource: str, number: str, received_at: Moment) -> None:
        with self._changed:
            self.requests.append((received_at, resource, number))

    def _after(self, call: FakeCall, heard: list[str]) -> list[str]:
        if call.state is CallState.ENDED:
            self._report(call, "completed")
        self._say_so()
        return heard

    def _newest_call(self, number: str) -> FakeCall:
        with self._changed:
            calls = self._phone(number).calls
        if not calls:
            raise LookupError(f"no call to {number}")
        return calls[-1]

    def _latest(self, number: str, state: CallState) -> FakeCall:
        call = self._newest_call(number)
        if call.state is not state:
            raise LookupError(f"the call to {number} is {call.state}, not {state}")
        return call

    def _wait(self, items: Callable[[], Sequence[_T]], fits: Callable[[_T], bool], timeout: float) -> _T:
        with self._changed:
            found = self._changed.wait_for(lambda: next((item for item in items() if fits(item)), None), timeout)
        if found is None:
            raise TimeoutError(f"nothing that fits arrived within {timeout} s")
        return found

    def _phone(self, number: str) -> FakePhone:
        return self._phones.setdefault(number, FakePhone(number))

    def _sid(self, prefix: str) -> str:
        self._sids += 1
        return f"{prefix}{self._sids:032x}"

    def _tell(self) -> None:
        self._version += 1
        self._changed.notify_all()

    def _say_so(self) -> None:
        with self._changed:
            self._tell()


def _phone_json(phone: FakePhone) -> dict[str, Any]:
    return {
        "number": phone.number,
        "name": phone.name,
        "texts": [
            {
                "sid": text.sid,
                "incoming": text.incoming,
                "body": text.body,
                "status": text.status,
                "at": iso(text.received_at),
                "at_us": text.received_at,
            }
            for text in phone.texts
        ],
        "calls": [
            {
                "sid": call.sid,
                "state": call.state,
                "words": list(call.words),
                "pressed": list(call.pressed),
                "waits_for_key": bool(call.gather_url) and call.state is CallState.ANSWERED,
                "at": iso(call.received_at),
                "at_us": call.received_at,
            }
            for call in phone.calls
        ],
    }
