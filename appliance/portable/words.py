"""What happened to a person's data, in words for them; the page and the command line say the same.

Pure. None of it is anybody's text.
"""

from collections.abc import Iterator
from functools import reduce

from appliance.conversations.deleted import DeleteReceipt, Holdings
from appliance.portable.report import ImportReport
from appliance.sentences import number, row, say, say_counted

_UNITS = ("kB", "MB", "GB")


def held_words(held: Holdings) -> str:
    """How much there is."""
    if not held.conversations and held.documents:
        return say(
            "The box keeps no conversation of yours, but %(documents)s.",
            documents=documents_words(held.documents),
        )
    if not held.conversations:
        return say("The box keeps no conversation of yours.")
    if held.documents:
        return say(
            "The box keeps %(conversations)s of yours with %(messages)s, %(size)s of text, and "
            "%(documents)s.",
            conversations=conversations_words(held.conversations),
            messages=messages_words(held.messages),
            size=size_words(held.text_bytes),
            documents=documents_words(held.documents),
        )
    return say(
        "The box keeps %(conversations)s of yours with %(messages)s, %(size)s of text.",
        conversations=conversations_words(held.conversations),
        messages=messages_words(held.messages),
        size=size_words(held.text_bytes),
    )


def gone_words(receipt: DeleteReceipt) -> str:
    """What was deleted with one conversation."""
    gone = say_counted(
        "Deleted for good: the conversation and its %(num)s message.",
        "Deleted for good: the conversation and its %(num)s messages.",
        receipt.messages,
    )
    return row([gone, *_traces(receipt)], " ")


def everything_gone_words(receipt: DeleteReceipt) -> str:
    """What was deleted with all of them."""
    gone = say(
        "Deleted for good: %(conversations)s with %(messages)s.",
        conversations=conversations_words(receipt.conversations),
        messages=messages_words(receipt.messages),
    )
    return row([gone, *_traces(receipt)], " ")


def imported_words(report: ImportReport) -> str:
    """How much has come in."""
    if not report.conversations:
        nothing = say("Nothing new was imported.")
        return nothing if report.is_over else say("Reading the file.")
    counts = {
        "conversations": conversations_words(report.conversations),
        "messages": messages_words(report.messages),
    }
    if report.is_over:
        return say("Imported: %(conversations)s with %(messages)s.", **counts)
    return say("Imported so far: %(conversations)s with %(messages)s.", **counts)


def remarks(report: ImportReport) -> Iterator[str]:
    """What else there is to say of an import, a sentence or two each."""
    if report.already_here:
        yield say_counted(
            "%(num)s conversation was here already.",
            "%(num)s conversations were here already.",
            report.already_here,
        )
    for kind, count in sorted(report.left_out.items()):
        yield say(
            "Left out, because the box keeps text only: %(kind)s (%(count)s).",
            kind=kind,
            count=count,
        )
    for reason, count in report.skipped.most_common():
        yield say_counted(
            "Conversation %(place)s of the file was left out. %(reason)s",
            "%(num)s conversations of the file were left out, the first of them number "
            "%(place)s. %(reason)s",
            count,
            place=report.first_skipped[reason],
            reason=reason,
        )


def conversations_words(count: int) -> str:
    """So many of them."""
    return say_counted("%(num)s conversation", "%(num)s conversations", count)


def documents_words(count: int) -> str:
    """So many of them."""
    return say_counted("%(num)s document", "%(num)s documents", count)


def messages_words(count: int) -> str:
    """So many of them."""
    return say_counted("%(num)s message", "%(num)s messages", count)


def size_words(size_bytes: int) -> str:
    """How much room something takes."""
    if size_bytes < 1000:
        return say_counted("%(num)s byte", "%(num)s bytes", size_bytes)
    size, unit = size_bytes / 1000, 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return row([number(size, 1 if unit else 0), _UNITS[unit]], " ")


def _traces(receipt: DeleteReceipt) -> Iterator[str]:
    counted = (
        say_counted("%(num)s document", "%(num)s documents", receipt.documents),
        say_counted("%(num)s shared link", "%(num)s shared links", receipt.shared_links),
        say_counted("%(num)s fact about you", "%(num)s facts about you", receipt.facts),
        say_counted(
            "%(num)s entry of the quick store",
            "%(num)s entries of the quick store",
            receipt.hot_entries,
        ),
        say_counted("%(num)s state of the model", "%(num)s states of the model", receipt.kv_states),
    )
    traces = [each for each in counted if each.values["num"]]
    if traces:
        together = reduce(
            lambda some, more: say("%(some)s and %(more)s", some=some, more=more), traces
        )
        yield say("With it went %(traces)s that held its words.", traces=together)
