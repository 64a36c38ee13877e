"""What the command line does with keys; the same in a box that runs and one that does not."""

from datetime import datetime

from appliance.accounts.account import Account
from appliance.accounts.api_key import ApiKey
from appliance.accounts.api_keys import ApiKeys
from appliance.accounts.limit import accepted_limit
from appliance.accounts.new_key import KeyWish, accepted_wish
from appliance.errors import InvalidInput, NotFound


class KeyErrands:
    """For whoever may read the database anyway."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def do(self, account: Account, wish: KeyWish) -> list[str]:
        """Do it, and say what was done. Raises InvalidInput, NotFound, Conflict."""
        match wish.act:
            case "make":
                return await self._make(account, wish)
            case "list":
                return await self._list(account)
            case "revoke":
                return await self._revoke(account, wish.name)
        raise InvalidInput("The box does not know this errand; it may be an older version.")

    async def _make(self, account: Account, wish: KeyWish) -> list[str]:
        """The key alone is what is said of it, so that a script can take it."""
        accepted = accepted_wish(
            wish.name,
            wish.scopes,
            wish.days,
            accepted_limit(wish.requests_per_minute, wish.tokens_per_day),
            is_admin=account.is_admin,
        )
        return [(await self._keys.make(account.person, accepted)).secret]

    async def _list(self, account: Account) -> list[str]:
        lines = [_line(key) for key in await self._keys.of_person(account.person)]
        return lines or [f"{account.person.name} has no keys."]

    async def _revoke(self, account: Account, name: str) -> list[str]:
        for key in await self._keys.of_person(account.person):
            if name in (key.name, key.beginning):
                await self._keys.revoke(account.person, key.key_id)
                return [f"The key {key.name} is revoked."]
        raise NotFound(f"{account.person.name} has no key called {name}.")


def _line(key: ApiKey) -> str:
    last_used = f"last used {_day(key.last_used_at)}" if key.last_used_at else "never used"
    ends = f", ends {_day(key.expires_at)}" if key.expires_at else ""
    scopes = " ".join(sorted(key.scopes))
    return (
        f"{key.beginning}…  {key.name}  ({scopes}; made {_day(key.created_at)}, {last_used}{ends})"
    )


def _day(at: int) -> str:
    return datetime.fromtimestamp(at).date().isoformat()
