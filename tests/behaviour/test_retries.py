"""What a provider does with a page: failed ones are tried again by a table, refused ones go another way at once."""

from __future__ import annotations

from tests.behaviour.cast import Cast, paged
from tocsin.directory.model import Channel, User
from tocsin.incidents.messages import Acknowledge
from tocsin.kernel.time import SECOND
from tocsin.paging.messages import PageAttemptFailed, PageNotSent, PageSent, RecordReceipt, SendMessage
from tocsin.paging.model import MessageState, PageState, Result
from tocsin.paging.retry import DELAYS
from tocsin.testing.world import OWNER, World


def dora(world: World, *rules: tuple[Channel, int]) -> User:
    person = world.person("dora", rules=rules)
    _, monitor = world.service("Dora's", world.policy("Dora", (30, person)))
    world.event(monitor)
    return person


def channels(world: World, person: User) -> list[str]:
    return [one.message.channel.value for one in world.pages_to(person)]


def no_sms(message: SendMessage) -> Result:
    return Result.RETRY if message.channel is Channel.SMS else Result.SENT


def test_a_failed_attempt_is_repeated_by_the_table(world: World, cast: Cast) -> None:
    begin = world.clock.now()
    world.carrier.script = [Result.RETRY] * 4
    world.event(cast.monitor)
    world.advance(minutes=1)
    assert [one.at for one in world.pages_to(cast.alice)] == [begin + sum(DELAYS[:4])]
    assert len(world.facts(PageAttemptFailed)) == 4


def test_after_the_last_attempt_it_is_given_up_on_record(world: World) -> None:
    world.carrier.judge = no_sms
    dora(world, (Channel.SMS, 0))
    world.advance(seconds=sum(DELAYS) // SECOND + 1)
    assert [one.state for one in world.records().messages] == [MessageState.FAILED]
    assert len(world.facts(PageAttemptFailed)) == len(DELAYS) + 1
    assert [fact.reason for fact in world.facts(PageNotSent)] == [
        "it was given up, and this person has no later notification rule at this level"
    ]


def test_refused_goes_the_next_way_at_once(world: World) -> None:
    world.carrier.script = [Result.REFUSED]
    person = dora(world, (Channel.SMS, 0), (Channel.VOICE, 10))
    assert channels(world, person) == ["voice"]
    world.advance(minutes=15)
    assert channels(world, person) == ["voice"], "and not again at its own time"


def test_failing_again_and_again_goes_the_next_way_while_still_trying(world: World) -> None:
    world.carrier.judge = no_sms
    person = dora(world, (Channel.SMS, 0), (Channel.VOICE, 10))
    world.advance(seconds=2.9)
    assert channels(world, person) == []
    world.advance(seconds=0.2)
    assert channels(world, person) == ["voice"]
    world.carrier.judge = lambda _message: Result.SENT
    world.advance(minutes=1)
    assert channels(world, person) == ["voice", "sms"]


def test_unknown_is_tried_once_more(world: World, cast: Cast) -> None:
    world.carrier.script = [Result.UNKNOWN]
    world.event(cast.monitor)
    world.advance(minutes=2)
    assert paged(world, cast) == ["alice", "alice"], "rather twice than not at all"
    assert [one.state for one in world.records().messages] == [MessageState.SENT]


def test_unknown_after_failures_is_tried_once_more_too(world: World, cast: Cast) -> None:
    world.carrier.script = [Result.RETRY, Result.RETRY, Result.UNKNOWN, Result.UNKNOWN]
    world.event(cast.monitor)
    world.advance(minutes=2)
    assert paged(world, cast) == ["alice", "alice"]
    assert [one.state for one in world.records().messages] == [MessageState.FAILED]


def test_an_answer_ends_the_attempts(world: World, cast: Cast) -> None:
    world.carrier.judge = no_sms
    world.event(cast.monitor)
    world.advance(seconds=2)
    world.does(cast.alice, Acknowledge)
    tried = len(world.facts(PageAttemptFailed))
    world.advance(minutes=10)
    assert len(world.facts(PageAttemptFailed)) == tried
    assert [fact.reason for fact in world.facts(PageNotSent)] == ["answered by Alice"]


def test_failed_by_its_receipt_goes_the_next_way(world: World) -> None:
    person = dora(world, (Channel.SMS, 0), (Channel.VOICE, 10))
    message = world.records().messages[0]
    for _ in range(2):
        world.run(OWNER, RecordReceipt(message_id=message.id, status="failed", detail="unreachable"))
    assert channels(world, person) == ["sms", "voice"]


def test_receipts_only_move_forward(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    message = world.records().messages[0]
    for status in ("delivered", "delivered", "failed", "delivered", "queued"):
        world.run(OWNER, RecordReceipt(message_id=message.id, status=status))
    assert [page.state for page in world.records().pages] == [PageState.DELIVERED]
    assert len(world.facts(PageSent)) == 1
