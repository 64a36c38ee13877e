import pytest

from appliance.languages.recognising import MOST_CHARS, Recogniser
from appliance.sentences import say

KNOWN = Recogniser(
    [
        "The engine has stopped.",
        "That is %(count)s tokens, and the model reads at most %(most)s at once.",
        "%(host)s does not answer%(said)s. Try again.",
        "The draft model %(model)s is not used: %(reason)s",
        "%(host)s wrote this, and %(host)s has no way to go on.",
        "Half of it (%(count)s %%) was read.",
        "%(day)s, you",
    ]
)


@pytest.mark.parametrize(
    "sentence",
    [
        say("The engine has stopped."),
        say(
            "That is %(count)s tokens, and the model reads at most %(most)s at once.",
            count=12_345,
            most=4_096,
        ),
        say("%(host)s does not answer%(said)s. Try again.", host="box.lan", said=" (busy)"),
        say("%(host)s does not answer%(said)s. Try again.", host="box.lan", said=""),
        say("%(host)s wrote this, and %(host)s has no way to go on.", host="box.lan"),
        say("Half of it (%(count)s %%) was read.", count=50),
    ],
)
def test_a_sentence_of_ours_is_known_again_with_its_values(sentence):
    found = KNOWN.find(str(sentence))
    assert found is not None
    assert (found, found.message, found.values) == (sentence, sentence.message, sentence.values)


def test_a_sentence_inside_another_one_is_known_too():
    reason = say("The engine has stopped.")
    sentence = say(
        "The draft model %(model)s is not used: %(reason)s", model="small", reason=reason
    )
    found = KNOWN.find(str(sentence))
    assert found is not None
    assert isinstance(found.values["reason"], type(reason))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Somebody's own words.",
        "one.lan wrote this, and another.lan has no way to go on.",
        "Tomorrow, you",
        "x" * (MOST_CHARS + 1),
    ],
)
def test_anything_else_stays_as_it_is(text):
    assert KNOWN.find(text) is None


def test_a_text_made_to_be_slow_is_read_once():
    text = ("a does not answer" * 200)[:MOST_CHARS]
    assert KNOWN.find(text) is None
