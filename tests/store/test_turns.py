import dataclasses

import pytest

from appliance.conversations.conversation import Role, new_id
from appliance.conversations.turn import TurnCounts, TurnStatus
from appliance.errors import Conflict, NotFound
from appliance.store import messages, turns


@pytest.fixture
async def question(database, person, say):
    question = say("why?")
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, question, None)
    return question


@pytest.fixture
async def turn(database, person, question, turn_for):
    turn = turn_for(question)
    async with database.write() as tx:
        await turns.insert(tx, person.person_key, turn)
    return turn


async def find(database, person, turn):
    async with database.read() as reader:
        return await turns.find(reader, person.person_key, turn.turn_id)


async def test_a_turn_comes_back_as_it_was_inserted(database, person, turn):
    assert await find(database, person, turn) == turn


async def test_a_turn_lives_from_waiting_to_finished(database, person, say, question, turn):
    key = person.person_key
    async with database.write() as tx:
        assert await turns.start(tx, key, turn.turn_id, {"window": [1, 2]}, "abc", 7)
    async with database.write() as tx:
        assert await turns.checkpoint(tx, key, turn.turn_id, "Becau")
    running = await find(database, person, turn)
    assert running == dataclasses.replace(
        turn,
        status=TurnStatus.RUNNING,
        checkpoint="Becau",
        prompt_record={"window": [1, 2]},
        model_sha256="abc",
        seed=7,
        attempts=1,
    )
    reply = say("Because.", after=question, role=Role.ASSISTANT)
    finished = dataclasses.replace(
        running,
        status=TurnStatus.FINISHED,
        reply_message_id=reply.message_id,
        checkpoint="",
        finish_reason="stop",
        counts=TurnCounts(
            *(10, 5, 3),
            queue_ms=1,
            ttft_ms=20,
            decode_ms=80,
            prefill_ms=19,
            drafted_tokens=4,
            accepted_tokens=2,
        ),
    )
    async with database.write() as tx:
        await messages.insert(tx, key, reply, None)
        assert await turns.finish(tx, key, finished)
    assert await find(database, person, turn) == finished


async def test_what_has_ended_stays_as_it_is(database, person, turn):
    key = person.person_key
    failed = dataclasses.replace(turn, status=TurnStatus.FAILED, error="The model is gone.")
    async with database.write() as tx:
        assert await turns.finish(tx, key, failed)
    async with database.write() as tx:
        assert not await turns.checkpoint(tx, key, turn.turn_id, "too late")
        assert not await turns.start(tx, key, turn.turn_id, {}, "", 0)
        cancelled = dataclasses.replace(turn, status=TurnStatus.CANCELLED)
        assert not await turns.finish(tx, key, cancelled)
    assert await find(database, person, turn) == failed


async def test_a_conversation_has_one_open_turn(database, person, question, turn, turn_for):
    key, conversation_id = person.person_key, question.conversation_id
    async with database.read() as reader:
        assert await turns.running_in(reader, key, conversation_id) == turn
    with pytest.raises(Conflict):
        async with database.write() as tx:
            await turns.insert(tx, key, turn_for(question))
    cancelled = dataclasses.replace(turn, status=TurnStatus.CANCELLED, finish_reason="cancelled")
    async with database.write() as tx:
        await turns.finish(tx, key, cancelled)
        await turns.insert(tx, key, turn_for(question))


async def test_every_try_at_a_message_is_found_oldest_first(
    database, person, question, turn, turn_for
):
    key = person.person_key
    again = turn_for(question)
    async with database.write() as tx:
        await turns.finish(tx, key, dataclasses.replace(turn, status=TurnStatus.FAILED))
        await turns.insert(tx, key, again)
    async with database.read() as reader:
        tries = await turns.tries_at(
            reader, key, question.conversation_id, [question.message_id, new_id()]
        )
        none = await turns.tries_at(reader, key, question.conversation_id, [])
    assert [each.turn_id for each in tries] == [turn.turn_id, again.turn_id]
    assert [each.status for each in tries] == [TurnStatus.FAILED, TurnStatus.WAITING]
    assert none == ()


async def test_recovery_finds_everybodys_open_turns(database, person, question, turn, turn_for):
    async with database.read() as reader:
        assert await turns.unfinished(reader) == ((person, turn),)
    async with database.write() as tx:
        ended = dataclasses.replace(turn, status=TurnStatus.FINISHED)
        await turns.finish(tx, person.person_key, ended)
    async with database.read() as reader:
        assert await turns.unfinished(reader) == ()


async def test_another_persons_turn_is_never_found_nor_changed(
    database, person, stranger, question, turn, turn_for
):
    key = stranger.person_key
    conversation_id = question.conversation_id
    async with database.read() as reader:
        assert await turns.find(reader, key, turn.turn_id) is None
        assert await turns.running_in(reader, key, conversation_id) is None
        ids = [question.message_id]
        assert await turns.tries_at(reader, key, conversation_id, ids) == ()
    async with database.write() as tx:
        assert not await turns.start(tx, key, turn.turn_id, {}, "", 1)
        assert not await turns.checkpoint(tx, key, turn.turn_id, "mine")
        ended = dataclasses.replace(turn, status=TurnStatus.FAILED)
        assert not await turns.finish(tx, key, ended)
    with pytest.raises(NotFound):
        async with database.write() as tx:
            await turns.insert(tx, key, turn_for(question))
    assert await find(database, person, turn) == turn


async def test_a_turn_that_goes_on_with_a_reply_knows_it_from_the_beginning(
    database, person, say, question, turn, turn_for
):
    key = person.person_key
    reply = say("Beca", after=question, role=Role.ASSISTANT)
    foreign = say("elsewhere", after=reply)
    async with database.write() as tx:
        await turns.finish(tx, key, dataclasses.replace(turn, status=TurnStatus.CANCELLED))
        for message in (reply, foreign):
            await messages.insert(tx, key, message, None)
    going_on = dataclasses.replace(
        turn_for(question), reply_message_id=reply.message_id, checkpoint="Beca"
    )
    async with database.write() as tx:
        await turns.insert(tx, key, going_on)
    assert await find(database, person, going_on) == going_on
    async with database.read() as reader:
        assert await turns.unfinished(reader) == ((person, going_on),)


async def test_the_turns_of_a_message_are_deleted_with_their_ids_told(
    database, person, stranger, question, turn
):
    async with database.write() as tx:
        mine = question.message_id
        assert await turns.delete_of_message(tx, stranger.person_key, mine) == ()
        assert await turns.delete_of_message(tx, person.person_key, mine) == (turn.turn_id,)
    assert await find(database, person, turn) is None
