"""What the command line does with a person's data; the same in a box that runs and one that does
not.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import BinaryIO

from appliance.conversations.conversation import Person
from appliance.errors import InvalidInput
from appliance.portable import words
from appliance.portable.belongings import Belongings
from appliance.portable.imports import Imports
from appliance.portable.takeout import Kind, Takeout

EVERYTHING = "zip"


@dataclass(frozen=True, slots=True)
class Errands:
    """For one person."""

    person: Person
    takeout: Takeout
    imports: Imports
    belongings: Belongings

    async def export(self, kind: str, conversation_id: str) -> AsyncIterator[bytes]:
        """A file's pieces: of one conversation, or of all when no id is given.

        Raises NotFound, InvalidInput.
        """
        await self.belongings.ensure_not_sealed(self.person)
        if conversation_id:
            if kind not in set(Kind):
                raise InvalidInput("One conversation is exported as FILE.md or FILE.json.")
            taken = await self.takeout.conversation(self.person, conversation_id, Kind(kind))
        elif kind == Kind.JSON:
            taken = await self.takeout.all_as_json(self.person)
        elif kind == EVERYTHING:
            taken = await self.takeout.everything(self.person)
        else:
            raise InvalidInput("All conversations are exported as FILE.zip or FILE.json.")
        return taken.pieces

    async def bring(self, file: BinaryIO) -> list[str]:
        """Import a file, and say what came of it. Raises ImportRefused, Conflict."""
        await self.belongings.ensure_not_sealed(self.person)
        begun = await self.imports.start(self.person, file)
        await begun.task
        report = begun.report
        ended = [report.ended] if report.ended else []
        return [words.imported_words(report), *ended, *words.remarks(report)]

    async def delete(self, confirmation: str) -> list[str]:
        """Delete all there is, and say how much it was. Raises InvalidInput."""
        await self.belongings.ensure_not_sealed(self.person)
        receipt = await self.belongings.delete_all(self.person, confirmation)
        return [words.everything_gone_words(receipt)]
