"""Somebody signed in, as tests need it: no password is hashed, and one key fits every test's box.

`sign_in` is for a box of this process, `prepare` for the data of one that is about to be started.
Both make the box's first person `me`, whose browser holds `KEY`.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time
from types import SimpleNamespace
from typing import Any, cast

from aiosqlite import Connection
from argon2 import PasswordHasher

from appliance.accounts.account import Account, AccountRole, Device, SignedIn, SignIn
from appliance.accounts.limit import Rooms
from appliance.accounts.limits import Admission, Limits
from appliance.accounts.names import name_key
from appliance.accounts.open_requests import OpenRequests
from appliance.accounts.passkeys import Passkeys
from appliance.accounts.passwords import Passwords
from appliance.accounts.random_keys import key_hash, new_key
from appliance.accounts.sign_ins import SignIns
from appliance.conversations.conversation import Person, new_id
from appliance.front_door import FrontDoor
from appliance.lifespan import Box
from appliance.store import people, sign_ins
from appliance.store.database import Database

KEY = "a-key-that-only-tests-have"
COOKIES = {"sign-in": KEY}
BROWSER_COOKIES: Any = [
    {"name": "sign-in", "value": KEY, "domain": domain, "path": "/", "httpOnly": True}
    for domain in ("127.0.0.1", "localhost", "box.test")
]
NO_PASSWORD = "no password has this hash"

MEMBER = AccountRole.MEMBER


async def sign_in(box: Box, name: str = "me", role: AccountRole = MEMBER) -> dict[str, str]:
    """A cookie of somebody, who is made if need be."""
    async with box.desk.database.write() as tx:
        cookies = await _sign_in(tx, name, role)
    box.door.people.is_set_up = True
    return cookies


async def account_of(box: Box, name: str) -> Account:
    """Who that is."""
    return await box.door.people.named(name)


def prepare(data_dir: Path, name: str = "me", role: AccountRole = MEMBER) -> dict[str, str]:
    """The same in the data of a box that does not run, which is made if need be."""

    async def run() -> dict[str, str]:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = await Database.open(data_dir / "appliance.sqlite3")
        try:
            async with database.write() as tx:
                return await _sign_in(tx, name, role)
        finally:
            await database.close()

    # A thread of its own: the test may have an event loop already.
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, run()).result()


async def _sign_in(tx: Connection, name: str, role: AccountRole) -> dict[str, str]:
    now, known = int(time()), await people.by_name(tx, name_key(name))
    if known is not None:
        person = known.account.person
    elif name == "me":
        person = await people.local_person(tx)
        await people.set_name(tx, person.person_key, name, name_key(name))
        await people.set_password(tx, person.person_key, NO_PASSWORD)
    else:
        account = await people.insert(tx, name, name_key(name), role, NO_PASSWORD, now)
        person = account.person
    await people.set_role(tx, person.person_key, role)
    key = KEY if name == "me" else new_key()
    if await sign_ins.find(tx, key_hash(key)) is None:
        sign_in = SignIn(new_id(), Device("Firefox", "Linux"), now, now)
        await sign_ins.insert(tx, person.person_key, sign_in, key_hash(key))
    return {"sign-in": key}


def cheap_passwords() -> Passwords:
    """The real thing at the least cost there is."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Passwords(hasher, common=lambda: {"correct horse battery staple"})


class ScriptedSignIns(SignIns):
    """Who holds which key is what the test says."""

    def __init__(self, accounts: dict[str, Account]) -> None:
        self.accounts = accounts
        self.open_requests = OpenRequests()

    async def who(self, key: str) -> SignedIn | None:
        account = self.accounts.get(key)
        return SignedIn(account, f"sign-in of {account.person.name}") if account else None


class Unlimited(Limits):
    """Everybody may ask as often as they like."""

    def __init__(self) -> None:
        return

    async def admit(
        self, person: Person, key_id: str | None = None, *, asks_model: bool = True
    ) -> Admission:
        return Admission(Rooms())


class NoPasskeys(Passkeys):
    """Nobody has any."""

    def __init__(self) -> None:
        return

    async def are_used(self, host: str) -> bool:
        return False


def scripted_door(me: Person, *others: Person) -> FrontDoor:
    """A front door without a database: `me` holds KEY, the others their own ids."""
    accounts = {KEY: Account(me, MEMBER, False, 0)}
    accounts |= {each.person_id: Account(each, MEMBER, False, 0) for each in others}
    nothing = cast(Any, None)
    return FrontDoor(
        sign_ins=ScriptedSignIns(accounts),
        passwords=nothing,
        links=nothing,
        people=cast(Any, SimpleNamespace(is_set_up=True)),
        audit=nothing,
        throttle=nothing,
        entrance=nothing,
        second_factor=nothing,
        second_steps=nothing,
        passkeys=NoPasskeys(),
        proving=nothing,
        keys=nothing,
        usage=nothing,
        limits=Unlimited(),
    )
