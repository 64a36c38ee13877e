"""llama.cpp, loaded with manners: import it from here and nowhere else.

OpenMP's workers by default spin for long at every barrier, hundreds of times a token. On a small
box that is ruinous as soon as anything else wants a core: beside two busy processes on two cores,
decode fell from 82 to 0.2 tokens/s. Workers that sleep at once are no better: 28 tokens/s on a
quiet box. A shorter spin is both: with 20,000 rounds one chat is written
at 0.98 of llama-server's speed (with 1,000 at 0.9), and beside a busy process 2.6 times as fast as
there. libgomp reads the variable when it is loaded.
"""

import os
from pathlib import Path

from appliance.llama_parts import load_parts

os.environ.setdefault("GOMP_SPINCOUNT", "20000")
os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # an abort must not fork a debugger

import llama_cpp

load_parts(Path(llama_cpp.__file__).parent)

__all__ = ["llama_cpp"]
