"""A version tries itself on a copy of the data, before it gets the data itself:

    python -I -m appliance.trial_start DATA COPY

Everything is opened as `appliance serve` opens it: the database is brought to the newest shape, the
model is loaded, and somebody who exists only in the copy gets a reply. The box itself may be
answering meanwhile: this one keeps to the back of the queue, has a small KV cache and no Valkey.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from time import time

from appliance import logs
from appliance.accounts.account import AccountRole
from appliance.accounts.names import name_key
from appliance.app import create_app
from appliance.conversations.conversation import Person, new_id
from appliance.conversations.turn import TurnStatus
from appliance.errors import ApplianceError, EngineError, EngineUnavailable, InstallationError
from appliance.lifespan import Box, open_box
from appliance.settings import Settings
from appliance.store import people

MOST_SECONDS = 900.0
_PERSON = "update trial"
_NOBODYS_PASSWORD = "no password has this hash"
_CONTEXT_TOKENS = 4096
_REPLY_TOKENS = 8
_LAST_NICENESS = 19


def settings_for(data: Path, copy: Path) -> Settings:
    """Those of the box, on the copy. Raises SettingsError."""
    own = Settings.load(None, data_dir=data)
    settings = Settings.load(
        None,
        data_dir=copy,
        model={"directory": own.model_dir},
        engine={"kv_tokens": _CONTEXT_TOKENS, "context_tokens": _CONTEXT_TOKENS, "snapshot_mb": 0},
        limits={"reply_tokens": _REPLY_TOKENS},
        recall={"enabled": False},
    )
    # What is there for the box itself is not this one's to touch, and "none" cannot be overridden.
    hot = settings.hot.model_copy(update={"url": None, "embedded": False})
    documents = settings.documents.model_copy(update={"folder": None})
    return settings.model_copy(update={"hot": hot, "documents": documents})


async def try_on(settings: Settings) -> str:
    """The reply. Raises ApplianceError."""
    async with open_box(settings) as box:
        create_app(box, settings.server.port)
        await box.generations.wait_ready()
        async with box.desk.database.write() as tx:
            account = await people.insert(
                *(tx, _PERSON, name_key(_PERSON), AccountRole.MEMBER, _NOBODYS_PASSWORD),
                int(time()),
            )
        return await _answer(box, account.person)


async def _answer(box: Box, person: Person) -> str:
    service = box.desk.service
    started = await service.start_turn(
        person, conversation_id=None, content="Say hello.", client_message_id=new_id()
    )
    text, turn_id = "", started.turn.turn_id
    async for snapshot in service.follow_turn(person, turn_id):
        text = snapshot.text
    turn = await service.find_turn(person, turn_id)
    if turn.status is not TurnStatus.FINISHED or not text:
        raise EngineError(turn.error or "The model gave no answer.")
    return text


def main(data: Path, copy: Path) -> dict[str, object]:
    """Whether it answered, and why not. Raises ApplianceError for all that is wrong besides."""
    logs.configure("error")
    os.nice(_LAST_NICENESS)

    async def run() -> str:
        async with asyncio.timeout(MOST_SECONDS):
            return await try_on(settings_for(data, copy))

    try:
        return {"answer": asyncio.run(run()), "why": ""}
    except EngineUnavailable as error:
        return {"answer": "", "why": str(error)}
    except TimeoutError:
        raise InstallationError(f"It gave no answer in {MOST_SECONDS:.0f} seconds.") from None


if __name__ == "__main__":
    try:
        print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
    except ApplianceError as error:
        sys.exit(str(error))
