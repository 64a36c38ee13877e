import pytest

from appliance.routes.language import language_of, language_of_html


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("서울에서 하루 동안", "ko"),
        ("京都で一日過ごす", "ja"),
        ("ｶﾀｶﾅ", "ja"),
        ("你好，世界", ""),
        ("Good morning", ""),
        ("The word 서울 means Seoul, the capital of Korea.", ""),
        ("", ""),
        ("123 !?", ""),
    ],
)
def test_a_text_is_in_the_language_it_is_mostly_in(text, language):
    assert language_of(text) == language


def test_tags_do_not_count():
    assert language_of_html('<p><a href="https://example.org/long/path">서울</a></p>') == "ko"
