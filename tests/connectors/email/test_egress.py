"""Which addresses a mail server may have that an owner named on a page: decision 0035, address by address."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from tocsin.connectors._kit.egress import MACHINERY, EgressPolicy
from tocsin.connectors.email.egress import relay_guard

POLICY = EgressPolicy(deny=MACHINERY)
EVERYTHING = EgressPolicy(allow=(ip_network("0.0.0.0/0"), ip_network("::/0")), deny=MACHINERY)


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("93.184.216.34", 25), ("93.184.216.34", 2526), ("2606:2800:220:1::1", 587), ("10.1.2.3", 25),
        ("192.168.0.9", 465), ("172.16.3.4", 587), ("100.64.0.7", 2525), ("127.0.0.1", 25), ("::1", 587),
        ("fd00::25", 25), ("::ffff:10.1.2.3", 25),
    ],
)  # fmt: skip
def test_a_mail_server_is_reached_where_mail_servers_are(address: str, port: int) -> None:
    assert relay_guard(POLICY, port)(ip_address(address)) == ""


@pytest.mark.parametrize(
    ("address", "port", "why"),
    [
        ("10.1.2.3", 6379, "port 6379 of an internal address"),
        ("127.0.0.1", 5432, "port 5432 of an internal address"),
        ("::1", 80, "port 80 of an internal address"),
        ("93.184.216.34", 22, "port 22 is not for mail"),
        ("198.18.0.1", 25, "nobody's mail server"),
        ("2002:0a01:0203::1", 25, "nobody's mail server"),
    ],
)
def test_no_other_port_inside_and_nothing_that_is_no_network_of_anybody(address: str, port: int, why: str) -> None:
    assert why in relay_guard(POLICY, port)(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "fd20:ce::254",
        "100.100.100.200", "168.63.129.16", "192.0.0.192", "fe80::1", "0.0.0.0", "224.0.0.1", "ff02::1",
        "255.255.255.255",
    ],
)  # fmt: skip
def test_the_machinery_of_clouds_is_never_reached_whatever_is_allowed(address: str) -> None:
    for policy in (POLICY, EVERYTHING):
        assert relay_guard(policy, 25)(ip_address(address)) == "this address is never connected to"
        assert policy.refusal(ip_address(address), 443, encrypted=True), "by HTTP neither"


def test_the_operator_opens_other_ports_inside() -> None:
    assert relay_guard(EVERYTHING, 1025)(ip_address("10.1.2.3")) == ""
