"""By what a person would be reached where only some channels are set up, and why not. Pure look-ups, no I/O.

Decides what counts as reachable for whoever looks ahead; the engine itself tries every contact method in use.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from tocsin.directory.model import Channel, ContactMethod, Urgency
from tocsin.engine.config import Config
from tocsin.engine.people import ways


class Lack(StrEnum):
    """Why nothing reaches a person."""

    GONE = "gone"  # removed
    INACTIVE = "inactive"  # switched off
    NO_CONTACT = "no_contact"  # without any contact method
    ALL_OFF = "all_off"  # every contact method is switched off
    NOT_SET_UP = "not_set_up"  # only by channels that are not set up here


@dataclass(frozen=True, slots=True)
class Touch:
    """A contact method that pages of high urgency use, so many minutes after a call. `works`: its channel is set up."""

    contact: ContactMethod
    after_minutes: int
    works: bool


def touches(config: Config, user_id: str, channels: Collection[str]) -> tuple[Touch, ...]:
    """By what the person is paged when it is urgent, soonest first."""
    found = ways(config, user_id, Urgency.HIGH)
    return tuple(Touch(way.contact, way.delay_minutes, way.contact.channel in channels) for way in found)


def lack_of(config: Config, user_id: str, channels: Collection[str]) -> Lack | None:
    """Why nothing reaches this person when it is urgent, None when something does."""
    user = config.users.get(user_id)
    if user is None:
        return Lack.GONE
    if not user.active:
        return Lack.INACTIVE
    contacts = config.contacts_of.get(user_id, ())
    if not contacts:
        return Lack.NO_CONTACT
    if not any(contact.enabled for contact in contacts):
        return Lack.ALL_OFF
    if not any(touch.works for touch in touches(config, user_id, channels)):
        return Lack.NOT_SET_UP
    return None


def without_rules(config: Config, user_id: str) -> bool:
    """Whether no rule of the person's for high urgency can be used, so that every contact method is, at once."""
    usable = {contact.id for contact in config.contacts_of.get(user_id, ()) if contact.enabled}
    rules = config.rules_of.get(user_id, ())
    return bool(usable) and not any(rule.urgency is Urgency.HIGH and rule.contact_method_id in usable for rule in rules)


def best_contact(config: Config, user_id: str, channels: Collection[str]) -> ContactMethod | None:
    """The contact method to try first: one in use whose channel is set up, a text before a call before mail."""
    order = (Channel.SMS, Channel.VOICE, Channel.PUSH, Channel.EMAIL, Channel.WEBHOOK)
    found = [one for one in config.contacts_of.get(user_id, ()) if one.enabled and one.channel in channels]
    return min(found, key=lambda one: (order.index(one.channel), one.id), default=None)
