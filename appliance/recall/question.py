"""A question as what is looked for among a person's terms. Pure."""

from appliance.recall.tokens import sought_by, terms_of
from appliance.store.chunk_terms import owned
from appliance.store.chunks import EVERYBODY


def words_of(question: str) -> tuple[str, ...]:
    """The terms to look for, each once, those that every text has left out.

    A run of Chinese, Japanese or Korean is looked for in pairs, each by itself: what follows a word
    there changes with the sentence.
    """
    runs = sought_by(question).runs
    terms = dict.fromkeys(term for run in runs for term in terms_of(run.text).split())
    return tuple(term for term in terms if len(term) > 1 or len(terms) == 1 or term.isascii())


def match_of(question: str, person_key: int) -> str:
    """For FTS5: chunks of this person, or of everybody, that have any of the words."""
    return " OR ".join(
        f'"{owned(owner, word)}"'
        for word in words_of(question)
        for owner in (person_key, EVERYBODY)
    )
