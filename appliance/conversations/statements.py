"""Which sentences of a message may say something lasting of whoever wrote it, and how sure that is.

Pure. What is remembered is a sentence as it was written: a model chooses among them and is never
asked to put them into words of its own, which a small one gets wrong.
"""

import re
from dataclasses import dataclass

from appliance.conversations.believing import subjects
from appliance.conversations.language import language_of

MOST_STATEMENTS = 8
MOST_CHARS = 160
_LEAST_CHARS, _LEAST_CJK_CHARS = 8, 5

_ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n+")
_QUESTION = re.compile(r"[?？]\s*[\"'”’」]?$|(?:까요?|나요|니|ですか|ますか|のか)[.。]?$")
_OF_ONESELF = re.compile(
    r"\b(?:i|i['’](?:m|ve|d)|my|mine|me|we|our|ich|mein\w*|mir|mich|wir|unser\w*)\b"
    r"|(?:^|\s)(?:나는|난|내|내가|저는|전|제|제가|저희|우리)(?=\s)"
    r"|(?:私|僕|俺|わたし|ぼく|うち)(?=[はがのもにを])",
    re.IGNORECASE,
)
# What somebody wants now, asks of the model or only supposes is nothing to remember them by.
_WISH = re.compile(
    r"\b(?:please|want|wish|need|would|could|can you|help|tell me|show me|explain|write|looking for"
    r"|bitte|möchte|will|brauche|könntest|kannst|hilf)\b"
    r"|(?:주세요|줘|싶어|싶습|해줘|알려|필요)|(?:ください|下さい|てほしい|たい(?:です)?。?$|お願い|教えて)",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:maybe|perhaps|might|think|guess|suppose|if|probably|used to"
    r"|vielleicht|glaube|denke|wenn|falls)\b"
    r"|(?:아마|것 같|라면|면 )|(?:たぶん|多分|かも|と思|もし|なら)",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"\b(?:today|tonight|now|right now|currently|yesterday|tomorrow|this (?:week|morning|evening)"
    r"|just|ago|heute|jetzt|gerade|gestern|morgen)\b"
    r"|(?:오늘|지금|어제|내일|방금|이번 주)|(?:今日|今は|昨日|明日|さっき|今週)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence as it was written; from what it says itself, it is so sure to be lasting."""

    content: str
    most_percent: int


def statements_in(message: str) -> tuple[Statement, ...]:
    """The sentences in which somebody may have spoken of themselves, in their order."""
    found: list[Statement] = []
    for part in _ENDS.split(message):
        sentence = " ".join(part.split())
        if _may_be_one(sentence):
            found.append(Statement(sentence, _most_percent(sentence)))
    return tuple(found[:MOST_STATEMENTS])


def _may_be_one(sentence: str) -> bool:
    is_cjk = bool(language_of(sentence))
    least = _LEAST_CJK_CHARS if is_cjk else _LEAST_CHARS
    if not least <= len(sentence) <= MOST_CHARS or _QUESTION.search(sentence):
        return False
    # Korean and Japanese leave out who speaks, where that is whoever speaks.
    return (is_cjk or bool(_OF_ONESELF.search(sentence))) and bool(subjects(sentence))


def _most_percent(sentence: str) -> int:
    percent = 95 if _OF_ONESELF.search(sentence) else 75
    for marks, less in ((_WISH, 50), (_PASSING, 45), (_UNSURE, 35)):
        if marks.search(sentence):
            percent -= less
    return max(5, percent)
