"""Acts on a conversation in any order: the tree stays a tree, and only Delete takes away."""

import random
from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest
from conversation_steps import exchange, follow_to_end, opened
from fakes import ScriptedBackend
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import Message, Role, new_id
from appliance.conversations.opened import OpenConversation, StartedTurn
from appliance.engine.sequence import Sequence
from appliance.lifespan import Box

OpenBox = Callable[..., Awaitable[Box]]
ACTS = ("say", "say", "edit", "edit", "retry", "retry", "continue", "show", "show", "delete")
Tree = dict[int, tuple[int | None, str, str, str]]


class Reader:
    """One person who does whatever comes to mind, and what must be true afterwards."""

    def __init__(self, box: Box, start: StartedTurn, seed: int) -> None:
        self._box = box
        self._start = start
        self._random = random.Random(seed)
        self.done: list[str] = []

    async def act(self) -> None:
        page = await opened(self._box, self._start)
        before = self._tree()
        name = self._random.choice(ACTS)
        gone, longer = await getattr(self, f"_{name}")(page)
        after = self._tree()
        kept = {key: row for key, row in before.items() if row[1] not in gone}
        for key, (parent, message_id, role, content) in kept.items():
            now = after[key]
            assert now[1:3] == (message_id, role)
            assert now[3] == content or (message_id == longer and now[3].startswith(content))
            assert now[0] == parent or before[parent or 0][1] in gone, "only a gap is closed"
        await self._check(after)
        self.done.append(name)

    async def _check(self, tree: Tree) -> None:
        page = await opened(self._box, self._start)
        keys = {row[1]: key for key, row in tree.items()}
        leaf_id = page.conversation.leaf_id
        assert leaf_id is not None
        leaf = keys[leaf_id]
        below = tuple(row[1] for row in tree.values() if row[0] == leaf)
        assert page.other_replies == below
        assert not below or page.turns[leaf_id].reply_message_id is None, "the branch goes on"
        path, key = [], leaf
        while key is not None:
            path.append(tree[key][1])
            key = tree[key][0]  # type: ignore[assignment]
        assert [message.message_id for message in page.messages] == path[::-1]
        for message_id in path:
            beside = [row[1] for row in tree.values() if row[0] == tree[keys[message_id]][0]]
            assert page.siblings.get(message_id, (message_id,)) == tuple(beside)
        for message in page.messages:
            if message.role is Role.ASSISTANT:
                assert page.replies[message.message_id].input_message_id == message.parent_id

    def _tree(self) -> Tree:
        """What a second connection finds: parent, id, role and text by key, oldest first."""
        with closing(sqlite.connect(self._box.desk.database.path)) as database:
            rows = database.execute(
                "SELECT message_key, parent_key, message_id, role, content FROM messages "
                "ORDER BY message_key"
            )
            return {row[0]: row[1:] for row in rows}

    def _own(self, page: OpenConversation) -> Message:
        return self._random.choice([m for m in page.messages if m.role is Role.USER])

    async def _say(self, page: OpenConversation) -> tuple[set[str], str]:
        await exchange(self._box, f"More {new_id()}", page.conversation.conversation_id)
        return set(), ""

    async def _edit(self, page: OpenConversation) -> tuple[set[str], str]:
        edited = await self._box.desk.branches.edit(
            self._box.person, self._own(page).message_id, f"Other {new_id()}", new_id()
        )
        await follow_to_end(self._box, edited.turn.turn_id)
        return set(), ""

    async def _retry(self, page: OpenConversation) -> tuple[set[str], str]:
        turn = page.turns[self._own(page).message_id]
        again = await self._box.desk.service.retry_turn(self._box.person, turn.turn_id)
        await follow_to_end(self._box, again.turn.turn_id)
        return set(), ""

    async def _continue(self, page: OpenConversation) -> tuple[set[str], str]:
        turn = page.replies.get(page.messages[-1].message_id)
        if turn is None or not turn.is_cut:
            return set(), ""
        more = await self._box.desk.branches.continue_reply(self._box.person, turn.turn_id)
        await follow_to_end(self._box, more.turn.turn_id)
        return set(), page.messages[-1].message_id

    async def _show(self, page: OpenConversation) -> tuple[set[str], str]:
        beside = [each for ids in page.siblings.values() for each in ids] or [
            page.messages[0].message_id
        ]
        conversation_id = page.conversation.conversation_id
        await self._box.desk.branches.show(
            self._box.person, conversation_id, self._random.choice(beside)
        )
        return set(), ""

    async def _delete(self, page: OpenConversation) -> tuple[set[str], str]:
        tree = self._tree()
        if sum(row[2] == "user" for row in tree.values()) < 2:
            return set(), ""
        asked = self._own(page)
        (key,) = [key for key, row in tree.items() if row[1] == asked.message_id]
        replies = {row[1] for row in tree.values() if row[0] == key and row[2] == "assistant"}
        deleted = await self._box.desk.branches.delete_pair(self._box.person, asked.message_id)
        assert deleted.receipt.messages == 1 + len(replies)
        assert len(self._tree()) == len(tree) - deleted.receipt.messages
        return {asked.message_id, *replies}, ""


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("hot", [False, True])
async def test_whatever_is_done_the_tree_stays_whole(
    open_scripted: OpenBox, seed: int, hot: bool
) -> None:
    lengths = random.Random(seed)
    given: dict[str, str] = {}

    def reply(sequence: Sequence) -> str:
        # Some come to their end, some are cut, and some are nothing at all.
        return given.setdefault(sequence.sequence_id, "x" * lengths.choice((0, 5, 8, 20, 30)))

    box = await open_scripted(ScriptedBackend(reply), hot=hot, limits={"reply_tokens": 10})
    reader = Reader(box, await exchange(box, "The beginning"), seed)
    for _ in range(40):
        await reader.act()
    assert set(reader.done) == set(ACTS)
