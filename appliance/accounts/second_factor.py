"""The second factor: a code from one's phone beside the password, and codes on paper for when the
phone is away.

Each code lets in once. Who has neither is helped by a reset alone, which an admin or the command
line makes; it ends the second factor, and is noted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import time

from aiosqlite import Connection

from appliance.accounts import spare_codes, time_codes
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.brief import Brief
from appliance.accounts.kept_secret import SecretKeeper
from appliance.accounts.time_codes import Fit, Found
from appliance.conversations.conversation import Person
from appliance.errors import CodeOfAnotherTime, Conflict, InvalidInput
from appliance.sentences import say
from appliance.store import second_factors
from appliance.store.database import Database

OFFER_SECONDS = 1800.0

WRONG = say(
    "That is not the code of now. Type the six digits that your app shows, or a spare code."
)
USED = say(
    "That code was used already, and each lets in once. Wait for the next one; it comes within "
    "half a minute."
)
ALREADY = say("A code is asked for at your sign-in already.")
IS_OFF = say("No code is asked for at your sign-in, so there was nothing to do.")
TOO_LATE = say(
    "That took too long, or the box was started again, so the QR code is a new one. Delete the old "
    "entry in your app, and scan this one."
)
UNREADABLE = say(
    "The box cannot check codes of your app any more, because its own secret is another one. Use a "
    "spare code, or ask whoever looks after the box for a link for another password."
)


@dataclass(frozen=True, slots=True)
class SecondFactorState:
    """Since when a code is asked for, and how many spare codes are left; 0 and 0 when it is not."""

    since: int = 0
    spare_codes: int = 0

    @property
    def is_on(self) -> bool:
        return self.since > 0


class SecondFactor:
    """Turns it on and off, and says whether a code is right."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        keeper: SecretKeeper,
        clock: Callable[[], float] = time,
    ) -> None:
        self._database = database
        self._audit = audit
        self._keeper = keeper
        self._clock = clock
        self._offers: Brief[str] = Brief(OFFER_SECONDS)

    async def state(self, person: Person) -> SecondFactorState:
        """How it is with this person."""
        async with self._database.read() as reader:
            row = await second_factors.find(reader, person.person_key)
        return SecondFactorState(row.created_at, row.spare_codes) if row else SecondFactorState()

    async def check_off(self, tx: Connection, person: Person, sentence: str) -> None:
        """Raises InvalidInput with that sentence when a code is to be asked for."""
        if await second_factors.find(tx, person.person_key) is not None:
            raise InvalidInput(sentence)

    def offer(self, person: Person) -> str:
        """The secret that is to be scanned; the same for a while, over a reload, too."""
        if (secret := self._offers.of(person.person_key)) is None:
            secret = time_codes.new_secret()
            self._offers.put(person.person_key, secret)
        return secret

    async def turn_on(self, person: Person, code: str, address: str = "") -> tuple[str, ...]:
        """With a code of what was offered; the spare codes, which nobody can read again.

        Raises InvalidInput, Conflict when it is on.
        """
        if (secret := self._offers.of(person.person_key)) is None:
            raise InvalidInput(TOO_LATE)
        found = time_codes.find(secret, _digits(code), self._clock())
        if found.fit is not Fit.GOOD:
            raise self._refusal(found)
        codes, now = spare_codes.new_codes(), int(self._clock())
        hidden = self._keeper.hide(person.person_key, secret)
        async with self._database.write() as tx:
            if not await second_factors.insert(tx, person.person_key, hidden, found.step, now):
                raise Conflict(ALREADY)
            await self._set_spare_codes(tx, person, codes)
            await self._audit.note(tx, Act.SECOND_FACTOR_ON, person, "", address)
        self._offers.forget(person.person_key)
        return codes

    async def turn_off(self, person: Person, address: str = "") -> None:
        """Only the password is asked for from now on. Raises Conflict when it was so."""
        async with self._database.write() as tx:
            if not await second_factors.delete(tx, person.person_key):
                raise Conflict(IS_OFF)
            await self._audit.note(tx, Act.SECOND_FACTOR_OFF, person, "", address)

    async def new_spare_codes(self, person: Person, address: str = "") -> tuple[str, ...]:
        """Others in the place of all those before. Raises Conflict when it is off."""
        codes = spare_codes.new_codes()
        async with self._database.write() as tx:
            if await second_factors.find(tx, person.person_key) is None:
                raise Conflict(IS_OFF)
            await self._set_spare_codes(tx, person, codes)
            await self._audit.note(tx, Act.SPARE_CODES_MADE, person, "", address)
        return codes

    async def spend(self, person: Person, typed: str, address: str = "") -> None:
        """Take a code of the app or a spare code, which is good no more.

        Raises InvalidInput, CodeOfAnotherTime; Conflict when none is asked for.
        """
        spare = spare_codes.read_code(typed)
        async with self._database.write() as tx:
            found: Found | str
            if spare is not None:
                found = await self._spend_spare(tx, person, spare, address)
            else:
                found = await self._spend_code(tx, person, _digits(typed))
        # Not before the block is left: what was refused is written down, too.
        if isinstance(found, str):
            raise InvalidInput(found)
        if found.fit is not Fit.GOOD:
            raise self._refusal(found)

    async def _spend_code(self, tx: Connection, person: Person, code: str) -> Found | str:
        row = await second_factors.find(tx, person.person_key)
        if row is None:
            raise Conflict(IS_OFF)
        secret = self._keeper.show(person.person_key, row.secret)
        if secret is None:
            return UNREADABLE
        found = time_codes.find(secret, code, self._clock(), row.used_step, row.told_step)
        if found.fit is Fit.GOOD:
            await second_factors.mark_used(tx, person.person_key, found.step)
        elif found.fit is Fit.OF_ANOTHER_TIME:
            # Else whoever guesses could wait until the time of a code that they were told of.
            await second_factors.mark_told(tx, person.person_key, found.step)
        return found

    async def _spend_spare(self, tx: Connection, person: Person, spare: str, address: str) -> Found:
        code_hash = spare_codes.code_hash(spare)
        if not await second_factors.use_spare_code(tx, person.person_key, code_hash):
            return Found(Fit.WRONG, 0)
        await self._audit.note(tx, Act.SPARE_CODE_USED, person, "", address)
        return Found(Fit.GOOD, 0)

    async def _set_spare_codes(
        self, tx: Connection, person: Person, codes: tuple[str, ...]
    ) -> None:
        hashes = [spare_codes.code_hash(code) for code in codes]
        await second_factors.set_spare_codes(tx, person.person_key, hashes)

    def _refusal(self, found: Found) -> InvalidInput:
        if found.fit is Fit.OF_ANOTHER_TIME:
            return CodeOfAnotherTime(int(self._clock()))
        return InvalidInput(USED if found.fit is Fit.USED else WRONG)


def _digits(typed: str) -> str:
    """Apps show the digits in two groups; some keyboards have digits of their own."""
    digits = "".join(str(int(each)) for each in typed[:100] if each.isdecimal())
    return digits if len(digits) == 6 else ""
