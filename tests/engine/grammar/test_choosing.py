"""Which tokens are offered, on a vocabulary of a handful of texts."""

import random

import numpy as np

from appliance.engine.grammar.choosing import MAX_CANDIDATES, candidates
from appliance.engine.grammar.grammar import compile_grammar
from appliance.engine.grammar.matcher import Matcher
from appliance.engine.grammar.token_table import TokenTable

TEXTS = [b"", b"a", b"b", b"ab", b"aba", b" a", b"abc", b"\xea\xb0", b"\x80", b"\xea", b"c", b""]
END = 11


def offered(grammar: str, *, written: bytes = b"", likeliest: int = 0) -> list[int]:
    table = TokenTable(len(TEXTS), TEXTS.__getitem__, lambda token: token == END)
    matcher = Matcher(compile_grammar(grammar))
    matcher.accept(written)
    logits = np.linspace(1, 0, len(TEXTS), dtype=np.float32)
    logits[likeliest] = 2
    return candidates(matcher, table, logits).tolist()


def texts(tokens: list[int]) -> list[bytes]:
    return [TEXTS[token] for token in tokens]


def test_what_fits_is_offered_the_likeliest_first() -> None:
    assert texts(offered('root ::= "aba" "c"')) == [b"a", b"ab", b"aba"]
    assert texts(offered('root ::= "aba" "c"', likeliest=3)) == [b"ab", b"a", b"aba"]
    assert texts(offered('root ::= "ab" "c"*', written=b"a")) == [b"b"]
    assert texts(offered('root ::= "가"')) == [b"\xea\xb0", b"\xea"]
    assert texts(offered('root ::= "가"', written=b"\xea\xb0")) == [b"\x80"]


def test_an_end_is_offered_exactly_where_the_text_may_end() -> None:
    assert offered('root ::= "a"', written=b"a") == [END]
    assert offered('root ::= "a" "b"?', written=b"a") == [2, END]
    assert END not in offered('root ::= "a" "b"', written=b"a")


def test_where_no_token_fits_the_reply_ends() -> None:
    assert offered('root ::= "xyz"') == [END]


def test_a_vocabulary_without_an_end_offers_what_has_no_text() -> None:
    table = TokenTable(3, [b"a", b"", b"b"].__getitem__, lambda token: False)
    matcher = Matcher(compile_grammar('root ::= "a"'))
    matcher.accept(b"a")
    assert candidates(matcher, table, np.zeros(3, np.float32)).tolist() == [1]


def test_the_search_is_cut_when_a_grammar_makes_it_long_and_single_bytes_remain() -> None:
    # Every word is read in many ways at once, and turns out to be wrong in its last byte.
    draw = random.Random(1)
    words = ["aaaaaaaa" + "".join(draw.choices("abc", k=20)) + "z" for _ in range(2000)]
    vocabulary = [b"", *(word.encode() for word in words), b"a", b"z"]
    table = TokenTable(len(vocabulary), vocabulary.__getitem__, lambda token: token == 0)
    matcher = Matcher(compile_grammar('root ::= root root | "a" root "b" | root "c" root | "a"'))
    before = matcher.visits
    chosen = candidates(matcher, table, np.linspace(1, 0, len(vocabulary), dtype=np.float32))
    assert [vocabulary[token] for token in chosen] == [b"a"]
    assert matcher.visits - before < 25_000


def test_no_more_are_offered_than_are_of_use() -> None:
    vocabulary = [b"", *(b"a%d" % n for n in range(5000))]
    table = TokenTable(len(vocabulary), vocabulary.__getitem__, lambda token: token == 0)
    logits = np.random.default_rng(1).normal(size=len(vocabulary)).astype(np.float32)
    chosen = candidates(Matcher(compile_grammar("root ::= .* .")), table, logits)
    assert len(chosen) == MAX_CANDIDATES
    best = 1 + np.argsort(-logits[1:])[:MAX_CANDIDATES]
    assert chosen.tolist() == best.tolist()
