from collections.abc import Sequence

import pytest

from appliance.conversations.conversation import Message, Person, Role, Turn, TurnStatus
from appliance.errors import PromptTooLong
from appliance.prompting.assembler import Assembler

ANN = Person(1, "ann", "Ann")
TURN = Turn("t", "c", "m2", None, TurnStatus.WAITING, 0)


class WordTokenizer:
    """One token a word; a message costs three more for its role and ends."""

    def __init__(self, context_tokens: int = 1000) -> None:
        self.context_tokens = context_tokens
        self.seen: list[tuple[str, str]] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def continued(self, messages: Sequence[tuple[str, str]], reply_so_far: str) -> list[int]:
        self.seen = list(messages)
        words = sum(self.count(content) + 3 for _, content in messages)
        return [1] * (words + self.count(reply_so_far))

    def shared_with(self, tokens: Sequence[int], system_prompt: str) -> int:
        return self.count(system_prompt) + 3 if system_prompt else 0


def message(number: int, content: str, role: Role = Role.USER) -> Message:
    return Message(f"m{number}", "c", f"m{number - 1}" if number else None, role, content, 0)


def assembler(
    tokenizer: WordTokenizer, window: Sequence[Message] = (), system: str = "Be kind."
) -> Assembler:
    async def load(person: Person, conversation_id: str, leaf_id: str) -> Sequence[Message]:
        assert (person, conversation_id, leaf_id) == (ANN, "c", "m2")
        return window

    return Assembler(tokenizer, load, system_prompt=system, reply_limit_tokens=200)


async def test_the_model_sees_system_text_then_the_messages_in_order() -> None:
    tokenizer = WordTokenizer()
    window = [message(0, "Hi"), message(1, "Hello!", Role.ASSISTANT), message(2, "How are you?")]
    prompt = await assembler(tokenizer, window).assemble(ANN, TURN)
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
    window = [message(n, "word " * 20) for n in range(30)]
    prompt = assembler(WordTokenizer(400)).fit(window, "")
    dropped = prompt.record["dropped_messages"]
    assert isinstance(dropped, int) and dropped > 0
    assert prompt.record["first_message_id"] == f"m{dropped}"
    assert len(prompt.tokens) + prompt.reply_tokens < 400


def test_a_message_without_a_reply_is_joined_with_the_next_one() -> None:
    tokenizer = WordTokenizer()
    assembler(tokenizer).fit([message(0, "Hi"), message(1, "Are you there?")], "")
    assert tokenizer.seen[-1] == ("user", "Hi\n\nAre you there?")


def test_without_a_system_prompt_none_is_sent() -> None:
    tokenizer = WordTokenizer()
    assembler(tokenizer, system="").fit([message(0, "Hi")], "")
    assert tokenizer.seen == [("user", "Hi")]


def test_a_reply_that_goes_on_keeps_its_beginning_and_gets_the_room_that_is_left() -> None:
    tokenizer = WordTokenizer(400)
    prompt = assembler(tokenizer).fit([message(0, "Tell me")], "so far " * 140)
    assert len(prompt.tokens) + prompt.reply_tokens < 400


@pytest.mark.parametrize("words", [400, 5000])
def test_a_message_that_cannot_be_read_at_once_is_refused_with_numbers(words: int) -> None:
    with pytest.raises(PromptTooLong, match=r"the model can read 299 at once\. Shorten it"):
        assembler(WordTokenizer(400)).check("word " * words)
    with pytest.raises(PromptTooLong, match="Shorten it or send it in parts"):
        assembler(WordTokenizer(400)).fit([message(0, "word " * words)], "")
