"""Following a text: exactly, in bounded work, and never into a dead end."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.grammar.grammar import compile_grammar
from appliance.engine.grammar.matcher import Matcher
from appliance.engine.grammar.reach import MAX_VISITS

AMBIGUOUS = {
    "three readings of every byte": 'root ::= " " root "b" | " " root "c" | " "',
    "two parts without an order": 'root ::= root root | "a"',
    "sums": 'root ::= root "+" root | root "*" root | [0-9]+',
    "parts that may be missing": "root ::= (" + '"a"? ' * 60 + '"b"?)* "c"',
    "the end of many rules": 'root ::= "a" root x? y? | "a"\nx ::= "x"\ny ::= "y" x | x',
    "nothing but rules": 'root ::= a a a a | "."\na ::= b b | ""\nb ::= root root | ""',
}


@pytest.mark.parametrize("grammar", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_an_ambiguous_grammar_costs_bounded_work_a_byte_and_has_no_dead_end(grammar: str) -> None:
    matcher, draw = Matcher(compile_grammar(grammar)), random.Random(1)
    for _ in range(600):
        before, mask = matcher.visits, matcher.position.mask
        if not mask:
            break
        matcher.accept(bytes([draw.choice([b for b in range(256) if mask >> b & 1])]))
        assert matcher.visits - before <= 4 * MAX_VISITS
        assert matcher.position.ways or matcher.position.may_end


def test_many_readings_of_one_text_are_followed_to_their_ends() -> None:
    depth = 60  # 2 ** 59 readings
    matcher = Matcher(compile_grammar(AMBIGUOUS["three readings of every byte"]))
    matcher.accept(b" " * depth)
    matcher.accept(b"bc" * 29)
    assert not matcher.position.may_end
    matcher.accept(b"b")
    assert matcher.position.may_end
    assert not matcher.fits(b"b")


def test_a_long_text_in_a_loop_costs_no_new_work() -> None:
    matcher = Matcher(compile_grammar('root ::= "\\"" [^"]* "\\""'))
    matcher.accept(b'"' + "aé가".encode())
    before = matcher.visits
    matcher.accept("éa가".encode() * 1000)
    assert matcher.visits == before


def test_trying_a_text_changes_nothing() -> None:
    matcher = Matcher(compile_grammar('root ::= "a" ("b" | "c") "d"'))
    assert matcher.fits(b"abd") and matcher.fits(b"ac") and not matcher.fits(b"bd")
    assert not matcher.fits(b"")
    matcher.accept(b"ac")
    assert matcher.fits(b"d") and not matcher.position.may_end


def test_a_character_may_come_in_parts() -> None:
    matcher = Matcher(compile_grammar("root ::= [가-각]"))
    first, second, third = "가".encode()
    assert matcher.position.mask == 1 << first
    matcher.accept(bytes([first]))
    matcher.accept(bytes([second]))
    assert matcher.position.mask == (1 << third) | (1 << third + 1)


RANGE = st.tuples(st.characters(), st.characters()).map(sorted)


@given(RANGE, st.characters())
def test_a_class_holds_exactly_the_characters_of_its_ranges(ends: list[str], char: str) -> None:
    first, last = ends
    matcher = Matcher(compile_grammar(f"root ::= [\\U{ord(first):08X}-\\U{ord(last):08X}a]"))
    assert matcher.fits(char.encode()) == (char == "a" or (first <= char <= last and char != "\0"))


def expressions() -> st.SearchStrategy[str]:
    """Texts that mean the same to `re` and, with quotes, in GBNF."""
    return st.recursive(
        st.sampled_from(["a", "b", "[ab]", "[^a]", "[b-d]"]),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
            st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{2,}"])).map(
                lambda two: f"({two[0]}){two[1]}"
            ),
        ),
        max_leaves=8,
    )


@given(expressions(), st.text("abcd", max_size=6))
def test_a_grammar_without_rules_is_a_regular_expression(expression: str, text: str) -> None:
    gbnf = re.sub(r"\[[^\]]*\]|[ab]", lambda m: m[0] if "[" in m[0] else f'"{m[0]}"', expression)
    matcher = Matcher(compile_grammar(f"root ::= {gbnf}"))
    fits = not text or matcher.fits(text.encode())
    if fits:
        matcher.accept(text.encode())
    assert (fits and matcher.position.may_end) == bool(re.fullmatch(expression, text))
