"""Single values: what is shown of texts, addresses and times."""

from __future__ import annotations

import pytest

from tocsin.dialects._kit.fields import LATEST, clip, one_line, read_moment, runbook, web_address
from tocsin.kernel.time import iso


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-07-17T08:42:58.315+0000", "2026-07-17T08:42:58Z"),
        ("2026-07-17T08:42:58Z", "2026-07-17T08:42:58Z"),
        ("2026-07-17T10:42:58+02:00", "2026-07-17T08:42:58Z"),
        ("2026-07-17T08:42:58+00:00Z", "2026-07-17T08:42:58Z"),
        ("2026-07-17T08:42:58.123456789Z", "2026-07-17T08:42:58Z"),
        ("2026-07-17 08:42:58", "2026-07-17T08:42:58Z"),
        ("2026-07-17", "2026-07-17T00:00:00Z"),
        ("9999-12-31T23:59:59Z", iso(LATEST)),
        ("9999-12-31T23:59:59-14:00", iso(LATEST)),
    ],
)
def test_times_are_read_as_monitors_write_them(text: str, meant: str) -> None:
    assert iso(read_moment(text)) == meant


@pytest.mark.parametrize("text", ["", "now", "1753000000", "2026-13-01T00:00:00Z", "\x00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_moment(text)


def test_years_before_1970_are_negative() -> None:
    assert read_moment("0001-01-01T00:00:00Z") < 0


@pytest.mark.parametrize("address", ["https://wiki.example.com/x", "HTTP://wiki.example.com", " https://a.example "])
def test_web_addresses_pass(address: str) -> None:
    assert web_address(address) == address.strip()


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//wiki", "/wiki", "ftp://a", "file:///etc", "", 5, None, []]
)
def test_other_addresses_do_not(address: object) -> None:
    assert web_address(address) == ""


def test_a_runbook_is_found_under_either_name() -> None:
    assert runbook({"runbook_url": "https://a.example"}) == "https://a.example"
    assert runbook({"runbook_url": "see the wiki", "runbook": "https://b.example"}) == "https://b.example"
    assert runbook({}) == ""


def test_texts_are_clipped_with_an_ellipsis() -> None:
    assert clip("x" * 1024) == "x" * 1024
    assert clip("x" * 1025) == "x" * 1023 + "…"
    assert one_line("  disk\n\tfull ") == "disk full"
    assert one_line("disk full") == "disk full"
