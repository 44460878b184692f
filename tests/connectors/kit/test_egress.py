"""Where a webhook may go: URLs that are refused as they are written, and addresses that are refused when connecting."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.connectors._kit.contract import Outcome, Reason
from tocsin.connectors._kit.egress import EgressPolicy, Target, parse_target
from tocsin.connectors._kit.failures import ExchangeFailed
from tocsin.directory.urls import url_problem

PUBLIC = EgressPolicy()


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example", Target("https", "hooks.example", 443, "/")),
        ("HTTPS://Hooks.Example./a?b=c", Target("https", "hooks.example", 443, "/a?b=c")),
        ("http://hooks.example:8080/x", Target("http", "hooks.example", 8080, "/x")),
        ("https://hooks.example:/x", Target("https", "hooks.example", 443, "/x")),
        ("https://münchen.example/", Target("https", "xn--mnchen-3ya.example", 443, "/")),
        ("https://ｈooks.example/", Target("https", "hooks.example", 443, "/")),
        ("https://hooks。example/", Target("https", "hooks.example", 443, "/")),
        ("https://[2001:DB8::1]:8443/", Target("https", "2001:db8::1", 8443, "/")),
        ("https://hooks.example/ä?ö", Target("https", "hooks.example", 443, "/%C3%A4?%C3%B6")),
        ("https://hooks.example/a%20b", Target("https", "hooks.example", 443, "/a%20b")),
        ("https://_dmarc.hooks.example/", Target("https", "_dmarc.hooks.example", 443, "/")),
    ],
)
def test_a_url_is_read_once_into_its_canonical_form(url: str, target: Target) -> None:
    assert parse_target(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example",
        "//hooks.example/",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "https://",
        "https:///path",
        "https://user@hooks.example/",
        "https://user:password@hooks.example/",
        "https://hooks.example@127.0.0.1/",
        "https://hooks.example#@evil.example/",
        "https://hooks.example/#fragment",
        "https://hooks.example/\r\nX: y",
        "https://hooks.example/a b",
        "https://hooks.example\\@evil.example/",
        "https://hooks.example\t/",
        "\nhttps://hooks.example/",
        "https://hooks.example:0/",
        "https://hooks.example:65536/",
        "https://hooks.example:-1/",
        "https://hooks.example:http/",
        "https://hooks..example/",
        "https://.hooks.example/",
        "https://hooks.example../",
        "https://-hooks.example/",
        "https://hooks%2eexample/",
        "https://127.0.0.1%2f@hooks.example/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.x]/",
        "https://" + "a" * 64 + ".example/",
        "https://hooks.example/" + "a" * 3000,
        # Numbers that the C library would read as an IPv4 address
        "http://2130706433/",
        "http://017700000001/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://127.0.0.01/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://example.0x7f/",
    ],
)
def test_a_url_that_could_be_read_two_ways_is_refused(url: str) -> None:
    with pytest.raises(ExchangeFailed) as caught:
        parse_target(url)
    assert (caught.value.outcome, caught.value.reason) == (Outcome.REFUSED, Reason.EGRESS)


@given(st.text(max_size=60))
def test_any_text_is_either_a_clean_target_or_refused(text: str) -> None:
    try:
        target = parse_target("https://" + text)
    except ExchangeFailed:
        return
    wire = f"{target.authority}{target.path}"
    assert wire.isascii()
    assert wire.isprintable()
    assert " " not in wire
    assert "@" not in target.host
    assert 0 < target.port < 65536


@given(st.text(max_size=60))
def test_what_is_refused_when_saved_is_what_could_not_be_sent(text: str) -> None:
    """Neither more nor less. International names apart: they are judged when they are called."""
    url = "https://" + text
    try:
        parse_target(url)
    except ExchangeFailed:
        assert url_problem(url) or not url.isascii()
    else:
        assert not url_problem(url)


INTERNAL = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INTERNAL)
def test_an_internal_address_is_refused(address: str) -> None:
    assert PUBLIC.refusal(ip_address(address), 443, encrypted=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert PUBLIC.refusal(ip_address(address), 443, encrypted=True) == ""


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_ipv6_dress_makes_an_internal_ipv4_address_public(inner: IPv4Address) -> None:
    if not PUBLIC.refusal(inner, 443, encrypted=True):
        return
    number = int(inner)
    for prefix, shift in (("::ffff:0:0", 0), ("64:ff9b::", 0), ("::", 0), ("2002::", 80)):
        dressed = IPv6Address(int(IPv6Address(prefix)) | (number << shift))
        assert PUBLIC.refusal(dressed, 443, encrypted=True), dressed


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_whatever_the_standard_library_calls_private_is_refused(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global and not (isinstance(address, IPv6Address) and address.ipv4_mapped):
        assert PUBLIC.refusal(address, 443, encrypted=True)


def test_the_operator_may_open_an_internal_network_for_http_and_any_port() -> None:
    policy = EgressPolicy(allow=(ip_network("10.1.0.0/16"), ip_network("127.0.0.0/8")))
    assert policy.refusal(ip_address("10.1.2.3"), 81, encrypted=False) == ""
    assert policy.refusal(ip_address("::ffff:10.1.2.3"), 443, encrypted=True) == ""
    assert policy.refusal(ip_address("10.2.0.1"), 443, encrypted=True)


def test_a_block_beats_a_permission() -> None:
    policy = EgressPolicy(allow=(ip_network("10.0.0.0/8"),), deny=(ip_network("10.0.0.5"), ip_network("8.8.8.8")))
    assert policy.refusal(ip_address("10.0.0.4"), 443, encrypted=True) == ""
    assert policy.refusal(ip_address("10.0.0.5"), 443, encrypted=True)
    assert policy.refusal(ip_address("8.8.8.8"), 443, encrypted=True)
    assert policy.refusal(ip_address("::ffff:10.0.0.5"), 443, encrypted=True)


def test_public_addresses_need_https_unless_the_operator_says_otherwise() -> None:
    assert "https" in PUBLIC.refusal(ip_address("8.8.8.8"), 80, encrypted=False)
    assert EgressPolicy(plain_http=True).refusal(ip_address("8.8.8.8"), 80, encrypted=False) == ""


@pytest.mark.parametrize(
    ("port", "allowed"), [(443, True), (80, True), (8443, True), (5000, True), (22, False), (25, False)]
)
def test_ports_of_other_services_are_refused(port: int, allowed: bool) -> None:
    assert (PUBLIC.refusal(ip_address("8.8.8.8"), port, encrypted=True) == "") is allowed
