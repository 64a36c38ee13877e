"""Writes the smallest LoRA adapter: one matrix of rank one."""

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter


def write_adapter(
    path: Path,
    width: int,
    *,
    tensor: str = "blk.0.attn_q.weight",
    architecture: str = "llama",
    kind: str = "lora",
    strength: float = 1.0,
    parts: tuple[str, ...] = ("a", "b"),
    **metadata: Any,
) -> Path:
    """For a square matrix of `width`; `strength` is how large its numbers are."""
    writer = GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", kind)
    writer.add_float32("adapter.lora.alpha", 1.0)
    for key, value in metadata.items():
        writer.add_array(key.replace("__", "."), value)
    random = np.random.default_rng(3)
    shapes = {"a": (1, width), "b": (width, 1)}
    for part in parts:
        numbers = random.standard_normal(shapes[part], dtype=np.float32) * np.float32(strength)
        writer.add_tensor(f"{tensor}.lora_{part}", numbers)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
