import pytest

from appliance.hot import keys
from appliance.hot.connection import Hot
from appliance.hot.recent_window import RecentWindow


@pytest.fixture
def window(hot):
    return RecentWindow(hot)


def ids(messages):
    return messages[0].conversation_id, messages[-1].message_id


async def test_what_was_put_is_got(window, chain):
    messages = chain(3)
    await window.put(*ids(messages), messages)
    assert await window.get(*ids(messages)) == tuple(messages)


async def test_an_unknown_conversation_is_a_miss(window):
    assert await window.get("nothing", "here") is None


async def test_another_leaf_is_a_miss(window, chain):
    messages = chain(3)
    await window.put(*ids(messages), messages)
    assert await window.get(messages[0].conversation_id, messages[1].message_id) is None


async def test_pushed_messages_follow_the_expected_leaf(window, chain):
    messages = chain(2)
    await window.put(*ids(messages), messages)
    more = chain(2, messages[0].conversation_id, after=messages[-1])
    await window.push(messages[0].conversation_id, messages[-1].message_id, *more)
    assert await window.get(*ids(more)) == (*messages, *more)


async def test_a_first_message_begins_a_window(window, chain):
    messages = chain(1)
    await window.push(messages[0].conversation_id, None, *messages)
    assert await window.get(*ids(messages)) == tuple(messages)


async def test_a_push_to_another_leaf_changes_nothing(window, chain):
    messages = chain(2)
    conversation_id = messages[0].conversation_id
    await window.put(*ids(messages), messages)
    branch = chain(1, conversation_id, after=messages[0])
    await window.push(conversation_id, messages[0].message_id, *branch)
    assert await window.get(*ids(messages)) == tuple(messages)


async def test_a_push_to_a_window_that_is_gone_stays_a_miss(window, chain):
    messages = chain(2)
    await window.push(messages[0].conversation_id, messages[0].message_id, messages[1])
    assert await window.get(*ids(messages)) is None


async def test_messages_that_do_not_hang_together_are_not_kept(window, chain):
    messages = chain(4)
    await window.put(*ids(messages), [messages[0], messages[1], messages[3]])
    assert await window.get(*ids(messages)) is None
    await window.put(*ids(messages), messages)
    await window.push(messages[0].conversation_id, messages[-1].message_id, *chain(1))
    assert await window.get(*ids(messages)) == tuple(messages)


@pytest.mark.parametrize("count", [100, 130])
async def test_a_window_holds_the_newest_100(window, chain, count):
    messages = chain(count)
    await window.put(*ids(messages), messages)
    assert await window.get(*ids(messages)) == tuple(messages[-100:])
    more = chain(2, messages[0].conversation_id, after=messages[-1])
    await window.push(messages[0].conversation_id, messages[-1].message_id, *more)
    assert await window.get(*ids(more)) == (*messages[-98:], *more)


async def test_a_forgotten_window_is_gone(window, chain, administrator):
    messages = chain(2)
    await window.put(*ids(messages), messages)
    await window.forget(messages[0].conversation_id)
    assert await window.get(*ids(messages)) is None
    async with administrator() as client:
        assert await client.keys("*") == []


async def test_every_window_has_its_end(window, chain, administrator):
    messages = chain(2)
    key = keys.window(messages[0].conversation_id)
    async with administrator() as client:
        await window.put(*ids(messages), messages)
        assert 0 < await client.ttl(key) <= keys.WINDOW_SECONDS
        await client.persist(key)
        more = chain(1, messages[0].conversation_id, after=messages[-1])
        await window.push(messages[0].conversation_id, messages[-1].message_id, *more)
        assert 0 < await client.ttl(key) <= keys.WINDOW_SECONDS


async def test_rubbish_under_the_key_is_a_miss_and_can_be_replaced(window, chain, administrator):
    messages = chain(2)
    key = keys.window(messages[0].conversation_id)
    async with administrator() as client:
        await client.rpush(key, b"\xc1rubbish")
        assert await window.get(*ids(messages)) is None
        await window.push(messages[0].conversation_id, messages[0].message_id, messages[1])
        await client.set(key, b"not even a list")
        assert await window.get(*ids(messages)) is None
    await window.put(*ids(messages), messages)
    assert await window.get(*ids(messages)) == tuple(messages)


async def test_a_flush_gives_misses_and_nothing_else(window, chain, administrator):
    messages = chain(2)
    await window.put(*ids(messages), messages)
    async with administrator() as client:
        await client.flushall()
    assert await window.get(*ids(messages)) is None
    await window.put(*ids(messages), messages)
    assert await window.get(*ids(messages)) == tuple(messages)


async def test_without_valkey_every_read_is_a_miss_and_every_write_is_dropped(chain):
    window = RecentWindow(Hot(None))
    messages = chain(2)
    await window.put(*ids(messages), messages)
    await window.push(*ids(messages), *chain(1, after=messages[-1]))
    await window.forget(messages[0].conversation_id)
    assert await window.get(*ids(messages)) is None
