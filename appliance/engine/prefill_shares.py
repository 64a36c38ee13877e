"""How the prompt tokens of one step are shared between those who read. Pure."""

from collections.abc import Iterable

from appliance.engine.sequence import Priority, Sequence

# Prompts are read in turns of this size, so that a short one beside a long one is not kept waiting.
_QUANTUM_TOKENS = 32


def share_prefill(
    running: Iterable[Sequence], prefill_tokens: int, background_tokens: int, rotation: int
) -> dict[Sequence, int]:
    """Split `prefill_tokens` between people in small turns; one's own prompts follow each other.

    Background work reads at most `background_tokens`, and only what people leave over. `rotation`
    counts the steps, so that nobody is first for ever.
    """
    reading = [seq for seq in running if seq.pending and not seq.is_decoding]
    people = [seq for seq in reading if seq.priority is Priority.NORMAL]
    shares = _in_turns(people, prefill_tokens, rotation)
    left = min(prefill_tokens - sum(shares.values()), background_tokens)
    background = [seq for seq in reading if seq.priority is Priority.BACKGROUND]
    return {**shares, **_in_turns(background, left, rotation)}


def _in_turns(reading: Iterable[Sequence], tokens: int, rotation: int) -> dict[Sequence, int]:
    queues: dict[str, list[Sequence]] = {}
    for sequence in reading:
        queues.setdefault(sequence.owner, []).append(sequence)
    owners = list(queues)
    shares: dict[Sequence, int] = {}
    turn = rotation
    while tokens > 0 and owners:
        owner = owners[turn % len(owners)]
        sequence = queues[owner][0]
        left = sequence.pending - shares.get(sequence, 0)
        count = min(_QUANTUM_TOKENS, left, tokens)
        shares[sequence] = shares.get(sequence, 0) + count
        tokens -= count
        turn += 1
        if count == left:
            queues[owner].pop(0)
            if not queues[owner]:
                owners.remove(owner)
    return shares
