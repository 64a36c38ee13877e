import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.conversations.conversation import Conversation, new_id
from appliance.errors import StoreFull
from appliance.store import conversations, people
from appliance.store.database import Database

CHILD = Path(__file__).with_name("writes_until_killed.py")


async def add(database, person, title):
    conversation = Conversation(new_id(), title, 1, 1)
    async with database.write() as tx:
        await conversations.insert(tx, person.person_key, conversation)
    return conversation


async def stored_ids(database, person):
    async with database.read() as reader:
        listed = await conversations.list_recent(reader, person.person_key, 1_000_000)
    return {conversation.conversation_id for conversation in listed}


@pytest.mark.parametrize("lines_before_the_kill", [1, 40, 200])
async def test_kill_9_in_the_midst_of_writing_loses_nothing_acknowledged(
    path, lines_before_the_kill
):
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(lines_before_the_kill)]
    child.kill()
    rest, _ = child.communicate()
    acknowledged = {line.strip() for line in [*lines, *rest.splitlines(keepends=True)]}
    # The very last line may have been cut off by the kill.
    acknowledged = {line for line in acknowledged if len(line) == 32}
    assert len(acknowledged) >= lines_before_the_kill
    database = await Database.open(path)
    async with database.write() as tx:
        person = await people.local_person(tx)
    assert acknowledged <= await stored_ids(database, person)
    await database.close()


async def test_a_full_database_refuses_the_whole_group_and_goes_on(database, person):
    kept = await add(database, person, "kept")

    async def limit(pages: str) -> int:
        async with database.write() as tx:
            rows = await tx.execute_fetchall(f"PRAGMA max_page_count={pages}")
        return next(iter(rows))[0]

    await limit("1")  # SQLite takes this as the size it has.
    big = "x" * 200_000
    outcomes = await asyncio.gather(
        add(database, person, big), add(database, person, big), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [StoreFull, StoreFull]
    await limit("1000000")
    after = await add(database, person, "after")
    assert await stored_ids(database, person) == {kept.conversation_id, after.conversation_id}


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("cannot mount a small disk here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


async def test_a_full_disk_loses_nothing_acknowledged_and_works_again_with_space(tiny_disk):
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(b"\0" * 400_000)
    database = await Database.open(tiny_disk / "appliance.sqlite")
    async with database.write() as tx:
        person = await people.local_person(tx)
    acknowledged = set()
    refused = None
    for _ in range(200):
        try:
            conversation = await add(database, person, "x" * 10_000)
        except StoreFull as error:
            refused = error
            break
        acknowledged.add(conversation.conversation_id)
    assert refused is not None and "free some space" in str(refused)
    assert acknowledged
    assert await stored_ids(database, person) == acknowledged
    ballast.unlink()
    conversation = await add(database, person, "after")
    assert await stored_ids(database, person) == acknowledged | {conversation.conversation_id}
    await database.close()
