"""Opening a GGUF file in llama.cpp: the model, a context for all seats, LoRA adapters."""

import ctypes
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from appliance.engine.llama_library import llama_cpp
from appliance.engine.prompt_lookup import LONGEST_DRAFT_TOKENS
from appliance.errors import ModelRefused

log = logging.getLogger(__name__)

_GGML_WARN, _GGML_ERROR = 3, 4
# The KV cache is larger than one context because many share it; each is bounded by itself. And
# recall's model gets its words as vectors, so its file has none.
_NO_NEWS = ("possible training context overflow", "dummy tokens")


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _forward_log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    line = text.decode("utf-8", "replace").strip()
    is_news = not any(each in line for each in _NO_NEWS)
    if level in (_GGML_WARN, _GGML_ERROR) and is_news:
        log.log(logging.WARNING if level == _GGML_WARN else logging.ERROR, "llama.cpp: %s", line)


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """llama.cpp's own numbers. `kv_tokens` is its n_ctx: the cells that all seats share."""

    threads: int
    seats: int
    kv_tokens: int
    batch_tokens: int
    context_tokens: int | None = None
    model_sha256: str = ""
    adapters: tuple[tuple[Path, str, float], ...] = ()
    """LoRA adapters: (file, sha256, scale)."""
    kv_type: Literal["f16", "q8_0"] = "f16"

    @property
    def most_tokens(self) -> int:
        """Beside `batch_tokens` of prompts, a step has everybody's next token and the drafts."""
        return self.batch_tokens + self.seats + LONGEST_DRAFT_TOKENS


def load_model(path: Path, on_progress: Callable[[float], None] | None) -> Any:
    """A llama_model; `on_progress` is told how much has been read, from 0 to 1.

    Raises ModelRefused.
    """
    llama_cpp.llama_log_set(_forward_log, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_default_params()

    @llama_cpp.llama_progress_callback  # type: ignore[untyped-decorator]
    def report(share: float, _: ctypes.c_void_p) -> bool:
        if on_progress is not None:
            on_progress(share)
        return True  # false would give up loading

    params.progress_callback = report
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        raise ModelRefused(
            f"llama.cpp cannot read {path.name}: the file is damaged or of a kind that this "
            "version does not know. Check it with `appliance model verify`."
        )
    return model


def new_context(model: Any, path: Path, settings: BackendSettings) -> Any:
    """A llama_context of the model in `path`. Raises ModelRefused."""
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = settings.kv_tokens
    params.n_seq_max = settings.seats
    params.n_batch = settings.most_tokens
    params.n_ubatch = settings.batch_tokens
    params.n_threads = params.n_threads_batch = settings.threads
    params.kv_unified = True
    params.no_perf = True
    if settings.kv_type == "q8_0":
        params.type_k = params.type_v = llama_cpp.GGML_TYPE_Q8_0
        # Only flash attention reads quantised values; by default it is used where it can be.
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
    context = llama_cpp.llama_init_from_model(model, params)
    if not context:
        raise ModelRefused(_no_context(path, settings))
    return context


def apply_adapters(model: Any, context: Any, adapters: tuple[tuple[Path, str, float], ...]) -> None:
    """Put them on; they are freed with the model. Raises ModelRefused."""
    loaded = []
    for path, _, _ in adapters:
        adapter = llama_cpp.llama_adapter_lora_init(model, str(path).encode())
        if not adapter:
            raise ModelRefused(
                f"The adapter {path.name} does not fit this model. Take it out of `lora` in "
                "models.toml, or add it again."
            )
        loaded.append(adapter)
    if loaded:
        count = len(loaded)
        pointers = (llama_cpp.llama_adapter_lora_p_ctypes * count)(*loaded)
        scales = (ctypes.c_float * count)(*(scale for *_, scale in adapters))
        llama_cpp.llama_set_adapters_lora(context, pointers, count, scales)


def _no_context(path: Path, settings: BackendSettings) -> str:
    if settings.kv_type != "f16":
        # Models whose heads are of an odd size, or that flash attention cannot serve.
        return (
            f"{path.name} cannot be used with a {settings.kv_type} KV cache of "
            f"{settings.kv_tokens} cells: the model does not allow it, or there is not enough "
            "memory. Lower engine.kv_tokens, or set engine.kv_type to f16."
        )
    return (
        f"There is not enough memory for {path.name} with {settings.kv_tokens} cells of KV cache. "
        "Lower engine.kv_tokens or choose a smaller model."
    )
