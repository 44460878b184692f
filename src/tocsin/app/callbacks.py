"""The phone provider's callbacks: checks the signature, finds the message by its token, hands the engine the meaning.

A key press or text is answered by what came of it. When the engine does not answer, the order goes into the log, so
that it is carried out as soon as the engine is back; the person is told just that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.app.carriers import CALLBACK_PURPOSE
from tocsin.app.tokens import Tokens
from tocsin.connectors.sms_voice import inbound, replies, urls, voice
from tocsin.connectors.sms_voice.settings import PhoneSettings
from tocsin.directory.model import Channel
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Invalid, NotAllowed, TocsinError, Unavailable
from tocsin.paging.messages import TEST_ANSWERED, AnswerByCode, AnswerMessage, RecordReceipt
from tocsin.paging.model import Answer, Message
from tocsin.runtime.clock import Clock
from tocsin.runtime.desk import Desk

THREADS = 16
"""Callbacks at work at once. They share no threads with APIs and pages: whoever keeps those busy silences no answer."""

_DONE: Mapping[Answer, str] = {
    Answer.ACKNOWLEDGE: "You have it. Nobody else will be called.",
    Answer.RESOLVE: "Resolved.",
    Answer.ESCALATE: "Sent to the next level.",
}
_NOTHING: Mapping[Answer, str] = {
    Answer.ACKNOWLEDGE: "There is nothing open to acknowledge.",
    Answer.RESOLVE: "There is nothing open to resolve.",
    Answer.ESCALATE: "There is nothing open to send on.",
}
_LATER = "Received. It will be carried out in a moment."


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of the provider, its signature found right."""

    request: Request
    form: Mapping[str, str]
    settings: PhoneSettings


@dataclass(frozen=True, slots=True)
class PhoneCallbacks:
    """The routes that the phone provider calls.

    `settings` are the provider's as they are now, None while none is set up: then nobody is answered. `keep` stores an
    order in the log, with its idempotency key if it has one; `spoken` finds a message's words.
    """

    settings: Callable[[], PhoneSettings | None]
    tokens: Tokens
    clock: Clock
    desk: Desk
    keep: Callable[[Command, str], None]
    message: Callable[[str], Message | None]
    spoken: Callable[[Message], str]
    threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(THREADS))

    def routes(self) -> list[Route]:
        """The callbacks' routes."""
        return [
            Route(urls.INBOUND_TEXT, self._handled(self._text), methods=["POST"]),
            Route(urls.VOICE, self._handled(self._voice), methods=["POST"]),
            Route(urls.DIGITS, self._handled(self._digits), methods=["POST"]),
            Route(urls.STATUS, self._handled(self._status), methods=["POST"]),
        ]

    def _handled(self, act: Callable[[_Call], Response]) -> Callable[[Request], Any]:
        async def handle(request: Request) -> Response:
            body = await request.body()
            return await anyio.to_thread.run_sync(run, request, body, limiter=self.threads)

        def run(request: Request, body: bytes) -> Response:
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            given = request.headers.get("x-twilio-signature", "")
            settings = self.settings()
            if settings is None:
                return Response("No phone provider is set up here.", 404)
            try:
                form = inbound.read_form(settings, path, body, given)
                return act(_Call(request, form, settings))
            except NotAllowed as error:
                return Response(error.message, 403)
            except Invalid as error:
                return Response(error.message, 400)

        return handle

    def _text(self, call: _Call) -> Response:
        text = inbound.read_text(call.form)
        if text.opted_out or replies.is_for_carrier(text.body):
            return _twiml(voice.text_reply())  # the carrier answers it: a second answer would contradict it
        reply = replies.parse_reply(text.body)
        if reply.answer is None:
            return _twiml(
                voice.text_reply("Not understood. Reply with the code to acknowledge, or the code and r to resolve.")
            )
        command = AnswerByCode(channel=Channel.SMS, address=text.sender, code=reply.code, answer=reply.answer)
        return _twiml(voice.text_reply(self._carry_out(command, f"sms:{text.provider_id}", reply.answer)))

    def _voice(self, call: _Call) -> Response:
        request, message = call.request, self._message_of(call.request)
        turn = voice.read_turn(request.query_params.get("n", ""))
        return _twiml(voice.call_turn(call.settings, request.path_params["token"], self.spoken(message), turn))

    def _digits(self, call: _Call) -> Response:
        request, form, message = call.request, call.form, self._message_of(call.request)
        turn = voice.read_turn(request.query_params.get("n", ""))
        digits = form.get("Digits", "")
        answer = voice.read_digits(digits)
        if answer is None:
            token = request.path_params["token"]
            return _twiml(voice.after_key(call.settings, token, self.spoken(message), turn, digits))
        key = f"call:{form.get('CallSid', '')}:{turn}:{digits}"
        said = self._carry_out(AnswerMessage(message_id=message.id, answer=answer), key, answer)
        return _twiml(voice.goodbye(call.settings, said))

    def _status(self, call: _Call) -> Response:
        message_id = self._read_token(call.request)
        update = inbound.read_status(call.form)
        if update.delivery is not inbound.Delivery.PENDING:
            receipt = RecordReceipt(message_id=message_id, status=update.delivery.value, detail=update.detail)
            self.keep(receipt, "")
        return Response(status_code=204)

    def _carry_out(self, command: Command, key: str, answer: Answer) -> str:
        try:
            count = self.desk.run(SYSTEM, command, key=key)
        except Unavailable:
            self.keep(command, key)  # it may be carried out yet, late: the key lets it count once
            return _LATER
        except TocsinError as error:
            return error.message
        return what_came_of_it(answer, count)

    def _read_token(self, request: Request) -> str:
        return self.tokens.read(CALLBACK_PURPOSE, request.path_params["token"], self.clock.now())

    def _message_of(self, request: Request) -> Message:
        message = self.message(self._read_token(request))
        if message is None:
            raise NotAllowed("This call is not known.", reason="token")
        return message


def what_came_of_it(answer: Answer, count: int) -> str:
    """What a person hears of their answer, which answered so many incidents."""
    if count == TEST_ANSWERED:
        return "It was a test. It arrived, and so did your answer."
    if not count:
        return _NOTHING[answer]
    return _DONE[answer] + (f" {count} incidents." if count > 1 else "")


def _twiml(text: str) -> Response:
    return Response(text, media_type="text/xml")
