"""Token bytes to text: valid UTF-8 only, and nothing that may turn out to be a stop string."""

import codecs


class Detokenizer:
    """Turns the bytes of one sequence's tokens into deltas.

    A character whose bytes come in several tokens is held back until it is whole. Text that could
    be the beginning of a stop string is held back until it is clear; a stop string itself never
    appears.
    """

    def __init__(self, stop: tuple[str, ...] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = tuple(text for text in stop if text)
        self._held = ""
        self.is_stopped = False

    def push(self, piece: bytes) -> str:
        """Add one token's bytes; returns the text that is now certain, often one piece, at times
        none.
        """
        return self._release(self._decoder.decode(piece), is_last=False)

    def flush(self) -> str:
        """The rest, when no more tokens come. Half a character becomes U+FFFD."""
        return self._release(self._decoder.decode(b"", final=True), is_last=True)

    def _release(self, text: str, *, is_last: bool) -> str:
        if self.is_stopped:
            return ""
        text = self._held + text
        found = [place for place in map(text.find, self._stop) if place >= 0]
        if found:
            self.is_stopped = True
            self._held = ""
            return text[: min(found)]
        keep = 0 if is_last else self._open_length(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _open_length(self, text: str) -> int:
        """Length of the longest end of `text` that begins some stop string."""
        return max(
            (
                length
                for stop in self._stop
                for length in range(1, min(len(stop), len(text) + 1))
                if text.endswith(stop[:length])
            ),
            default=0,
        )
