import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.conversations.conversation import Message, Person, Role
from appliance.conversations.turn import Turn, TurnStatus
from appliance.errors import ConversationFull, PromptTooLong
from appliance.prompting.assembler import Assembler, Prompt
from appliance.prompting.window import Window

ANN = Person(1, "ann", "Ann")
SYSTEM = "Be kind."


class WordTokenizer:
    """One token a word; a message costs `overhead` more for its role and ends."""

    def __init__(self, context_tokens: int = 1000, overhead: int = 3) -> None:
        self.context_tokens = context_tokens
        self.overhead = overhead
        self.counted = 0
        self.seen: list[tuple[str, str]] = []

    def count(self, text: str) -> int:
        self.counted += 1
        return len(text.split())

    def continued(self, messages: Sequence[tuple[str, str]], reply_so_far: str) -> list[int]:
        self.seen = list(messages)
        words = sum(len(content.split()) + self.overhead for _, content in messages)
        return [1] * (words + len(reply_so_far.split()))

    def shared_with(self, tokens: Sequence[int], system_prompt: str) -> int:
        return len(system_prompt.split()) + self.overhead if system_prompt else 0


class Branch:
    """A conversation of which the newest `at_hand` messages come quickly."""

    def __init__(self, messages: Sequence[Message], at_hand: int = 100) -> None:
        self.messages = messages
        self.at_hand = at_hand
        self.asked_for_more = False

    async def recent(self, person: Person, conversation_id: str, leaf_id: str) -> Window:
        return self._upto(leaf_id, self.at_hand)

    async def longer(
        self, person: Person, conversation_id: str, leaf_id: str, most_messages: int
    ) -> Window:
        self.asked_for_more = True
        return self._upto(leaf_id, most_messages)

    def _upto(self, leaf_id: str, count: int) -> Window:
        end = [message.message_id for message in self.messages].index(leaf_id) + 1
        start = max(0, end - count)
        return Window(self.messages[start:end], start)


def message(number: int, content: str, role: Role = Role.USER) -> Message:
    return Message(f"m{number}", "c", f"m{number - 1}" if number else None, role, content, 0)


def talk(*contents: str) -> list[Message]:
    """People and model in turns."""
    roles = (Role.USER, Role.ASSISTANT)
    return [message(n, content, roles[n % 2]) for n, content in enumerate(contents)]


def turn_after(messages: Sequence[Message]) -> Turn:
    return Turn("t", "c", messages[-1].message_id, None, TurnStatus.WAITING, 0)


def assembler(
    tokenizer: WordTokenizer,
    branch: Branch | None = None,
    system: str = SYSTEM,
    limit: int = 200,
    **more: Any,
) -> Assembler:
    windows = branch or Branch(())
    return Assembler(tokenizer, windows, system_prompt=system, reply_limit_tokens=limit, **more)


async def assembled(messages: Sequence[Message], tokenizer: WordTokenizer, **more: Any) -> Prompt:
    at_hand = more.pop("at_hand", 100)
    made = assembler(tokenizer, Branch(messages, at_hand), **more)
    return await made.assemble(ANN, turn_after(messages))


async def test_the_model_sees_system_text_then_the_messages_in_order() -> None:
    tokenizer = WordTokenizer()
    prompt = await assembled(talk("Hi", "Hello!", "How are you?"), tokenizer)
    assert tokenizer.seen == [
        ("system", "Be kind."),
        ("user", "Hi"),
        ("assistant", "Hello!"),
        ("user", "How are you?"),
    ]
    assert prompt.record["dropped_messages"] == 0
    assert prompt.record["window_messages"] == 3
    assert prompt.public_tokens == 5
    assert prompt.reply_tokens == 200


def test_what_does_not_fit_is_dropped_from_the_old_end_and_recorded() -> None:
    prompt = assembler(WordTokenizer(400)).fit(Window(talk(*["word " * 20] * 31)))
    dropped = prompt.record["dropped_messages"]
    assert isinstance(dropped, int) and dropped > 0
    assert prompt.record["first_message_id"] == f"m{dropped}"
    assert prompt.record["context_full"] == "shift"
    assert len(prompt.tokens) + prompt.reply_tokens < 400


def test_a_cut_prompt_begins_with_a_person() -> None:
    tokenizer = WordTokenizer(400)
    for count in range(21, 61, 2):
        # The first one never got its reply, so that every second place is not a person's.
        messages = [message(-1, "Hello?"), *talk(*["word " * 20] * count)]
        assembler(tokenizer).fit(Window(messages))
        assert [role for role, _ in tokenizer.seen[:2]] == ["system", "user"]


def test_a_message_without_a_reply_is_joined_with_the_next_one() -> None:
    tokenizer = WordTokenizer()
    assembler(tokenizer).fit(Window([message(0, "Hi"), message(1, "Are you there?")]))
    assert tokenizer.seen[-1] == ("user", "Hi\n\nAre you there?")


def test_without_a_system_prompt_none_is_sent() -> None:
    tokenizer = WordTokenizer()
    assembler(tokenizer, system="").fit(Window([message(0, "Hi")]))
    assert tokenizer.seen == [("user", "Hi")]


@pytest.mark.parametrize(
    ("context", "written", "left", "bound"),
    [
        (1000, 0, 200, "reply_limit"),
        (1000, 140, 60, "reply_limit"),
        (1000, 200, 0, "reply_limit"),
        (300, 0, 199 + 90, "context"),
        (300, 280, 9, "context"),
        (300, 290, 0, "context"),
    ],
)
def test_a_reply_gets_the_room_that_is_left_and_the_record_says_what_bounds_it(
    context: int, written: int, left: int, bound: str
) -> None:
    # System text and message are 10 tokens; one place of the context stays free.
    limit = 200 if context == 1000 else 500
    made = assembler(WordTokenizer(context), limit=limit)
    prompt = made.fit(Window([message(0, "Tell me")]), "so " * written)
    assert prompt.reply_tokens == left
    assert prompt.record["reply_bound"] == bound
    assert prompt.record["continued_tokens"] == written
    assert prompt.record["reply_tokens"] == written + left
    assert len(prompt.tokens) + prompt.reply_tokens < context + (left == 0)


def test_a_reply_that_goes_on_goes_on_after_the_same_messages() -> None:
    made = assembler(WordTokenizer(400), limit=100)
    window = Window(talk(*["word " * 20] * 31))
    begun, again = made.fit(window), made.fit(window, "so far " * 40)
    assert again.record["first_message_id"] == begun.record["first_message_id"]
    assert again.record["window_tokens"] == begun.record["window_tokens"]


@pytest.mark.parametrize("context_full", ["shift", "stop"])
@pytest.mark.parametrize("words", [400, 5000])
def test_a_message_that_cannot_be_read_at_once_is_refused_with_numbers(
    words: int, context_full: str
) -> None:
    made = assembler(WordTokenizer(400), context_full=context_full)
    most = {"shift": 299, "stop": 335}[context_full]
    with pytest.raises(PromptTooLong, match=rf"the model can read {most} at once\. Shorten it"):
        made.check("word " * words)
    with pytest.raises(PromptTooLong, match="Shorten it or send it in parts"):
        made.fit(Window([message(0, "word " * words)]))


def test_a_template_that_puts_much_around_messages_makes_room_for_it() -> None:
    prompt = assembler(WordTokenizer(400, overhead=30)).fit(Window(talk(*["word"] * 41)))
    assert 200 < len(prompt.tokens) <= 299
    assert prompt.record["dropped_messages"]


async def test_what_stands_before_the_newest_100_is_read_while_it_fits() -> None:
    messages = talk(*["word"] * 301)
    branch = Branch(messages)
    prompt = await assembler(WordTokenizer(8000), branch).assemble(ANN, turn_after(messages))
    assert branch.asked_for_more
    assert prompt.record["dropped_messages"] == 0
    assert prompt.record["window_messages"] == 301


async def test_what_stands_before_the_newest_100_is_counted_when_it_does_not() -> None:
    messages = talk(*["word " * 20] * 301)
    branch = Branch(messages)
    prompt = await assembler(WordTokenizer(1000), branch).assemble(ANN, turn_after(messages))
    assert not branch.asked_for_more
    kept, dropped = prompt.record["window_messages"], prompt.record["dropped_messages"]
    assert (kept, dropped) == (301 - dropped, 301 - kept)
    assert prompt.record["first_message_id"] == f"m{dropped}"


async def test_a_long_conversation_costs_no_more_counting_than_what_is_kept() -> None:
    messages = talk(*["word " * 100] * 99)
    tokenizer = WordTokenizer(1000)
    await assembled(messages, tokenizer)
    assert tokenizer.counted < 20


@settings(deadline=None)
@given(
    sizes=st.one_of(
        st.lists(st.integers(1, 120), min_size=1, max_size=10),
        st.lists(st.integers(1, 120), min_size=30, max_size=60),
    ),
    context=st.integers(256, 1200),
    overhead=st.integers(0, 12),
    at_hand=st.integers(1, 30),
)
async def test_a_prompt_never_overflows_and_its_record_adds_up(
    sizes: list[int], context: int, overhead: int, at_hand: int
) -> None:
    tokenizer = WordTokenizer(context, overhead)
    messages = talk(*("word " * size for size in sizes))[: len(sizes) - 1 + len(sizes) % 2]
    prompt = await assembled(messages, tokenizer, at_hand=at_hand)
    record: dict[str, Any] = prompt.record
    assert len(prompt.tokens) + prompt.reply_tokens < context
    assert 0 < prompt.reply_tokens <= 200
    assert prompt.reply_tokens == record["reply_tokens"]
    assert tokenizer.seen[-1] == ("user", messages[-1].content)
    assert record["dropped_messages"] + record["window_messages"] == len(messages)
    assert record["system_tokens"] + record["window_tokens"] == len(prompt.tokens)
    assert record["first_message_id"] == f"m{record['dropped_messages']}"


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=61, max_size=161), st.integers(1000, 3000))
async def test_the_first_message_stays_the_same_over_several_turns(
    sizes: list[int], context: int
) -> None:
    messages = talk(*("word " * size for size in sizes))
    tokenizer = WordTokenizer(context)
    dropped = [
        (await assembled(messages[:count], tokenizer, at_hand=30)).record["dropped_messages"]
        for count in range(1, len(messages) + 1, 2)
    ]
    assert dropped == sorted(dropped)
    read = sum(size + 8 for size in sizes)
    moves = sum(a != b for a, b in itertools.pairwise(dropped))
    # Each pair of moves has a quarter of the room between them, but for the size of an exchange.
    stride = (context - 200) / 4 - 2 * 68
    assert moves <= 2 + 2 * read / stride


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 120), min_size=3, max_size=60),
    context=st.integers(400, 3000),
    at_hand=st.integers(1, 30),
)
async def test_where_nothing_may_be_dropped_all_is_read_or_the_conversation_is_full(
    sizes: list[int], context: int, at_hand: int
) -> None:
    messages = talk(*("word " * size for size in sizes))[: len(sizes) - 1 + len(sizes) % 2]
    tokenizer = WordTokenizer(context)
    whole = sum(len(each.content.split()) + 3 for each in messages) + 5
    leaf, content = messages[-2].message_id, messages[-1].content
    made = assembler(tokenizer, Branch(messages, at_hand), context_full="stop")
    if whole <= context - 65:
        await made.check_after(ANN, "c", leaf, content)
        prompt = await made.assemble(ANN, turn_after(messages))
        assert len(prompt.tokens) == whole
        assert prompt.record["dropped_messages"] == 0
        assert prompt.reply_tokens == min(200, context - whole - 1) >= 64
    else:
        with pytest.raises(ConversationFull, match="Begin a new conversation, or shorten"):
            await made.check_after(ANN, "c", leaf, content)
        with pytest.raises(ConversationFull):
            await made.assemble(ANN, turn_after(messages))
