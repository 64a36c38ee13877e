"""A whole box with the real index: by a program's key and in a prompt, each has their own only."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from conversation_steps import InTurn, follow_to_end
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept_conversations import keep
from signed_in import account_of, sign_in
from test_keys import program
from whole_box import Page, open_page

from appliance.accounts.api_key import Scope
from appliance.accounts.limit import UNLIMITED
from appliance.accounts.new_key import Wish
from appliance.conversations.conversation import Person, new_id

QUESTION = "What is the name of our greyhound?"
NAMES = ("Comet", "Meteor")
ACTS = st.tuples(st.sampled_from(["say", "say", "delete", "anew", "ask"]), st.integers(0, 1))


class Two:
    """Two people whose dogs have different names, each with a key."""

    def __init__(self, page: Page, replies: InTurn, crowd: list[Person], keys: list[str]) -> None:
        self.page, self.replies = page, replies
        self.crowd, self.keys = crowd, keys
        self.kept: list[list[str]] = [[], []]

    async def act(self, name: str, number: int) -> None:
        box, person = self.page.box, self.crowd[number]
        match name:
            case "say":
                told = f"Our greyhound is called {NAMES[number]}, of course."
                kept, _ = await keep(box.desk.database, person, "Pets", told, "A fine name.")
                self.kept[number].append(kept.conversation_id)
                box.recall.indexer.note()
            case "delete" if self.kept[number]:
                gone = self.kept[number].pop()
                await box.desk.service.delete_conversation(person, gone)
            case "anew":
                await box.recall.indexer.begin_anew()
            case "ask":
                await self.ask(number)

    async def ask(self, number: int) -> str:
        """All that comes back to this person; nothing of it is the other's."""
        box, person = self.page.box, self.crowd[number]
        async with program(box, self.keys[number]) as reader:
            answer = await reader.post("/v1/recall", json={"query": QUESTION, "k": 50})
        assert answer.status_code == 200, answer.text
        started = await box.desk.service.start_turn(
            person, conversation_id=None, content=QUESTION, client_message_id=new_id()
        )
        await follow_to_end(box, started.turn.turn_id, person)
        prompt = self.replies.prompts[-1]
        assert QUESTION in prompt
        assert NAMES[1 - number] not in answer.text + prompt
        if not self.kept[number]:
            assert NAMES[number] not in answer.text + prompt, "what was deleted is gone"
        await box.desk.service.delete_conversation(person, started.conversation.conversation_id)
        return f"{answer.text} {prompt}"

    async def wait_indexed(self) -> None:
        self.page.box.recall.indexer.note()
        async with asyncio.timeout(120):
            await self.page.box.recall.indexer.wait_idle()


@pytest.fixture
async def two(tmp_path: Path) -> Any:
    replies = InTurn("Yes.")
    async with open_page(tmp_path / "data", replies, recall={"enabled": True}) as page:
        box = page.box
        await sign_in(box, "eve")
        crowd = [box.person, (await account_of(box, "eve")).person]
        wish = Wish("reader", frozenset({Scope.READ}), None, UNLIMITED)
        keys = [(await box.door.keys.make(each, wish)).secret for each in crowd]
        yield Two(page, replies, crowd, keys)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=st.lists(ACTS, min_size=2, max_size=8))
async def test_a_program_and_a_prompt_get_nothing_of_anothers(two: Two, acts: list[Any]) -> None:
    for act in acts:
        await two.act(*act)
    for number in (0, 1):
        await two.act("say", number)
    await two.wait_indexed()
    for number in (0, 1):
        assert NAMES[number] in await two.ask(number), "their own is found"
        while two.kept[number]:
            await two.act("delete", number)
        await two.ask(number)
