"""What the trial of a model file may say; anything else from the child is no answer."""

import hashlib
from typing import Annotated

import msgspec

MAX_REPORT_TEXT = 4096
MAX_TEMPLATE_CHARS = 65_536

_Text = Annotated[str, msgspec.Meta(max_length=MAX_REPORT_TEXT)]


class TrialReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model that loads. All texts are the file's own words: show them through `plain`."""

    architecture: _Text
    title: _Text
    licence: _Text
    quantisation: _Text
    context_tokens: Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]
    template: Annotated[str, msgspec.Meta(max_length=MAX_TEMPLATE_CHARS)]
    """Empty when the file brings none; ChatML is used then."""
    sample_tokens: Annotated[int, msgspec.Meta(ge=1)]
    sample_text: _Text
    end_texts: tuple[_Text, ...]

    @property
    def template_sha256(self) -> str:
        return hashlib.sha256(self.template.encode()).hexdigest()


class AdapterReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A LoRA adapter that fits the model it was tried with. Its own words, too."""

    architecture: _Text
    title: _Text
    licence: _Text


class TrialAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Either a report, of a model or of an adapter, or a sentence."""

    report: TrialReport | None = None
    adapter: AdapterReport | None = None
    refusal: _Text = ""
