"""What the model is asked beside a conversation, in the language that is spoken there."""

from appliance.conversations.language import language_of

_TITLE = {
    "ko": "이 대화의 짧은 제목을 한국어로 지어 주세요. 두 단어에서 여섯 단어, 제목만 쓰세요.",
    "ja": "この会話に短いタイトルを日本語で付けてください。二十文字以内で、タイトルだけを書いて"
    "ください。",
    "": "Give our conversation a short title of two to six words, in the language that we speak. "
    "Write only the title.",
}
_SUMMARY = {
    "ko": "지금까지의 대화를 한국어로 짧게 요약해 주세요. 내가 원하는 것, 이름, 숫자, 사실, 정해진 "
    "것과 아직 남은 것을 모두 담되 여덟 문장을 넘지 마세요. 요약만 쓰세요.",
    "ja": "ここまでの会話を日本語で短くまとめてください。私の望み、名前、数字、事実、決まったこと、"
    "まだ決まっていないことをすべて含め、八文以内にしてください。要約だけを書いてください。",
    "": "Sum up our conversation so far in at most eight sentences, in the language that we speak: "
    "what I want, names, numbers, facts, what was decided and what is still open. Write only the "
    "summary.",
}


def title_question(heard: str) -> str:
    """What to ask for a title after these words of the person."""
    return _TITLE[language_of(heard)]


def summary_question(heard: str) -> str:
    """What to ask for a summary of these words."""
    return _SUMMARY[language_of(heard)]
