"""What the page says of a temporary conversation, and what it says for it to the box."""

from appliance.conversations.conversation import Conversation, names_temporary, new_id
from appliance.conversations.temporary import GONE
from appliance.routes.page_data import PresenceView, TemporaryView
from appliance.sentences import row, say

_DELETED = say("This conversation was deleted.")

_STILL_HERE = say("What you are writing below is still here.")


def temporary_view(conversation: Conversation | None, *, is_chosen: bool = False) -> TemporaryView:
    """The switch where a conversation may begin, or what there is to know of one that is open."""
    is_temporary = conversation is not None and conversation.is_temporary
    return TemporaryView(is_offered=conversation is None, is_chosen=is_chosen or is_temporary)


def presence_view(conversation: Conversation | None) -> PresenceView:
    """Made once for each page that is opened: its id is that page's."""
    if conversation is None or not conversation.is_temporary:
        return PresenceView("", "")
    return PresenceView(conversation.conversation_id, new_id())


def gone_words(conversation_id: str) -> str:
    """What a page that is open says when its conversation is no more."""
    return row([GONE if names_temporary(conversation_id) else _DELETED, _STILL_HERE], " ")
