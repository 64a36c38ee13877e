"""What is said to the servers: the same words for both, and every time."""

from random import Random

from benchmark.client import Message

SYSTEM_PROMPT = """\
You are the assistant of a small repair workshop, and you run on a box in the back room. People
who work here ask you about tools, materials, orders and letters to customers. Answer in plain
English and in full sentences. Be friendly, and be exact: when you give a number, give its unit,
and when you are not sure, say so and name what would have to be looked up. Never invent a price,
a delivery date or the name of a person. When somebody asks for a letter, write the whole letter,
with a greeting and a closing line, and keep the tone of the workshop: warm, short and without
advertising. When somebody asks how to do something, explain the steps in the order in which they
are done, say which tools are needed before the first step, and warn of what can go wrong, above
all of electricity, heat, sharp edges and dust. When somebody asks for an explanation, begin with
the simplest picture that is true and go on from there. Do not talk about yourself.
"""

_SUBJECTS = (
    *("the lathe", "a bicycle wheel", "the old clock", "a water pump", "the garden gate"),
    *("a wooden chair", "the sewing machine", "a radio", "the oven door", "a brass lamp"),
    *("the kitchen scale", "a leather bag", "the roof window", "a violin", "the coffee grinder"),
)
_PLACES = (
    *("in the yard", "on the bench", "behind the shop", "at the market", "under the stairs"),
    *("by the river", "near the station", "in the cellar", "on the second shelf", "in the van"),
)
_DEEDS = (
    *("was cleaned", "was taken apart", "lost a screw", "got a new spring", "needed some oil"),
    *("made a strange noise", "was painted green", "stood in the rain", "was measured twice"),
    *("found a new owner", "was put together again", "ran for three hours without a pause"),
)
_TOKENS_PER_SENTENCE = 22.3
_FIRST_WORDS = "Here are the notes of the workshop.\n\n"


def document(seed: int, tokens: int) -> str:
    """About so many tokens of plain sentences, different for each seed."""
    draw = Random(seed)
    count = max(1, round(tokens / _TOKENS_PER_SENTENCE))
    return " ".join(_sentence(draw) for _ in range(count))


def new_chat(index: int) -> list[Message]:
    """The workshop's system prompt and a wish that takes a long reply."""
    subject = _SUBJECTS[index % len(_SUBJECTS)]
    return [
        {"role": "system", "content": SYSTEM_PROMPT},
        {
            "role": "user",
            "content": f"Explain in great detail, step by step, how {subject} is repaired, and "
            f"then tell a long story about it, number {index + 1} of a book of stories.",
        },
    ]


def long_story() -> list[Message]:
    """A wish of few words that takes a very long reply."""
    content = "Write a very long story about a village by the sea, with many chapters."
    return [{"role": "user", "content": content}]


def notes_and_question(seed: int, tokens: int) -> list[Message]:
    """A long message of about so many tokens, with a short question at its end."""
    content = f"{_FIRST_WORDS}{document(seed, tokens)}\n\nWhich of these matters most, and why?"
    return [{"role": "user", "content": content}]


def follow_up(turn: int) -> Message:
    """What somebody says next."""
    subject = _SUBJECTS[(turn * 7) % len(_SUBJECTS)]
    content = f"Thank you. Now go on, and say how that would be with {subject}."
    return {"role": "user", "content": content}


def rewrite(tokens: int) -> list[Message]:
    """A document that shall be written down again."""
    content = f"Repeat this text word for word, from beginning to end:\n\n{document(5, tokens)}"
    return [{"role": "user", "content": content}]


def warm_up() -> list[Message]:
    """Shares no beginning with anything that is measured."""
    return [{"role": "user", "content": f"Good morning! {document(99, 80)} How are you?"}]


def _sentence(draw: Random) -> str:
    subject, place, deed = draw.choice(_SUBJECTS), draw.choice(_PLACES), draw.choice(_DEEDS)
    day, hour = draw.randint(1, 28), draw.randint(7, 18)
    return f"On day {day} at {hour} o'clock {subject} {place} {deed}."
