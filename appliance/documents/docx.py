"""A Word document: its headings by their styles, paragraphs, and tables row by row.

Read straight from its one part with the text. Pictures, links and whatever else is packed beside it
are never opened.
"""

from collections.abc import Iterator
from typing import Any

from appliance.documents.block import Block
from appliance.documents.marked_up import local_name, xml
from appliance.documents.packed import Packed

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = "heading "
_BREAKS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def blocks(packed: Packed) -> Iterator[Block]:
    """Raises DocumentRefused."""
    levels = _levels(packed)
    body = xml(packed.read("word/document.xml")).find(f"{_W}body")
    for element in _top(body) if body is not None else ():
        if local_name(element) == "tbl":
            yield from _rows(element)
        elif text := _text(element).strip():
            yield Block(text, level=_level(element, levels))


def _top(body: Any) -> Iterator[Any]:
    """Paragraphs and tables, also those inside of a frame for contents or a form."""
    for element in body:
        name = local_name(element)
        if name in ("p", "tbl"):
            yield element
        elif name in ("sdt", "customXml"):
            content = element.find(f"{_W}sdtContent")
            for inner in element if content is None else content:
                if local_name(inner) in ("p", "tbl"):
                    yield inner


def _rows(table: Any) -> Iterator[Block]:
    for row in table.iterchildren(f"{_W}tr"):
        cells = (" ".join(_text(cell).split()) for cell in row.iterchildren(f"{_W}tc"))
        if text := " | ".join(cells).strip(" |"):
            yield Block(text, is_row=True)


def _text(element: Any) -> str:
    words = []
    for each in element.iter(f"{_W}t", f"{_W}p", *(_W + name for name in _BREAKS)):
        name = local_name(each)
        words.append((each.text or "") if name == "t" else _BREAKS.get(name, " "))
    return "".join(words)


def _level(paragraph: Any, levels: dict[str, int]) -> int:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    outline = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
    if outline is not None:
        return _outline(outline)
    return levels.get(style.get(f"{_W}val", ""), 0) if style is not None else 0


def _levels(packed: Packed) -> dict[str, int]:
    """The level of each style that is a heading; its name is English in every language."""
    levels: dict[str, int] = {}
    if "word/styles.xml" not in packed.names:
        return levels
    for style in xml(packed.read("word/styles.xml")).iterchildren(f"{_W}style"):
        style_id = style.get(f"{_W}styleId", "")
        named = style.find(f"{_W}name")
        name = named.get(f"{_W}val", "").lower() if named is not None else ""
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        if name.startswith(_HEADING) and name.removeprefix(_HEADING).isdecimal():
            levels[style_id] = int(name.removeprefix(_HEADING)) or 1
        elif name == "title":
            levels[style_id] = 1
        elif outline is not None:
            levels[style_id] = _outline(outline)
    return levels


def _outline(element: Any) -> int:
    """Counted from 0 there; 9 says that it is none."""
    value = element.get(f"{_W}val", "")
    return int(value) + 1 if value in tuple("012345678") else 0
