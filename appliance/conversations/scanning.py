"""Whether a text has the words of a question, by reading it. Pure.

For texts that no index may hold. Two words are the same by the rule of `excerpts`, so that what is
found is what is marked.
"""

from collections.abc import Sequence

from appliance.conversations.excerpts import root
from appliance.recall.tokens import Run, fold, runs_of


def words_found(text: str, sought: Sequence[Run]) -> int:
    """How many of the sought words stand in the text."""
    runs = list(runs_of(fold(text)))
    roots = {root(run.text) for run in runs if not run.is_unspaced}
    unspaced = [run.text for run in runs if run.is_unspaced]
    return sum(
        any(each.text in run for run in unspaced) if each.is_unspaced else root(each.text) in roots
        for each in sought
    )
