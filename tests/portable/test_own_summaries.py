"""Summaries from a file: of messages that follow each other, and no more of them than can be."""

import pytest

from appliance.conversations.conversation import Message, Role
from appliance.errors import ImportRefused
from appliance.portable import own_summaries
from appliance.portable.document import KeptSummary
from appliance.portable.own_summaries import summaries_of


def chain(length):
    return [
        Message(str(n), "c", str(n - 1) if n else None, Role.USER, "words", 1000 + n)
        for n in range(length)
    ]


def kept(first, last, summary_id="s"):
    return KeptSummary(summary_id, str(first), str(last), 5, "In short.")


def test_a_summary_says_how_many_messages_it_is_of_and_when_they_were_said():
    (found,) = summaries_of([kept(2, 5)], chain(8))
    assert (found.message_count, found.first_at, found.last_at) == (4, 1002, 1005)
    assert found.conversation_id == "c"


def test_one_may_be_of_a_single_message():
    (found,) = summaries_of([kept(0, 0)], chain(1))
    assert found.message_count == 1


def test_what_all_of_them_would_keep_is_bounded(monkeypatch):
    monkeypatch.setattr(own_summaries, "MOST_ABOVE", 30)
    assert len(summaries_of([kept(9, 9, "a"), kept(9, 9, "b"), kept(9, 9, "c")], chain(10))) == 3
    with pytest.raises(ImportRefused, match="more summaries"):
        summaries_of([kept(9, 9, "a"), kept(9, 9, "b"), kept(10, 10, "c")], chain(11))
