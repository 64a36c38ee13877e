"""Sharing a conversation: who may, for how long, and that nothing of it is left afterwards."""

import asyncio

import pytest
from canary import in_files
from conversation_steps import exchange, follow_to_end, say, wait_for_text
from fakes import ScriptedBackend
from kept_conversations import add, keep, stranger_in

from appliance.conversations.conversation import TEMPORARY
from appliance.conversations.sharing import MOST_A_PERSON, PAGE_LENGTH, Sharing, days_of
from appliance.errors import Conflict, InvalidInput, NotFound
from appliance.portable.belongings import CONFIRMATION

CANARY = "zanzibar"
DAY = 86_400


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sharing(box, clock):
    return Sharing(box.desk.database, clock)


async def tea(box, *texts):
    conversation, _ = await keep(
        box.desk.database, box.person, "Tea", *(texts or ("Which?", "So."))
    )
    return conversation.conversation_id


async def test_a_link_shows_what_was_said_until_its_time_is_over(box, sharing, clock):
    made = await sharing.share(box.person, await tea(box), 7)
    page = await sharing.read(made.secret)
    assert [message.content for message in page.messages] == ["Which?", "So."]
    assert page.expires_at == clock.now + 7 * DAY
    clock.now += 7 * DAY - 1
    await sharing.read(made.secret)
    clock.now += 1
    with pytest.raises(NotFound):
        await sharing.read(made.secret)
    assert await sharing.list_all(box.person) == ()


async def test_the_link_is_long_and_is_nowhere_in_the_database(box, sharing):
    made = await sharing.share(box.person, await tea(box), 1)
    assert len(bytes.fromhex(made.secret)) == 16
    assert in_files("Which?", box.settings.data_dir)
    assert in_files(made.secret, box.settings.data_dir) == set()


async def test_a_wrong_an_ended_and_an_expired_link_are_told_apart_by_nothing(box, sharing, clock):
    conversation_id = await tea(box)
    expired = await sharing.share(box.person, conversation_id, 1)
    clock.now += 2 * DAY
    ended = await sharing.share(box.person, conversation_id, 30)
    await sharing.end(box.person, ended.link.link_id)
    asked = []
    async with box.desk.database.read() as reader:
        await reader.set_trace_callback(asked.append)
    async with box.desk.database.read() as reader:
        await reader.set_trace_callback(asked.append)
    outcomes = set()
    for secret in (expired.secret, ended.secret, "0" * 32, "", "x" * 500, "\udc80", "차"):
        asked.clear()
        with pytest.raises(NotFound) as refused:
            await sharing.read(secret)
        statements = tuple(each.partition("WHERE")[0] for each in asked)
        outcomes.add((str(refused.value), statements))
    assert len(outcomes) == 1


async def test_opening_it_is_counted_and_turning_its_pages_is_not(box, sharing):
    conversation_id = await tea(box, *["word"] * (2 * PAGE_LENGTH))
    made = await sharing.share(box.person, conversation_id, 1)
    for number in (1, 2, 1):
        page = await sharing.read(made.secret, number)
        assert (page.number, page.count) == (number, 2)
    (link,) = await sharing.list_all(box.person)
    assert link.views == 2


async def test_nobody_shares_or_ends_what_is_anothers(box, sharing):
    stranger = await stranger_in(box.desk.database)
    conversation_id = await tea(box)
    made = await sharing.share(box.person, conversation_id, 1)
    with pytest.raises(NotFound):
        await sharing.share(stranger, conversation_id, 1)
    with pytest.raises(NotFound):
        await sharing.of_conversation(stranger, conversation_id)
    with pytest.raises(NotFound):
        await sharing.end(stranger, made.link.link_id)
    await sharing.read(made.secret)


@pytest.mark.parametrize("choice", ["", "0", "2", "-7", "7.0", "x", "٧", "9" * 50])
def test_a_time_that_is_not_offered_is_a_sentence(choice):
    with pytest.raises(InvalidInput, match="1, 7 or 30 days"):
        days_of(choice)


async def test_what_cannot_be_shared_is_refused_with_the_reason(box, sharing):
    with pytest.raises(InvalidInput, match="temporary conversation"):
        await sharing.share(box.person, f"{TEMPORARY}{'0' * 32}", 7)
    async with box.desk.database.write() as tx:
        empty, _ = await add(tx, box.person, "Nothing yet")
    with pytest.raises(InvalidInput, match="nothing in this conversation"):
        await sharing.share(box.person, empty.conversation_id, 7)
    assert await sharing.list_all(box.person) == ()


async def test_a_reply_that_is_being_written_is_waited_for(open_scripted):
    backend = ScriptedBackend(lambda sequence: "x" * 50, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Hello")
    conversation_id = started.conversation.conversation_id
    backend.let(20)
    await wait_for_text(box, started.turn.turn_id, 5)
    with pytest.raises(Conflict, match="still being written"):
        await box.desk.sharing.share(box.person, conversation_id, 7)
    backend.let(1000)
    await follow_to_end(box, started.turn.turn_id)
    made = await box.desk.sharing.share(box.person, conversation_id, 7)
    assert made.link.message_count == 2


async def test_there_is_a_limit_and_a_sentence_that_says_so(box, sharing, clock):
    conversation_id = await tea(box)
    await asyncio.gather(
        *(sharing.share(box.person, conversation_id, 1) for _ in range(MOST_A_PERSON))
    )
    with pytest.raises(Conflict, match="100 shared links"):
        await sharing.share(box.person, conversation_id, 1)
    clock.now += 2 * DAY
    await sharing.share(box.person, conversation_id, 1)


async def test_ended_links_leave_no_word_of_the_copy(box, sharing, clock):
    shared = await tea(box, f"All about {CANARY}")
    made = await sharing.share(box.person, shared, 1)
    await sharing.share(box.person, shared, 7)
    before = await _copies(box)
    await sharing.end(box.person, made.link.link_id)
    assert (before, await _copies(box)) == (2, 1)
    clock.now += 8 * DAY
    assert await sharing.end_expired() == 1
    assert await _copies(box) == 0
    assert await sharing.end_expired() == 0


async def _copies(box):
    """How often the word is in the database's file, beside the conversation itself: its index and
    its title hold other forms of it."""
    await box.desk.database.truncate_wal()
    content = box.desk.database.path.read_bytes()
    return content.count(f"All about {CANARY}".encode()) - 1


async def test_the_receipts_of_deletions_count_the_links(box):
    started = await exchange(box, "Tea?")
    await exchange(box, "Why?", started.conversation.conversation_id)
    conversation_id = started.conversation.conversation_id
    await box.desk.sharing.share(box.person, conversation_id, 7)
    deleted = await box.desk.branches.delete_pair(box.person, started.message.message_id)
    assert deleted.receipt.shared_links == 1
    made = await box.desk.sharing.share(box.person, conversation_id, 7)
    receipt = await box.desk.service.delete_conversation(box.person, conversation_id)
    assert receipt.shared_links == 1
    with pytest.raises(NotFound):
        await box.desk.sharing.read(made.secret)
    await box.desk.sharing.share(box.person, await tea(box), 7)
    receipt = await box.desk.belongings.delete_all(box.person, CONFIRMATION)
    assert receipt.shared_links == 1
    assert not await box.desk.sharing.list_all(box.person)
