"""Which summaries stand in a prompt for messages that no longer fit, and when the next one is due.

Pure, in tokens. What holds: a prompt that everything fits into has no summary, and one that has
some keeps them for as long as the messages after them fit. A newer summary is made ahead and
changes nothing until it is needed: then the prompt's beginning moves once, as it would without it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from appliance.conversations.conversation import Message, Summary
from appliance.prompting.budget import first_kept

_HEADING = "Our conversation before this point, in short:"
_WHAT_FOLLOWS = "From here on it is given word for word."


@dataclass(frozen=True, slots=True)
class Offer:
    """Summaries of so many tokens that may stand before the message number `start`."""

    start: int
    summaries: tuple[Summary, ...] = ()
    tokens: int = 0


def chain_to(summaries: Sequence[Summary], last: Summary) -> tuple[Summary, ...]:
    """Those of one branch that lead up to `last`, oldest first; none of them overlaps the next."""
    chain = [last]
    for summary in sorted(summaries, key=lambda each: each.last_key, reverse=True):
        if summary.last_key < chain[0].first_key:
            chain.insert(0, summary)
    return tuple(chain)


def newest_chain(summaries: Sequence[Summary]) -> tuple[Summary, ...]:
    """Those that reach farthest, given by how far they reach."""
    return chain_to(summaries, summaries[-1]) if summaries else ()


def with_words(chain: Sequence[Summary]) -> tuple[Summary, ...]:
    """Without those that the person deleted."""
    return tuple(summary for summary in chain if summary.content)


def told(summaries: Sequence[Summary]) -> str:
    """Summaries as a prompt tells them, at the head of the first message that is kept."""
    words = "\n\n".join(summary.content for summary in summaries)
    return f"{_HEADING}\n\n{words}\n\n{_WHAT_FOLLOWS}"


def start_after(
    summary: Summary, messages: Sequence[Message], begins: Sequence[bool]
) -> int | None:
    """Number of the message that follows what is summarised, 0 when that is further back.

    None where no prompt may begin: `begins` says before which messages one may.
    """
    for index, message in enumerate(messages):
        if message.parent_id == summary.last_message_id:
            return index if begins[index] else None
    is_last = bool(messages) and messages[-1].message_id == summary.last_message_id
    return None if is_last else 0


def offers_of(
    summaries: Sequence[Summary],
    messages: Sequence[Message],
    begins: Sequence[bool],
    count: Callable[[Sequence[Summary]], int],
    most_tokens: int,
) -> Iterator[Offer]:
    """What there is to choose from, by how far it reaches; of too many words the oldest go."""
    for last in summaries:
        chain, tokens = with_words(chain_to(summaries, last)), 0
        start = start_after(last, messages, begins)
        if start is None or last not in chain:
            continue
        while chain and (tokens := count(chain)) > most_tokens:
            chain = chain[1:]
        if chain:
            yield Offer(start, chain, tokens)


def beginning(
    message_tokens: Sequence[int],
    room: int,
    begins: Sequence[bool],
    earlier: int,
    offers: Sequence[Offer],
) -> Offer:
    """Where the prompt begins, and after which summaries; `offers` are given by how far they reach.

    Of those that reach far enough, the one that replaces the fewest messages. When none does, the
    messages between the newest one and what fits are left out.
    """
    if not earlier and sum(message_tokens) <= room:
        return Offer(0)
    for offer in offers:
        if offer.tokens + sum(message_tokens[offer.start :]) <= room:
            return offer
    for offer in offers[-1:]:
        first = first_kept(message_tokens, room - offer.tokens, begins, earlier)
        if offer.tokens + sum(message_tokens[first:]) <= room:
            return replace(offer, start=first)
    return Offer(first_kept(message_tokens, room, begins, earlier))


def due(
    message_tokens: Sequence[int], room: int, begins: Sequence[bool], start: int, told_tokens: int
) -> range:
    """Which messages to summarise now, so that it is done before they no longer fit; mostly none.

    `start` is the first one that no summary stands for, and those that there are have
    `told_tokens`. From three quarters of the room on, all but the newest three eighths are due:
    then the next prompts have room to grow. What cannot be read at once, because nothing was
    summarised for long, is left out at its old end.
    """
    fills = told_tokens + sum(message_tokens[start:])
    places = [index for index in range(start + 1, len(begins)) if begins[index]]
    if fills <= room * 3 // 4 or not places:
        return range(0)
    left = [*accumulate(reversed(message_tokens))][::-1]
    end = next((index for index in places if left[index] <= room * 3 // 8), places[-1])
    most = room * 7 // 8 - told_tokens
    starts = [start, *places[: places.index(end)]]
    fitting = (index for index in starts if left[index] - left[end] <= most)
    return range(next(fitting, end), end)
