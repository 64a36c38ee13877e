"""What the command line asks for, without a command line."""

import pytest
from house import AT_HOME, PASSWORD, House

from appliance.accounts.account import LinkPurpose
from appliance.accounts.errands import AccountErrands, AccountWish
from appliance.accounts.leaving import Leaving
from appliance.conversations.conversation import Person
from appliance.conversations.deleted import DeleteReceipt
from appliance.errors import Conflict, InvalidInput, NotFound


class Shelves:
    """Something was said."""

    async def end_all_of(self, person: Person) -> DeleteReceipt:
        return DeleteReceipt(1, 4, 2)


@pytest.fixture
def errands(house: House) -> AccountErrands:
    door = house.door
    leaving = Leaving(door.people, Shelves())
    return AccountErrands(door.people, door.passwords, door.links, leaving, "http://box.lan")


async def test_the_setup_link_is_said_until_there_is_an_account(
    house: House, errands: AccountErrands
) -> None:
    (words,) = await errands.do(AccountWish("setup"))
    assert words == f"Set up the box: http://box.lan/setup/{house.door.links.setup_key()}"
    assert (await errands.do(AccountWish("list")))[0].startswith("Nobody has an account here yet")
    with pytest.raises(Conflict, match="not set up yet"):
        await errands.do(AccountWish("add", "Ben", "member"))
    await house.set_up()
    with pytest.raises(Conflict, match="set up already"):
        await errands.do(AccountWish("setup"))


async def test_a_new_account_is_nobodys_until_its_link_is_used(
    house: House, errands: AccountErrands
) -> None:
    await house.set_up()
    (words,) = await errands.do(AccountWish("add", "Ben", "admin"))
    key = words.rsplit("/resets/", 1)[1]
    for guess in ("", "Ben", house.door.passwords.of_nobody):
        with pytest.raises(InvalidInput):
            await house.door.entrance.sign_in("Ben", guess, AT_HOME)
    assert (await house.door.links.look(key, LinkPurpose.RESET)).about is not None
    begun = await house.door.entrance.reset(key, PASSWORD, AT_HOME)
    assert begun.account.is_admin
    assert await errands.do(AccountWish("list")) == ["Ann  (admin)", "Ben  (admin)"]


async def test_accounts_are_changed_and_the_last_admin_is_not(
    house: House, errands: AccountErrands
) -> None:
    await house.set_up()
    await house.member("Ben")
    for wish, words in (
        (AccountWish("role", "ben", "admin"), "Ben is admin now."),
        (AccountWish("disable", "ben"), "Ben is disabled, and signed out everywhere."),
        (AccountWish("enable", "ben"), "Ben may sign in again."),
        (AccountWish("role", "ben", "member"), "Ben is member now."),
        (AccountWish("remove", "ben", "", "ben"), "The account Ben is gone, with 4 messages."),
    ):
        assert await errands.do(wish) == [words]
    for wish in (
        AccountWish("role", "Ann", "member"),
        AccountWish("disable", "Ann"),
        AccountWish("remove", "Ann", "", "Ann"),
    ):
        with pytest.raises(Conflict, match="Nobody else"):
            await errands.do(wish)


async def test_an_odd_wish_is_refused(house: House, errands: AccountErrands) -> None:
    await house.set_up()
    with pytest.raises(NotFound):
        await errands.do(AccountWish("reset", "nobody"))
    with pytest.raises(InvalidInput):
        await errands.do(AccountWish("dance", "Ann"))
    with pytest.raises(InvalidInput, match="type its name"):
        await errands.do(AccountWish("remove", "Ann", "", "yes"))
