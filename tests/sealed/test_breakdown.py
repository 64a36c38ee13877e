"""What a breakdown left unfinished of an account that only its person can open."""

from contextlib import closing

from conversation_steps import step_until
from fakes import ScriptedBackend
from pysqlite3 import dbapi2 as sqlite
from sealing import PASSWORD, Dweller

REPLY = "A reply that takes a while."


async def test_its_replies_begin_one_at_a_time_when_it_is_opened(open_sealed_box):
    backend = ScriptedBackend(lambda sequence: REPLY, gated=True)
    me = await Dweller(await open_sealed_box(backend)).move_in()
    await me.seal()
    asked = [await me.say("Where is the lighthouse?"), await me.say("And the harbour?")]
    database_file = me.box.desk.database.path
    await step_until(backend, open_sealed_box.close())
    with closing(sqlite.connect(database_file)) as database, database:
        database.execute("UPDATE turns SET attempts = 1")  # no polite stop: it broke down

    backend = ScriptedBackend(lambda sequence: REPLY, gated=True)
    me = Dweller(await open_sealed_box(backend))
    person, runner = await me.person(), me.box.sealed.desk.runner
    await me.box.sealed.accounts.open(person, PASSWORD)
    lives = [runner.find(person, each.turn.turn_id) for each in asked]
    assert sorted(live.line.is_behind for live in lives) == [False, True]
    for each in asked:
        await step_until(backend, me.hear(each))
        assert (await me.hear(each)).endswith(REPLY)
