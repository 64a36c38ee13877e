"""A growing reply as blocks: a closed block is rendered once and never touched again.

When is a block closed? Where it ends is decided by the line after it ("a\\n#" is a heading so far,
"a\\n#b" is not), and in one case also by the line after that: a table begins only with its second
line, and a list may end for one. So a block is closed once the first line of the next one, and the
line after it, are complete. Until then it is parsed again each time, and nothing before it.

What `weighing` leaves unformatted is one last block, which grows by itself.
"""

from dataclasses import dataclass

from appliance.rendering import parsing
from appliance.rendering.markdown import block_html, plain_html
from appliance.rendering.parsing import SourceBlock, normalise, parse_blocks, split_lines
from appliance.rendering.weighing import Scale

# An open block beyond this size or weight, such as a very long piece of code or a list of hundreds,
# is parsed again only when it has grown by a sixteenth: the sum of the work then grows with the
# text and not with its square.
LONG_BLOCK_CHARS = 32_768
HEAVY_BLOCK = 6_000


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level piece of a reply, as safe HTML; `index` counts from 0."""

    index: int
    html: str


@dataclass(frozen=True, slots=True)
class BlockUpdate:
    """What one more piece of text brought.

    `closed`: blocks that are final from now on. `open`: all blocks after them; each may still
    change or vanish with the next update, so a page replaces them together.
    """

    closed: tuple[Block, ...]
    open: tuple[Block, ...]


class BlockRenderer:
    """Renders one reply while it is being written."""

    def __init__(self) -> None:
        self._text = ""
        self._tail = ""  # normalised; begins with the first open block
        self._rest = ""  # normalised; what follows and is not formatted
        self._chars_parsed = 0  # of those two
        self._scale = Scale()
        self._weight_before = 0
        self._code_chars = 0  # of the closed blocks
        self._closed: list[Block] = []
        self._open: tuple[Block, ...] = ()
        self._open_html: dict[tuple[str, bool, bool], str] = {}
        self.parsed_chars = 0
        """Characters parsed so far, repeats included: what the work is measured by."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, the open ones as they were at the last update."""
        return (*self._closed, *self._open)

    def feed(self, text_so_far: str) -> BlockUpdate:
        """Take in the reply as it stands now; it must go on from the text given before."""
        if not text_so_far.startswith(self._text):
            raise ValueError("the text does not go on from the text given before")
        held_back = self._text[-1:] if self._text.endswith("\r") else ""
        piece = held_back + text_so_far[len(self._text) :]
        # Whether a carriage return is a line end of its own shows with the next character.
        self._add(normalise(piece.removesuffix("\r")))
        self._text = text_so_far
        size = len(self._tail) + len(self._rest)
        growth = size - self._chars_parsed
        if growth == 0 or (self._is_long(size) and growth < size // 16):
            return BlockUpdate((), self._open)
        return self._update(final=False)

    def finish(self) -> BlockUpdate:
        """Close all blocks; nothing may be fed after it."""
        if self._text.endswith("\r"):
            self._add("\n")
        return self._update(final=True)

    def _add(self, piece: str) -> None:
        formatted = self._scale.take(piece)
        self._tail += piece[:formatted]
        self._rest += piece[formatted:]

    def _is_long(self, size: int) -> bool:
        return size > LONG_BLOCK_CHARS or self._scale.weight - self._weight_before > HEAVY_BLOCK

    def _update(self, *, final: bool) -> BlockUpdate:
        self.parsed_chars += len(self._tail) + len(self._rest)
        rest = plain_html(self._rest)
        is_whole = final or bool(rest)
        blocks = parse_blocks(self._tail)
        count = len(blocks) if is_whole else _closed_count(blocks, self._tail.count("\n"))
        rendered = self._render(blocks, final=is_whole)
        if rest:
            rendered += (Block(len(self._closed) + len(blocks), rest),)
            count += final
        self._code_chars += sum(block.code_chars for block in blocks[:count])
        closed, self._open = rendered[:count], rendered[count:]
        self._closed += closed
        if is_whole:
            self._tail = ""
        elif count:
            self._tail = "".join(split_lines(self._tail)[blocks[count].first_line :])
        if count:
            self._weight_before = self._scale.weight
        self._chars_parsed = len(self._tail) + len(self._rest)
        return BlockUpdate(closed, self._open)

    def _render(self, blocks: list[SourceBlock], *, final: bool) -> tuple[Block, ...]:
        known, self._open_html = self._open_html, {}
        rendered, code_chars = [], self._code_chars
        for index, block in enumerate(blocks, start=len(self._closed)):
            is_last = index == len(self._closed) + len(blocks) - 1
            in_code = is_last and block.ends_in_open_fence
            grows = in_code and not final
            code_chars += block.code_chars
            # The last line's end changes nothing but code; it mostly comes alone.
            source = block.source if in_code else block.source.removesuffix("\n")
            key = (source, grows, code_chars <= parsing.MAX_CODE_CHARS)
            html = known.get(key) or block_html(block, grows=grows, coloured=key[2])
            self._open_html[key] = html
            rendered.append(Block(index, html))
        return tuple(rendered)


def _closed_count(blocks: list[SourceBlock], complete_lines: int) -> int:
    for number in range(len(blocks) - 1, 0, -1):
        if blocks[number].first_line + 2 <= complete_lines:
            return number
    return 0
