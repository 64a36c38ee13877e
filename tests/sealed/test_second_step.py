"""A sealed account and its second factor: the password still opens it, and nothing else does."""

from dataclasses import replace
from time import time

import pyotp
import pytest
from house import AT_HOME
from sealing import PASSWORD, Dweller
from soft_passkey import SoftPasskey

from appliance.accounts.passkey import Site
from appliance.accounts.second_step import HalfIn
from appliance.errors import AccountClosed
from appliance.lifespan import Box

SITE = Site("box.test", "https://box.test")


async def leave(box: Box, me: Dweller) -> None:
    """Out everywhere, so that the account closes."""
    await box.door.sign_ins.end_all(await me.person())
    await box.sealed.accounts.wait_closed()
    with pytest.raises(AccountClosed):
        box.sealed.accounts.check_open(await me.person())


async def test_the_password_of_the_first_step_opens_it_after_the_second(
    box: Box, me: Dweller
) -> None:
    await me.seal()
    person = await me.person()
    secret = box.door.second_factor.offer(person)
    code = pyotp.TOTP(secret).at(time())
    spare = await box.door.second_factor.turn_on(person, code)
    await leave(box, me)
    half = await box.door.entrance.sign_in("me", PASSWORD, AT_HOME)
    assert isinstance(half, HalfIn)
    with pytest.raises(AccountClosed):
        box.sealed.accounts.check_open(person)
    (waiting,) = [entry.kept for entry in box.door.second_steps._waiting._entries.values()]
    await box.door.second_steps.finish(spare[0], replace(AT_HOME, second_step_key=half.key))
    box.sealed.accounts.check_open(person)
    assert waiting.password is not None and waiting.password.is_wiped


async def test_a_passkey_lets_in_and_the_password_is_asked_for(box: Box, me: Dweller) -> None:
    await me.seal()
    account, device = await me.account(), SoftPasskey()
    question = await box.door.passkeys.ask_for_new(account, "Phone", SITE)
    await box.door.passkeys.add(account, "Phone", device.create(question), SITE)
    await leave(box, me)
    shown = device.get(await box.door.passkeys.ask(SITE, AT_HOME))
    begun = await box.door.passkeys.sign_in(shown, SITE, AT_HOME)
    assert await box.door.sign_ins.who(begun.key) is not None
    with pytest.raises(AccountClosed):
        box.sealed.accounts.check_open(account.person)
    await box.sealed.opening.open(account.person, PASSWORD, AT_HOME)
    box.sealed.accounts.check_open(account.person)
