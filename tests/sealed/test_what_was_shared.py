"""Links to what a person shared before they sealed their account."""

import pytest
from canary import in_files
from sealing import Dweller

from appliance.errors import InvalidInput, NotFound

CANARY = "zanzibar"


async def share(me: Dweller) -> tuple[str, str]:
    """The conversation, and what its readers are given."""
    said = await me.say(f"Where is {CANARY}?")
    await me.hear(said)
    conversation_id = said.conversation.conversation_id
    made = await me.box.desk.sharing.share(await me.person(), conversation_id, 7)
    return conversation_id, made.secret


async def test_sealing_ends_the_links_and_deletes_their_copies(box, me, tmp_path):
    other = await Dweller(box, "ann").move_in()
    _, secret = await share(me)
    _, others_secret = await share(other)
    sharing = box.desk.sharing
    assert (await sharing.read(secret)).messages
    await me.seal()
    with pytest.raises(NotFound):
        await sharing.read(secret)
    assert await sharing.list_all(await me.person()) == ()
    assert (await sharing.read(others_secret)).messages
    await box.desk.belongings.delete_all(await other.person(), "delete everything")
    assert in_files(CANARY, tmp_path / "data") == set()


async def test_a_sealed_account_shares_nothing_open_or_closed(box, me):
    conversation_id, _ = await share(me)
    await me.seal()
    person, sharing = await me.person(), box.desk.sharing
    with pytest.raises(InvalidInput, match="sealed"):
        await sharing.share(person, conversation_id, 7)
    await box.sealed.accounts.close(person)
    with pytest.raises(InvalidInput, match="sealed"):
        await sharing.share(person, conversation_id, 7)
    assert await sharing.list_all(person) == ()
