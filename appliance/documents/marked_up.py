"""XML and HTML of strangers: no entity is taken for more than it says, and nothing is fetched."""

from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from appliance.documents.block import Block
from appliance.documents.packed import DAMAGED
from appliance.documents.text_encoding import SAMPLE_BYTES, encoding_of
from appliance.errors import DocumentRefused

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_UNSEEN = frozenset(
    (
        "script",
        "style",
        "template",
        "noscript",
        "title",
        "svg",
        "math",
        "object",
        "iframe",
        "select",
    )
)
_INLINE = frozenset(
    (
        *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "dfn", "em", "font", "i", "kbd"),
        *("label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub"),
        *("sup", "time", "tt", "u", "var", "wbr", "ins", "del", "big", "br"),
    )
)
_CELLS = frozenset(("td", "th"))
_MOST_DEPTH = 500


def xml(raw: bytes) -> Any:
    """The root of an XML document. Raises DocumentRefused."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise DocumentRefused(DAMAGED) from error
    if root.getroottree().docinfo.internalDTD is not None and b"<!ENTITY" in raw:
        # No program that makes documents writes any; they are there to grow, or to reach a file.
        raise DocumentRefused(DAMAGED)
    return root


def local_name(element: Any) -> str:
    """A tag without its namespace; empty for a comment and the like."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def html_blocks(raw: bytes) -> Iterator[Block]:
    """Headings, paragraphs and table rows of a page in their order; none of one with no text."""
    # What the page says it is written in; the parser would take any other for Latin letters.
    is_said = b"charset" in raw[:4096].lower() or b"encoding=" in raw[:200]
    encoding = None if is_said else encoding_of(raw[:SAMPLE_BYTES], len(raw) <= SAMPLE_BYTES)
    parser = html.HTMLParser(no_network=True, huge_tree=False, encoding=encoding)
    try:
        root = html.document_fromstring(raw, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, LookupError):
        return  # nothing in it but comments
    title = root.findtext("./head/title")
    if title and title.strip():
        yield Block(" ".join(title.split()), level=1)
    yield from _Walk().blocks(root)


class _Walk:
    """From the first element to the last, without a call for each level of a deep tree."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._level = 0
        self._row_depth = 0
        self._unseen = 0
        self._kept = 0
        """How many elements are open in which blanks are words, too."""

    def blocks(self, root: Any) -> Iterator[Block]:
        depth = 0
        for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
            if event in ("comment", "pi"):
                self._hear(element.tail)
                continue
            name = local_name(element).lower()
            depth += 1 if event == "start" else -1
            if depth > _MOST_DEPTH:
                continue
            yield from self._enter(name) if event == "start" else self._leave(name)
            if event == "start":
                self._hear(element.text)
            else:
                self._hear(element.tail)
        yield from self._block()

    def _enter(self, name: str) -> Iterator[Block]:
        self._unseen += name in _UNSEEN
        self._kept += name == "pre"
        if name == "br":
            self._words.append("\n")
        elif name == "tr":
            yield from self._block()
            self._row_depth += 1
        elif name in _HEADINGS:
            yield from self._block()
            self._level = _HEADINGS[name]
        elif name not in _INLINE and not self._row_depth:
            yield from self._block()

    def _leave(self, name: str) -> Iterator[Block]:
        self._unseen -= name in _UNSEEN
        if name == "tr":
            yield from self._block(is_row=True)
            self._row_depth = max(0, self._row_depth - 1)
        elif name in _CELLS and self._row_depth:
            self._words.append(" | ")
        elif name in _HEADINGS or (name not in _INLINE and not self._row_depth):
            yield from self._block()
            self._level = 0
        self._kept -= name == "pre"

    def _hear(self, text: str | None) -> None:
        if text and not self._unseen:
            self._words.append(text if self._kept else " ".join(f".{text}.".split())[1:-1])

    def _block(self, is_row: bool = False) -> Iterator[Block]:
        said = "".join(self._words)
        self._words.clear()
        text = said.strip("\n") if self._kept else _in_lines(said)
        if is_row:
            text = text.strip(" |")
        if text.strip():
            yield Block(text, level=self._level, is_row=is_row)


def _in_lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
