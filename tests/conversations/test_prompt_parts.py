"""The parts of a prompt from its record, also where the record is old or messages are gone."""

from appliance.conversations.conversation import Message, Role
from appliance.conversations.prompt_parts import MOST_LISTED, PartKind, PromptPart, prompt_parts

RECORD = {
    "system_tokens": 12,
    "dropped_messages": 0,
    "window_messages": 3,
    "first_message_id": "m0",
    "message_tokens": [5, 6, 7],
    "continued_tokens": 0,
}


def talk(count: int) -> list[Message]:
    return [
        Message(f"m{n}", "c", None, (Role.USER, Role.ASSISTANT)[n % 2], f"Words {n}\nmore", 0)
        for n in range(count)
    ]


def parts(branch: list[Message], **record: object) -> list[PromptPart]:
    """Without the system text."""
    return list(prompt_parts({**RECORD, **record}, branch, "Be kind.")[1:])


def told(found: list[PromptPart]) -> list[tuple[str, int | None, int]]:
    return [(part.words or part.kind, part.tokens, part.messages) for part in found]


def test_each_part_is_told_in_the_order_in_which_it_was_read():
    found = prompt_parts(
        RECORD
        | {
            "dropped_messages": 4,
            "summary_tokens": 30,
            "summary_messages": 4,
            "recalled_tokens": 20,
            "continued_tokens": 9,
        },
        talk(3),
        "Be kind.",
    )
    assert told(list(found)) == [
        ("Be kind.", 12, 0),
        (PartKind.DROPPED, None, 4),
        (PartKind.SUMMARY, 30, 4),
        ("Words 0", 5, 1),
        ("Words 1", 6, 1),
        (PartKind.RECALLED, 20, 0),
        ("Words 2", 7, 1),
        (PartKind.REPLY_SO_FAR, 9, 0),
    ]
    assert [part.role for part in found[3:7]] == [Role.USER, Role.ASSISTANT, None, Role.USER]


def test_a_record_of_before_has_messages_without_numbers():
    old = {key: value for key, value in RECORD.items() if key != "message_tokens"}
    found = prompt_parts(old, talk(3), "")
    assert told(list(found[1:])) == [
        ("Words 0", None, 1),
        ("Words 1", None, 1),
        ("Words 2", None, 1),
    ]


def test_an_empty_record_has_no_parts():
    assert prompt_parts({}, talk(1), "Be kind.") == ()


def test_of_very_many_messages_the_newest_are_listed():
    count = MOST_LISTED + 50
    found = parts(talk(count), window_messages=count, message_tokens=[3] * 100)
    assert told(found[:2]) == [(PartKind.EARLIER, None, 50), ("Words 50", 3, 1)]
    assert len(found) == MOST_LISTED + 1


def test_a_message_that_was_deleted_since_is_missing_and_said_to_be():
    branch = talk(5)
    del branch[3]
    found = parts(branch, window_messages=4, first_message_id="m1", message_tokens=[1, 2, 3, 4])
    assert told(found) == [
        (PartKind.GONE, None, 1),
        ("Words 1", None, 1),
        ("Words 2", None, 1),
        ("Words 4", None, 1),
    ]


def test_with_its_first_message_gone_only_the_question_is_sure_to_have_been_read():
    found = parts(talk(3), dropped_messages=6, first_message_id="gone")
    assert told(found) == [
        (PartKind.DROPPED, None, 6),
        (PartKind.UNSURE, None, 2),
        ("Words 2", None, 1),
    ]


def test_where_nothing_had_been_left_out_all_that_is_there_was_read():
    found = parts(talk(3)[1:], first_message_id="gone")
    assert told(found) == [
        (PartKind.GONE, None, 1),
        ("Words 1", None, 1),
        ("Words 2", None, 1),
    ]


def test_a_record_with_nonsense_in_it_is_read_as_far_as_it_goes():
    found = parts(talk(1), window_messages="3", message_tokens="x", summary_tokens=None)
    assert found == []
