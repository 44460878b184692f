"""Commands that come by the log because nobody waits for them: receipts and replies that must survive a stopped engine.

Decides their stored form only: the body is the command's envelope with its actor and its key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.decision import Command
from tocsin.kernel.time import Moment
from tocsin.paging.messages import RecordReceipt
from tocsin.runtime.turn_work import Order
from tocsin.storage.codec import build, command_from, dump, envelope, load_plain
from tocsin.storage.log import Entry, NewEntry

SOURCE = "order"


def order_entry(actor: Actor, command: Command, now: Moment, key: str = "") -> NewEntry:
    """The log entry of a command. `key`: the idempotency key under which it was asked already, if it was."""
    body = dump({"actor": actor, "command": envelope(command), "key": key})
    return NewEntry(now, SOURCE, "", "", body.encode())


def nothing_to_do(now: Moment) -> NewEntry:
    """The log entry of a command that changes nothing: to see whether the log takes entries."""
    return order_entry(SYSTEM, RecordReceipt(message_id="", status="none"), now)


def _read(entry: Entry) -> Order:
    envelope = load_plain(entry.body)
    return Order(build(Actor, envelope["actor"]), command_from(envelope["command"]), envelope.get("key", ""))


DECODERS: Mapping[str, Callable[[Entry], Order]] = {SOURCE: _read}
