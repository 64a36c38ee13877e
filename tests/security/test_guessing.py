"""Ten thousand guesses: how long they take, that none is right, and that the owner gets in."""

import sys
from pathlib import Path
from time import monotonic

import pytest

sys.path.append(str(Path(__file__).parent.parent / "routes"))

from doors import open_street

from appliance.accounts.audit import Act


async def guess(tmp_path: Path, count: int) -> tuple[int, float]:
    """How many guesses were looked at, and how long all of them took."""
    async with open_street(tmp_path / "data") as street:
        owner = await street.set_up()
        await owner.post("/sign-out")
        guesser = await street.browser()
        began = monotonic()
        for number in range(count):
            answer = await guesser.sign_in("Ann", f"password number {number}")
            assert answer.status_code in (422, 429) and not guesser.is_in
        seconds = monotonic() - began
        # The right one comes too late for the guesser, and in time for the owner.
        assert (await guesser.sign_in("Ann")).status_code == 429
        assert (await owner.sign_in("Ann")).status_code == 303
        failed = await street.box.door.audit.list(act=Act.SIGN_IN_FAILED, limit=count)
        return len(failed), seconds


async def test_few_guesses_are_looked_at_and_the_owner_gets_in(tmp_path: Path) -> None:
    looked_at, _ = await guess(tmp_path, 150)
    assert looked_at < 15


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_ten_thousand_guesses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    looked_at, seconds = await guess(tmp_path, 10_000)
    with capsys.disabled():
        print(f"\n10,000 guesses: {seconds:.0f} s, {looked_at} looked at, none right")
    assert looked_at < 100
