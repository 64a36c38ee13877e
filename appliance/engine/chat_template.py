"""Messages to token ids by the model's own chat template; no message can pose as the template.

A message may spell `<|im_end|>`, and must not become that token: it would speak as someone else. So
the template is rendered with a placeholder for each content; only what the template itself wrote is
searched for special tokens; the contents are put back into the plain text between those, which is
tokenized as plain text. For messages that spell no special token the ids are those of llama.cpp's
own reading of the rendered conversation.

Only templates that were tried in a child process, or are on the shipped list, belong in the serving
process; `template_sandbox.py` bounds them nevertheless. Knows no llama.cpp.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from jinja2.exceptions import TemplateError

from appliance.engine.special_tokens import SpecialTokens
from appliance.engine.template_sandbox import TemplateRaised, TemplateSandbox
from appliance.errors import InvalidInput, ModelRefused
from appliance.sentences import say

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""For a GGUF file that brings no template."""

# A template often handles a content it should not see twice; one that multiplies it is refused.
MAX_REPEATS = 4

# Private characters, without white space: what a template strips or splits at, they are not.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
_PLACEHOLDER = re.compile(f"{_OPEN}([0-9]{{1,9}}){_CLOSE}")
_THINKING_ENDS = "</think>"
_ROLES = frozenset({"system", "user", "assistant"})
# All that rendering or compiling code of a stranger may end with, short of ending the process.
_FAILURES = (
    *(TemplateError, ArithmeticError, AssertionError, AttributeError, LookupError),
    *(MemoryError, RecursionError, SyntaxError, TypeError, ValueError),
)

ChatMessage = tuple[str, str]
"""(role, content)"""


class ChatTemplate:
    """One model's template, compiled. `special_tokens` are the vocabulary's control tokens.

    `values` are further names a template may ask for, such as `enable_thinking`.
    Raises ModelRefused for a template that is broken or could run away.
    """

    def __init__(
        self,
        source: str,
        special_tokens: Mapping[str, int],
        bos: str,
        eos: str,
        values: Mapping[str, object] | None = None,
    ) -> None:
        self._special = SpecialTokens(special_tokens)
        self._values = {**(values or {}), "bos_token": bos, "eos_token": eos}
        self._strips_thinking = _THINKING_ENDS in source
        try:
            self._render = TemplateSandbox().compile_bounded(source or CHATML)
        except _FAILURES as failure:
            raise ModelRefused(
                say(
                    "The chat template of this model cannot be used (%(reason)s); choose another "
                    "model.",
                    reason=_reason(failure),
                )
            ) from failure

    def tokens(
        self,
        messages: Sequence[ChatMessage],
        tokenize: Callable[[str], list[int]],
        add_generation_prompt: bool = True,
    ) -> list[int]:
        """Token ids of the whole conversation; `tokenize` must not parse special tokens.

        Raises InvalidInput when the template has no place for such a conversation.
        """
        told = [self._told(role, content) for role, content in messages]
        contents, text = self._rendered(told, add_generation_prompt)
        tokens: list[int] = []
        for piece in self._special.split(text):
            if isinstance(piece, int):
                tokens.append(piece)
            else:
                plain = _PLACEHOLDER.sub(lambda found: contents[int(found[1])], piece)
                tokens += self._special.plain_tokens(plain, tokenize)
        return tokens

    @property
    def end_texts(self) -> tuple[str, ...]:
        """What the template writes after a reply: where a model that does not say so has ended."""
        told = [("user", "."), ("assistant", "."), ("user", ".")]
        _, text = self._rendered(told, False)
        after = re.split(f"{_OPEN}[0-9]+{_CLOSE}", text)[2].strip()
        first = next(self._special.texts_in(after), None)
        if first is not None and after.startswith(first):
            return (first,)
        return (after.splitlines()[0],) if after else ()

    def _told(self, role: str, content: str) -> ChatMessage:
        if role not in _ROLES:
            raise InvalidInput(
                say("A message's role must be system, user or assistant; correct the role.")
            )
        if role == "assistant" and self._strips_thinking:
            content = content.rpartition(_THINKING_ENDS)[2]
        return role, content.strip()

    def _rendered(
        self, messages: Sequence[ChatMessage], add_generation_prompt: bool
    ) -> tuple[list[str], str]:
        """The contents, and the text that has placeholders for them."""
        refusal: TemplateRaised | None = None
        for told in _ways_to_tell(messages):
            try:
                text = self._render(self._names(told, add_generation_prompt))
            except TemplateRaised as raised:
                refusal = refusal or raised
                continue
            except _FAILURES as failure:
                raise ModelRefused(
                    say(
                        "The chat template of this model failed (%(reason)s); choose another "
                        "model.",
                        reason=_reason(failure),
                    )
                ) from failure
            if _holds_each(text, len(told)):
                return [content for _, content in told], text
        if refusal is None:
            raise ModelRefused(
                say(
                    "The chat template of this model leaves out or multiplies messages; "
                    "choose another model."
                )
            )
        raise InvalidInput(
            say(
                "The chat template of this model has no place for this conversation (%(reason)s); "
                "choose another model.",
                reason=_reason(refusal),
            )
        )

    def _names(self, told: Sequence[ChatMessage], add_generation_prompt: bool) -> dict[str, object]:
        return {
            **self._values,
            "messages": [
                {"role": role, "content": f"{_OPEN}{index}{_CLOSE}"}
                for index, (role, _) in enumerate(told)
            ],
            "add_generation_prompt": add_generation_prompt,
            "tools": None,
            "documents": None,
        }


def _ways_to_tell(messages: Sequence[ChatMessage]) -> Iterator[list[ChatMessage]]:
    """The conversation as it is; without a system role; and with the roles taking turns."""
    told = list(messages)
    yield told
    system = "\n\n".join(content for role, content in told if role == "system")
    told = [message for message in told if message[0] != "system"]
    first = next((index for index, (role, _) in enumerate(told) if role == "user"), None)
    if system and first is not None:
        told[first] = ("user", f"{system}\n\n{told[first][1]}")
    elif system:
        told.insert(0, ("user", system))
    yield told
    merged: list[ChatMessage] = []
    for role, content in told:
        if merged and merged[-1][0] == role:
            content = f"{merged.pop()[1]}\n\n{content}"
        merged.append((role, content))
    yield merged


def _holds_each(text: str, count: int) -> bool:
    """Whether every message is in the text, and none too often."""
    seen = [0] * count
    for found in _PLACEHOLDER.finditer(text):
        index = int(found[1])
        if index >= count:
            return False
        seen[index] += 1
    return all(1 <= times <= MAX_REPEATS for times in seen)


def _reason(failure: BaseException) -> str:
    # The failure may quote the template, which may hold control characters and be of any length.
    return "".join(char if char.isprintable() else " " for char in str(failure)[:200]).strip()
