"""Writes the smallest model that llama.cpp loads and runs: one layer, a vocabulary of bytes.

Real in every part, so that trials of it are trials; 80 kB, so that there may be many.
"""

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter, LlamaFileType, TokenType

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' "
    "+ message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = {"<unk>": 0, "<s>": 1, "</s>": 2, "<|im_start|>": 3, "<|im_end|>": 4}
# "</" and "s>" let a SentencePiece tokenizer put "</s>" together out of plain text.
PIECES = ["▁", "<", "/", "s", ">", "</", "s>"]
_WIDTH, _FEED_FORWARD, _HEADS = 32, 64, 2


def write_tiny_gguf(
    path: Path, template: str | None = CHATML, title: str = "Tiny", **metadata: Any
) -> Path:
    """`metadata` adds string keys, with `__` for the dot."""
    writer = GGUFWriter(path, "llama")
    writer.add_name(title)
    writer.add_license("apache-2.0")
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_context_length(256)
    writer.add_embedding_length(_WIDTH)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_block_count(1)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    vocabulary = _add_vocabulary(writer)
    if template is not None:
        writer.add_chat_template(template)
    for key, value in metadata.items():
        writer.add_string(key.replace("__", "."), value)
    _add_tensors(writer, vocabulary)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_vocabulary(writer: GGUFWriter) -> int:
    tokens = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *PIECES]
    types = [TokenType.CONTROL] * len(SPECIAL) + [TokenType.BYTE] * 256
    types[0] = TokenType.UNKNOWN
    types += [TokenType.NORMAL] * len(PIECES)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_scores([0.0] * (len(tokens) - len(PIECES)) + [-1.0] * len(PIECES))
    writer.add_bos_token_id(SPECIAL["<s>"])
    writer.add_eos_token_id(SPECIAL["</s>"])
    writer.add_unk_token_id(SPECIAL["<unk>"])
    writer.add_add_bos_token(False)
    return len(tokens)


def _add_tensors(writer: GGUFWriter, vocabulary: int) -> None:
    random = np.random.default_rng(7)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, random.standard_normal(shape, dtype=np.float32) / 10)

    add("token_embd.weight", vocabulary, _WIDTH)
    add("output.weight", vocabulary, _WIDTH)
    add("output_norm.weight", _WIDTH)
    for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
        add(f"blk.0.{part}.weight", _WIDTH, _WIDTH)
    for part in ("attn_norm", "ffn_norm"):
        add(f"blk.0.{part}.weight", _WIDTH)
    for part in ("ffn_gate", "ffn_up"):
        add(f"blk.0.{part}.weight", _FEED_FORWARD, _WIDTH)
    add("blk.0.ffn_down.weight", _WIDTH, _FEED_FORWARD)
