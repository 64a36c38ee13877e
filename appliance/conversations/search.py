"""Finding what was said, in all of a person's conversations."""

from dataclasses import dataclass

from appliance.conversations.conversation import Conversation, FoundMessage, Person
from appliance.recall.tokens import Sought, sought_by
from appliance.store import search
from appliance.store.database import Database

PAGE_MESSAGES = 20
PAGE_TITLES = 10
MOST_PAGES = 50
MOST_CHARS = 5_000


@dataclass(frozen=True, slots=True)
class Findings:
    """One page of what was found, best first.

    `is_loose` when no text had all words, so that those with any of them are here. Titles stand on
    the first page only.
    """

    sought: Sought
    titles: tuple[Conversation, ...] = ()
    messages: tuple[FoundMessage, ...] = ()
    is_loose: bool = False
    has_more: bool = False


class Search:
    """One object a process; holds no state of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, person: Person, question: str, page: int = 1) -> Findings:
        """A page of this person's messages, and titles, in which the words of the question stand.

        Nothing is asked for that a question cannot hold: what is no word is left out of it.
        """
        sought = sought_by(question[:MOST_CHARS])
        if not sought.runs:
            return Findings(sought)
        key, is_first = person.person_key, page == 1
        async with self._database.read() as reader:
            is_loose = not await search.anything_matching(reader, key, sought.all_of_it)
            match = sought.any_of_it if is_loose else sought.all_of_it
            titles = (
                await search.titles_matching(reader, key, match, PAGE_TITLES) if is_first else ()
            )
            messages = await search.messages_matching(
                reader, key, match, PAGE_MESSAGES + 1, PAGE_MESSAGES * (page - 1)
            )
        has_more = len(messages) > PAGE_MESSAGES and page < MOST_PAGES
        return Findings(sought, titles, messages[:PAGE_MESSAGES], is_loose, has_more)
