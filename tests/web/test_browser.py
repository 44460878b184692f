"""The pages in a real browser: live, by keyboard, by thumb, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.web import scenes
from tests.web.place import PASSWORD, Place
from tests.web.serving import served, sign_in
from tests.web.test_hostile_text import ZOO, hostile
from tocsin.incidents.messages import AddNote, Resolve
from tocsin.incidents.model import Status

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    """A crowded installation, served."""
    place = scenes.staged(scenes.full(tmp_path_factory.mktemp("full")), scenes.Show(3, 5))
    with served(place.app()) as address:
        yield place, address
    place.close()


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    with served(place.app()) as found:
        yield found


class Opened:
    """A page of somebody who is signed in, and everything that the browser complained about."""

    def __init__(self, browser: Browser, place: Place, who: str, address: str, *, phone: bool = False) -> None:
        size = PHONE if phone else DESK
        self.context: BrowserContext = browser.new_context(viewport=size, has_touch=phone, is_mobile=phone)  # type: ignore[arg-type]
        if who:
            sign_in(self.context, place, who, address)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        self.address = address

    def goto(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page


def alarm(place: Place, key: str, title: str) -> None:
    """An alarm comes in, and the bus says so as the engine would."""
    incident = place.alarm("PaymentsService", key, title)
    assert incident is not None
    place.site.bus.publish([f"incident:{incident.id}"])


def test_the_whole_way_without_scripts(place: Place, address: str, browser: Browser) -> None:
    place.alarm("PaymentsService", "errors", "Payments fail")
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/incidents/1")
    page.get_by_label("Mail address").fill("alice@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Payments fail")).to_be_visible()
    page.locator(".bar").get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("You have it. Nobody else will be called.")).to_be_visible()
    assert place.incident(1).status is Status.ACKNOWLEDGED
    page.locator("summary", has_text="Snooze").click()
    page.get_by_role("button", name="4 h").click()
    expect(page.locator(".inc").get_by_text("Snoozed")).to_be_visible()
    page.get_by_placeholder("Write a note").fill("Without a script")
    page.get_by_role("button", name="Note").click()
    expect(page.locator(".said")).to_have_text("Without a script")
    page.locator(".bar").get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("Resolved. Nobody will be called about it.")).to_be_visible()
    context.close()


def test_an_open_page_shows_what_happens(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "alice", address)
    page = opened.goto("/")
    expect(page.get_by_role("heading", name="Nothing is on fire")).to_be_visible()
    expect.set_options(timeout=8000)
    alarm(place, "errors", "Payments fail")
    expect(page.get_by_role("heading", name="1 unanswered")).to_be_visible()
    expect(page.get_by_role("link", name="Payments fail")).to_be_visible()
    expect(page).to_have_title("(1) Now · Tocsin")
    place.desk.run(place.as_("bob"), Resolve(incident_id=place.incident(1).id))
    place.site.bus.publish(["config"])
    expect(page.get_by_role("heading", name="Nothing has been on fire since")).to_be_visible()
    assert opened.complaints == []
    opened.context.close()


def test_new_rows_wait_while_somebody_reads(place: Place, address: str, browser: Browser) -> None:
    alarm(place, "errors", "Payments fail")
    opened = Opened(browser, place, "alice", address)
    page = opened.goto("/")
    first = page.locator(".fire").first.bounding_box()
    page.mouse.move(500, 300)
    alarm(place, "slow", "Payments are slow")
    waiting = page.get_by_role("button", name="1 new: show")
    expect(waiting).to_be_visible()
    assert page.locator(".fire").count() == 1
    after = page.locator(".fire").first
    assert after.bounding_box() == first, "what is being read does not move"
    assert after.get_attribute("id") == f"f-{place.incident(1).id}"
    waiting.click()
    expect(page.locator(".fire")).to_have_count(2)
    expect(waiting).to_have_count(0)
    opened.context.close()


def test_what_is_being_typed_stays_while_the_timeline_grows(place: Place, address: str, browser: Browser) -> None:
    alarm(place, "errors", "Payments fail")
    opened = Opened(browser, place, "alice", address)
    page = opened.goto("/incidents/1")
    page.get_by_placeholder("Write a note").fill("I am in the middle of")
    page.locator("summary", has_text="More").click()
    page.get_by_label("Title").fill("A better ti")
    incident = place.incident(1)
    place.desk.run(place.as_("bob"), AddNote(incident_id=incident.id, text="Bob was faster"))
    place.site.bus.publish([f"incident:{incident.id}"])
    expect(page.locator(".said")).to_have_text("Bob was faster")
    assert page.get_by_placeholder("Write a note").input_value() == "I am in the middle of"
    assert page.get_by_label("Title").input_value() == "A better ti"
    opened.context.close()


def test_everything_by_keyboard(place: Place, address: str, browser: Browser) -> None:
    alarm(place, "errors", "Payments fail")
    alarm(place, "slow", "Payments are slow")
    opened = Opened(browser, place, "alice", address)
    page = opened.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".fire.picked")).to_have_count(1)
    with page.expect_navigation():
        page.keyboard.press("a")
    numbers = [one.number for one in place.desk.reads.incidents().items if one.status is Status.ACKNOWLEDGED]
    assert len(numbers) == 1
    with page.expect_navigation():
        page.keyboard.press("u")
    assert place.incident(numbers[0]).status is Status.TRIGGERED
    page.keyboard.press("g")
    with page.expect_navigation(url="**/incidents"):
        page.keyboard.press("i")
    page.keyboard.press("j")
    with page.expect_navigation(url="**/incidents/*"):
        page.keyboard.press("Enter")
    page.keyboard.press("c")
    page.keyboard.type("rear gap e")
    assert page.get_by_placeholder("Write a note").input_value() == "rear gap e", "no letter is a command in a field"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    assert place.incident(numbers[0]).status is Status.TRIGGERED
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.name") == "q"
    assert opened.complaints == []
    opened.context.close()


def test_a_long_list_of_people_is_narrowed_by_a_name(place: Place, address: str, browser: Browser) -> None:
    for number in range(12):
        place.person(f"colleague{number}")
    place.person("ipek", shown="İpek Ölmez")
    alarm(place, "disk", "The disk is full")
    opened = Opened(browser, place, "alice", address)
    page = opened.goto("/incidents/new")
    people = page.locator(".pick label")
    everybody = people.count()
    shown, find = people.filter(visible=True), page.locator("[data-narrow]")
    page.get_by_role("checkbox", name="Carol", exact=True).check()
    find.press("Enter")
    find.fill("colleague")
    expect(shown).to_have_count(13)
    find.press("Enter")
    assert page.locator(".pick :checked").count() == 1, "nobody is called by name whom one has not named"
    find.press("Escape")
    expect(shown).to_have_count(everybody)
    find.fill("ipek olm")
    expect(shown).to_have_count(2)  # with Carol, who is ticked
    find.press("Enter")
    assert page.url == f"{address}/incidents/new", "the form is not sent"
    ipek = page.get_by_role("checkbox", name="İpek Ölmez", exact=True)
    expect(ipek).to_be_checked()
    expect(ipek).to_be_focused()
    expect(find).to_have_value("")
    expect(shown).to_have_count(everybody)
    page.goto(f"{address}/incidents/1")
    page.keyboard.press("m")
    expect(page.locator(".sheet [data-narrow]")).to_be_focused()
    page.keyboard.type(" Mallory")
    page.keyboard.press("Enter")
    chosen = page.locator(".sheet :checked")
    assert chosen.evaluate_all("all => all.map(one => one.parentElement.querySelector('bdi').textContent)") == [
        "Mallory"
    ]
    assert opened.complaints == []


def test_single_letters_can_be_switched_off(place: Place, address: str, browser: Browser) -> None:
    alarm(place, "errors", "Payments fail")
    opened = Opened(browser, place, "alice", address)
    page = opened.goto("/incidents/1")
    page.keyboard.press("?")
    page.get_by_label("Single letters are commands").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert place.incident(1).status is Status.TRIGGERED
    opened.context.close()


def test_undo_is_offered_for_ten_seconds(place: Place, address: str, browser: Browser) -> None:
    alarm(place, "errors", "Payments fail")
    opened = Opened(browser, place, "alice", address)
    opened.context.add_init_script(
        "const wait = setTimeout; window.setTimeout = (f, t) => wait(f, t === 10000 ? 1500 : t);"
    )
    page = opened.goto("/incidents/1")
    page.locator(".inc").get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    opened.context.close()


def test_a_lost_connection_is_said_and_heals(place: Place, browser: Browser) -> None:
    app = place.app()
    with served(app) as address:
        opened = Opened(browser, place, "alice", address)
        page = opened.goto("/")
        port = int(address.rsplit(":", 1)[1])
        page.wait_for_timeout(300)
    bar = page.locator("#offline")
    expect(bar).to_contain_text("Showing ")
    expect(bar).to_contain_text("Live again in")
    with served(app, port=port):
        page.get_by_role("button", name="Try now").click()
        expect(bar).to_be_hidden()
        alarm(place, "errors", "Payments fail")
        expect(page.get_by_role("link", name="Payments fail")).to_be_visible()
    opened.context.close()


PATHS = (
    *("/", "/incidents", "/incidents?view=all", "/incidents/5", "/incidents/3", "/incidents/1", "/incidents/new"),
    *("/alerts", "/alerts?tab=events", "/alerts?tab=suppressed", "/alerts/events/3", "/on-call", "/services", "/me"),
    *("/incidents?urgency=high&sort=urgent&q=e", "/alerts?state=open&q=e", "/alerts?tab=events&outcome=opened"),
    *("/find?q=pay", "/demo/phones", "/demo/end", "/sign-in", "/incidents/9999"),
)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_nothing_sticks_out_and_nothing_is_too_small(full: tuple[Place, str], browser: Browser, phone: bool) -> None:
    place, address = full
    opened = Opened(browser, place, "alice", address, phone=phone)
    for path in (*PATHS, f"/alerts/{scenes.numbers(place)['alert']}"):
        page = opened.goto(path)
        wide = page.evaluate("[document.documentElement.scrollWidth, screen.width]")
        assert wide[0] <= wide[1], path
        if phone:
            small = page.evaluate(
                """[...document.querySelectorAll('.button, .bottom a, select, input:not([type=hidden])')]
                .filter(one => one.checkVisibility() && !one.matches('[type=checkbox], [type=radio]'))
                .map(one => [one.textContent.trim() || one.name, one.getBoundingClientRect().height])
                .filter(([, height]) => height < 43.5)"""
            )
            assert small == [], path
    assert [one for one in opened.complaints if "404" not in one] == []
    opened.context.close()


def test_what_a_hidden_page_missed_is_asked_for_until_it_is_there(place: Place, address: str, browser: Browser) -> None:
    """Also when the first answer is a refusal: the stream has told it and will not tell it again."""
    opened, refused = Opened(browser, place, "alice", address), list[str]()
    opened.context.add_init_script(
        "let away = false; Object.defineProperty(document, 'hidden', { get: () => away });"
        "window.goes = (there) => { away = there; document.dispatchEvent(new Event('visibilitychange')); };"
    )
    page = opened.goto("/")

    def answer(route: Route) -> None:
        if "tocsin-refresh" in route.request.headers and not refused:
            refused.append(route.request.url)
            route.fulfill(status=503)
        else:
            route.continue_()

    page.route(f"{address}/", answer)
    page.evaluate("goes(true)")
    alarm(place, "errors", "Payments fail")
    page.wait_for_timeout(1500)
    expect(page.locator(".fire")).to_have_count(0)
    page.evaluate("goes(false)")
    expect(page.locator(".fire")).to_have_count(1, timeout=15_000)
    assert refused
    alarm(place, "more", "Disk is full")
    expect(page.locator("#p-headline")).to_contain_text("2 unanswered")
    opened.context.close()


CUT = """[...document.querySelectorAll('.row:not(.head) .title-cell')].flatMap(cell => {
  const title = cell.querySelector('bdi'), badge = cell.querySelector('.badge');
  const fits = title.scrollWidth <= title.clientWidth;
  const itself = fits || getComputedStyle(title).textOverflow === 'ellipsis';
  const whole = !badge || badge.getBoundingClientRect().right <= cell.getBoundingClientRect().right + 0.5;
  return itself && whole && cell.scrollWidth <= cell.clientWidth + 1 ? [] : [title.textContent];
})"""
"""Titles that are not cut by themselves, at the end of their own direction, or push out what stands behind them."""


def test_long_titles_are_cut_at_their_own_end(full: tuple[Place, str], browser: Browser) -> None:
    place, address = full
    opened = Opened(browser, place, "alice", address)
    for path in ("/incidents", "/alerts", "/alerts?tab=events"):
        page = opened.goto(path)
        assert page.evaluate(CUT) == [], path
    narrower = opened.goto("/incidents")
    narrower.set_viewport_size({"width": 1120, "height": 800})  # where this one does not fit
    arabic = narrower.locator(".title bdi", has_text=scenes.ARABIC).first
    assert arabic.evaluate("one => [getComputedStyle(one).direction, one.scrollWidth > one.clientWidth]") == [
        "rtl",
        True,
    ]
    opened.context.close()


def test_on_a_phone_a_filter_in_force_leaves_room_for_the_list(full: tuple[Place, str], browser: Browser) -> None:
    place, address = full
    opened = Opened(browser, place, "alice", address, phone=True)
    page = opened.goto("/incidents?urgency=high&sort=urgent&q=e")
    expect(page.get_by_role("link", name="Urgency: High")).to_be_visible()
    first = page.locator(".row:not(.head)").first.bounding_box()
    assert first is not None
    assert first["y"] < PHONE["height"] / 2
    page.locator(".filter-switch").tap()
    page.get_by_label("State").select_option("acknowledged")
    page.wait_for_timeout(200)
    assert "state=" not in page.url, "its button sends the form"
    page.get_by_role("button", name="Show").tap()
    page.wait_for_url("**state=acknowledged**")
    opened.context.close()


def test_on_a_phone_nothing_is_glued_cut_or_unlabelled(place: Place, address: str, browser: Browser) -> None:
    alarm(place, "errors", "Payments fail")
    opened = Opened(browser, place, "alice", address, phone=True)
    page = opened.goto("/incidents")
    expect(page.locator(".filter-switch")).to_have_css("display", "flex")
    note = opened.goto("/incidents/1").get_by_role("textbox", name="Note")
    assert note.evaluate("one => one.scrollHeight <= one.clientHeight"), "the placeholder is whole"
    label = "one => getComputedStyle(one, '::before').content"
    assert "Events" in opened.goto("/alerts").locator(".alert-row .events").evaluate(label)
    assert "Event" in opened.goto("/alerts?tab=events").locator(".event-row .seq").evaluate(label)
    opened.context.close()


def test_on_a_phone_the_other_screens_are_found_from_me(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "alice", address, phone=True)
    for name, path in (("Alerts", "/alerts"), ("Services", "/services"), ("Find", "/find")):
        opened.goto("/me").get_by_role("navigation", name="More screens").get_by_role("link", name=name).click()
        opened.page.wait_for_url(f"**{path}")
    opened.context.close()


def test_the_list_of_keys_has_room_around_it(place: Place, address: str, browser: Browser) -> None:
    opened = Opened(browser, place, "alice", address)
    opened.goto("/").keyboard.press("?")
    for part in (".page-head", ".keys-switch"):
        expect(opened.page.locator(f"dialog.keys {part}")).to_have_css("padding", "12px 16px")
    opened.context.close()


def test_the_thumb_reaches_acknowledge(place: Place, address: str, browser: Browser) -> None:
    alarm(place, "errors", "Payments fail")
    opened = Opened(browser, place, "alice", address, phone=True)
    page = opened.goto("/incidents/1")
    box = page.locator(".bar").get_by_role("button", name="Acknowledge").bounding_box()
    assert box is not None
    assert box["height"] >= 56
    assert box["y"] > PHONE["height"] * 0.75
    assert box["y"] + box["height"] <= PHONE["height"]
    page.locator(".bar").get_by_role("button", name="Acknowledge").tap()
    expect(page.get_by_text("You have it. Nobody else will be called.")).to_be_visible()
    opened.context.close()


def test_hostile_text_runs_nothing_in_a_browser(place: Place, browser: Browser) -> None:
    text = " ".join(ZOO[:-1])
    hostile(place, text)
    with served(place.app()) as address:
        opened = Opened(browser, place, "alice", address)
        for path in ("/", "/incidents", "/incidents/1", "/alerts", "/alerts?tab=events", "/find?q=script"):
            page = opened.goto(path)
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            page.wait_for_timeout(100)
        assert opened.complaints == []
        opened.context.close()


COLOURS = ("light", "dark")


@pytest.mark.parametrize("scheme", COLOURS)
def test_text_can_be_read_on_its_ground(full: tuple[Place, str], browser: Browser, scheme: str) -> None:
    place, address = full
    context = browser.new_context(viewport=DESK, color_scheme=scheme)  # type: ignore[arg-type]
    sign_in(context, place, "alice", address)
    page = context.new_page()
    for path in ("/", "/incidents", "/incidents/5", "/incidents/3", "/me", "/demo/phones", "/incidents/new"):
        page.goto(address + path)
        assert page.evaluate(CONTRAST) == [], path
    context.close()


CONTRAST = """(() => {
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const linear = (c) => c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = rgb(getComputedStyle(node).backgroundColor);
      if (colour[3] > 0.99) return colour;
    }
    return rgb('Canvas');
  };
  const unread = '[disabled], option, [hidden], dialog, .visually-hidden';
  const bad = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = walker.nextNode());) {
    const node = text.parentElement;
    if (!text.data.trim() || !node.checkVisibility({checkOpacity: true}) || node.closest(unread)) continue;
    const a = light(rgb(getComputedStyle(node).color)), b = light(ground(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.add(`${ratio.toFixed(2)} ${node.className || node.tagName}: ${text.data.trim().slice(0, 30)}`);
  }
  return [...bad];
})()"""
"""Every visible text whose colour has less than 4.5 : 1 on the ground it stands on."""
