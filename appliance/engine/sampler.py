"""Draws the next token of one sequence: llama.cpp's own samplers, within the grammar if any."""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.engine.grammar.choosing import candidates
from appliance.engine.grammar.matcher import Matcher
from appliance.engine.grammar.token_table import TokenTable
from appliance.engine.llama_library import llama_cpp
from appliance.engine.sequence import SamplingParams, Sequence

_PENALTY_WINDOW_TOKENS = 256
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class Sampler:
    """One for each sequence."""

    def __init__(self, sequence: Sequence, table: TokenTable) -> None:
        self._table = table
        self._matcher = Matcher(sequence.grammar) if sequence.grammar else None
        self._chain = llama_cpp.llama_sampler_chain_init(
            llama_cpp.llama_sampler_chain_default_params()
        )
        for link in _links(sequence.sampling, len(table)):
            llama_cpp.llama_sampler_chain_add(self._chain, link)

    def sample(self, context: Any, index: int) -> int:
        """Draw from the logits at `index` of the last decode, and take the token as written."""
        if self._matcher is None:
            return int(llama_cpp.llama_sampler_sample(self._chain, context, index))
        logits = np.ctypeslib.as_array(
            llama_cpp.llama_get_logits_ith(context, index), (len(self._table),)
        )
        token = self._draw_within(self._matcher, logits)
        llama_cpp.llama_sampler_accept(self._chain, token)
        if self._matcher.fits(text := self._table.texts[token]):  # an end token does not
            self._matcher.accept(text)
        return token

    def close(self) -> None:
        llama_cpp.llama_sampler_free(self._chain)

    def _draw_within(self, matcher: Matcher, logits: NDArray[np.float32]) -> int:
        """First freely: a model that follows by itself is not slowed down."""
        token = self._draw(np.arange(len(logits)), logits)
        if self._table.is_end(token):
            fits = matcher.position.may_end
        else:
            fits = matcher.fits(self._table.texts[token])
        return token if fits else self._draw(candidates(matcher, self._table, logits), logits)

    def _draw(self, tokens: NDArray[np.int64], logits: NDArray[np.float32]) -> int:
        chosen = np.empty(len(tokens), dtype=_CANDIDATE)
        chosen["id"], chosen["logit"], chosen["p"] = tokens, logits[tokens], 0
        array = llama_cpp.llama_token_data_array(
            data=chosen.ctypes.data_as(llama_cpp.llama_token_data_p),
            size=len(chosen),
            selected=-1,
            sorted=False,
        )
        llama_cpp.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[array.selected].id)


def _links(params: SamplingParams, vocabulary_tokens: int) -> list[Any]:
    """Penalty, the cuts, temperature, the draw: the order that llama.cpp's own tools use."""
    links = []
    if params.repeat_penalty != 1.0:
        links.append(
            llama_cpp.llama_sampler_init_penalties(
                vocabulary_tokens, _PENALTY_WINDOW_TOKENS, params.repeat_penalty, 0.0, 0.0
            )
        )
    if params.temperature <= 0:
        return [*links, llama_cpp.llama_sampler_init_greedy()]
    if params.top_k > 0:
        links.append(llama_cpp.llama_sampler_init_top_k(params.top_k))
    if params.top_p < 1:
        links.append(llama_cpp.llama_sampler_init_top_p(params.top_p, 1))
    if params.min_p > 0:
        links.append(llama_cpp.llama_sampler_init_min_p(params.min_p, 1))
    links.append(llama_cpp.llama_sampler_init_temp(params.temperature))
    links.append(llama_cpp.llama_sampler_init_dist(ctypes.c_uint32(params.seed).value))
    return links
