"""Where a reply has what it remembers from, as links that open the place."""

from appliance.conversations.opened import OpenConversation, RecalledFrom
from appliance.routes.message_data import RecalledView, SourceLink


def recalled_view(opened: OpenConversation, turn_id: str) -> RecalledView | None:
    """None for a reply that was given nothing from elsewhere."""
    found = opened.recalled.get(turn_id, ())
    return RecalledView(tuple(map(_link, found))) if found else None


def message_url(conversation_id: str, message_id: str) -> str:
    """The page of a conversation, at one of its messages."""
    return f"/conversations/{conversation_id}?at={message_id}#message-{message_id}"


def passage_url(document_id: str, passage: int) -> str:
    """The page of a document with one of its passages: a server does not see what is behind #."""
    return f"/documents/{document_id}?passage={passage}#passage-{passage}"


def _link(source: RecalledFrom) -> SourceLink:
    if source.document_id:
        url = passage_url(source.document_id, source.passage)
        return SourceLink(source.title, url, source.page)
    return SourceLink(source.title, message_url(source.conversation_id, source.message_id))
