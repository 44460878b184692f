"""What a browser has to load before a page is usable: all script and style together, as it is served."""

from __future__ import annotations

import re

from tests.web.place import Place
from tocsin.web.assets import assets

BYTES = 100_000
"""For everything, whatever page loads it; uncompressed, with what is taken from others."""


def test_all_script_and_style_stay_light() -> None:
    sizes = {name: len(one.content) for name, one in assets().items() if name.endswith((".js", ".css"))}
    assert {"app.js", "base.css"} <= set(sizes)
    assert sum(sizes.values()) < BYTES, sorted(sizes.items(), key=lambda one: -one[1])


def test_what_is_served_is_kept_for_ever_and_says_what_it_is(place: Place) -> None:
    browser = place.client("alice")
    page = browser.get("/").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"].endswith("immutable")
        kind = "text/javascript" if ".js" in address else "text/css" if ".css" in address else "image/svg+xml"
        assert answer.headers["content-type"].partition(";")[0] == kind
        again = browser.get(address, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert browser.get("/static/base.css?v=old").headers["cache-control"] == "no-cache"
    for missing in ("/static/none.css", "/static/..%2Fapp.py", "/static/"):
        assert browser.get(missing).status_code == 404
