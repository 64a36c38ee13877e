"""Nothing is deleted, and nothing is left: a sealed account while nobody is signed in to it.

Beside it lives an account that is not sealed: of that one the same search finds everything.
"""

import asyncio
from base64 import b64encode
from pathlib import Path

import pytest
from canary import in_files, in_valkey
from fakes import ScriptedBackend
from sealing import PASSWORD, Dweller

from appliance.conversations.sealed_search import SealedSearch

SECRET, OPEN = "xylotomous 등대지기", "zymurgical 나뭇잎"


def traces(words: str) -> list[str]:
    """What any of these words would leave: themselves, the pairs that an index has of them."""
    latin, korean = words.split()
    return [latin, korean, *(korean[at : at + 2] for at in range(len(korean) - 1))]


def as_base64(words: str) -> list[str]:
    """How they stand in base64, wherever they begin in it."""
    latin = words.split()[0].encode()
    return [b64encode(b"x" * at + latin)[4:-4].decode() for at in range(3)]


def found(words: str, folder: Path) -> set[str]:
    places = [in_files(trace, folder) for trace in (*traces(words), *as_base64(words))]
    return set().union(*places)


def kinds(places: set[str]) -> set[str]:
    """Of files: the database, or a saved state."""
    return {Path(place).suffix for place in places}


async def wait_for(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def saved_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.engine.snapshot_keeper.IDLE_SECONDS", 0.0)


async def live(who: Dweller, words: str) -> None:
    """Something of everything that is kept of a person."""
    said = await who.say(f"Tell me of the {words}. {'It is long. ' * 30}")
    assert await who.hear(said)
    await who.hear(await who.say(f"Once more, {words}!", said.conversation.conversation_id))
    desk, person = await who.desk(), await who.person()
    await desk.service.rename_conversation(person, said.conversation.conversation_id, words)
    await desk.shelf.make_folder(person, words)
    assert (await desk.search.find(person, words)).messages


async def test_nothing_of_a_closed_account_is_anywhere(open_sealed_box, tmp_path, capfd):
    backend = ScriptedBackend(
        lambda sequence: f"The {SECRET if 'xylo' in _asked(sequence) else OPEN} it is."
    )
    box = await open_sealed_box(backend, hot=True)
    me = await Dweller(box).move_in()
    other = await Dweller(box, "ann").move_in()
    data, valkey = tmp_path / "data", box.valkey.url
    await live(me, SECRET)
    await live(other, OPEN)
    for words in (SECRET, OPEN):
        # The search finds what is there, so it would find it afterwards, too.
        await wait_for(lambda words=words: ".kv" in kinds(found(words, data)))
        assert {".kv", ".sqlite3"} <= {kind.split("-")[0] for kind in kinds(found(words, data))}
        assert in_valkey(words.split()[0], valkey)

    await me.seal()
    assert found(SECRET, data) == set()
    assert not any(in_valkey(trace, valkey) for trace in traces(SECRET))
    await live(me, SECRET)
    assert isinstance(box.sealed.desk.search, SealedSearch)
    waiting = await me.say(f"And what does the {SECRET} eat?")
    await me.hear(waiting)
    await box.sealed.accounts.close_soon(await me.person())
    await box.sealed.accounts.wait_closed()

    assert found(SECRET, data) == set()
    assert not any(in_valkey(trace, valkey) for trace in traces(SECRET))
    assert found(OPEN, data) and in_valkey(OPEN.split()[0], valkey)
    assert not backend.holds(SECRET) and backend.holds(OPEN)

    await open_sealed_box.close()
    assert found(SECRET, data) == set()
    assert found(OPEN, data)
    written = "".join(capfd.readouterr())
    assert not any(trace in written for trace in traces(SECRET))

    again = Dweller(await open_sealed_box(backend))
    await again.box.sealed.accounts.open(await again.person(), PASSWORD)
    assert SECRET in (await again.read(waiting))[0]


def _asked(sequence) -> str:
    return "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))
