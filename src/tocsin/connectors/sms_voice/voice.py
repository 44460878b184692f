"""What a call says and which key means what, as TwiML. Pure; the routes carry out what a key means.

1 acknowledges, 6 resolves, star repeats; 4 acknowledges too, for fingers that know it from elsewhere. Without a key the
call speaks `TURNS` times and hangs up: a call that was heard and not answered is no acknowledgement, and the escalation
goes on.
"""

from __future__ import annotations

import re
import unicodedata
from xml.etree import ElementTree as ET

from tocsin.connectors.sms_voice.settings import PhoneSettings
from tocsin.connectors.sms_voice.urls import digits_url, voice_url
from tocsin.paging.model import Answer

TURNS = 3
WAIT_SECONDS = 8
SPOKEN_CHARS = 250
REPEAT = "*"

_KEYS = {"1": Answer.ACKNOWLEDGE, "4": Answer.ACKNOWLEDGE, "6": Answer.RESOLVE}
_CHOICE = "Press 1 to acknowledge, 6 to resolve, star to repeat."
_MARKUP = re.compile(r"[<>{}\[\]|\\^~`*_#=]+")
_DIGITS = re.compile(r"\d{2,}")


def read_digits(digits: str) -> Answer | None:
    """What the pressed key means; None for star, which repeats, and for keys that mean nothing."""
    return _KEYS.get(digits.strip())


def read_turn(text: str) -> int:
    """The round that a callback's `n` names: 1 to `TURNS`, whatever it says."""
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        return 1
    return max(1, min(int(text), TURNS))


def call_turn(settings: PhoneSettings, token: str, spoken: str, turn: int = 1, *, before: str = "") -> str:
    """TwiML of one round: say it, wait for a key, go on to the next round or hang up. `before` is said first."""
    response = ET.Element("Response")
    gather = ET.SubElement(
        response,
        "Gather",
        input="dtmf",
        numDigits="1",
        timeout=str(WAIT_SECONDS),
        finishOnKey="",  # else the provider swallows # and some keys end the wait without a word
        action=digits_url(settings.public_url, token, turn),
        method="POST",
    )
    opening = "Tocsin alert." if turn == 1 else "Again."
    _say(gather, settings, " ".join(part for part in (before, opening, speakable(spoken), _CHOICE) if part))
    if turn < TURNS:
        ET.SubElement(response, "Redirect", method="POST").text = voice_url(settings.public_url, token, turn + 1)
    else:
        _say(response, settings, "No key was pressed. Goodbye.")
        ET.SubElement(response, "Hangup")
    return _xml(response)


def after_key(settings: PhoneSettings, token: str, spoken: str, turn: int, digits: str) -> str:
    """TwiML after a key that is no answer: star says it again, any other key costs a round."""
    if digits.strip() == REPEAT:
        return call_turn(settings, token, spoken, turn)
    return call_turn(settings, token, spoken, min(turn + 1, TURNS), before="This key means nothing.")


def goodbye(settings: PhoneSettings, sentence: str) -> str:
    """TwiML that says one sentence (what came of the key) and hangs up."""
    response = ET.Element("Response")
    _say(response, settings, speakable(sentence))
    ET.SubElement(response, "Hangup")
    return _xml(response)


def one_way(settings: PhoneSettings, spoken: str) -> str:
    """TwiML for an installation that the provider can't call back: say it twice, no keys."""
    response = ET.Element("Response")
    words = speakable(spoken)
    _say(response, settings, f"Tocsin alert. {words} Again. {words} Answer in Tocsin.")
    ET.SubElement(response, "Hangup")
    return _xml(response)


def text_reply(sentence: str = "") -> str:
    """TwiML that answers an incoming text with one of ours; "" answers nothing."""
    response = ET.Element("Response")
    if sentence:
        ET.SubElement(response, "Message").text = _clean(sentence)
    return _xml(response)


def speakable(text: str) -> str:
    """Text as a voice should read it: no markup, numbers digit by digit, at most `SPOKEN_CHARS` characters."""
    words = " ".join(_MARKUP.sub(" ", _clean(text)).split())
    words = _DIGITS.sub(lambda found: " ".join(found.group()), words)
    if len(words) > SPOKEN_CHARS:
        words = words[:SPOKEN_CHARS].rpartition(" ")[0] or words[:SPOKEN_CHARS]
    return words if words.endswith((".", "!", "?")) or not words else words + "."


def _say(parent: ET.Element, settings: PhoneSettings, words: str) -> None:
    say = ET.SubElement(parent, "Say", language=settings.language)
    if settings.voice:
        say.set("voice", settings.voice)
    say.text = words


def _clean(text: str) -> str:
    """Without the characters that XML can't hold, escaped or not."""
    return "".join(
        char if unicodedata.category(char)[0] != "C" and char not in "\ufffe\uffff" else " " for char in text
    )


def _xml(response: ET.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(response, encoding="unicode")
