"""A conversation as Markdown, for people to read and keep. Pure.

Replies are Markdown already and stand as they are. What a person typed is not: it is quoted, so
that no line of it passes for a heading of the file.
"""

from datetime import UTC, datetime

from appliance.conversations.conversation import Conversation, Message, Role

_WHO = {Role.USER: "You", Role.ASSISTANT: "Reply", Role.SYSTEM: "Instructions"}


def heading(conversation: Conversation, other_branches: int) -> str:
    """What stands above the first message."""
    title = " ".join(conversation.title.split())
    lines = [f"# {title}", "", f"Begun {_when(conversation.created_at)}."]
    if conversation.folder is not None:
        lines += ["", f"Kept in the folder {conversation.folder.name}."]
    if other_branches:
        messages = "1 message" if other_branches == 1 else f"{other_branches:,} messages"
        lines += ["", f"{messages} of other branches are in the JSON export only."]
    return "\n".join(lines) + "\n"


def passage(message: Message) -> str:
    """One message, with a line before it."""
    content = message.content.strip("\n")
    if message.role is not Role.ASSISTANT:
        content = "\n".join(f"> {line}".rstrip() for line in content.split("\n"))
    return f"\n## {_WHO[message.role]}, {_when(message.created_at)}\n\n{content}\n"


def _when(unix_seconds: int) -> str:
    at = datetime.fromtimestamp(unix_seconds, UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
