"""An account that is sealed at once, for tests of what holds for it afterwards."""

from appliance.accounts.key_locks import Cost, LockKind, lock
from appliance.accounts.keyring import Keyring
from appliance.accounts.recovery_code import new_code
from appliance.conversations.conversation import Person, new_id
from appliance.store import sealing
from appliance.store.database import Database
from appliance.store.seals import Seal

CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
PASSWORD = "a quiet evening by the lake"
KEY = bytes(range(32))


def new_seal(key: bytes = KEY, password: str = PASSWORD, code: str = "") -> Seal:
    """A seal whose locks cost nothing."""
    seal_id = new_id()
    return Seal(
        seal_id,
        lock(key, password, LockKind.PASSWORD, seal_id, CHEAP),
        lock(key, code or new_code(), LockKind.CODE, seal_id, CHEAP),
        1_800_000_000,
    )


async def seal_now(
    database: Database, keyring: Keyring, person: Person, key: bytes = KEY
) -> Seal:
    """Seal all that this person has; the account is open."""
    seal = new_seal(key)
    keyring.open(seal.seal_id, key)
    async with database.write() as tx:
        await sealing.seal_all(tx, person.person_key, seal, lambda rows: None)
    return seal
