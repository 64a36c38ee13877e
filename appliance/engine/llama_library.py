"""llama.cpp, loaded with manners: import it from here and nowhere else.

OpenMP's workers by default spin at every barrier, hundreds of times a token. On a small box that is
ruinous as soon as anything else wants a core: beside two busy neighbours on two cores, decode fell
from 90 to 0.2 tokens/s, and with workers that sleep to 18. libgomp reads this when it loads.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # an abort must not fork a debugger

import llama_cpp

__all__ = ["llama_cpp"]
