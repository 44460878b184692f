"""The page that a mail's link opens: it shows buttons, and only a button acts. Nobody has to be signed in.

The token in the address names one message to one person; whoever holds it may answer that message and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from tocsin.incidents.model import Incident, Status
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.kernel.wording import joined, nphrase, phrase
from tocsin.paging.messages import AnswerMessage
from tocsin.paging.model import Answer, Message
from tocsin.web.looks import incident_look
from tocsin.web.visit import Visit, status_of

DONE = {
    Answer.ACKNOWLEDGE: phrase("You have it. Nobody else will be called."),
    Answer.RESOLVE: phrase("Resolved. Nobody will be called about it."),
    Answer.ESCALATE: phrase("The next level is being called."),
}
NOTHING = phrase("There is nothing open to answer.")
SHOWN = 5
"""So many incidents of a message stand on the page at once, the others unfold: the buttons come before all of them."""


def answer_page(visit: Visit) -> Response:
    """GET `/a/{token}`: never acts."""
    return _page(visit, _message(visit))


def answer(visit: Visit) -> Response:
    """POST `/a/{token}`."""
    message = _message(visit)
    word = visit.text("answer", 20)
    if word not in {one.value for one in Answer}:
        raise Invalid("There is no such answer.")
    chosen = Answer(word)
    try:
        count = visit.site.desk.run(SYSTEM, AnswerMessage(message_id=message.id, answer=chosen))
    except TocsinError as error:
        return _page(visit, message, error=error, code=status_of(error))
    return _page(visit, message, done=_done(chosen, count, len(message.incident_ids) + message.more))


def _done(answer: Answer, count: int, total: int) -> str:
    """What an answer to a message about `total` incidents did: it answered `count` of them."""
    if not count:
        return NOTHING
    if total == 1:
        return DONE[answer]
    which: str = phrase("both") if total == 2 else phrase("all %(total)s", total=total)
    if count < total:
        which = phrase("%(count)s of %(total)s", count=count, total=total)
    match answer:
        case Answer.ACKNOWLEDGE:
            return nphrase(
                "You have %(which)s. Nobody else will be called about it.",
                "You have %(which)s. Nobody else will be called about them.",
                count,
                which=which,
            )
        case Answer.RESOLVE:
            return nphrase(
                "You have resolved %(which)s. Nobody will be called about it.",
                "You have resolved %(which)s. Nobody will be called about them.",
                count,
                which=which,
            )
        case Answer.ESCALATE:
            return phrase("The next level is being called about %(which)s.", which=which)


def _message(visit: Visit) -> Message:
    token = visit.request.path_params["token"]
    message = visit.site.reads.message(visit.site.message_of(token))
    if message is None:
        raise NotFound("This page is not known (any more).")
    return message


def _page(
    visit: Visit, message: Message, *, done: str = "", error: TocsinError | None = None, code: int = 200
) -> Response:
    found = visit.site.reads.incidents_by_id(message.incident_ids)
    incidents: Sequence[Incident] = [found[one] for one in message.incident_ids if one in found]
    return visit.page(
        "answer.html",
        code,
        person=visit.names.person(message.user_id),
        cards=[(one, incident_look(one), visit.names.service(one.service_id), _held(visit, one)) for one in incidents],
        more=message.more,
        shown=SHOWN,
        open=any(one.is_open for one in incidents) or message.more > 0,
        unanswered=any(one.status is Status.TRIGGERED for one in incidents),
        done=done,
        error=error,
    )


def _held(visit: Visit, incident: Incident) -> str:
    if incident.status is not Status.ACKNOWLEDGED:
        return ""
    return joined(map(visit.names.person, incident.assignee_ids))
