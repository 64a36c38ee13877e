"""The nouns of sharing, as plain values; this module imports nothing but other nouns."""

from dataclasses import dataclass

from appliance.conversations.conversation import Role


@dataclass(frozen=True, slots=True)
class SharedLink:
    """One branch of a conversation as it was at one moment, for whoever has the link, until it
    ends. The link itself is known to nobody but those who were given it.
    """

    link_id: str
    conversation_id: str
    title: str
    created_at: int
    expires_at: int
    shows_name: bool
    """Whether its readers are told whose it is."""
    views: int = 0
    message_count: int = 0


@dataclass(frozen=True, slots=True)
class SharedMessage:
    """The copy of a message."""

    role: Role
    created_at: int
    content: str


@dataclass(frozen=True, slots=True)
class SharedPage:
    """A part of what a link shows. `owner_name` is empty unless the owner wants to be named."""

    title: str
    owner_name: str
    created_at: int
    expires_at: int
    messages: tuple[SharedMessage, ...]
    number: int
    """Which part this is; 1 is the first."""
    count: int
