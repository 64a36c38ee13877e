"""An open page says that somebody is about to write. It says where, and no word of what."""

from dataclasses import dataclass

from litestar import post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody

from appliance.conversations.conversation import Person
from appliance.conversations.service import ConversationService


@dataclass(frozen=True, slots=True)
class Place:
    """Where: in a conversation, or a new one when it is empty."""

    conversation_id: str = ""


@post("/ahead", status_code=204, include_in_schema=False)
async def read_ahead(
    service: NamedDependency[ConversationService],
    person: NamedDependency[Person],
    data: URLEncodedBody[Place],
) -> None:
    """Read what is there already, in the background."""
    await service.read_ahead(person, data.conversation_id or None)
