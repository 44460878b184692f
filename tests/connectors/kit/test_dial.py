"""Connecting: every address is vetted, the vetted one is used, and a slow resolver costs its time limit and no more."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

import pytest

from tocsin.connectors._kit.contract import Outcome, Reason
from tocsin.connectors._kit.deadline import Deadline, DeadlinePassed
from tocsin.connectors._kit.dial import dial, operator_chosen
from tocsin.connectors._kit.egress import EgressPolicy
from tocsin.connectors._kit.failures import ExchangeFailed
from tocsin.connectors._kit.resolve import IPAddress, NameFailed, Resolver

LOOPBACK = EgressPolicy(allow=(ip_network("127.0.0.0/8"),))


def guard(address: IPAddress) -> str:
    return LOOPBACK.refusal(address, 80, encrypted=False)


class Names:
    """A resolver's table that counts questions; each name has a list of answers, the last one stays."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        given = self.answers.get(host.rstrip("."))
        if given is None:
            raise socket.gaierror(-2, "Name or service not known")
        return given.pop(0) if len(given) > 1 else given[0]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def deadline(seconds: float = 2.0) -> Deadline:
    return Deadline(time.monotonic, seconds)


def test_the_vetted_address_is_the_one_that_is_connected_to(listener: socket.socket) -> None:
    names = Names(hooks_example=[["127.0.0.1"], ["10.9.9.9"]])  # a second question would be answered differently
    with dial("hooks.example", port_of(listener), resolver=Resolver(names), guard=guard, deadline=deadline()) as line:
        assert line.getpeername()[0] == "127.0.0.1"
    assert names.asked == ["hooks.example."]


def test_one_forbidden_address_refuses_them_all(listener: socket.socket) -> None:
    resolver = Resolver(Names(hooks_example=[["127.0.0.1", "169.254.169.254"]]))
    with pytest.raises(ExchangeFailed) as caught:
        dial("hooks.example", port_of(listener), resolver=resolver, guard=guard, deadline=deadline())
    assert (caught.value.outcome, caught.value.reason) == (Outcome.REFUSED, Reason.EGRESS)
    assert "169.254" not in caught.value.detail


def test_an_address_that_is_down_gives_way_to_the_next(listener: socket.socket) -> None:
    resolver = Resolver(Names(hooks_example=[["127.0.0.2", "127.0.0.1"]]))  # nothing listens on 127.0.0.2
    with dial("hooks.example", port_of(listener), resolver=resolver, guard=guard, deadline=deadline()) as line:
        assert line.getpeername()[0] == "127.0.0.1"


def test_a_name_is_asked_for_from_the_root_first_then_as_hosts_files_have_it(listener: socket.socket) -> None:
    names = Names()

    def lookup(host: str) -> Sequence[str]:
        names.asked.append(host)
        if host.endswith("."):
            raise socket.gaierror(-2, "Name or service not known")
        return ["127.0.0.1"]

    dial("box.internal", port_of(listener), resolver=Resolver(lookup), guard=guard, deadline=deadline()).close()
    assert names.asked == ["box.internal.", "box.internal"]


def test_an_unknown_name_can_be_tried_again() -> None:
    with pytest.raises(ExchangeFailed) as caught:
        dial("nowhere.example", 80, resolver=Resolver(Names()), guard=operator_chosen, deadline=deadline())
    assert (caught.value.outcome, caught.value.reason) == (Outcome.RETRY, Reason.NETWORK)


def test_a_closed_port_can_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = port_of(server)
    with pytest.raises(ExchangeFailed) as caught:
        dial("127.0.0.1", port, resolver=Resolver(Names()), guard=operator_chosen, deadline=deadline())
    assert (caught.value.outcome, caught.value.reason) == (Outcome.RETRY, Reason.NETWORK)
    assert "refused" in caught.value.detail


def test_a_resolver_that_hangs_costs_its_time_limit() -> None:
    hung = threading.Event()
    resolver = Resolver(lambda _: ["127.0.0.1"] if hung.wait(5) else [])
    before = time.monotonic()
    with pytest.raises(ExchangeFailed) as caught:
        dial("slow.example", 80, resolver=resolver, guard=operator_chosen, deadline=deadline(0.1))
    hung.set()
    assert caught.value.outcome is Outcome.RETRY
    assert time.monotonic() - before < 1


def test_only_so_many_look_ups_hang_at_once() -> None:
    hung = threading.Event()

    def lookup(_: str) -> list[str]:
        hung.wait(5)
        return []

    resolver = Resolver(lookup, at_once=2)
    for _ in range(2):
        with pytest.raises(NameFailed, match="too long"):
            resolver.resolve("slow.example", 0.01)
    with pytest.raises(NameFailed, match="too many"):
        resolver.resolve("other.example", 5)
    assert resolver.resolve("127.0.0.1", 5) == (ip_address("127.0.0.1"),)
    hung.set()


def test_a_name_that_is_too_long_for_dns_is_just_not_found() -> None:
    with pytest.raises(NameFailed):
        Resolver().resolve("a" * 300 + ".example", 2)


def test_a_deadline_does_not_start_again() -> None:
    moments = iter([0.0, 4.0, 9.0, 10.0])
    one = Deadline(lambda: next(moments), 10)
    assert one.remaining() == 6.0
    assert one.remaining() == 1.0
    with pytest.raises(DeadlinePassed):
        one.remaining()
