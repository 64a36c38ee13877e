"""How a document is cut; pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.documents.block import Block
from appliance.documents.chunking import MOST_WEIGHT, passages, weight


def cut(*blocks):
    return [(each.text, each.page, each.heading) for each in passages(blocks)]


def test_paragraphs_are_kept_together_while_there_is_room():
    assert cut(Block("One."), Block("Two.")) == [("One.\n\nTwo.", None, "")]
    long = "word " * 150
    assert [len(text) for text, _, _ in cut(Block(long), Block(long))] == [749, 749]


def test_no_passage_goes_over_a_page_or_a_heading():
    found = cut(Block("a", 1), Block("b", 2), Block("H", 2, level=1), Block("c", 2))
    assert found == [("a", 1, ""), ("b", 2, ""), ("c", 2, "H")]


def test_headings_stand_above_each_other():
    found = cut(
        *(Block("A", level=1), Block("B", level=2), Block("b")),
        *(Block("C", level=2), Block("c"), Block("D", level=1), Block("d")),
    )
    assert found == [("b", None, "A › B"), ("c", None, "A › C"), ("d", None, "D")]


def test_a_heading_with_nothing_under_it_is_not_lost():
    found = cut(Block("A", level=1), Block("B", level=1), Block("C", level=2))
    assert found == [("A", None, ""), ("C", None, "B › C")]


@pytest.mark.parametrize(
    "sentence", ["This is a sentence. ", "이것은 문장입니다. ", "これは文章です。"]
)
def test_what_is_too_long_is_cut_after_a_sentence(sentence):
    found = [text for text, _, _ in cut(Block(sentence * 200))]
    assert len(found) > 1
    assert all(text.endswith((".", "。")) for text in found)


def test_wide_characters_count_for_more():
    assert weight("차") == 3 and weight("tea") == 3
    assert all(len(text) <= MOST_WEIGHT / 3 for text, _, _ in cut(Block("茶" * 5000)))


blocks = st.builds(
    Block,
    text=st.text(max_size=400).filter(str.strip) | st.integers(1, 3000).map(lambda n: "x" * n),
    page=st.none() | st.integers(1, 3),
    level=st.integers(0, 3),
    is_row=st.booleans(),
)


@given(st.lists(blocks, max_size=12))
def test_nothing_that_was_said_is_lost_and_no_passage_is_too_long(said):
    found = list(passages(said))
    assert all(each.text.strip() for each in found)
    assert all(weight(each.text) <= MOST_WEIGHT + 200 for each in found)
    text = "".join("".join(each.text.split()) for each in found)
    for block in said:
        if block.level == 0 and block.text.strip():
            for word in block.text.split():
                assert word[:300] in text or len(word) > 300
