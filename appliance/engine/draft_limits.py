"""How far ahead each reply may be guessed in one step. Pure."""

from collections.abc import Collection

from appliance.engine.draft_model import MOST_DRAFTING
from appliance.engine.prompt_lookup import LONGEST_DRAFT_TOKENS
from appliance.engine.sequence import Sequence


def draft_limits(
    running: Collection[Sequence], step_tokens: int, free_cells: int, context_tokens: int
) -> dict[Sequence, int]:
    """Tokens that a draft for each reply may have, in a step that takes in `step_tokens` beside
    the replies; nobody is in it when drafts are not worth it.
    """
    decoding = [sequence for sequence in running if sequence.is_decoding]
    if not 0 < len(decoding) <= MOST_DRAFTING:
        return {}
    if len(decoding) < len(running):
        step_tokens //= 2  # whoever reads is left half of it, however much is being guessed
    limit = min(step_tokens, LONGEST_DRAFT_TOKENS, free_cells - len(decoding))
    most = limit // len(decoding)
    limits = {}
    for sequence in decoding:
        # The last token of a reply is sampled, so a draft ends before it.
        left = sequence.sampling.max_tokens - sequence.completion_tokens - 1
        left = min(most, left, context_tokens - len(sequence.tokens) - 1)
        limits[sequence] = max(0, left)
    return limits
