"""What a turn cost and what wrote it, as names and values."""

from collections.abc import Iterator

from appliance.conversations.prompt_parts import number
from appliance.conversations.turn import Turn
from appliance.routes.seen_data import FactView
from appliance.sentences import number as shown
from appliance.sentences import say, say_counted

NOT_RECORDED = say("not recorded")
NOT_YET = say("not yet")

_ENDS = {
    "stop": say("by itself"),
    "length": say("at the length limit"),
    "cancelled": say("stopped"),
    "error": say("failed"),
}
_SAMPLING = {
    "temperature": say("Temperature"),
    "top_k": say("Top-k"),
    "top_p": say("Top-p"),
    "min_p": say("Min-p"),
    "repeat_penalty": say("Repeat penalty"),
    "stop": say("Stops at"),
}


def cost_facts(turn: Turn) -> Iterator[FactView]:
    """Tokens read, held already, written and guessed."""
    counts = turn.counts
    if not counts.prompt_tokens:
        yield FactView(say("Prompt"), _missing(turn))
        return
    prompt: str = shown(counts.prompt_tokens)
    if turn.prompt_record.get("token_counts") == "estimate":
        prompt = say("%(count)s (estimated)", count=prompt)
    yield FactView(say("Prompt"), prompt)
    yield FactView(say("Held already"), shown(counts.cached_tokens))
    yield FactView(say("Newly read"), shown(counts.prompt_tokens - counts.cached_tokens))
    yield FactView(say("Written"), shown(counts.completion_tokens))
    if counts.drafted_tokens:
        right = say(
            "%(right)s of %(all)s",
            right=counts.accepted_tokens,
            all=counts.drafted_tokens,
        )
        yield FactView(say("Guessed ahead, and right"), right)


def time_facts(turn: Turn) -> Iterator[FactView]:
    """Waiting, reading, writing."""
    counts = turn.counts
    if counts.ttft_ms is None:
        yield FactView(say("First word"), say("none came") if turn.status.is_final else NOT_YET)
        return
    newly_read = counts.prompt_tokens - counts.cached_tokens
    yield FactView(say("In line"), _seconds(counts.queue_ms))
    # A version that did not measure it left a nought.
    reading = _seconds(counts.prefill_ms) if counts.prefill_ms or newly_read < 2 else NOT_RECORDED
    yield FactView(say("Read in"), reading)
    yield FactView(say("First word after"), _seconds(counts.ttft_ms))
    yield FactView(say("Written in"), _seconds(counts.decode_ms))
    if (speed := counts.tokens_per_second) is not None:
        yield FactView(say("Speed"), say("%(speed)s tokens/s", speed=shown(speed, 1)))


def model_facts(turn: Turn) -> Iterator[FactView]:
    """What wrote it, and how it ended."""
    record = turn.prompt_record
    name = record.get("model_name")
    yield FactView(say("Name"), str(name) if name else NOT_RECORDED)
    if elsewhere := record.get("sent_to"):
        yield FactView(say("Answered by"), str(elsewhere))
    else:
        yield FactView(say("SHA-256"), turn.model_sha256 or NOT_RECORDED)
    context = number(record, "context_tokens")
    yield FactView(say("Reads and writes at most"), _tokens(context) if context else NOT_RECORDED)
    if turn.status.is_final:
        yield FactView(say("Ended"), _ENDS.get(turn.finish_reason or "", NOT_RECORDED))
    if turn.attempts > 1:
        times = say("%(count)s times, because the box stopped in the middle", count=turn.attempts)
        yield FactView(say("Begun"), times)
    yield FactView(say("Turn"), turn.turn_id)


def sampling_facts(turn: Turn) -> Iterator[FactView]:
    """How each token was drawn."""
    yield FactView(say("Seed"), str(turn.seed) if turn.seed else _missing(turn))
    room = number(turn.prompt_record, "reply_tokens")
    yield FactView(say("Room for the reply"), NOT_RECORDED if room is None else _tokens(room))
    if not turn.sampling:
        yield FactView(say("Sampling"), _missing(turn))
    for name, label in _SAMPLING.items():
        if value := _sampling_words(turn.sampling.get(name)):
            yield FactView(label, value)
    if turn.sampling.get("grammar"):
        yield FactView(say("Form"), say("prescribed by a grammar"))


def _sampling_words(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(repr(each) for each in value)
    return "" if value in (None, "") else str(value)


def _missing(turn: Turn) -> str:
    return NOT_RECORDED if turn.status.is_final else NOT_YET


def _tokens(count: int) -> str:
    return say_counted("%(num)s token", "%(num)s tokens", count)


def _seconds(milliseconds: int) -> str:
    return say("%(seconds)s s", seconds=shown(milliseconds / 1000, 2))
