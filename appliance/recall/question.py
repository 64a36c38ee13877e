"""A question as what is looked for among a person's terms. Pure."""

import re
from collections.abc import Sequence, Set

from appliance.recall.chunker import says_nothing
from appliance.recall.tokens import fold, runs_of, sought_by, terms_of
from appliance.store.chunk_scope import EVERYBODY
from appliance.store.chunk_terms import owned

_MONTHS = """
january february march april may june july august september october november december
januar februar marz april mai juni juli august september oktober november dezember
"""
_NAMES = {name: place % 12 + 1 for place, name in enumerate(_MONTHS.split())}
_NUMBERED = re.compile(r"(?<!\d)(1[0-2]|[1-9])\s*[월月]")


def asks_nothing(text: str) -> bool:
    """Whether there is nothing to look for: a greeting, thanks, or no words at all."""
    return says_nothing(text)


def words_of(question: str) -> tuple[str, ...]:
    """The terms to look for, each once, without those that every text has.

    A run of Chinese, Japanese or Korean is looked for in pairs, each by itself: what follows a word
    there changes with the sentence.
    """
    runs = sought_by(question).runs
    terms = dict.fromkeys(term for run in runs for term in terms_of(run.text).split())
    pairs = [term for term in terms if len(term) > 1 or term.isascii()]
    return tuple(pairs or terms)


def is_pair(word: str) -> bool:
    """Whether it is two characters of a run, and may be the end of one word and the beginning of
    the next: what says less of a text than a word does.
    """
    return any(run.is_unspaced for run in runs_of(word))


def match_of(words: Sequence[str], person_key: int) -> str:
    """For FTS5: chunks of this person, or of everybody, that have any of the words."""
    return " OR ".join(
        f'"{owned(owner, word)}"' for word in words for owner in (person_key, EVERYBODY)
    )


def months_of(question: str) -> Set[int]:
    """The months that it names, from 1 to 12."""
    folded = fold(question)
    named = {_NAMES[word] for word in re.findall(r"[a-z]+", folded) if word in _NAMES}
    return named | {int(number) for number in _NUMBERED.findall(folded)}
