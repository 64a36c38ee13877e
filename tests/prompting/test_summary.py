"""Which summaries stand in a prompt, and when the next one is due, over made-up sizes."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.conversations.conversation import Message, Role, Summary
from appliance.prompting.assembler import Assembler
from appliance.prompting.summary import (
    Offer,
    beginning,
    chain_to,
    due,
    newest_chain,
    told,
    with_words,
)
from appliance.prompting.window import Window


def summary(first: int, last: int, content: str = "In short.", is_edited: bool = False) -> Summary:
    """Of the messages numbered from `first` to `last`."""
    return Summary(
        summary_id=f"s{first}-{last}",
        conversation_id="c",
        first_message_id=f"m{first}",
        last_message_id=f"m{last}",
        first_key=first,
        last_key=last,
        message_count=last - first + 1,
        first_at=0,
        last_at=0,
        created_at=0,
        model_sha256="",
        is_edited=is_edited,
        content=content,
    )


def talk(sizes: list[int], first: int = 0) -> list[Message]:
    """Messages of so many words, people and model in turns."""
    return [
        Message(
            message_id=f"m{number}",
            conversation_id="c",
            parent_id=f"m{number - 1}" if number else None,
            role=Role.ASSISTANT if number % 2 else Role.USER,
            content="word " * size,
            created_at=0,
        )
        for number, size in enumerate(sizes, first)
    ]


class WordTokenizer:
    """One token a word and three a message."""

    def __init__(self, context_tokens: int) -> None:
        self.context_tokens = context_tokens
        self.seen: list[tuple[str, str]] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def continued(self, messages: Any, reply_so_far: str) -> list[int]:
        self.seen = list(messages)
        return [1] * sum(len(content.split()) + 3 for _, content in messages)

    def shared_with(self, tokens: Any, system_prompt: str) -> int:
        return 5


def assembler(tokenizer: WordTokenizer) -> Assembler:
    return Assembler(
        tokenizer,
        None,  # type: ignore[arg-type]
        system_prompt="Be kind.",
        reply_limit_tokens=200,
    )


def test_a_chain_leads_up_to_its_last_one_without_overlaps() -> None:
    first, second, third = summary(0, 9), summary(10, 19), summary(0, 19)
    assert chain_to((first, second, third), second) == (first, second)
    assert chain_to((first, second, third), third) == (third,)
    assert newest_chain((first, second)) == (first, second)
    assert newest_chain(()) == ()
    assert with_words((first, summary(10, 19, ""))) == (first,)


def test_what_everything_fits_into_has_no_summary() -> None:
    assert beginning([10] * 5, 50, [True] * 5, 0, [Offer(2, (summary(0, 1),), 5)]) == Offer(0)


def test_of_summaries_that_reach_far_enough_the_one_that_replaces_least_is_read() -> None:
    old, new = Offer(2, (summary(0, 1),), 5), Offer(6, (summary(0, 5),), 5)
    begins = [index % 2 == 0 for index in range(10)]
    assert beginning([10] * 9, 80, begins[:9], 0, [old, new]) == old
    assert beginning([10] * 10, 80, begins, 0, [old, new]) == new


def test_when_none_reaches_far_enough_its_words_stay_and_messages_are_left_out() -> None:
    offer = Offer(2, (summary(0, 1),), 5)
    begun = beginning([10] * 20, 80, [True] * 20, 0, [offer])
    assert begun.summaries == offer.summaries
    assert begun.start > 12
    assert 10 * (20 - begun.start) + 5 <= 80


SIZES = st.lists(st.integers(1, 120), min_size=3, max_size=60)


@given(SIZES, st.integers(200, 2000), st.integers(0, 40), st.integers(0, 300))
def test_what_is_due_ends_before_a_message_of_the_person_and_leaves_room_to_grow(
    sizes: list[int], room: int, start: int, told_tokens: int
) -> None:
    start = min(start, len(sizes) - 1)
    begins = [index % 2 == 0 for index in range(len(sizes))]
    found = due(sizes, room, begins, start, told_tokens)
    if not found:
        return
    assert told_tokens + sum(sizes[start:]) > room * 3 // 4
    assert start <= found.start < found.stop < len(sizes)
    assert begins[found.stop]
    last_place = len(sizes) - 1 - (len(sizes) - 1) % 2
    assert sum(sizes[found.stop :]) <= room * 3 // 8 or found.stop == last_place
    assert told_tokens + sum(sizes[found.start : found.stop]) <= room * 7 // 8


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=61, max_size=161),
    context=st.integers(1000, 3000),
    words=st.integers(1, 100),
)
def test_over_a_long_conversation_everything_is_read_or_told_and_little_is_read_twice(
    sizes: list[int], context: int, words: int
) -> None:
    """The box's own loop without a model: after each reply what is due becomes a summary."""
    tokenizer = WordTokenizer(context)
    made = assembler(tokenizer)
    messages = talk(sizes)
    summaries: list[Summary] = []
    firsts = []
    for count in range(1, len(messages), 2):
        window = Window(messages[:count], 0, tuple(summaries))
        prompt = made.fit(window)
        record: dict[str, Any] = prompt.record
        assert len(prompt.tokens) + prompt.reply_tokens < context
        assert record["dropped_messages"] == record.get("summary_messages", 0)
        firsts.append(record["dropped_messages"])
        found = made.fitter.due(Window(messages[: count + 1], 0, tuple(summaries)))
        if found is not None:
            assert made.fitter.exactly(found.messages, found.told)
            first = (
                found.replaces.first_key
                if found.replaces
                else int(found.messages[0].message_id[1:])
            )
            last = int(found.messages[-1].message_id[1:])
            summaries.append(summary(first, last, "word " * words))
    assert firsts == sorted(firsts)
    read = sum(size + 8 for size in sizes)
    moves = sum(a != b for a, b in itertools.pairwise(firsts))
    # Each pair of moves has a quarter of the room between them, but for a summary and an exchange.
    stride = (context - 200) / 4 - words - 30 - 2 * 68
    assert moves <= 2 + read / max(stride, 60)


def test_a_summary_stands_at_the_head_of_the_first_message_that_is_kept() -> None:
    tokenizer = WordTokenizer(400)
    kept = summary(0, 19, "They spoke of rain.")
    prompt = assembler(tokenizer).fit(Window(talk([20] * 25), 0, (kept,)))
    system, (role, content), *_ = tokenizer.seen
    assert system == ("system", "Be kind.")
    assert role == "user" and content.startswith(told([kept]) + "\n\nword ")
    assert prompt.public_tokens == 5
    assert prompt.record["first_message_id"] == "m20"
    assert prompt.record["summary_ids"] == ["s0-19"]


def test_a_summary_that_ends_where_no_prompt_may_begin_is_not_read() -> None:
    # On this branch a reply follows it.
    prompt = assembler(WordTokenizer(400)).fit(Window(talk([20] * 25), 0, (summary(0, 18),)))
    assert "summary_ids" not in prompt.record


def test_too_many_words_of_ones_own_leave_the_oldest_out() -> None:
    own = [summary(n, n + 1, "word " * 60, is_edited=True) for n in range(0, 8, 2)]
    prompt = assembler(WordTokenizer(400)).fit(Window(talk([20] * 17), 0, tuple(own)))
    record: dict[str, Any] = prompt.record
    assert record["summary_ids"] == ["s4-5", "s6-7"]
    assert record["summary_messages"] < record["dropped_messages"]


def test_what_a_person_wrote_or_deleted_is_not_summed_up_again() -> None:
    fitter = assembler(WordTokenizer(400)).fitter
    messages = talk([20] * 18)
    for before in (summary(0, 9, is_edited=True), summary(0, 9, "", is_edited=True)):
        found = fitter.due(Window(messages, 0, (before,)))
        assert found is not None and found.replaces is None
        assert found.messages[0].message_id == "m10"
        assert found.told == with_words((before,))
    found = fitter.due(Window(messages, 0, (summary(0, 9),)))
    assert found is not None and found.replaces == summary(0, 9)
