"""Search for a sealed account: no index holds its words, so they are read, the newest first."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from appliance.conversations.conversation import Conversation, FoundMessage, Person
from appliance.conversations.scanning import words_found
from appliance.conversations.search import (
    MOST_CHARS,
    MOST_PAGES,
    PAGE_MESSAGES,
    PAGE_TITLES,
    Findings,
    Search,
)
from appliance.recall.tokens import Run, Sought, sought_by
from appliance.store import search

MOST_MESSAGES = 20_000
"""So many of the newest are read for one question, about a second of one core."""
MOST_TITLES = 2_000
BATCH = 500

Text = TypeVar("Text")


@dataclass(slots=True)
class Sieve(Generic[Text]):
    """Keeps at most so many texts with all words, and as many with some of them."""

    sought: Sequence[Run]
    most: int
    whole: list[Text] = field(default_factory=list)
    loose: list[Text] = field(default_factory=list)

    def take(self, texts: Iterable[tuple[str, Text]]) -> None:
        """Look at more of them."""
        for words, text in texts:
            found = words_found(words, self.sought)
            if found == len(self.sought) and len(self.whole) < self.most:
                self.whole.append(text)
            elif found and len(self.loose) < self.most:
                self.loose.append(text)

    @property
    def is_full(self) -> bool:
        return len(self.whole) >= self.most


class SealedSearch(Search):
    """The same findings; the newest come first instead of the best."""

    async def find(self, person: Person, question: str, page: int = 1) -> Findings:
        """A page of this person's messages, and titles, in which the words of the question stand.

        Raises AccountClosed.
        """
        sought = sought_by(question[:MOST_CHARS])
        if not sought.runs:
            return Findings(sought)
        titles = await self._titles(person, sought)
        messages = await self._messages(person, sought, PAGE_MESSAGES * page + 1)
        is_loose = not titles.whole and not messages.whole
        found = (messages.loose if is_loose else messages.whole)[PAGE_MESSAGES * (page - 1) :]
        titled = (titles.loose if is_loose else titles.whole) if page == 1 else []
        has_more = len(found) > PAGE_MESSAGES and page < MOST_PAGES
        return Findings(sought, tuple(titled), tuple(found[:PAGE_MESSAGES]), is_loose, has_more)

    async def _titles(self, person: Person, sought: Sought) -> Sieve[Conversation]:
        sieve: Sieve[Conversation] = Sieve(sought.runs, PAGE_TITLES)
        async with self._database.read() as reader:
            listed = await search.newest_titles(reader, person.person_key, MOST_TITLES)
        await asyncio.to_thread(sieve.take, [(each.title, each) for each in listed])
        return sieve

    async def _messages(self, person: Person, sought: Sought, most: int) -> Sieve[FoundMessage]:
        sieve: Sieve[FoundMessage] = Sieve(sought.runs, most)
        async with self._database.read() as reader:
            keys = await search.newest_keys(reader, person.person_key, MOST_MESSAGES)
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            async with self._database.read() as reader:
                found = await search.messages_of_keys(reader, person.person_key, batch)
            # Where everybody waits is no place to read long texts.
            await asyncio.to_thread(sieve.take, [(each.message.content, each) for each in found])
            if sieve.is_full:
                break
        return sieve
