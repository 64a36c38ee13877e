"""A chunk as an embedding model reads it: with who said it, or under which heading it stands. Pure.

Without the speaker half as much is found: "I moved to Busan" does not say who did.
"""

from time import gmtime, strftime

from appliance.conversations.conversation import Role
from appliance.store.chunk_backlog import UnembeddedChunk

ASSISTANT = "Assistant"


def as_spoken(chunk: UnembeddedChunk) -> str:
    """The text with its speaker and its day, or with its heading."""
    if chunk.role is None:
        return f"{chunk.heading}\n{chunk.text}".strip()
    speaker = ASSISTANT if chunk.role is Role.ASSISTANT else chunk.person_name
    day = strftime("%d %B %Y", gmtime(chunk.said_at)).lstrip("0")
    return f"{speaker}, {day}: {chunk.text}"
