"""Messages to token ids, by the loaded model's own vocabulary and chat template."""

from collections.abc import Callable, Mapping, Sequence

from appliance.engine.backend import Vocabulary
from appliance.engine.chat_template import ChatTemplate
from appliance.engine.engine import Engine
from appliance.engine.kv_cells import common_prefix_length
from appliance.errors import InvalidInput


class ChatTokenizer:
    """What prompt assembly needs of a model.

    Any thread; raises EngineUnavailable while none is loaded.
    """

    def __init__(
        self, engine: Engine, template_values: Callable[[], Mapping[str, object]] = dict
    ) -> None:
        self._engine = engine
        self._template_values = template_values
        self._compiled: tuple[Vocabulary, ChatTemplate] | None = None

    @property
    def context_tokens(self) -> int:
        return self._engine.context_tokens

    def count(self, text: str) -> int:
        """Tokens of a plain text, without what a template puts around it."""
        return len(self._engine.tokenize(text))

    def chat_tokens(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        """Token ids of (role, content) pairs, ending where the reply begins."""
        vocabulary = self._engine.vocabulary
        tokens = self._template(vocabulary).tokens(messages, self._engine.tokenize)
        bos = vocabulary.special_tokens.get(vocabulary.bos_text)
        if vocabulary.adds_bos and bos is not None and tokens[:1] != [bos]:
            tokens.insert(0, bos)
        return tokens

    def continued(self, messages: Sequence[tuple[str, str]], reply_so_far: str) -> list[int]:
        """The same with the beginning of the reply, for a reply that goes on."""
        tokens = self.chat_tokens(messages)
        return tokens + self._engine.tokenize(reply_so_far) if reply_so_far else tokens

    def shared_with(self, tokens: Sequence[int], system_prompt: str) -> int:
        """How many leading tokens a conversation has from its system text alone.

        Some templates put the system text into the first message; then little or nothing is shared.
        """
        if not system_prompt:
            return 0
        template = self._template(self._engine.vocabulary)
        try:
            alone = template.tokens([("system", system_prompt)], self._engine.tokenize, False)
        except InvalidInput:
            return 0
        return common_prefix_length(alone, tokens)

    def _template(self, vocabulary: Vocabulary) -> ChatTemplate:
        if self._compiled is None or self._compiled[0] is not vocabulary:
            template = ChatTemplate(
                vocabulary.chat_template,
                vocabulary.special_tokens,
                vocabulary.bos_text,
                vocabulary.eos_text,
                self._template_values(),
            )
            self._compiled = (vocabulary, template)
        return self._compiled[1]
