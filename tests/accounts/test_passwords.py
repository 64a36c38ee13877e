"""Passwords: which are taken, and what comparing costs."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher, extract_parameters
from signed_in import cheap_passwords

from appliance.accounts.passwords import WAITING, Passwords, common_passwords
from appliance.errors import InvalidInput, TooManyTries

LONG = "four words and a half"


async def test_a_password_is_kept_as_argon2id_and_known_again() -> None:
    passwords = cheap_passwords()
    kept = await passwords.hash(LONG)
    assert kept.startswith("$argon2id$") and LONG not in kept
    assert await passwords.verify(kept, LONG)
    assert not await passwords.verify(kept, LONG + "x")


@pytest.mark.parametrize(
    "password", ["", "tiny", "x" * 9, "x" * 1001, "Correct Horse Battery Staple", "Ann Ann Ann"]
)
async def test_short_endless_and_common_ones_are_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await cheap_passwords().hash(password, "ann ann ann")
    assert str(refusal.value).endswith(".") and (not password or password not in str(refusal.value))


@pytest.mark.parametrize("password", ["가나다라마바사아자차", "    ten blanks", "x" * 1000])
async def test_there_are_no_rules_of_composition(password: str) -> None:
    passwords = cheap_passwords()
    assert await passwords.verify(await passwords.hash(password), password)


def test_the_list_of_common_ones_has_those_that_are_tried_first() -> None:
    assert {"1234567890", "qwertyuiop", "password123"} & common_passwords()
    assert len(common_passwords()) > 100


async def test_an_unknown_account_costs_the_same_work() -> None:
    """The hash that stands for nobody asks for what every other one asks for."""
    passwords = cheap_passwords()
    nobodys = extract_parameters(passwords.of_nobody)
    assert nobodys == extract_parameters(await passwords.hash(LONG))
    assert not await passwords.verify(None, LONG)
    assert not await passwords.verify(passwords.of_nobody, "")


async def test_a_broken_hash_lets_nobody_in() -> None:
    assert not await cheap_passwords().verify("no hash at all", LONG)
    assert not await cheap_passwords().verify("", "")


async def test_text_that_has_no_bytes_is_no_password() -> None:
    assert not await cheap_passwords().verify(None, "\ud800" * 12)


class Slow(PasswordHasher):
    """Counts how many are at work at once, and waits to be let on."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.let_on = threading.Event()
        self.at_work, self.most = 0, 0

    def verify(self, *given: object) -> bool:  # type: ignore[override]
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        assert self.let_on.wait(20)
        self.at_work -= 1
        return True


async def test_one_is_computed_at_a_time_and_few_may_wait() -> None:
    hasher = Slow()
    passwords = Passwords(hasher, common=set)
    asked = [asyncio.create_task(passwords.verify("x", "y")) for _ in range(WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyTries):
        await passwords.verify("x", "y")
    hasher.let_on.set()
    assert all(await asyncio.gather(*asked))
    assert hasher.most == 1


async def test_a_password_is_hashed_anew_when_the_cost_is_another_one() -> None:
    kept = await cheap_passwords().hash(LONG)
    dearer = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1), common=set)
    assert await cheap_passwords().renewed(kept, LONG) is None
    renewed = await dearer.renewed(kept, LONG)
    assert renewed is not None and await dearer.verify(renewed, LONG)
