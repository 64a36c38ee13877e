"""Grammars of strangers: what they mean, and how they are refused."""

from time import process_time

import pytest
from doses import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.grammar.grammar import compile_grammar
from appliance.engine.grammar.matcher import Matcher
from appliance.errors import GrammarRefused


def fits(grammar: str, text: str) -> bool:
    """Whether the whole text is one of the grammar."""
    matcher = Matcher(compile_grammar(grammar))
    if text and not matcher.fits(text.encode()):
        return False
    matcher.accept(text.encode())
    return matcher.position.may_end


@pytest.mark.parametrize(
    ("grammar", "good", "bad"),
    [
        ('root ::= "yes" | "no"', ["yes", "no"], ["", "ye", "yesno", "maybe"]),
        ('root ::= "a" "b"? [c-e]+', ["abc", "acde"], ["ab", "bc", "abf"]),
        ('root ::= ("a" | "b"){2} "c"{0,2}', ["ab", "bbcc"], ["a", "abccc"]),
        ('root ::= "ab"{2,}', ["abab", "ababab"], ["ab", "aba"]),
        ('root ::= "abc"*', ["", "abcabc"], ["abcab"]),
        ("root ::= [^a-z\\n]{2}", ["A1", "é가", "🙂!"], ["a1", "A\n", "A"]),
        ("root ::= [\\]\\[\\\\^-]+", ["[]\\^-"], ["a"]),
        ("root ::= .", ["a", "\n", "가", "🙂"], ["", "ab"]),
        ('root ::= "\\x41\\u00e9\\U0001F642\\t"', ["Aé🙂\t"], ["A"]),
        ('root ::= [가-힣]+ "!"', ["안녕!"], ["hello!", "안녕"]),
        (
            "# words\nroot ::= a b # both\n\na ::= [a]\r\nb ::= (\n [b]\n | [c] )\n",
            ["ab", "ac"],
            ["a"],
        ),
        ('root ::= "x" | |\n  "y"', ["", "x", "y"], ["xy"]),
        ('root ::= "(" root ")" | ""', ["", "((()))"], ["(()", ")"]),
        # No trouble here, whatever becomes of them elsewhere:
        ('root ::= root "+" n | n\nn ::= [0-9]+', ["1", "1+22+3"], ["1+", "+1"]),
        ('root ::= a root "x" | "y"\na ::= b\nb ::= "" | "z"', ["y", "zzyxx", "yx"], ["x", "zz"]),
        ('root ::= ("")* "x"', ["x"], [""]),
        ('root ::= ("a"?)* "x"', ["x", "aax"], ["a"]),
        ('root ::= "a" dead | "b"\ndead ::= "c" dead', ["b"], ["a", "ac"]),
        ('root ::= [\\x00\\uD800] | "b"', ["b"], ["a"]),
    ],
)
def test_a_grammar_fits_its_texts_and_no_others(
    grammar: str, good: list[str], bad: list[str]
) -> None:
    assert [text for text in good if not fits(grammar, text)] == []
    assert [text for text in bad if fits(grammar, text)] == []


@pytest.mark.parametrize(
    ("grammar", "sentence"),
    [
        ("", "has no rule `root`"),
        ('start ::= "a"', "has no rule `root`"),
        ("root ::= word", "Line 1 of the grammar: there is no rule `word`"),
        ('root ::= "a"\nroot ::= "b"', "Line 2 of the grammar: the rule `root` stands twice"),
        ('root = "a"', "`=` means nothing there"),
        ('root "a"', "`::=` must follow `root`"),
        ('"a" ::= "b"', "a rule begins with its name"),
        ('root ::= "a', 'the `"` is never closed'),
        ("root ::= [a", "the `[` is never closed"),
        ('root ::= ("a"', "the `(` of line 1 is never closed"),
        ('root ::= "a")', "`)` is not expected"),
        ('root ::= "\\q"', "`\\q` is no escape"),
        ('root ::= "\\u12"', "`\\u` is no escape"),
        ('root ::= "\\UFFFFFFFF"', "is no character that a text can hold"),
        ('root ::= "\\x00"', "U+0000 is no character"),
        ('root ::= "\\uD800"', "U+D800 is no character"),
        ("root ::= []", "a class has no characters"),
        ("root ::= [^]", "a class has no characters"),
        ("root ::= [z-a]", "a range in a class is empty"),
        ("root ::= *", "there is nothing before `*`"),
        ('root ::= "a"**', "two repetitions follow each other"),
        ('root ::= "a"{3,1}', "at least 3 and at most 1"),
        ('root ::= "a"{1000000}', "repeats too often"),
        ('root ::= "a"{99999999999999999999}', "a repetition is written"),
        ('root ::= "a"{x}', "a repetition is written"),
        ("root ::= <|im_end|>", "tokens of the vocabulary cannot be named"),
        ("root ::= !<[5]>", "tokens of the vocabulary cannot be named"),
        ('root ::= root "a"', "No text can ever come to its end"),
        ('root ::= "a" root', "No text can ever come to its end"),
        ("root ::= a\na ::= b\nb ::= a", "No text can ever come to its end"),
        ("root ::= [\\uD800-\\uDFFF]", "No text can ever come to its end"),
        ("root ::= " + "(" * 200_000, "at most 131,072 are read"),
        ("root ::= " + "(" * 1000 + '"a"' + ")" * 1000, "more than 50 parentheses"),
        ('root ::= (("a"{100}){100}){100}', "more than 10,000 places"),
        ('root ::= ("a" | ("b" ("c"){90}){90}){90}', "more than 10,000 places"),
        ("root ::= (" + '"" ' * 40_000 + '"a"){5000}', "more than 10,000 places"),
        ('root ::= ("a"?){4000}', "more than 1,000 ways are open"),
        ("root ::= " + " | ".join(f'"w{n}"' for n in range(1500)), "more than 1,000 ways"),
        (
            "root ::= [" + "".join(chr(0x4E00 + 2 * n) for n in range(9000)) + "]{100}",
            "more than 10,000 places",
        ),
    ],
)
def test_a_wrong_or_too_large_grammar_is_refused_with_a_sentence(
    grammar: str, sentence: str
) -> None:
    with pytest.raises(GrammarRefused) as refused:
        compile_grammar(grammar)
    assert sentence in str(refused.value)
    assert len(str(refused.value)) < 400 and str(refused.value).endswith(".")


PIECES = st.sampled_from(
    [
        *('"a"', '""', "[a-z]", "[^b]", ".", "root", "rule", "x", "(", ")", "|", "*", "+", "?"),
        *("{2}", "{3,}", "{900,1000}", "{9,1}", "::=", "\n", "\nrule ::=", "\nroot ::=", "#", "\\"),
        *('"', "[", "]", "{", "}", "!", "<", "가", "\0"),
    ]
)


@given(st.lists(PIECES, max_size=60).map(lambda pieces: "root ::= " + " ".join(pieces)))
@settings(max_examples=examples(150, 400), deadline=None)
def test_any_text_is_read_or_refused_and_neither_takes_long(grammar: str) -> None:
    begin = process_time()
    try:
        matcher = Matcher(compile_grammar(grammar))
        for _ in range(20):
            if (mask := matcher.position.mask) == 0:
                break
            matcher.accept(bytes([mask.bit_length() - 1]))
        assert matcher.position.ways or matcher.position.may_end
    except GrammarRefused:
        pass
    assert process_time() - begin < 3


@given(st.text(max_size=200))
def test_any_characters_are_read_or_refused(text: str) -> None:
    try:
        compile_grammar(text)
    except GrammarRefused as refused:
        assert str(refused).endswith(".")
