"""The demo's phones, and the buttons of its show. Mounted in the demo only."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from tocsin.kernel.errors import Invalid, NotFound, TocsinError, Unavailable
from tocsin.web.demo import BoothCall, BoothPhone, BoothText, DemoShow, PhoneBooth, ShowAction
from tocsin.web.guard import safe_next
from tocsin.web.visit import Visit, status_of


def phones_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/demo/phones`."""
    phones = booth_of(visit).phones()
    return visit.page(
        "phones.html", code, phones=phones, phone_owners=owners_of(visit), phone_story=story_of, error=error
    )


def phones_of(visit: Visit) -> Sequence[BoothPhone]:
    """The phones beside another page of the demo; none elsewhere, and none while they can't be asked."""
    try:
        return visit.site.booth.phones() if visit.site.booth is not None else ()
    except Unavailable:
        return ()


def story_of(phone: BoothPhone) -> list[tuple[str, BoothText | BoothCall]]:
    """Texts and calls of a phone in one order, each with its kind."""
    texts: list[tuple[str, BoothText | BoothCall]] = [("text", text) for text in phone.texts]
    calls: list[tuple[str, BoothText | BoothCall]] = [("call", call) for call in phone.calls]
    return sorted(texts + calls, key=lambda item: item[1].at)


def owners_of(visit: Visit) -> dict[str, str]:
    """By phone number the id of the person whose it is, so that they look as they do elsewhere."""
    contacts = visit.config.contact_methods.values()
    return {f"+{contact.country_code}{contact.address}": contact.user_id for contact in contacts}


def end_page(visit: Visit) -> Response:
    """`/demo/end`: what the story came to, and three doors out of it."""
    show_of(visit)
    return visit.page("demo_end.html")


def use_phone(visit: Visit) -> Response:
    """POST `/demo/phones`: reply, pick up, press a key, hang up."""
    booth, do = booth_of(visit), visit.text("do", 20)
    call_id, number = visit.text("call", 64), visit.text("number", 32)
    try:
        if do == "reply":
            text = visit.text("text", 160).strip()
            if not text:
                raise Invalid("Type a text, for instance the code in the message.")
            booth.reply(number, text)
        elif do == "pick-up":
            booth.pick_up(call_id)
        elif do == "press":
            booth.press(call_id, visit.text("digit", 1))
        elif do == "hang-up":
            booth.hang_up(call_id)
        else:
            raise Invalid("A phone can't do that.")
    except TocsinError as error:
        return phones_page(visit, error=error, code=status_of(error))
    return visit.go("/" if visit.text("back", 20) == "/" else "/demo/phones")


def direct(visit: Visit) -> Response:
    """POST `/demo/show`: a button of the strip."""
    show, word = show_of(visit), visit.text("do", 20)
    if word not in {one.value for one in ShowAction}:
        raise Invalid("The show has no such button.")
    show.act(ShowAction(word))
    return visit.go(safe_next(visit.text("back", 500) or "/"))


def booth_of(visit: Visit) -> PhoneBooth:
    """The phones. Raises NotFound outside the demo."""
    if visit.site.booth is None:
        raise NotFound("Phones are part of the demo only.")
    return visit.site.booth


def show_of(visit: Visit) -> DemoShow:
    """The show. Raises NotFound outside the demo."""
    if visit.site.show is None:
        raise NotFound("There is no show outside the demo.")
    return visit.site.show
