"""Where a message stands among others in the same place of the tree."""

from collections.abc import Sequence

from appliance.conversations.conversation import Message
from appliance.conversations.opened import OpenConversation
from appliance.routes.message_data import BranchesView


def branches_view(opened: OpenConversation, message: Message) -> BranchesView | None:
    """The arrows of a message; None where there is no other."""
    ids = opened.siblings.get(message.message_id)
    return _place_among(opened, ids, ids.index(message.message_id)) if ids else None


def branches_before_nothing(opened: OpenConversation) -> BranchesView | None:
    """The arrows of a try that left no reply: it stands after those that did."""
    ids = opened.other_replies
    return _place_among(opened, (*ids, ""), len(ids)) if ids else None


def _place_among(opened: OpenConversation, ids: Sequence[str], at: int) -> BranchesView:
    return BranchesView(
        conversation_id=opened.conversation.conversation_id,
        place_id=ids[0],
        words=f"{at + 1} / {len(ids)}",
        previous_id=ids[at - 1] if at > 0 else None,
        next_id=ids[at + 1] if at + 1 < len(ids) else None,
    )
