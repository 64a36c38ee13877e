"""The pages that show a temporary conversation: it stays as long as one of them is open."""

from litestar import delete, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from appliance.conversations.conversation import Person
from appliance.conversations.temporary import TemporaryConversations

PATH = "/conversations/{conversation_id:str}/pages/{page_id:str}"


@put(PATH, status_code=204, include_in_schema=False)
async def open_page(
    temporary: NamedDependency[TemporaryConversations],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
    page_id: FromPath[str],
) -> None:
    """A page says that it shows it."""
    temporary.open_page(person, conversation_id, page_id)


@delete(PATH, include_in_schema=False)
async def close_page(
    temporary: NamedDependency[TemporaryConversations],
    person: NamedDependency[Person],
    conversation_id: FromPath[str],
    page_id: FromPath[str],
) -> None:
    """A page says that it goes; it may be back in a moment under another id."""
    temporary.close_page(person, conversation_id, page_id)
