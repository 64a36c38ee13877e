"""Where a reply has what it remembers from, as links that open the place."""

from appliance.conversations.conversation import OpenConversation, RecalledFrom
from appliance.routes.message_data import RecalledView, SourceLink


def recalled_view(opened: OpenConversation, turn_id: str) -> RecalledView | None:
    """None for a reply that was given nothing from elsewhere."""
    found = opened.recalled.get(turn_id, ())
    return RecalledView(tuple(map(_link, found))) if found else None


def message_url(conversation_id: str, message_id: str) -> str:
    """The page of a conversation, at one of its messages."""
    return f"/conversations/{conversation_id}?at={message_id}#message-{message_id}"


def _link(source: RecalledFrom) -> SourceLink:
    if source.document_id:
        url = f"/documents/{source.document_id}#passage-{source.passage}"
        return SourceLink(source.title, url)
    return SourceLink(source.title, message_url(source.conversation_id, source.message_id))
