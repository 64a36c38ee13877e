"""What happened to a person's data, in words for them; the page and the command line say the same.

Pure. None of it is anybody's text.
"""

from collections.abc import Iterator

from appliance.conversations.conversation import DeleteReceipt, Holdings
from appliance.portable.report import ImportReport

_UNITS = ("bytes", "kB", "MB", "GB")


def held_words(held: Holdings) -> str:
    """How much there is."""
    if not held.conversations:
        return "The box keeps no conversation of yours."
    return (
        f"The box keeps {_counted(held.conversations, 'conversation')} of yours with "
        f"{_counted(held.messages, 'message')}, {_size(held.text_bytes)} of text."
    )


def gone_words(receipt: DeleteReceipt) -> str:
    """What was deleted with one conversation."""
    messages = _counted(receipt.messages, "message")
    return f"Deleted for good: the conversation and its {messages}.{_traces(receipt)}"


def everything_gone_words(receipt: DeleteReceipt) -> str:
    """What was deleted with all of them."""
    conversations = _counted(receipt.conversations, "conversation")
    messages = _counted(receipt.messages, "message")
    return f"Deleted for good: {conversations} with {messages}.{_traces(receipt)}"


def imported_words(report: ImportReport) -> str:
    """How much has come in."""
    if not report.conversations:
        return "Nothing new was imported." if report.is_over else "Reading the file."
    conversations = _counted(report.conversations, "conversation")
    so_far = "" if report.is_over else " so far"
    return f"Imported{so_far}: {conversations} with {_counted(report.messages, 'message')}."


def remarks(report: ImportReport) -> Iterator[str]:
    """What else there is to say of an import, a sentence or two each."""
    if report.already_here:
        were = "was" if report.already_here == 1 else "were"
        yield f"{_counted(report.already_here, 'conversation')} {were} here already."
    for kind, count in sorted(report.left_out.items()):
        yield f"Left out, because the box keeps text only: {kind} ({count:,})."
    for reason, count in report.skipped.most_common():
        place = report.first_skipped[reason]
        if count == 1:
            yield f"Conversation {place:,} of the file was left out. {reason}"
        else:
            yield (
                f"{count:,} conversations of the file were left out, the first of them number "
                f"{place:,}. {reason}"
            )


def _traces(receipt: DeleteReceipt) -> str:
    traces = []
    if receipt.shared_links:
        traces.append(_counted(receipt.shared_links, "shared link"))
    if receipt.hot_entries:
        traces.append(_counted(receipt.hot_entries, "entry", "entries") + " of the quick store")
    if receipt.kv_states:
        traces.append(_counted(receipt.kv_states, "state") + " of the model")
    return f" With it went {' and '.join(traces)} that held its words." if traces else ""


def _counted(count: int, noun: str, nouns: str = "") -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {nouns or noun + 's'}"


def _size(size_bytes: int) -> str:
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit < 2 else f"{size:.1f} {_UNITS[unit]}"
