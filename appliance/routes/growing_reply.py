"""What has to change in an open page for a reply to be as long as it is now."""

from collections.abc import Iterator

from appliance.conversations.conversation import TurnSnapshot
from appliance.rendering.blocks import BlockRenderer
from appliance.routes.fragments import Fragments, partial
from appliance.routes.message_data import BlockView
from appliance.routes.message_views import block_views
from appliance.routes.steady_status import SteadyStatus


class GrowingReply:
    """One reader's view of a reply being written: knows what this reader has been sent.

    A block that is finished is sent once more when it changes for the last time and then never
    again, so a selection in it stays. The open block is changed in place, not replaced: the focus
    on its Copy button and the sideways scroll of long code survive.
    """

    def __init__(self, fragments: Fragments, turn_id: str) -> None:
        self._fragments = fragments
        self._turn_id = turn_id
        self._renderer = BlockRenderer()
        self._sent: list[BlockView] | None = None
        self._status = SteadyStatus()

    def changes(self, snapshot: TurnSnapshot) -> list[str]:
        """The partials that lead from the last snapshot to this one; the first holds everything."""
        return [*self._block_changes(snapshot.text), *self._status_change(snapshot)]

    def _block_changes(self, text: str) -> Iterator[str]:
        update = self._renderer.feed(text)
        if self._sent is None:
            # This reader may have been here before and hold some of it already.
            self._sent = list(block_views(self._turn_id, self._renderer.blocks))
            yield self._fragments.changed_inside(f"blocks-{self._turn_id}", *self._sent)
            return
        changed = (*update.closed, *update.open)
        new: list[BlockView] = []
        for block, view in zip(changed, block_views(self._turn_id, changed), strict=True):
            if block.index >= len(self._sent):
                new.append(view)
            elif view != self._sent[block.index]:
                self._sent[block.index] = view
                yield self._fragments.changed(view.element_id, view)
        if new:
            self._sent.extend(new)
            yield self._fragments.after_all_in(f"blocks-{self._turn_id}", *new)
        yield from self._removals(len(self._renderer.blocks))

    def _removals(self, count: int) -> Iterator[str]:
        """Two open blocks may turn out to be one: a list goes on after a blank line."""
        assert self._sent is not None
        for view in self._sent[count:]:
            yield partial(view.element_id, "delete")
        del self._sent[count:]

    def _status_change(self, snapshot: TurnSnapshot) -> Iterator[str]:
        status = self._status.change(snapshot)
        if status is not None:
            yield self._fragments.changed_inside(f"status-{self._turn_id}", status)
