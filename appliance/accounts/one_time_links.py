"""Links that let somebody in once: the box's own for its setup, invitations, and resets.

The key is in the link and nowhere else; the database has its hash. The setup link is derived from
the box's secret instead, so that it can be printed again until it is used; it is good for nothing
once there is an account.
"""

from base64 import urlsafe_b64encode
from hmac import compare_digest
from time import time

from aiosqlite import Connection

from appliance.accounts.account import Account, AccountRole, LinkPurpose, OneTimeLink
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.random_keys import key_hash, new_key
from appliance.conversations.conversation import Person, new_id
from appliance.errors import LinkGone, NotFound
from appliance.store import one_time_links
from appliance.store.database import Database

HOUR = 3600
INVITATION_SECONDS = 7 * 24 * HOUR
RESET_SECONDS = 24 * HOUR

GONE = (
    "This link is not good any more: it was used, it is too old, or it is not whole. "
    "Ask whoever looks after this box for a new one."
)


class OneTimeLinks:
    """Makes links, and says what one is good for. Whoever uses one does so in their transaction."""

    def __init__(self, database: Database, audit: AuditLog, setup_secret: bytes) -> None:
        self._database = database
        self._audit = audit
        self._setup_key = urlsafe_b64encode(setup_secret).decode().rstrip("=")

    def setup_key(self) -> str:
        """The same until the box is set up."""
        return self._setup_key

    def is_setup_key(self, key: str) -> bool:
        """Compared in constant time."""
        return compare_digest(key.encode(), self._setup_key.encode())

    async def invite(
        self,
        by: Person | None,
        role: AccountRole = AccountRole.MEMBER,
        seconds: int = INVITATION_SECONDS,
        address: str = "",
    ) -> str:
        """The key of a new invitation."""
        link = _link(LinkPurpose.INVITATION, None, role, by, seconds)
        return await self._keep(link, by, Act.INVITED, role.value, address)

    async def reset(self, by: Person | None, account: Account, address: str = "") -> str:
        """The key of a link that gives this account another password; the one before is void."""
        link = _link(LinkPurpose.RESET, account.person, account.role, by, RESET_SECONDS)
        return await self._keep(link, by, Act.RESET_LINK_MADE, account.person.name, address)

    async def look(self, key: str, purpose: LinkPurpose) -> OneTimeLink:
        """What it is good for. Raises LinkGone."""
        async with self._database.read() as reader:
            return _checked(await one_time_links.find(reader, key_hash(key), _now()), purpose)

    async def use(self, tx: Connection, key: str, purpose: LinkPurpose) -> OneTimeLink:
        """The same, and it is good no more when the transaction is done. Raises LinkGone."""
        link = _checked(await one_time_links.find(tx, key_hash(key), _now()), purpose)
        await one_time_links.delete(tx, link.link_id)
        return link

    async def list(self) -> tuple[OneTimeLink, ...]:
        """Those that are good still, newest first."""
        async with self._database.read() as reader:
            return await one_time_links.open_ones(reader, _now())

    async def take_back(self, by: Person, link_id: str, address: str = "") -> None:
        """It is good no more. Raises NotFound."""
        async with self._database.write() as tx:
            if not await one_time_links.delete(tx, link_id):
                raise NotFound("That link is not good any more already.")
            await self._audit.note(tx, Act.INVITATION_TAKEN_BACK, by, "", address)

    async def _keep(
        self, link: OneTimeLink, by: Person | None, act: Act, about: str, address: str
    ) -> str:
        key = new_key()
        async with self._database.write() as tx:
            await one_time_links.delete_old(tx, _now())
            await one_time_links.insert(tx, link, key_hash(key), by.person_key if by else None)
            await self._audit.note(tx, act, by, about, address)
        return key


def _link(
    purpose: LinkPurpose, about: Person | None, role: AccountRole, by: Person | None, seconds: int
) -> OneTimeLink:
    now = _now()
    maker = by.name if by else ""
    return OneTimeLink(new_id(), purpose, about, role, maker, now, now + seconds)


def _checked(found: OneTimeLink | None, purpose: LinkPurpose) -> OneTimeLink:
    if found is None or found.purpose is not purpose:
        raise LinkGone(GONE)
    return found


def _now() -> int:
    return int(time())
