"""Whatever happens, in whatever order: nobody's question ever brings back what is another's."""

from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept_conversations import add, stranger_in

from appliance.conversations.conversation import Person
from appliance.errors import ModelRefused
from appliance.recall.documents import NamedDocument
from appliance.recall.recall import Recall
from appliance.store import chunks, conversations, holdings
from appliance.store.chunks import Passage

PEOPLE = 3

who = st.integers(0, PEOPLE - 1)
which = st.integers(0, 3)
ACTS = st.one_of(
    st.tuples(st.just("say"), who, which),
    st.tuples(st.just("file"), who, which),
    st.tuples(st.just("delete"), who, which),
    st.tuples(st.just("leave"), who, which),
    st.tuples(st.just("take in"), who, which),
    st.tuples(st.just("erase"), who, which),
    st.tuples(st.just("index"), who, which),
    st.tuples(st.just("break off"), who, which),
    st.tuples(st.just("anew"), who, which),
)


@dataclass
class House:
    """Some people on one box, and the conversations that each of them has."""

    remembering: object
    crowd: list[Person]
    talks: dict[int, list[str]]
    said: int = 0

    async def act(self, name: str, number: int, which: int) -> None:
        person = self.crowd[number]
        key, own = person.person_key, self.talks[number]
        indexer = self.remembering.indexer
        self.said += 1
        match name:
            case "index":
                return await indexer.work_off()
            case "anew":
                return await indexer.begin_anew()
            case "break off":
                return await self._index_one()
        async with self.remembering.database.write() as tx:
            match name:
                case "say":
                    told = f"zeppelin of {key} number {self.said}"
                    kept, _ = await add(tx, person, f"t{self.said}", told, f"nice airship of {key}")
                    own.append(kept.conversation_id)
                case "file":
                    paper = Passage(1, f"paper zeppelin of {key} number {self.said}")
                    await chunks.insert_of_document(tx, key, 1_000 + self.said, [paper], 1)
                case "delete" if own:
                    await conversations.delete(tx, key, own.pop(which % len(own)))
                case "leave" | "take in" if own:
                    is_recalled = name == "take in"
                    await chunks.set_recalled(tx, key, own[which % len(own)], is_recalled)
                case "erase":
                    await holdings.erase(tx, key)
                    own.clear()

    async def _index_one(self) -> None:
        """Half an index: of the words all, of the vectors one more."""
        embedder = await self.remembering.models.get(self.remembering.model)
        embedder.left = 1
        try:
            await self.remembering.indexer.work_off()
        except ModelRefused:
            pass
        finally:
            embedder.left = None

    async def look(self) -> None:
        """Everybody asks for everything, also by the conversations of others."""
        everything = [each for own in self.talks.values() for each in own]
        recall = Recall(self.remembering.database, self.remembering.models, named)
        for number, asking in enumerate(self.crowd):
            mark = f"of {asking.person_key}"
            for at in (None, *everything[-2:]):
                for found in await recall.search(
                    asking, "zeppelin of 1 2 3 number", 20, conversation=at, has_floor=False
                ):
                    for text in filter(None, (found.text, found.before, found.after)):
                        assert f"{mark} " in f"{text} ", (mark, text)
                    source = found.source
                    assert getattr(source, "conversation_id", None) in (None, *self.talks[number])


async def named(reader, person_key, document_keys):
    return {key: NamedDocument(f"id{key}", f"{key}.pdf") for key in document_keys}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=st.lists(ACTS, min_size=4, max_size=14))
async def test_nobody_ever_gets_what_is_anothers(breaking, person, acts):
    database = breaking.database
    strangers = [await stranger_in(database) for _ in range(PEOPLE - 1)]
    house = House(breaking, [person, *strangers], {number: [] for number in range(PEOPLE)})
    # One of each beforehand, so that there is something to be mixed up with.
    for number in range(PEOPLE):
        await house.act("say", number, 0)
    await house.act("index", 0, 0)
    for act in acts:
        await house.act(*act)
        await house.look()
    for number in range(PEOPLE):
        await house.act("erase", number, 0)
    async with database.read() as reader:
        for table in ("chunks", "chunk_terms_docsize"):
            assert await reader.execute_fetchall(f"SELECT * FROM {table}") == [], table
