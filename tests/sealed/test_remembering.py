"""What is remembered of somebody whose account is sealed: nothing of it is readable on the disk."""

from sealing import Dweller

from appliance.conversations.conversation import new_id
from appliance.conversations.fact import Fact, FactsUse, Topic
from appliance.store import facts

CANARY = "I keep zanzibar in my cellar."


async def remember(dweller: Dweller, content: str = CANARY) -> Fact:
    started = await dweller.say(content)
    await dweller.hear(started)
    ids = (new_id(), started.conversation.conversation_id, started.message.message_id)
    fact = Fact(*ids, Topic.HOME, content, 1_700_000_000, 90)
    async with dweller.box.desk.database.write() as tx:
        await facts.insert(tx, (await dweller.person()).person_key, fact)
    return fact


async def test_facts_are_sealed_with_the_account_and_read_by_their_person(box) -> None:
    dweller = await Dweller(box).move_in()
    before = await remember(dweller)
    await dweller.seal()
    path = box.desk.database.path
    assert b"zanzibar" not in path.read_bytes()
    after = await remember(dweller, "I have a zebra called zanzibar.")
    assert b"zanzibar" not in path.read_bytes()
    desk, person = await dweller.desk(), await dweller.person()
    known = await desk.facts.open(person)
    assert {each.fact.content for each in known.facts} == {before.content, after.content}
    started = await dweller.say("What is in my cellar?")
    await dweller.hear(started)
    turn = await desk.service.find_turn(person, started.turn.turn_id)
    assert turn.prompt_record["facts"]
    await desk.facts.rewrite(person, after.fact_id, "I have a zanzibar zebra.")
    await desk.facts.delete(person, before.fact_id)
    assert b"zanzibar" not in path.read_bytes()
    assert known.use is FactsUse.SURE
