"""Every key in Valkey, and how long it lives. No key is without an end.

Values hold what people said; keys hold only random ids.
"""

PREFIX = "appliance:"

WINDOW_SECONDS = 24 * 3600
WINDOW_MESSAGES = 100

# While a reply grows, each piece renews this; after its end a late reader has a minute.
OPEN_STREAM_SECONDS = 3600
CLOSED_STREAM_SECONDS = 60
STREAM_PIECES = 65536


def window(conversation_id: str) -> str:
    """A list: the newest messages of the branch being read, oldest first."""
    return f"{PREFIX}window:{conversation_id}"


def token_stream(turn_id: str) -> str:
    """A stream: the reply of a turn, piece by piece."""
    return f"{PREFIX}turn:{turn_id}"
