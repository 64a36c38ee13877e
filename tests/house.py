"""A box's front door over a database, and short ways to people. Passwords are cheap here."""

from dataclasses import dataclass

from appliance.accounts.account import Account, AccountRole, Device, Visitor
from appliance.front_door import FrontDoor
from appliance.store.database import Database

PASSWORD = "four words and a half"
AT_HOME = Visitor("192.168.1.5", Device("Firefox", "Linux"))
FAR_AWAY = Visitor("10.9.8.7", Device("Chrome", "Android"))


@dataclass(frozen=True, slots=True)
class House:
    """The door, and those who live behind it."""

    database: Database
    door: FrontDoor

    async def set_up(self, name: str = "Ann") -> Account:
        """The first admin."""
        key = self.door.links.setup_key()
        return (await self.door.entrance.set_up(key, name, PASSWORD, AT_HOME)).account

    async def member(self, name: str, role: AccountRole = AccountRole.MEMBER) -> Account:
        """Somebody more."""
        password_hash = await self.door.passwords.hash(PASSWORD)
        return await self.door.people.make(name, password_hash, role)

    async def acts(self) -> list[str]:
        """What was noted, oldest first."""
        return [entry.act for entry in reversed(await self.door.audit.list())]
