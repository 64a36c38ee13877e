"""Who comes in and by which door, joined: accounts, passwords, sign-ins, links and their record."""

from dataclasses import dataclass

from appliance.accounts.api_keys import ApiKeys
from appliance.accounts.audit import AuditLog
from appliance.accounts.entrance import Entrance
from appliance.accounts.kept_secret import SecretKeeper
from appliance.accounts.letting_in import LettingIn
from appliance.accounts.limit import Limit
from appliance.accounts.limits import Limits
from appliance.accounts.one_time_links import OneTimeLinks
from appliance.accounts.passkeys import Passkeys
from appliance.accounts.passwords import Passwords
from appliance.accounts.people import People
from appliance.accounts.proving import Proving
from appliance.accounts.second_factor import SecondFactor
from appliance.accounts.second_step import SecondSteps
from appliance.accounts.sign_ins import SignIns
from appliance.accounts.throttle import Throttle
from appliance.accounts.usage import Usage
from appliance.accounts.watching import SignInWatcher
from appliance.data_dir import derived_key, page_secret
from appliance.settings import Settings
from appliance.store import people as stored_people
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """What the routes are given, by name."""

    sign_ins: SignIns
    passwords: Passwords
    links: OneTimeLinks
    people: People
    audit: AuditLog
    throttle: Throttle
    entrance: Entrance
    second_factor: SecondFactor
    second_steps: SecondSteps
    passkeys: Passkeys
    proving: Proving
    keys: ApiKeys
    usage: Usage
    limits: Limits

    @property
    def is_set_up(self) -> bool:
        """Whether there is an account; before that nobody but this machine is let in at all."""
        return self.people.is_set_up


async def open_front_door(
    settings: Settings,
    database: Database,
    *watchers: SignInWatcher,
    passwords: Passwords | None = None,
    usage: Usage | None = None,
) -> FrontDoor:
    """Join the parts. Raises StoreRefused when the box's secret cannot be had."""
    secret = page_secret(settings.data_dir)
    passwords = passwords or Passwords()
    usage = usage or Usage(database)
    audit = AuditLog(database)
    links = OneTimeLinks(database, audit, derived_key(secret, "setup link"))
    sign_ins = SignIns(
        database,
        watchers,
        idle_days=settings.accounts.idle_days,
        longest_days=settings.accounts.longest_days,
    )
    throttle = Throttle(database, derived_key(secret, "failed tries"))
    async with database.read() as reader:
        is_set_up = await stored_people.is_set_up(reader)
    people = People(database, passwords, links, sign_ins, audit, watchers, is_set_up)
    letting_in = LettingIn(sign_ins, throttle, audit)
    keeper = SecretKeeper(derived_key(secret, "second factors"))
    second_factor = SecondFactor(database, audit, keeper)
    second_steps = SecondSteps(second_factor, letting_in, throttle, audit)
    proving = Proving(database, passwords, throttle, second_steps)
    return FrontDoor(
        sign_ins=sign_ins,
        passwords=passwords,
        links=links,
        people=people,
        audit=audit,
        throttle=throttle,
        entrance=Entrance(
            *(database, people, passwords, throttle, audit),
            *(letting_in, second_factor, second_steps, proving),
        ),
        second_factor=second_factor,
        second_steps=second_steps,
        passkeys=Passkeys(database, letting_in, second_steps, audit),
        proving=proving,
        keys=ApiKeys(database, audit, sign_ins.open_requests),
        usage=usage,
        limits=Limits(database, usage, _default_limit(settings), audit),
    )


def _default_limit(settings: Settings) -> Limit:
    return Limit(settings.limits.requests_per_minute, settings.limits.tokens_per_day)
