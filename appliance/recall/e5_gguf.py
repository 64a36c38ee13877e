"""The layers of that model as a GGUF file in memory: what llama.cpp computes with.

The numbers go over as they are; 32 of 4 bits with their scale are the same in both files. The
tokens' own vectors stay behind, most of the file: those of a text are given to llama.cpp as rows.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gguf import GGMLQuantizationType, GGUFWriter, PoolingType

from appliance.recall.e5_file import BLOCK, BLOCK_NUMBERS, E5File

ARCHITECTURE = "bert"
_OF_ALL = {
    "emb.pos": "position_embd.weight",
    "emb.ln.w": "token_embd_norm.weight",
    "emb.ln.b": "token_embd_norm.bias",
}
_OF_LAYER = {
    "q": "attn_q",
    "k": "attn_k",
    "v": "attn_v",
    "ao": "attn_output",
    "aln": "attn_output_norm",
    "fi": "ffn_up",
    "fo": "ffn_down",
    "oln": "layer_output_norm",
}
_WEIGHTS = {"w": "weight", "b": "bias"}


@contextmanager
def in_memory(model: E5File) -> Iterator[Path]:
    """The file, on no disk; gone after the block for whoever has not opened it."""
    descriptor = os.memfd_create("e5.gguf")
    try:
        path = Path(f"/proc/self/fd/{descriptor}")
        _write(model, path)
        yield path
    finally:
        os.close(descriptor)


def _write(model: E5File, path: Path) -> None:
    shape, writer = model.shape, GGUFWriter(path, ARCHITECTURE)
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.most_tokens)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_layer_norm_eps(model.epsilon)
    writer.add_causal_attention(False)
    writer.add_pooling_type(PoolingType.MEAN)
    writer.add_vocab_size(1)
    writer.add_tokenizer_model("no_vocab")
    writer.add_token_type_count(1)
    tensors = model.tensors
    writer.add_tensor("token_embd.weight", model.embedding([model.vocabulary.unknown]))
    writer.add_tensor("token_types.weight", tensors["emb.type"][: shape.width].reshape(1, -1))
    names = dict(_OF_ALL)
    for layer in range(shape.layers):
        for own, theirs in _OF_LAYER.items():
            for kind, word in _WEIGHTS.items():
                names[f"l{layer}.{own}.{kind}"] = f"blk.{layer}.{theirs}.{word}"
    for own, theirs in names.items():
        held = tensors[own]
        if held.dtype == BLOCK:
            columns = shape.inner if own.endswith("fo.w") else shape.width
            rows = held.view("u1").reshape(-1, columns // BLOCK_NUMBERS * BLOCK.itemsize)
            writer.add_tensor(theirs, rows, raw_dtype=GGMLQuantizationType.Q4_0)
        else:
            writer.add_tensor(theirs, held.reshape(-1, shape.width) if own == "emb.pos" else held)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
