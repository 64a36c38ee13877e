"""What has to change in the open pages of a reply for it to be as long as it is now.

A reply is rendered once for all who read it in one language, however many they are: a page that
has seen less gets more of it, and pages that have seen the same get the same bytes.
"""

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakValueDictionary

from litestar.response.sse import ServerSentEventMessage

from appliance.conversations.turn import TurnSnapshot
from appliance.languages.language import Language
from appliance.rendering.blocks import BlockRenderer
from appliance.routes.fragments import Fragments, partial, swap_event
from appliance.routes.message_data import BlockView, StatusView
from appliance.routes.message_views import block_id, block_views
from appliance.routes.steady_status import SteadyStatus


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a reader is: after which change, and how many blocks its page has since."""

    changes: int
    blocks: int


class Event(ServerSentEventMessage):
    """Written out once, whoever it is for."""

    def encode(self) -> bytes:
        return self._encoded

    @cached_property
    def _encoded(self) -> bytes:
        return super().encode()


class GrowingReply:
    """A reply being written, in the words of one language.

    A block that is finished is sent once more when it changes for the last time and then never
    again, so a selection in it stays. The open block is changed in place, not replaced: the focus
    on its Copy button and the sideways scroll of long code survive.
    """

    def __init__(self, fragments: Fragments, turn_id: str) -> None:
        self._fragments = fragments
        self._turn_id = turn_id
        self._renderer = BlockRenderer()
        self._steady = SteadyStatus()
        self._chars = 0
        self._changes = 0
        # Each with the number of the change that made it as it is.
        self._blocks: list[tuple[BlockView, int]] = []
        self._status: tuple[StatusView, int] | None = None
        self._events: dict[Seen | None, Event | None] = {}

    def take(self, snapshot: TurnSnapshot) -> None:
        """Be as far as that snapshot; one that is older than what is known changes nothing."""
        if len(snapshot.text) < self._chars:
            return
        self._chars = len(snapshot.text)
        number = self._changes + 1
        changed = self._take_text(snapshot.text, number)
        status = self._steady.change(snapshot)
        if status is not None:
            self._status = status, number
        if changed or status is not None:
            self._changes = number
            self._events.clear()

    def changes_since(self, seen: Seen | None) -> tuple[Seen, Event | None]:
        """What leads a page that has `seen` so much to what is known now, if anything does.

        A reader that is new may have been here before and hold some of it already.
        """
        if seen not in self._events:
            partials = self._everything() if seen is None else self._later_than(seen)
            self._events[seen] = Event(swap_event(*partials).data) if partials else None
        return Seen(self._changes, len(self._blocks)), self._events[seen]

    def _take_text(self, text: str, number: int) -> bool:
        update, changed = self._renderer.feed(text), False
        blocks = (*update.closed, *update.open)
        for block, view in zip(blocks, block_views(self._turn_id, blocks), strict=True):
            if block.index >= len(self._blocks):
                self._blocks.append((view, number))
            elif view != self._blocks[block.index][0]:
                self._blocks[block.index] = view, number
            else:
                continue
            changed = True
        # Two open blocks may turn out to be one: a list goes on after a blank line.
        count = len(self._renderer.blocks)
        changed |= count < len(self._blocks)
        del self._blocks[count:]
        return changed

    def _everything(self) -> list[str]:
        views = [view for view, _ in self._blocks]
        partials = [self._fragments.changed_inside(f"blocks-{self._turn_id}", *views)]
        return partials + self._status_after(0)

    def _later_than(self, seen: Seen) -> list[str]:
        known, new = self._blocks[: seen.blocks], self._blocks[seen.blocks :]
        partials = [
            self._fragments.changed(view.element_id, view)
            for view, number in known
            if number > seen.changes
        ]
        if new:
            views = (view for view, _ in new)
            partials.append(self._fragments.after_all_in(f"blocks-{self._turn_id}", *views))
        gone = range(len(self._blocks), seen.blocks)
        partials += [partial(block_id(self._turn_id, index), "delete") for index in gone]
        return partials + self._status_after(seen.changes)

    def _status_after(self, changes: int) -> list[str]:
        if self._status is None or self._status[1] <= changes:
            return []
        return [self._fragments.changed_inside(f"status-{self._turn_id}", self._status[0])]


class GrowingReplies:
    """Those that somebody reads just now."""

    def __init__(self) -> None:
        self._read: WeakValueDictionary[tuple[str, Language], GrowingReply] = WeakValueDictionary()

    def of(self, turn_id: str, fragments: Fragments) -> GrowingReply:
        """The one that others read in the same language, or a new one."""
        key = turn_id, fragments.language
        if (growing := self._read.get(key)) is None:
            growing = self._read[key] = GrowingReply(fragments, turn_id)
        return growing
