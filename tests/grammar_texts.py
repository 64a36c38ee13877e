"""Reading and writing texts of a grammar, for tests."""

import random

from appliance.engine.grammar.grammar import compile_grammar
from appliance.engine.grammar.matcher import Matcher


def fits(grammar: str, text: str) -> bool:
    """Whether the whole text is one of the grammar."""
    matcher = Matcher(compile_grammar(grammar))
    if not matcher.fits(text.encode()):
        return False
    matcher.accept(text.encode())
    return matcher.position.may_end


def any_text(grammar: str, draw: random.Random, most_bytes: int = 4000) -> str | None:
    """Some text of the grammar, or None when chance made it too long."""
    matcher, text = Matcher(compile_grammar(grammar)), bytearray()
    while not (matcher.position.may_end and (not matcher.position.ways or draw.random() < 0.3)):
        if len(text) > most_bytes:
            return None
        mask = matcher.position.mask
        byte = draw.choice([byte for byte in range(256) if mask >> byte & 1])
        # Ends are rare among many bytes, and are chosen on purpose now and then.
        ends = [byte for byte in b'"]},:' if mask >> byte & 1]
        if ends and draw.random() < 0.4:
            byte = draw.choice(ends)
        text.append(byte)
        matcher.accept(bytes([byte]))
    return text.decode()
