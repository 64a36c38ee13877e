"""Run by test_faults.py: writes as fast as it can and says each id once it is on disk."""

import asyncio
import sys
from pathlib import Path

from appliance.conversations.conversation import Conversation, new_id
from appliance.store import conversations, people
from appliance.store.database import Database


async def main(path: Path) -> None:
    database = await Database.open(path)
    async with database.write() as tx:
        person = await people.local_person(tx)

    async def write_for_ever() -> None:
        while True:
            conversation = Conversation(new_id(), "acknowledged", 1, 1)
            async with database.write() as tx:
                await conversations.insert(tx, person.person_key, conversation)
            print(conversation.conversation_id, flush=True)

    await asyncio.gather(*(write_for_ever() for _ in range(8)))


asyncio.run(main(Path(sys.argv[1])))
