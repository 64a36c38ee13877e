"""Which answers of a model are believed; many of these are what SmolLM2 really said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.conversations.believing import believed_summary, believed_title, subjects
from appliance.conversations.questions import summary_question

DINNER = ("What can I cook tonight with eggs, rice and spinach?", "Try fried rice with spinach.")
STEW = ("김치찌개는 어떻게 만들어요?", "먼저 김치와 돼지고기를 볶습니다.")
KYOTO = ("京都で一日過ごすなら、どこへ行けばいいですか。", "清水寺と嵐山がおすすめです。")


@pytest.mark.parametrize(
    ("answer", "spoken", "title"),
    [
        ("Fried Rice with Spinach", DINNER, "Fried Rice with Spinach"),
        ('"Fried Rice with Spinach."', DINNER, "Fried Rice with Spinach"),
        ("**Title:** Rice and eggs for dinner\n", DINNER, "Rice and eggs for dinner"),
        ("# Rice and eggs\n\nThis title says what it is.", DINNER, "Rice and eggs"),
        ("Title: “Rice & spinach”", DINNER, "Rice & spinach"),
        ("\n\n  Rice\u202e and\u200b spinach ", DINNER, "Rice and spinach"),
        ("김치찌개 만들기", STEW, "김치찌개 만들기"),
        ("제목: 「김치찌개」", STEW, "김치찌개"),
        ("京都で過ごす一日", KYOTO, "京都で過ごす一日"),
        ("タイトル：京都の一日。", KYOTO, "京都の一日"),
    ],
)
def test_a_title_is_taken_without_what_models_put_around_it(
    answer: str, spoken: tuple[str, ...], title: str
) -> None:
    assert believed_title(answer, spoken, "What can I cook tonight…") == title


@pytest.mark.parametrize(
    "answer",
    [
        "",
        " \n\t",
        "…",
        "Title:",
        "A short title of two to six words",
        "Conversation summary",
        "I'm happy to help you with rice and spinach",
        "Here are some ideas for rice and spinach",
        "Sure, rice and spinach",
        "The history of the Roman Empire",
        "Rice <script>alert(1)</script>",
        "[Rice](https://elsewhere.example/)",
        "Rice and spinach, eggs and rice, spinach and eggs, and then more rice",
        "What can I cook tonight",
        "Rice and eggs?",
        "Dear rice eaters,\nI",
        "3",
    ],
)
def test_what_is_no_title_of_this_conversation_is_dropped(answer: str) -> None:
    assert believed_title(answer, DINNER, "What can I cook tonight…") is None


def test_a_title_in_another_language_is_dropped() -> None:
    assert believed_title("Kimchi stew recipe", STEW, "김치찌개는") is None
    assert believed_title("A day in Kyoto", KYOTO, "京都で") is None


@given(st.text(max_size=200), st.lists(st.text(max_size=80), min_size=1, max_size=4), st.text())
def test_whatever_is_answered_a_title_is_one_short_line_without_markup(
    answer: str, spoken: list[str], present: str
) -> None:
    title = believed_title(answer, spoken, present)
    if title is not None:
        assert 2 <= len(title) <= 60
        assert title.isprintable()
        assert not set(title) & set("<>`[]{}|\\")
        assert title == title.strip()


ASKED = summary_question("")
SPOKEN = ("We are four and have 900 euros for five days in Lisbon in May.", "Stay in Alfama.")


def test_a_summary_is_taken_without_its_label() -> None:
    words = "Four people want to stay in Lisbon for five days in May, with 900 euros."
    assert believed_summary(f"**Summary:** {words}\n", True, SPOKEN, SPOKEN, ASKED) == words
    assert believed_summary(f"Here is a summary:\n\n{words}", True, SPOKEN, SPOKEN, ASKED) == words
    assert (
        believed_summary(f"Summary of our conversation: {words}", True, SPOKEN, SPOKEN, ASKED)
        == words
    )


def test_of_a_summary_that_was_cut_whole_sentences_stay() -> None:
    cut = "Four people go to Lisbon in May. They have 900 euros. They want to st"
    assert believed_summary(cut, False, SPOKEN, SPOKEN, ASKED) == cut[: -len(" They want to st")]
    assert (
        believed_summary(
            "Four people go to Lisbon in May and have 900", False, SPOKEN, SPOKEN, ASKED
        )
        is None
    )


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Lisbon.",
        "Lisbon, Lisbon, Lisbon, Lisbon, Lisbon, Lisbon, Lisbon, Lisbon, Lisbon, Lisbon.",
        "The stock market fell sharply on Monday after inflation figures were released.",
        "A Lisbon adventure awaits, and I'm here to help you make it happen.",
        "\u202e\u200b\0\0",
    ],
)
def test_what_is_no_summary_of_these_messages_is_dropped(answer: str) -> None:
    assert believed_summary(answer, True, SPOKEN, SPOKEN, ASKED) is None


def test_a_summary_that_repeats_or_is_in_another_language_is_dropped() -> None:
    repeated = f"{ASKED.split(chr(58))[0]}: four people go to Lisbon in May."
    assert believed_summary(repeated, True, SPOKEN, SPOKEN, ASKED) is None
    assert believed_summary(SPOKEN[0], True, SPOKEN, SPOKEN, ASKED) is None
    korean = ("제주도로 가족 여행을 갑니다. 아이가 두 명 있습니다.",)
    assert (
        believed_summary("The family has two children: 제주도로", True, korean, korean, ASKED)
        is None
    )


def test_a_very_long_summary_ends_with_a_whole_sentence() -> None:
    told = [f"On day {n} four people walk to sight {n * n} in Lisbon." for n in range(200)]
    summary = believed_summary(" ".join(told), True, told, told, ASKED)
    assert summary is not None
    assert len(summary) <= 2000 and summary.endswith(" in Lisbon.")


def test_subjects_are_beginnings_of_words_numbers_and_pairs_of_cjk_letters() -> None:
    assert subjects("The gardens, and 3 gardeners: 김치찌개 법") == {
        "gard",
        "3",
        "김치",
        "치찌",
        "찌개",
        "법",
    }
