"""A question as what is looked for among a person's terms. Pure."""

from collections.abc import Sequence

from appliance.recall.chunker import says_nothing
from appliance.recall.tokens import sought_by, terms_of
from appliance.store.chunk_scope import EVERYBODY
from appliance.store.chunk_terms import owned


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


def match_of(words: Sequence[str], person_key: int) -> str:
    """For FTS5: chunks of this person, or of everybody, that have any of the words."""
    return " OR ".join(
        f'"{owned(owner, word)}"' for word in words for owner in (person_key, EVERYBODY)
    )
