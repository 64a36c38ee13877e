"""Accounts that stand in a database already, without a password that anybody could type."""

from appliance.accounts.account import Account, AccountRole
from appliance.store import people
from appliance.store.database import Database


async def account_in(
    database: Database, name: str, role: AccountRole = AccountRole.MEMBER
) -> Account:
    async with database.write() as tx:
        return await people.insert(tx, name, name.casefold(), role, "no password", 0)
