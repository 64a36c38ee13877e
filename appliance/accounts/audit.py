"""The record of what was done to accounts: by whom, to whom, from where. No word of any message.

Lines are added in the same transaction as what they speak of, and cannot be changed; after 400 days
they go.
"""

from enum import StrEnum
from time import time

from aiosqlite import Connection

from appliance.accounts.account import AuditEntry
from appliance.conversations.conversation import Person
from appliance.store import audit
from appliance.store.database import Database

PAGE = 100


class Act(StrEnum):
    """What was done."""

    SET_UP = "set up"
    SIGNED_IN = "signed in"
    SIGN_IN_FAILED = "sign-in failed"
    SIGNED_OUT = "signed out"
    SIGNED_OUT_EVERYWHERE = "signed out everywhere"
    INVITED = "invited"
    INVITATION_TAKEN_BACK = "invitation taken back"
    JOINED = "joined"
    RENAMED = "renamed"
    PASSWORD_CHANGED = "password changed"
    RESET_LINK_MADE = "reset link made"
    PASSWORD_RESET = "password reset"
    ROLE_CHANGED = "role changed"
    DISABLED = "disabled"
    ENABLED = "enabled"
    KEY_MADE = "key made"
    KEY_REVOKED = "key revoked"
    LIMITS_CHANGED = "limits changed"
    EXPORTED = "exported"
    IMPORTED = "imported"
    DELETED_EVERYTHING = "deleted everything"
    ACCOUNT_DELETED = "account deleted"
    SHARED = "conversation shared"
    MODEL_SENT = "model sent"
    MODEL_ACCEPTED = "model accepted"
    MODEL_REFUSED = "model refused"
    MODEL_CHOSEN = "model chosen"
    MODEL_VERIFIED = "model verified"
    MODEL_REMOVED = "model removed"
    DOCUMENT_ADDED = "document added for everybody"
    DOCUMENT_REMOVED = "document removed for everybody"
    SEALED = "sealed"
    UNSEALED = "unsealed"
    SIGNED_IN_BY_PASSKEY = "signed in with a passkey"
    SECOND_STEP_FAILED = "second step failed"
    SECOND_FACTOR_ON = "second factor turned on"
    SECOND_FACTOR_OFF = "second factor turned off"
    SPARE_CODES_MADE = "spare codes made"
    SPARE_CODE_USED = "spare code used"
    PASSKEY_ADDED = "passkey added"
    PASSKEY_REMOVED = "passkey removed"
    PASSKEY_REFUSED = "passkey refused"
    BACKED_UP = "backup begun"


class AuditLog:
    """Adds lines and reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(
        self,
        tx: Connection | None,
        act: Act,
        who: Person | None = None,
        about: str = "",
        address: str = "",
    ) -> None:
        """One more line, in the transaction given or in one of its own. `who` is None for the
        command line, and for whoever is not signed in.
        """
        if tx is None:
            async with self._database.write() as own:
                await self.note(own, act, who, about, address)
            return
        name, person_id = (who.name, who.person_id) if who else ("", "")
        await audit.insert(tx, int(time()), act.value, name, person_id, about, address)
        await audit.delete_old(tx)

    async def list(
        self, *, act: str = "", name: str = "", before: int = 0, limit: int = PAGE
    ) -> tuple[AuditEntry, ...]:
        """The newest first; `before` is the number of the last one of the page before."""
        async with self._database.read() as reader:
            return await audit.newest(reader, act, name, before, limit)
