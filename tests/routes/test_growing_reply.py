import re
from dataclasses import replace

from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from appliance.conversations.turn import Turn, TurnPhase, TurnSnapshot, TurnStatus
from appliance.languages.language import Language
from appliance.rendering.blocks import BlockRenderer
from appliance.routes.fragments import Fragments, View
from appliance.routes.growing_reply import Event, GrowingReplies, GrowingReply, Seen
from appliance.routes.message_data import BlockView

ENGLISH = Language("en", Locale("en"))
GERMAN = Language("de", Locale("de"))
_PARTIAL = re.compile(r'<hx-partial hx-target="#([^"]+)" hx-swap="(\w+)">(.*?)</hx-partial>', re.S)
_BLOCK = re.compile(r"\[([^ ]+) (.*?)\]", re.S)


class PlainFragments(Fragments):
    """Without templates; counts what is rendered."""

    def __init__(self, language: Language = ENGLISH) -> None:
        self.language = language
        self.rendered = 0

    def html(self, view: View) -> str:
        self.rendered += 1
        if isinstance(view, BlockView):
            text = re.sub(r"<[^>]+>|[\[\]]", "", view.html)
            return f"[{view.element_id} {text}]"
        return str(view)


class OpenPage:
    """What one reader has been sent, put in place as htmx does."""

    def __init__(self, growing: GrowingReply) -> None:
        self._growing = growing
        self._seen: Seen | None = None
        self.blocks: dict[str, str] = {}
        self.events: list[Event] = []

    def look(self) -> None:
        self._seen, event = self._growing.changes_since(self._seen)
        if event is None:
            return
        self.events.append(event)
        for target, swap, html in _PARTIAL.findall(str(event.data)):
            self._put(target, swap, dict(_BLOCK.findall(html)))

    def _put(self, target: str, swap: str, blocks: dict[str, str]) -> None:
        if target.startswith("status-"):
            return
        if swap == "delete":
            del self.blocks[target]
        elif swap == "innerMorph":
            self.blocks = blocks
        elif swap == "outerMorph":
            assert target in self.blocks and list(blocks) == [target]
            self.blocks |= blocks
        else:
            assert swap == "beforeend" and not blocks.keys() & self.blocks.keys()
            self.blocks |= blocks


def snapshot(text: str) -> TurnSnapshot:
    turn = Turn("t", "c", "m", None, TurnStatus.RUNNING, 0)
    return TurnSnapshot(turn, TurnPhase.WRITING, text)


def expected(text: str) -> dict[str, str]:
    """As a reader sees it who comes now."""
    growing = GrowingReply(PlainFragments(), "t")
    growing.take(snapshot(text))
    page = OpenPage(growing)
    page.look()
    return page.blocks


def test_pages_that_have_seen_the_same_get_the_same_bytes_rendered_once():
    fragments = PlainFragments()
    growing = GrowingReply(fragments, "t")
    pages = [OpenPage(growing) for _ in range(50)]
    for text in ("Rice", "Rice is\n\n", "Rice is\n\na grain", "Rice is\n\na grain.\n\nAnd"):
        growing.take(snapshot(text))
        for page in pages:
            page.look()
    first, *others = pages
    assert len(first.events) >= 3
    for page in others:
        assert all(a is b for a, b in zip(page.events, first.events, strict=True))
    assert all(event.encode() is event.encode() for event in first.events)
    assert fragments.rendered < 12


def test_a_page_that_looks_seldom_gets_each_block_once():
    growing = GrowingReply(PlainFragments(), "t")
    page = OpenPage(growing)
    text = ""
    for word in ["one ", "two\n\n", "three ", "four\n\n", "five ", "six"]:
        text += word
        growing.take(snapshot(text))
        if word == "one ":
            page.look()
    page.look()
    _, latest = page.events
    assert str(latest.data).count("three") == str(latest.data).count("two") == 1
    assert page.blocks == expected(text)


def test_what_is_older_than_what_is_known_changes_nothing():
    growing = GrowingReply(PlainFragments(), "t")
    growing.take(snapshot("Rice is a grain."))
    growing.take(snapshot("Rice"))
    page = OpenPage(growing)
    page.look()
    assert "grain" in str(page.blocks)
    growing.take(replace(snapshot("Rice is a grain. Yes."), phase=TurnPhase.WRITING))
    page.look()
    assert page.blocks == expected("Rice is a grain. Yes.")


_PIECES = st.sampled_from(
    ["- a\n", "\n", "b\n\n", "  c\n", "# d\n", "```\n", "| e |\n", "|---|\n", "f "]
)


@given(pieces=st.lists(st.tuples(_PIECES, st.sets(st.integers(0, 2))), min_size=1, max_size=30))
def test_whoever_looks_whenever_ends_with_the_same_page(pieces):
    growing = GrowingReply(PlainFragments(), "t")
    pages = [OpenPage(growing) for _ in range(3)]
    text, renderer = "", BlockRenderer()
    for piece, lookers in pieces:
        text += piece
        growing.take(snapshot(text))
        renderer.feed(text)
        for number in lookers:
            pages[number].look()
    for page in pages:
        page.look()
        assert len(page.blocks) == len(renderer.blocks)
        assert page.blocks == pages[0].blocks


def test_a_reply_is_shared_by_those_who_read_it_in_one_language_while_they_do():
    replies = GrowingReplies()
    first = replies.of("t", PlainFragments())
    assert replies.of("t", PlainFragments()) is first
    assert replies.of("u", PlainFragments()) is not first
    assert replies.of("t", PlainFragments(GERMAN)) is not first
    first.take(snapshot("Rice"))
    del first
    again = replies.of("t", PlainFragments())
    page = OpenPage(again)
    page.look()
    assert page.blocks == {}
