"""What a browser has to load before a page is usable: all script and style together, as it lies on the disk."""

from __future__ import annotations

from tocsin.web.render import STATIC

BYTES = 100_000
"""For everything, whatever page loads it; uncompressed, with what is taken from others."""


def test_all_script_and_style_stay_light() -> None:
    sizes = {
        str(path.relative_to(STATIC)): path.stat().st_size
        for path in STATIC.rglob("*")
        if path.suffix in (".js", ".css") and path.is_file()
    }
    assert {"app.js", "base.css"} <= set(sizes)
    assert sum(sizes.values()) < BYTES, sorted(sizes.items(), key=lambda one: -one[1])
