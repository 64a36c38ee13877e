"""Which sentences may be facts, what is believed of a model's choice, and how facts merge."""

import json

import pytest

from appliance.conversations.fact import SURE_PERCENT, Fact, FactsUse, Topic
from appliance.conversations.fact_merging import merged
from appliance.conversations.fact_question import believed_facts, fact_grammar, fact_question
from appliance.conversations.statements import MOST_STATEMENTS, statements_in
from appliance.engine.grammar.grammar import compile_grammar


@pytest.mark.parametrize(
    "sentence",
    [
        "I am a vegetarian.",
        "I live in Busan.",
        "My sister works in a hospital.",
        "Ich wohne in Hamburg.",
        "저는 부산에 살아요.",
        "내 강아지 이름은 콩이야.",
        "私は京都に住んでいます。",
        "I don't eat fish.",
    ],
)
def test_what_somebody_says_of_themselves_may_be_sure(sentence: str) -> None:
    (found,) = statements_in(sentence)
    assert found.content == sentence and found.most_percent >= SURE_PERCENT


@pytest.mark.parametrize(
    "sentence",
    [
        "I want a recipe for bread.",
        "Please help me with my homework.",
        "I am tired today.",
        "Maybe I will learn the piano.",
        "If I lived in Rome I would be happy.",
        "Could you write my letter.",
        "Ich brauche heute einen Arzt.",
        "나는 오늘 피곤해요.",
        "私は今日疲れています。",
        "매운 음식을 못 먹어요.",  # who speaks is left out, so it is only a proposal
    ],
)
def test_wishes_and_what_passes_are_never_sure(sentence: str) -> None:
    assert all(found.most_percent < SURE_PERCENT for found in statements_in(sentence))


@pytest.mark.parametrize(
    "words",
    [
        *("hi", "Where do I live?", "The sky is blue.", "", "   \n", "I am it."),
        *("제 이름이 뭐예요?", "私の名前は何ですか", "x" * 400, "I " + "very " * 60 + "tired."),
    ],
)
def test_questions_and_what_is_about_nobody_are_no_statements(words: str) -> None:
    assert statements_in(words) == ()


def test_a_long_message_is_looked_at_as_far_as_a_few_sentences() -> None:
    assert len(statements_in("I have a cat called Tom. " * 50)) == MOST_STATEMENTS


def test_the_answers_form_allows_only_sentences_that_there_are() -> None:
    statements = statements_in("I am a vegetarian. I live in Busan.")
    compile_grammar(fact_grammar(statements))
    assert fact_grammar(statements) != fact_grammar(statements[:1])
    assert "1. I am a vegetarian.\n2. I live in Busan." in fact_question(statements)


def answer(*picks: tuple[int, str, str]) -> str:
    facts = [{"sentence": each[0], "about": each[1], "sure": each[2]} for each in picks]
    return json.dumps({"facts": facts})


def test_a_model_is_believed_no_further_than_the_sentence() -> None:
    statements = statements_in("I live in Busan. I am tired today. I eat no meat.")
    found = believed_facts(
        answer((1, "home", "certain"), (2, "health", "certain"), (3, "food", "unsure")), statements
    )
    assert [(each.content, each.topic) for each in found] == [
        ("I live in Busan.", Topic.HOME),
        ("I am tired today.", Topic.HEALTH),
        ("I eat no meat.", Topic.FOOD),
    ]
    assert found[0].confidence_percent >= SURE_PERCENT
    assert all(each.confidence_percent < SURE_PERCENT for each in found[1:])


@pytest.mark.parametrize(
    "text",
    [
        *("", "no", "{}", '{"facts": 3}', '{"facts": [{"sentence": 1}]}', '{"facts": []}'),
        answer((9, "home", "certain")),
        answer((0, "home", "certain")),
        '{"facts": [{"sentence": 1, "about": "secret", "sure": "certain"}]}',
        '{"facts": [{"sentence": 1, "about": "home", "sure": "cert',
    ],
)
def test_an_answer_that_is_none_gives_no_fact(text: str) -> None:
    assert believed_facts(text, statements_in("I live in Busan.")) == ()


def fact(content: str, topic: Topic = Topic.OTHER, percent: int = 90, **more: object) -> Fact:
    return Fact(content, "c", "m", topic, content, 0, percent, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("I live in Busan.", "I live in Busan!"),
        ("I live in Busan, by the sea.", "I live in Busan."),
        ("저는 부산에 살아요.", "저는 부산에 살아요!"),
    ],
)
def test_the_same_fact_folds(old: str, new: str) -> None:
    known = fact(old, Topic.HOME)
    assert merged(fact(new, Topic.HOME), [known]).same == known


@pytest.mark.parametrize(
    ("old", "new", "topic"),
    [
        ("I live in Busan.", "I live in Seoul.", Topic.HOME),
        ("I live in Busan.", "I moved to Seoul in spring.", Topic.HOME),
        ("저는 부산에 살아요.", "저는 서울로 이사했어요.", Topic.HOME),
        ("私は京都に住んでいます。", "私は東京に引っ越しました。", Topic.HOME),
        ("My favourite colour is blue.", "My favourite colour is green.", Topic.LIKES),
        ("I eat meat.", "I don't eat meat.", Topic.FOOD),
        ("I have 2 children.", "I have 3 children.", Topic.FAMILY),
        ("I live in Busan.", "I live in Busan with my sister.", Topic.HOME),
    ],
)
def test_a_newer_one_takes_the_place_of_what_cannot_be_true_beside_it(
    old: str, new: str, topic: Topic
) -> None:
    known = fact(old, topic)
    merging = merged(fact(new, topic), [known])
    assert merging.same is None and merging.replaced == (known,)


@pytest.mark.parametrize(
    ("old", "new", "topic"),
    [
        ("I like dogs.", "I like cats.", Topic.LIKES),
        ("I am a vegetarian.", "I eat no nuts.", Topic.FOOD),
        ("My sister is a nurse.", "My brother is a pilot.", Topic.FAMILY),
        ("I live in Busan.", "I have a garden at home.", Topic.HOME),
    ],
)
def test_what_can_be_true_beside_it_stands_beside_it(old: str, new: str, topic: Topic) -> None:
    merging = merged(fact(new, topic), [fact(old, topic)])
    assert merging.same is None and merging.replaced == ()


def test_what_was_confirmed_gives_way_only_to_what_is_sure() -> None:
    known = fact("I live in Busan.", Topic.HOME, is_confirmed=True)
    guess = fact("I live in Rome.", Topic.HOME, percent=40)
    assert merged(guess, [known]).replaced == ()
    assert merged(fact("I live in Rome.", Topic.HOME), [known]).replaced == (known,)


def test_only_what_is_sure_or_confirmed_is_read() -> None:
    sure, guess = fact("a", percent=SURE_PERCENT), fact("b", percent=SURE_PERCENT - 1)
    confirmed = fact("c", percent=5, is_confirmed=True)
    read = {
        use: [each.content for each in (sure, guess, confirmed) if each.is_used(use)]
        for use in FactsUse
    }
    assert read == {
        FactsUse.SURE: ["a", "c"],
        FactsUse.CONFIRMED: ["c"],
        FactsUse.OFF: [],
    }
