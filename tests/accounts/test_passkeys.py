"""Passkeys: whom they let in, and what they refuse."""

from dataclasses import replace

import pytest
from house import AT_HOME, FAR_AWAY, PASSWORD, House
from soft_passkey import PRESENT, SoftPasskey

from appliance.accounts.account import Account
from appliance.accounts.passkey import Site
from appliance.accounts.passkeys import COPIED, MOST, TOO_LATE, UNKNOWN
from appliance.errors import Conflict, InvalidInput, NotFound

SITE = Site("box.test", "https://box.test")


async def add(house: House, account: Account, device: SoftPasskey, site: Site = SITE) -> str:
    """The id of a new one."""
    question = await house.door.passkeys.ask_for_new(account, "Phone", site)
    added = await house.door.passkeys.add(account, "Phone", device.create(question), site)
    return added.passkey_id


async def answer(house: House, device: SoftPasskey, site: Site = SITE) -> str:
    return device.get(await house.door.passkeys.ask(site, AT_HOME))


@pytest.fixture
async def ann(house: House) -> Account:
    return await house.set_up()


async def test_it_lets_in_whose_it_is_and_says_when(house: House, ann: Account) -> None:
    ben = await house.member("Ben")
    mine, his = SoftPasskey(), SoftPasskey(credential_id=b"of Ben")
    await add(house, ann, mine)
    await add(house, ben, his)
    begun = await house.door.passkeys.sign_in(await answer(house, his), SITE, FAR_AWAY)
    found = await house.door.sign_ins.who(begun.key)
    assert found and found.person.name == "Ben"
    (kept,) = await house.door.passkeys.of(ben.person)
    assert kept.last_used_at and (await house.door.passkeys.of(ann.person))[0].last_used_at is None
    assert (await house.acts())[-1] == "signed in with a passkey"


async def test_a_question_is_answered_once(house: House, ann: Account) -> None:
    device = SoftPasskey()
    question = await house.door.passkeys.ask_for_new(ann, "Phone", SITE)
    made = device.create(question)
    await house.door.passkeys.add(ann, "Phone", made, SITE)
    with pytest.raises(InvalidInput, match="Begin once more"):
        await house.door.passkeys.add(ann, "Phone", made, SITE)
    shown = await answer(house, device)
    await house.door.passkeys.sign_in(shown, SITE, AT_HOME)
    with pytest.raises(InvalidInput) as refusal:
        await house.door.passkeys.sign_in(shown, SITE, AT_HOME)
    assert str(refusal.value) == TOO_LATE


async def test_a_question_to_one_is_not_answered_by_another(house: House, ann: Account) -> None:
    ben = await house.member("Ben")
    question = await house.door.passkeys.ask_for_new(ann, "Phone", SITE)
    made = SoftPasskey().create(question)
    with pytest.raises(InvalidInput) as refusal:
        await house.door.passkeys.add(ben, "Phone", made, SITE)
    assert str(refusal.value) == TOO_LATE and not await house.door.passkeys.of(ben.person)


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "https://evil.test"},
        {"origin": "http://box.test"},
        {"flags": PRESENT},
        {"flags": 0},
        {"handle": "AAAA"},
    ],
)
async def test_what_was_signed_elsewhere_or_by_nobody_lets_nobody_in(
    house: House, ann: Account, bent: dict[str, object]
) -> None:
    device = SoftPasskey()
    await add(house, ann, device)
    before = await house.door.sign_ins.devices(ann.person)
    with pytest.raises(InvalidInput):
        shown = await answer(house, replace(device, **bent))  # type: ignore[arg-type]
        await house.door.passkeys.sign_in(shown, SITE, AT_HOME)
    assert await house.door.sign_ins.devices(ann.person) == before
    await house.door.passkeys.sign_in(await answer(house, device), SITE, AT_HOME)


async def test_another_key_of_the_same_name_lets_nobody_in(house: House, ann: Account) -> None:
    device = SoftPasskey()
    await add(house, ann, device)
    forged = SoftPasskey(handle=device.handle, count=5)
    with pytest.raises(InvalidInput):
        await house.door.passkeys.sign_in(await answer(house, forged), SITE, AT_HOME)
    # Nor is anybody told of a copy by a signature that is not right.
    assert "passkey refused" not in await house.acts()


async def test_one_that_counts_backwards_is_refused_and_noted(house: House, ann: Account) -> None:
    device = SoftPasskey()
    await add(house, ann, device)
    copied = replace(device)
    await house.door.passkeys.sign_in(await answer(house, device), SITE, AT_HOME)
    before = await house.door.sign_ins.devices(ann.person)
    with pytest.raises(InvalidInput) as refusal:
        await house.door.passkeys.sign_in(await answer(house, copied), SITE, FAR_AWAY)
    assert str(refusal.value) == COPIED
    assert await house.door.sign_ins.devices(ann.person) == before
    assert (await house.acts())[-1] == "passkey refused"


async def test_a_device_that_does_not_count_is_let_in_again_and_again(
    house: House, ann: Account
) -> None:
    device = SoftPasskey()
    await add(house, ann, device)
    for _ in range(3):
        device.count = -1
        await house.door.passkeys.sign_in(await answer(house, device), SITE, AT_HOME)


async def test_it_works_under_its_own_host_alone(house: House, ann: Account) -> None:
    device = SoftPasskey()
    await add(house, ann, device)
    other = Site("box-2.local", "https://box-2.local")
    moved = replace(device, origin=other.origin)
    with pytest.raises(InvalidInput) as refusal:
        await house.door.passkeys.sign_in(await answer(house, moved, other), other, AT_HOME)
    assert str(refusal.value) == UNKNOWN
    assert await house.door.passkeys.are_used(SITE.host)
    assert not await house.door.passkeys.are_used(other.host)


async def test_a_removed_one_and_a_disabled_account_are_kept_out(
    house: House, ann: Account
) -> None:
    ben = await house.member("Ben")
    device = SoftPasskey()
    passkey_id = await add(house, ben, device)
    with pytest.raises(NotFound):
        await house.door.passkeys.remove(ann.person, passkey_id)
    await house.door.people.disable(ann.person, ben.person.person_id)
    with pytest.raises(InvalidInput, match="disabled"):
        await house.door.passkeys.sign_in(await answer(house, device), SITE, AT_HOME)
    await house.door.people.enable(ann.person, ben.person.person_id)
    await house.door.passkeys.remove(ben.person, passkey_id)
    with pytest.raises(InvalidInput) as refusal:
        await house.door.passkeys.sign_in(await answer(house, device), SITE, AT_HOME)
    assert str(refusal.value) == UNKNOWN


async def test_a_reset_ends_them_and_a_person_has_so_many(house: House, ann: Account) -> None:
    for number in range(MOST):
        await add(house, ann, SoftPasskey(credential_id=f"key {number}".encode()))
    with pytest.raises(Conflict):
        await house.door.passkeys.ask_for_new(ann, "One more", SITE)
    key = await house.door.links.reset(None, ann)
    await house.door.entrance.reset(key, PASSWORD, AT_HOME)
    assert await house.door.passkeys.of(ann.person) == ()
    assert "passkey removed" in await house.acts()
