"""Grammars that a reply must follow: read, checked, and followed byte by byte. Pure.

A grammar comes from a stranger, so llama.cpp's own is not used. It ends the process on a token that
does not fit and on some grammars that it should refuse, and a step with an ambiguous one can take
minutes. Here every step is bounded, and there is no place without a way on.
"""
