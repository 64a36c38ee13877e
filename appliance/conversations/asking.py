"""What it takes to have a message answered: nobody writes there, there is room in the queue, and
the message is stored together with its turn.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiosqlite import Connection

from appliance.conversations.conversation import Message, Person
from appliance.conversations.opened import StartedTurn
from appliance.conversations.turn import Turn
from appliance.conversations.turn_record import new_turn
from appliance.conversations.turn_runner import TurnRunner
from appliance.errors import Conflict, QueueFull
from appliance.sentences import say
from appliance.store import conversations, messages, seals, turns

Answer = TypeVar("Answer")

STILL_WRITING = say("A reply is still being written here. Wait for it or stop it first.")
SEALED_MEANWHILE = say("How your account is kept has just been changed. Send it again.")


async def to_the_end(accepting: Coroutine[Any, Any, Answer]) -> Answer:
    """Not cancelled with whoever waits: a client that hangs up now must not leave a stored message
    without its turn, or a turn that nobody runs.
    """
    return await asyncio.shield(asyncio.ensure_future(accepting))


def check_queue(runner: TurnRunner, open_turns: int) -> None:
    """Raises QueueFull."""
    if runner.open_count >= open_turns:
        raise QueueFull(
            say(
                "%(count)s replies are being written or waited for already. Try again in a minute.",
                count=runner.open_count,
            )
        )


async def check_desk(tx: Connection, person: Person, is_for_sealed: bool) -> None:
    """Raises Conflict at the wrong desk: the account was sealed, or unsealed, this moment."""
    if (await seals.find(tx, person.person_key) is not None) is not is_for_sealed:
        raise Conflict(SEALED_MEANWHILE)


async def check_nobody_writes(tx: Connection, person: Person, conversation_id: str) -> None:
    """Raises Conflict while a reply is being written in this conversation."""
    if await turns.running_in(tx, person.person_key, conversation_id):
        raise Conflict(STILL_WRITING)


async def ask(
    tx: Connection, person: Person, message: Message, client_message_id: str | None
) -> Turn:
    """Store a new message, at the end of the branch that is read, and the turn that answers it."""
    turn = new_turn(message, message.created_at)
    await messages.insert(tx, person.person_key, message, client_message_id)
    await turns.insert(tx, person.person_key, turn)
    await conversations.set_leaf(
        tx, person.person_key, message.conversation_id, message.message_id, message.created_at
    )
    return turn


async def asked_before(
    tx: Connection, person: Person, client_message_id: str
) -> StartedTurn | None:
    """What was accepted under this id the first time, if it was."""
    message = await messages.find_by_client_id(tx, person.person_key, client_message_id)
    if message is None:
        return None
    conversation = await conversations.find(tx, person.person_key, message.conversation_id)
    tries = await turns.tries_at(
        tx, person.person_key, message.conversation_id, [message.message_id]
    )
    assert conversation is not None, "a message has a conversation"
    return StartedTurn(conversation, message, tries[-1], is_repeat=True)
