"""A box with a socket, and people whose words are marked, for requests that nobody has thought of.

Ann is its administrator and has something of everything; so has Ben, and Cleo has nothing.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "routes"))

from browser.small_box import small_box
from kept_conversations import add
from litestar import Litestar
from signed_in import sign_in

from appliance.accounts.account import AccountRole
from appliance.accounts.api_key import Scope
from appliance.accounts.new_key import Wish
from appliance.app import create_app
from appliance.lifespan import Box

MARKS = {"ann": "zanzibar", "ben": "timbuktu"}
"""A word that stands in all that is somebody's, and in nothing of anybody else's."""


@dataclass(frozen=True)
class Caller:
    """Who sends requests: by a cookie, or by a key with every scope."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def foreign(self) -> list[str]:
        """Words that must not be in any answer to this one."""
        return [mark for owner, mark in MARKS.items() if owner != self.name.split()[0]]


@dataclass(frozen=True)
class FuzzedBox:
    url: str
    app: Litestar
    """Its routes, to be read; the one that answers has its own."""
    ids: dict[str, str]
    """Ann's, by the names that routes have for them."""
    callers: dict[str, Caller]


@contextmanager
def fuzzed_box(data_dir: Path) -> Iterator[FuzzedBox]:
    limits = {"requests_per_minute": 0, "tokens_per_day": 0}
    with small_box(data_dir, lambda sequence: "A reply.", limits=limits) as small:
        ids, callers = small.wait(_fill)
        yield FuzzedBox(small.url, small.wait(_app), ids, callers)


async def _app(box: Box) -> Litestar:
    return create_app(box, 1)


async def _fill(box: Box) -> tuple[dict[str, str], dict[str, Caller]]:
    callers = [Caller("nobody")]
    ids: dict[str, str] = {}
    for name, role in (
        ("ann", AccountRole.ADMIN),
        ("ben", AccountRole.MEMBER),
        ("cleo", AccountRole.MEMBER),
    ):
        (cookie,) = (await sign_in(box, name, role)).items()
        person = (await box.door.people.named(name)).person
        made = await box.door.keys.make(person, Wish(MARKS.get(name, "key"), frozenset(Scope)))
        callers.append(Caller(f"{name} at the page", {"Cookie": "=".join(cookie)}))
        callers.append(Caller(f"{name} with a key", {"Authorization": f"Bearer {made.secret}"}))
        if mark := MARKS.get(name):
            async with box.desk.database.write() as tx:
                kept, messages = await add(tx, person, f"{mark} 1", f"{mark} 2", f"{mark} 3")
            folder = await box.desk.shelf.make_folder(person, mark)
            link = await box.desk.sharing.share(person, kept.conversation_id, 7)
            said = await box.desk.service.start_turn(
                person, conversation_id=None, content=mark, client_message_id=mark * 2
            )
            ids |= (
                {}
                if ids
                else {
                    "conversation_id": kept.conversation_id,
                    "message_id": messages[0].message_id,
                    "folder_id": folder.folder_id,
                    "turn_id": said.turn.turn_id,
                    "shared_link_id": link.link.link_id,
                    "person_id": person.person_id,
                    "key_id": made.key.key_id,
                }
            )
    await asyncio.wait_for(box.desk.runner.wait_all(), 20)
    return ids, {each.name: each for each in callers}
