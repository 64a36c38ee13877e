"""What of a model's answer beside a conversation is believed. Pure.

Small models repeat the question, begin to chat or speak of something else. Such an answer is
dropped as a whole: no title is better than a wrong one, and no summary better than an invented one.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from appliance.conversations.language import language_of

_TITLE_CHARS = 60
_SUMMARY_CHARS = 2_000
_LEAST_SUMMARY_CHARS = 20
_LEAST_SUBJECTS = 4

# Control and format characters (among them those that turn the direction of writing), lone halves.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_AROUND = " \t\"'“”‘’„‚«»‹›「」『』《》〈〉【】*_#`~=>|•·-–—.,;:。、…"
_LABEL = re.compile(
    r"^(?:(?:short |conversation |the )*(?:title|summary)|제목|요약|タイトル|題名|件名|要約)"
    r"(?:\s+of [\w ]{1,30})?(?:\s+is)?\s*[*_]*\s*[:：\-–—]+[*_\s]*",
    re.IGNORECASE,
)
_CHATTY = re.compile(
    r"^(?:sure|dear|okay|ok|of course|certainly|here (?:is|are)|here's|sorry|as an ai|"
    r"i(?:'m| am|'d| can| will| would| think)|you(?:'re| are| can)|the user|user\b|assistant\b)",
    re.IGNORECASE,
)
_PREFACE = re.compile(
    r"^(?:sure|okay|of course|certainly|here(?:'s| is| are))[^\n]{0,120}:\s*\n", re.IGNORECASE
)
_MARKUP = re.compile(r"[<>{}\[\]|\\`]|\*\*|__|https?:|www\.")
_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f]+")
_SENTENCE_END = re.compile(r"[.!?…]['\")”’]?(?=\s)|[.!?…。！？]['\")”’」]?$|[。！？]", re.MULTILINE)
# They say nothing of a conversation, or are the question's own.
_NO_SUBJECT = frozenset(
    re.findall(
        r"\S+",
        """
        a about all an and are as at be best by can chat conversation discussion do does few for
        from get guide had has have help his her how in into is it its language me more most my
        name new not of on one only or our out ours question she short six so some sum summary
        talk than that the their them then there these they this title titles to two use user was
        we were what when where which who why will with word words would write you your
        대화 대화의 제목 제목을 会話 タイトル
        """,
    )
)


def believed_title(answer: str, spoken: Iterable[str], present: str) -> str | None:
    """A line of at most 60 characters, or nothing.

    `spoken` are the messages, the person's first one first; `present` is the title that there is.
    """
    first, *others = spoken
    line = next((line for line in map(_bare, _seen(answer).splitlines()) if line), "")
    if not 2 <= len(line) <= _TITLE_CHARS or _CHATTY.match(line) or _MARKUP.search(line):
        return None
    if line.endswith(("?", "？")):  # the question that was asked says more
        return None
    subject = subjects(line)
    # A title speaks of what the person asked, and mostly in words that were said.
    if not subject & subjects(first) or len(subject & subjects(first, *others)) * 2 < len(subject):
        return None
    return None if line.casefold() == present.rstrip("…").casefold() else line


def believed_summary(
    answer: str, is_whole: bool, spoken: Sequence[str], asked: Sequence[str], question: str
) -> str | None:
    """A few sentences, or nothing; of an answer that was cut, those that are whole.

    `spoken` is what was to be summed up, the summary of before included; `asked` is of it what the
    person said, of which a summary speaks most of all.
    """
    text = _PREFACE.sub("", _seen(answer).strip())
    text = _LABEL.sub("", text.strip("*#`_ \n")).strip()
    if not is_whole or len(text) > _SUMMARY_CHARS:
        text = _whole_sentences(text[:_SUMMARY_CHARS])
    if len(text) < _LEAST_SUMMARY_CHARS or text in spoken:
        return None
    if any(len(part) > 12 and part in text for part in re.split(r"[.:。]\s*", question)):
        return None  # it says what it was asked
    subject = subjects(text)
    if len(subject & subjects(*spoken)) * 2 < len(subject):
        return None
    is_empty = len(subject & subjects(*asked)) < _LEAST_SUBJECTS
    if is_empty or language_of(text) != language_of("\n".join(spoken)):
        return None
    words = _WORD.findall(text.casefold())
    is_stuck = len(set(words)) * 8 < len(words)  # it says the same over and over
    return None if is_stuck else text


def subjects(*texts: str) -> set[str]:
    """What texts speak of: the beginnings of their words; of CJK, each two letters that follow."""
    found = set()
    for text in texts:
        text = unicodedata.normalize("NFKC", text).casefold()
        for word in _WORD.findall(text):
            if word in _NO_SUBJECT:
                continue
            for run in _CJK.findall(word):
                found |= {run[at : at + 2] for at in range(max(1, len(run) - 1))}
            if len(rest := _CJK.sub("", word)) > 2 or rest.isdigit():
                found.add(rest[:4])
    return found


def _seen(answer: str) -> str:
    return "".join(
        char for char in answer if char == "\n" or unicodedata.category(char) not in _UNSEEN
    )


def _bare(line: str) -> str:
    """Without what models put around a title."""
    for _ in range(3):
        line = _LABEL.sub("", line.strip(_AROUND))
    return " ".join(line.split())


def _whole_sentences(text: str) -> str:
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]].strip() if ends else ""
