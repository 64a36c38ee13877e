"""What a turn cost and what wrote it, as names and values."""

from collections.abc import Iterator

from appliance.conversations.conversation import Turn
from appliance.conversations.prompt_parts import number
from appliance.routes.seen_data import FactView

NOT_RECORDED = "not recorded"
NOT_YET = "not yet"

_ENDS = {
    "stop": "by itself",
    "length": "at the length limit",
    "cancelled": "stopped",
    "error": "failed",
}
_SAMPLING = {
    "temperature": "Temperature",
    "top_k": "Top-k",
    "top_p": "Top-p",
    "min_p": "Min-p",
    "repeat_penalty": "Repeat penalty",
    "stop": "Stops at",
}


def cost_facts(turn: Turn) -> Iterator[FactView]:
    """Tokens read, held already, written and guessed."""
    counts = turn.counts
    if not counts.prompt_tokens:
        yield FactView("Prompt", _missing(turn))
        return
    is_estimate = turn.prompt_record.get("token_counts") == "estimate"
    yield FactView("Prompt", f"{counts.prompt_tokens:,}" + " (estimated)" * is_estimate)
    yield FactView("Held already", f"{counts.cached_tokens:,}")
    yield FactView("Newly read", f"{counts.prompt_tokens - counts.cached_tokens:,}")
    yield FactView("Written", f"{counts.completion_tokens:,}")
    if counts.drafted_tokens:
        right = f"{counts.accepted_tokens:,} of {counts.drafted_tokens:,}"
        yield FactView("Guessed ahead, and right", right)


def time_facts(turn: Turn) -> Iterator[FactView]:
    """Waiting, reading, writing."""
    counts = turn.counts
    if counts.ttft_ms is None:
        yield FactView("First word", "none came" if turn.status.is_final else NOT_YET)
        return
    newly_read = counts.prompt_tokens - counts.cached_tokens
    yield FactView("In line", _seconds(counts.queue_ms))
    # A version that did not measure it left a nought.
    reading = _seconds(counts.prefill_ms) if counts.prefill_ms or newly_read < 2 else NOT_RECORDED
    yield FactView("Reading", reading)
    yield FactView("First word after", _seconds(counts.ttft_ms))
    yield FactView("Writing", _seconds(counts.decode_ms))
    if (speed := counts.tokens_per_second) is not None:
        yield FactView("Speed", f"{speed:.1f} tokens/s")


def model_facts(turn: Turn) -> Iterator[FactView]:
    """What wrote it, and how it ended."""
    record = turn.prompt_record
    yield FactView("Name", str(record.get("model_name") or NOT_RECORDED))
    if elsewhere := record.get("sent_to"):
        yield FactView("Answered by", str(elsewhere))
    else:
        yield FactView("SHA-256", turn.model_sha256 or NOT_RECORDED)
    context = number(record, "context_tokens")
    yield FactView("Reads and writes at most", f"{context:,} tokens" if context else NOT_RECORDED)
    if turn.status.is_final:
        yield FactView("Ended", _ENDS.get(turn.finish_reason or "", NOT_RECORDED))
    if turn.attempts > 1:
        yield FactView("Begun", f"{turn.attempts} times, because the box stopped in the middle")
    yield FactView("Turn", turn.turn_id)


def sampling_facts(turn: Turn) -> Iterator[FactView]:
    """How each token was drawn."""
    yield FactView("Seed", str(turn.seed) if turn.seed else _missing(turn))
    room = number(turn.prompt_record, "reply_tokens")
    yield FactView("Room for the reply", f"{room:,} tokens" if room is not None else NOT_RECORDED)
    if not turn.sampling:
        yield FactView("Sampling", _missing(turn))
    for name, label in _SAMPLING.items():
        if value := _sampling_words(turn.sampling.get(name)):
            yield FactView(label, value)
    if turn.sampling.get("grammar"):
        yield FactView("Form", "prescribed by a grammar")


def _sampling_words(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(repr(each) for each in value)
    return "" if value in (None, "") else str(value)


def _missing(turn: Turn) -> str:
    return NOT_RECORDED if turn.status.is_final else NOT_YET


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.2f} s"
