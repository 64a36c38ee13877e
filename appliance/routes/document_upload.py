"""Documents that come with a form: each goes to the disk as it comes, and stands by itself.

One that is refused says so in the list, and those after it come in all the same.
"""

from contextlib import AsyncExitStack, aclosing
from typing import Any

from litestar import Request
from multipart import MultipartSegment  # type: ignore[import-untyped]

from appliance.accounts.account import Account
from appliance.documents.arrival import Arrival
from appliance.documents.document import Place
from appliance.documents.library import Library
from appliance.errors import ImportRefused
from appliance.routes.form_token import check_form_token
from appliance.routes.uploads import NO_FILE, form_parts

MOST_FILES = 200
MOST_FORM_BYTES = 2**34
_MOST_FIELD_BYTES = 512
_FIELDS = 8


class DocumentForm:
    """Takes in what a form brings. Its fields stand before the files; `where` is empty for the
    person's library, `conversation` or `everybody`.
    """

    def __init__(self, request: Request[Any, Any, Any], library: Library, account: Account) -> None:
        self.files = 0
        self.conversation_id = ""
        self.is_new_conversation = False
        self.is_for_everybody = False
        self._request = request
        self._library = library
        self._account = account
        self._fields: dict[str, bytes] = {}
        self._at = ""
        self._place: Place | None = None
        self._has_token = False

    async def receive(self) -> None:
        """Raises PermissionDeniedException without the form's token; ImportRefused, InvalidInput,
        NotFound, NotAllowed, StoreError.
        """
        if header := self._request.headers.get("x-csrf-token", ""):
            check_form_token(self._request, header)
            self._has_token = True
        async with (
            aclosing(form_parts(self._request, MOST_FILES + _FIELDS)) as parts,
            AsyncExitStack() as stack,
        ):
            arrival: Arrival | None = None
            async for part in parts:
                if isinstance(part, MultipartSegment):
                    self._at = part.name
                    arrival = await self._begun(part.filename or "", stack)
                elif part is None:
                    arrival = None
                    await stack.aclose()
                elif arrival is not None:
                    await arrival.take(part)
                elif len(self._fields.get(self._at, b"")) < _MOST_FIELD_BYTES:
                    self._fields[self._at] = self._fields.get(self._at, b"") + part
        if not self.files:
            raise ImportRefused(NO_FILE)

    async def _begun(self, file_name: str, stack: AsyncExitStack) -> Arrival | None:
        # A form whose file field was left empty sends one without a name.
        if self._at != "file" or not file_name:
            return None
        if self._place is None:
            if not self._has_token:
                check_form_token(self._request, self._field("_csrf_token"))
            self._place = await self._chosen(file_name)
        self.files += 1
        total = self._request.content_length or 0
        return await stack.enter_async_context(
            self._library.receiving(self._place, file_name, total)
        )

    async def _chosen(self, file_name: str) -> Place:
        person, where = self._account.person, self._field("where")
        self.conversation_id = self._field("attach_to")
        if where == "conversation" and not self.conversation_id:
            begun = await self._library.begin_conversation(person, file_name)
            self.conversation_id, self.is_new_conversation = begun.conversation_id, True
        self.is_for_everybody = where == "everybody"
        return self._library.place(
            person,
            self.conversation_id if where == "conversation" else "",
            for_everybody=self.is_for_everybody,
            is_admin=self._account.is_admin,
        )

    def _field(self, name: str) -> str:
        return self._fields.get(name, b"").decode(errors="replace").strip()
