"""Sign-ins and roles in any order: who is in is always who should be, and somebody is admin."""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyotp
from house import AT_HOME, PASSWORD, House
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from signed_in import cheap_passwords

from appliance.accounts.account import AccountRole
from appliance.accounts.leaving import Leaving
from appliance.accounts.second_step import HalfIn
from appliance.accounts.sign_ins import DAY
from appliance.conversations.conversation import Person
from appliance.conversations.deleted import DeleteReceipt
from appliance.errors import Conflict, InvalidInput
from appliance.front_door import open_front_door
from appliance.settings import Settings
from appliance.store.database import Database

ADMIN, MEMBER = AccountRole.ADMIN, AccountRole.MEMBER
NAMES = st.sampled_from(["Ann", "Ben", "Cid", "Dan"])


class Nothing:
    """Nobody has said anything."""

    async def end_all_of(self, person: Person) -> DeleteReceipt:
        return DeleteReceipt(0, 0, 0)


class Doors(RuleBasedStateMachine):
    """`roles` and `disabled` say who there is, `keys` who should be in by which key, since when and
    how long unseen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="doors-")
        self.runner = asyncio.Runner()
        self.roles: dict[str, AccountRole] = {}
        self.disabled: set[str] = set()
        self.keys: dict[str, tuple[str, float, float]] = {}
        self.secrets: dict[str, str] = {}
        self.now = 1_800_000_000.0

    @initialize()
    def open(self) -> None:
        self.runner.run(self._open())
        self.roles["Ann"] = ADMIN
        self.keys.clear()

    async def _open(self) -> None:
        path = Path(self.folder.name)
        database = await Database.open(path / "appliance.sqlite3")
        house_settings = Settings(data_dir=path)
        door = await open_front_door(house_settings, database, passwords=cheap_passwords())
        self.house = House(database, door)
        door.sign_ins._clock = lambda: self.now
        door.second_factor._clock = lambda: self.now
        door.throttle._clock = lambda: self.now
        await self.house.set_up("Ann")
        await door.sign_ins.end_all((await door.people.named("Ann")).person)

    def teardown(self) -> None:
        self.runner.run(self.house.database.close())
        self.runner.close()
        self.folder.cleanup()

    def run(self, happening: object) -> object:
        return self.runner.run(happening)  # type: ignore[arg-type]

    def person_id(self, name: str) -> str:
        return self.runner.run(self.house.door.people.named(name)).person.person_id

    def active_admins(self) -> set[str]:
        admins = {name for name, role in self.roles.items() if role is ADMIN}
        return admins - self.disabled

    def may(self, name: str, change: object) -> bool:
        """Whether it was done; refused exactly when it would leave nobody."""
        is_last = self.active_admins() == {name}
        try:
            self.run(change)
        except Conflict:
            assert is_last
            return False
        assert not is_last
        return True

    def forget(self, name: str, but: str | None = None) -> None:
        self.keys = {k: v for k, v in self.keys.items() if v[0] != name or k == but}

    @rule(name=NAMES, role=st.sampled_from([ADMIN, MEMBER]))
    def join(self, name: str, role: AccountRole) -> None:
        try:
            self.run(self.house.member(name, role))
        except InvalidInput:
            assert name in self.roles
        else:
            assert name not in self.roles
            self.roles[name] = role

    @rule(name=NAMES)
    def sign_in(self, name: str) -> None:
        account = next(
            (a for a in self.runner.run(self.house.door.people.list()) if a.person.name == name),
            None,
        )
        assert (account is not None) == (name in self.roles)
        if account is None or name in self.disabled:
            return
        key = self.runner.run(self.house.door.sign_ins.begin(account, AT_HOME.device))
        self.keys[key] = (name, self.now, self.now)

    @rule(name=NAMES)
    def turn_codes_on(self, name: str) -> None:
        if name not in self.roles or name in self.secrets:
            return
        person = self.runner.run(self.house.door.people.named(name)).person
        secret = self.house.door.second_factor.offer(person)
        self.run(self.house.door.second_factor.turn_on(person, pyotp.TOTP(secret).at(self.now)))
        self.secrets[name] = secret

    @rule(name=NAMES, is_right=st.booleans())
    def come_in(self, name: str, is_right: bool) -> None:
        """By all that is asked for, or by a password without the right code."""
        self.now += 301  # the next code, and no waiting for what went wrong before
        try:
            entered = self.runner.run(self.house.door.entrance.sign_in(name, PASSWORD, AT_HOME))
        except InvalidInput:
            assert name not in self.roles or name in self.disabled
            return
        assert isinstance(entered, HalfIn) == (name in self.secrets)
        if isinstance(entered, HalfIn):
            visitor = replace(AT_HOME, second_step_key=entered.key)
            code = pyotp.TOTP(self.secrets[name]).at(self.now) if is_right else "no code"
            finishing = self.house.door.second_steps.finish(code, visitor)
            try:
                entered = self.runner.run(finishing)
            except InvalidInput:
                assert not is_right
                return
            assert is_right
        self.keys[entered.key] = (name, self.now, self.now)

    @rule(name=NAMES)
    def reset(self, name: str) -> None:
        """Ends codes and whatever was signed in."""
        if name not in self.roles:
            return
        account = self.runner.run(self.house.door.people.named(name))
        link = self.runner.run(self.house.door.links.reset(None, account))
        self.run(self.house.door.people.reset_password(link, PASSWORD))
        self.secrets.pop(name, None)
        self.forget(name)

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def sign_out(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.keys)))
        found = self.runner.run(self.house.door.sign_ins.who(key))
        if found is not None:
            self.run(self.house.door.sign_ins.end(found.person, found.sign_in_id or ""))
        del self.keys[key]

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def change_password(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.keys)))
        found = self.runner.run(self.house.door.sign_ins.who(key))
        if found is None:
            return
        change = self.house.door.people.set_password(
            found.account, PASSWORD, old=PASSWORD, but=found.sign_in_id
        )
        self.run(change)
        self.forget(found.person.name, but=key)

    @precondition(lambda self: self.roles)
    @rule(data=st.data())
    def disable(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.roles)))
        if name in self.disabled:
            return
        if self.may(name, self.house.door.people.disable(None, self.person_id(name))):
            self.disabled.add(name)
            self.forget(name)

    @precondition(lambda self: self.disabled)
    @rule(data=st.data())
    def enable(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.disabled)))
        self.run(self.house.door.people.enable(None, self.person_id(name)))
        self.disabled.discard(name)

    @precondition(lambda self: self.roles)
    @rule(data=st.data(), role=st.sampled_from([ADMIN, MEMBER]))
    def set_role(self, data: st.DataObject, role: AccountRole) -> None:
        name = data.draw(st.sampled_from(sorted(self.roles)))
        change = self.house.door.people.set_role(None, self.person_id(name), role)
        if role is ADMIN:
            self.run(change)
            self.roles[name] = role
        elif self.may(name, change):
            self.roles[name] = role

    @precondition(lambda self: self.roles)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.roles)))
        leaving = Leaving(self.house.door.people, Nothing())
        if self.may(name, leaving.leave(None, self.person_id(name), name)):
            del self.roles[name]
            self.secrets.pop(name, None)
            self.disabled.discard(name)
            self.forget(name)

    @rule(days=st.sampled_from([1, 20, 29]))
    def wait(self, days: int) -> None:
        self.now += days * DAY

    @invariant()
    def who_is_in_is_who_should_be(self) -> None:
        for key, (name, since, seen) in list(self.keys.items()):
            found = self.runner.run(self.house.door.sign_ins.who(key))
            is_over = self.now - since >= 180 * DAY or self.now - seen >= 30 * DAY
            if is_over:
                assert found is None
                del self.keys[key]
                continue
            assert found is not None
            account = found.account
            assert (account.person.name, account.role) == (name, self.roles[name])
            self.keys[key] = (name, since, self.now)

    @invariant()
    def somebody_can_look_after_the_box(self) -> None:
        if self.roles:
            assert self.active_admins()


Doors.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestDoors = Doors.TestCase
