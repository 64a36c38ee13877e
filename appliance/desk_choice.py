"""Which desk a request is for: that of the conversations that are kept, that of sealed accounts, or
the temporary conversations'.

A route names the part it needs, and is given it from the desk that knows the conversation, turn or
message in its path, or else in the form that was sent; so no route has to know that there are two.
"""

from collections.abc import Mapping

from litestar.enums import RequestEncodingType
from litestar.plugins.htmx import HTMXRequest

from appliance.accounts.account import Account
from appliance.conversations.completions import Completions
from appliance.conversations.temporary import GONE
from appliance.desk import Desk
from appliance.errors import NotFound
from appliance.sealed_desk import SealedDesk
from appliance.temporary_desk import TemporaryDesk

IDS = ("conversation_id", "turn_id", "message_id")
WISH = "temporary"
"""The form field that asks for a new conversation to be temporary."""


class DeskChoice:
    """Chooses anew for each request."""

    def __init__(
        self,
        kept: Desk,
        temporary: TemporaryDesk,
        sealed: SealedDesk,
        completions: Completions,
    ) -> None:
        self._kept = kept
        self._temporary = temporary
        self._sealed = sealed
        self._completions = completions

    async def desk(self, request: HTMXRequest) -> Desk:
        """Raises NotFound for a temporary conversation that is gone, unless an open page asks for
        news of it: that page is told by its own route. Raises AccountClosed.
        """
        if request.user is None:  # whoever is nobody has none that is temporary
            return self._kept
        person = request.user.person
        own = self._own(request.user.account)
        named = _ids_in(request.path_params) or _ids_in(await _form(request))
        if WISH in named and "conversation_id" not in named:
            return self._temporary.desk
        conversations = self._temporary.conversations
        conversation_id = await conversations.named_by(person, named)
        if conversation_id is None:
            return own
        asks_for_news = request.method == "GET" and bool(request.htmx)
        is_there = await conversations.see(person, conversation_id, is_use=not asks_for_news)
        if not is_there and not asks_for_news:
            raise NotFound(GONE)
        return self._temporary.desk

    def own(self, request: HTMXRequest) -> Desk:
        """Without a look at temporary conversations: for what they have no part in.

        Raises AccountClosed.
        """
        return self._kept if request.user is None else self._own(request.user.account)

    def completions(self, request: HTMXRequest) -> Completions:
        """The same choice for programs, which keep their own conversations."""
        is_sealed = self.own(request) is not self._kept
        return self._sealed.completions if is_sealed else self._completions

    def _own(self, account: Account) -> Desk:
        if not account.is_sealed:
            return self._kept
        self._sealed.accounts.check_open(account.person)
        return self._sealed.desk


def _ids_in(fields: Mapping[str, object]) -> dict[str, str]:
    """What is named among them, and not left empty."""
    return {name: str(fields[name]) for name in (*IDS, WISH) if fields.get(name)}


async def _form(request: HTMXRequest) -> Mapping[str, object]:
    is_form = request.content_type[0] == RequestEncodingType.URL_ENCODED
    return await request.form() if is_form else {}
