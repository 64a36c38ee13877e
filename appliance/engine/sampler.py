"""One sampler chain per sequence, made of llama.cpp's own samplers."""

import ctypes
from typing import Any

from appliance.engine.llama_library import llama_cpp
from appliance.engine.sequence import SamplingParams

_PENALTY_WINDOW_TOKENS = 256


def new_sampler(params: SamplingParams, vocabulary_tokens: int) -> Any:
    """A llama_sampler chain; the caller frees it with `free_sampler`."""
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    for sampler in _links(params, vocabulary_tokens):
        llama_cpp.llama_sampler_chain_add(chain, sampler)
    return chain


def free_sampler(chain: Any) -> None:
    llama_cpp.llama_sampler_free(chain)


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
