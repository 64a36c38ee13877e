"""llama.cpp built for every kind of processor: the part that fits this one is loaded first.

Built on the spot, llama.cpp is one piece for the processor that it was built on. In a bundle its
arithmetic comes in a dozen files, of which llama.cpp takes the best that this processor can run. By
itself it looks for them beside Python and in the current folder; it is to take its own, and never
whatever somebody put there.
"""

import ctypes
from pathlib import Path

_LOGGER = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


@_LOGGER  # type: ignore[untyped-decorator]
def _say_nothing(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    """Which part it took is nothing for a terminal."""


def load_parts(package: Path) -> bool:
    """`package` is the folder of llama_cpp; whether it came in parts. Called once it is imported,
    and before llama.cpp is asked for anything.
    """
    folder = package / "lib"
    if not any(folder.glob("libggml-cpu-*.so")):
        return False
    ggml = ctypes.CDLL(str(folder / "libggml.so"))
    ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
    ggml.ggml_backend_load_all_from_path.restype = None
    ggml.ggml_log_set.argtypes = [_LOGGER, ctypes.c_void_p]
    ggml.ggml_log_set.restype = None
    ggml.ggml_log_set(_say_nothing, None)
    ggml.ggml_backend_load_all_from_path(str(folder).encode())
    ggml.ggml_log_set(_LOGGER(), None)  # as it was
    return True
