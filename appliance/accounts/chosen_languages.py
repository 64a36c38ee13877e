"""Which language a person has chosen, kept for the browsers that they sign in with later."""

from appliance.conversations.conversation import Person
from appliance.store import people
from appliance.store.database import Database


class ChosenLanguages:
    """Knows codes only; which of them there are is the page's business."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, person: Person) -> str:
        """The code; empty for somebody who has chosen none."""
        async with self._database.read() as reader:
            return await people.language(reader, person.person_key)

    async def keep(self, person: Person, code: str) -> None:
        """They want this one from now on."""
        async with self._database.write() as tx:
            await people.set_language(tx, person.person_key, code)
