import pytest

from appliance.conversations.conversation import new_id
from appliance.hot import keys
from appliance.hot.connection import Hot
from appliance.hot.token_stream import TokenStream


@pytest.fixture
def stream(hot):
    return TokenStream(hot)


async def test_what_was_appended_is_read_as_one_text(stream):
    turn_id = new_id()
    await stream.append(turn_id, [(0, "Good "), (5, "morning")])
    await stream.append(turn_id, [(12, ", 세계 🎉")])
    assert await stream.read(turn_id) == "Good morning, 세계 🎉"


async def test_deltas_added_without_waiting_arrive_in_order(stream):
    one, other = new_id(), new_id()
    for offset, letter in enumerate("abcdefgh"):
        stream.append_soon(one, offset, letter)
        stream.append_soon(other, offset, letter.upper())
    await stream.flush()
    assert await stream.read(one) == "abcdefgh"
    assert await stream.read(other) == "ABCDEFGH"


async def test_what_waits_goes_in_one_piece(stream, administrator):
    turn_id = new_id()
    for offset, letter in enumerate("abcdefgh"):
        stream.append_soon(turn_id, offset, letter)
    await stream.flush()
    async with administrator() as client:
        assert await client.xlen(keys.token_stream(turn_id)) == 1


async def test_a_gap_ends_the_text(stream):
    turn_id = new_id()
    await stream.append(turn_id, [(0, "abc")])
    await stream.append(turn_id, [(5, "fgh")])
    assert await stream.read(turn_id) == "abc"
    headless = new_id()
    await stream.append(headless, [(3, "def")])
    assert await stream.read(headless) == ""


async def test_a_turn_that_goes_on_from_earlier_text_replaces_what_followed(stream):
    turn_id = new_id()
    await stream.append(turn_id, [(0, "It is a dog, I think")])
    await stream.append(turn_id, [(8, "cat")])
    assert await stream.read(turn_id) == "It is a cat"


async def test_an_open_stream_has_its_end_and_a_closed_one_a_near_one(stream, administrator):
    turn_id = new_id()
    async with administrator() as client:
        await stream.append(turn_id, [(0, "abc")])
        ttl = await client.ttl(keys.token_stream(turn_id))
        assert keys.CLOSED_STREAM_SECONDS < ttl <= keys.OPEN_STREAM_SECONDS
        stream.append_soon(turn_id, 3, "def")
        await stream.close(turn_id)
        assert 0 < await client.ttl(keys.token_stream(turn_id)) <= keys.CLOSED_STREAM_SECONDS
    assert await stream.read(turn_id) == "abcdef"


async def test_a_forgotten_stream_is_gone_with_what_waited_for_it(stream, administrator):
    turn_id = new_id()
    await stream.append(turn_id, [(0, "abc")])
    stream.append_soon(turn_id, 3, "def")
    await stream.forget(turn_id)
    assert await stream.read(turn_id) == ""
    async with administrator() as client:
        assert await client.keys("*") == []


async def test_an_unknown_turn_has_no_text(stream):
    assert await stream.read(new_id()) == ""


async def test_a_broken_character_never_raises(stream):
    turn_id = new_id()
    await stream.append(turn_id, [(0, "half \ud83d")])
    assert await stream.read(turn_id) == ""


async def test_rubbish_under_the_key_is_no_text(stream, administrator):
    turn_id = new_id()
    async with administrator() as client:
        await client.xadd(keys.token_stream(turn_id), {"x": "y"})
    assert await stream.read(turn_id) == ""


async def test_without_valkey_nothing_raises():
    stream = TokenStream(Hot(None))
    stream.append_soon("turn", 0, "abc")
    await stream.append("turn", [(3, "def")])
    assert await stream.read("turn") == ""
    await stream.close("turn")
    await stream.forget("turn")
