"""A sealed account from its sealing to its unsealing: who opens it, when it closes, what waits."""

import asyncio

import pytest
from conversation_steps import step_until
from fakes import ScriptedBackend
from sealing import PASSWORD, Dweller

from appliance.accounts.account import Device, SignedIn, Visitor
from appliance.accounts.key_locks import LockKind
from appliance.conversations.turn import TurnStatus
from appliance.errors import AccountClosed, Conflict, EngineError, InvalidInput
from appliance.portable.errands import Errands
from appliance.store import seals, turns

NEW_PASSWORD = "another evening by the lake"
BROWSER = Device("Firefox", "Linux")


async def close(me):
    """As the last sign-out does."""
    await me.box.sealed.accounts.close_soon(await me.person())
    await me.box.sealed.accounts.wait_closed()


async def test_all_is_there_before_and_after(me):
    before = await me.say("Where is the lighthouse?")
    await me.hear(before)
    await me.seal()
    assert await me.read(before) == ["Where is the lighthouse?", "A short reply."]
    after = await me.say("And the harbour?", before.conversation.conversation_id)
    assert await me.hear(after) == "A short reply."
    assert await me.read(after) == [
        *("Where is the lighthouse?", "A short reply."),
        *("And the harbour?", "A short reply."),
    ]


async def test_nothing_is_sealed_before_the_code_was_written_down(box, me):
    changes, person = box.sealed.changes, await me.person()
    with pytest.raises(InvalidInput, match="Begin again"):
        await changes.begin_sealing(person, PASSWORD, "7K2M9")
    code = changes.offer(person)
    assert changes.offer(person) == code
    for typed in ("", code[:5], "nonsense", code):
        with pytest.raises(InvalidInput, match="Write the code down first"):
            await changes.begin_sealing(person, PASSWORD, typed)
    assert not (await me.account()).is_sealed
    await changes.begin_sealing(person, PASSWORD, f" {code[-5:].lower()} ")
    await changes.wait_all()
    assert (await me.account()).is_sealed
    assert changes.offer(person) != code


async def test_an_account_is_not_sealed_twice(box, me):
    await me.seal()
    changes, person = box.sealed.changes, await me.person()
    with pytest.raises(Conflict, match="sealed already"):
        await changes.begin_sealing(person, PASSWORD, changes.offer(person)[-5:])


async def test_signing_out_closes_and_the_password_opens(box, me):
    said = await me.say("Where is the lighthouse?")
    await me.hear(said)
    await me.seal()
    await close(me)
    with pytest.raises(AccountClosed):
        await me.read(said)
    with pytest.raises(AccountClosed):
        box.sealed.accounts.check_open(await me.person())
    with pytest.raises(InvalidInput, match="does not open this account"):
        await box.sealed.accounts.open(await me.person(), NEW_PASSWORD)
    await box.sealed.accounts.open(await me.person(), PASSWORD)
    box.sealed.accounts.check_open(await me.person())
    assert await me.read(said) == ["Where is the lighthouse?", "A short reply."]


async def test_the_front_door_opens_and_closes(box, me):
    await me.seal()
    await close(me)
    sign_ins, account = box.door.sign_ins, await me.account()
    first = await sign_ins.begin(account, BROWSER, PASSWORD)
    box.sealed.accounts.check_open(account.person)
    await sign_ins.begin(account, BROWSER, None)
    await sign_ins.end(account.person, (await sign_ins.who(first)).sign_in_id)
    await box.sealed.accounts.wait_closed()
    box.sealed.accounts.check_open(account.person)
    await sign_ins.end_all(account.person)
    await box.sealed.accounts.wait_closed()
    with pytest.raises(AccountClosed):
        box.sealed.accounts.check_open(account.person)
    await sign_ins.begin(account, BROWSER, None)
    with pytest.raises(AccountClosed):
        box.sealed.accounts.check_open(account.person)


async def test_a_reply_that_is_being_written_at_the_last_sign_out_is_finished_first(
    open_sealed_box,
):
    backend = ScriptedBackend(lambda sequence: "A reply that takes a while.", gated=True)
    me = await Dweller(await open_sealed_box(backend)).move_in()
    await me.seal()
    said = await me.say("Where is the lighthouse?")
    accounts, person = me.box.sealed.accounts, await me.person()
    await accounts.close_soon(person)
    accounts.check_open(person)
    await step_until(backend, accounts.wait_closed())
    with pytest.raises(AccountClosed):
        accounts.check_open(person)
    await accounts.open(person, PASSWORD)
    assert await me.read(said) == ["Where is the lighthouse?", "A reply that takes a while."]


async def test_a_reply_that_takes_too_long_is_kept_as_far_as_it_has_come(
    open_sealed_box, monkeypatch
):
    backend = ScriptedBackend(lambda sequence: "A reply that takes a while.", gated=True)
    me = await Dweller(await open_sealed_box(backend)).move_in()
    await me.seal()
    said = await me.say("Where is the lighthouse?")
    accounts, person = me.box.sealed.accounts, await me.person()
    monkeypatch.setattr("appliance.accounts.sealed_accounts.FINISH_SECONDS", 0.0)
    await accounts.close_soon(person)
    await step_until(backend, accounts.wait_closed())
    await accounts.open(person, PASSWORD)
    async with me.box.desk.database.read() as reader:
        turn = await turns.find(reader, person.person_key, said.turn.turn_id)
    assert turn.status is TurnStatus.CANCELLED


async def test_whoever_comes_back_in_time_finds_it_open(open_sealed_box):
    backend = ScriptedBackend(lambda sequence: "A reply that takes a while.", gated=True)
    me = await Dweller(await open_sealed_box(backend)).move_in()
    await me.seal()
    said = await me.say("Where is the lighthouse?")
    accounts, person = me.box.sealed.accounts, await me.person()
    await accounts.close_soon(person)
    await accounts.open(person, PASSWORD)
    await step_until(backend, me.hear(said))
    await accounts.wait_closed()
    accounts.check_open(person)


async def test_after_a_restart_it_is_closed_and_its_replies_wait_for_their_person(open_sealed_box):
    backend = ScriptedBackend(lambda sequence: "A reply that takes a while.", gated=True)
    me = await Dweller(await open_sealed_box(backend)).move_in()
    await me.seal()
    said = await me.say("Where is the lighthouse?")
    await step_until(backend, open_sealed_box.close())
    me = Dweller(await open_sealed_box())
    person = await me.person()
    assert not me.box.desk.runner.open_count and not me.box.sealed.desk.runner.open_count
    with pytest.raises(AccountClosed):
        await me.read(said)
    await me.box.sealed.accounts.open(person, PASSWORD)
    assert await me.hear(said)
    assert (await me.read(said))[0] == "Where is the lighthouse?"


async def test_a_new_password_opens_it_and_the_old_one_does_not(box, me):
    await me.seal()
    account = await me.account()
    await box.door.entrance.change_password(SignedIn(account), PASSWORD, NEW_PASSWORD, Visitor())
    await close(me)
    with pytest.raises(InvalidInput):
        await box.sealed.accounts.open(account.person, PASSWORD)
    await box.sealed.accounts.open(account.person, NEW_PASSWORD)


async def test_a_reset_closes_it_at_once_and_does_not_open_it(box, me):
    """Whoever has a reset link may be an administrator who wants to read along."""
    said = await me.say("Where is the lighthouse?")
    await me.hear(said)
    code = await me.seal()
    account, accounts = await me.account(), box.sealed.accounts
    key = await box.door.links.reset(None, account)
    await box.door.entrance.reset(key, NEW_PASSWORD, Visitor())
    with pytest.raises(AccountClosed):
        accounts.check_open(account.person)
    with pytest.raises(InvalidInput):
        await accounts.open(account.person, NEW_PASSWORD)
    with pytest.raises(InvalidInput, match="another one"):
        await accounts.open_by_code(account.person, _with_a_slip(code), NEW_PASSWORD)
    await accounts.open_by_code(account.person, code.lower(), NEW_PASSWORD)
    assert await me.read(said) == ["Where is the lighthouse?", "A short reply."]
    await close(me)
    await accounts.open(account.person, NEW_PASSWORD)


async def test_the_code_of_another_account_opens_nothing(box, me):
    other = await Dweller(box, "ann").move_in()
    await me.seal()
    theirs = await other.seal()
    await close(me)
    with pytest.raises(InvalidInput, match="not this account's"):
        await box.sealed.accounts.open_by_code(await me.person(), theirs, PASSWORD)
    box.sealed.accounts.check_open(await other.person())


async def test_an_account_that_nobody_looks_at_is_closed(box, me, monkeypatch):
    await me.seal()
    await box.sealed.accounts.close_unused()
    box.sealed.accounts.check_open(await me.person())
    monkeypatch.setattr("appliance.accounts.sealed_accounts.UNUSED_SECONDS", 0.0)
    await box.sealed.accounts.close_unused()
    await box.sealed.accounts.wait_closed()
    with pytest.raises(AccountClosed):
        box.sealed.accounts.check_open(await me.person())


async def test_while_a_reply_is_written_nothing_is_sealed(open_sealed_box):
    backend = ScriptedBackend(lambda sequence: "A reply that takes a while.", gated=True)
    me = await Dweller(await open_sealed_box(backend)).move_in()
    said = await me.say("Where is the lighthouse?")
    changes, person = me.box.sealed.changes, await me.person()
    code = changes.offer(person)
    with pytest.raises(Conflict, match="still being written"):
        await changes.begin_sealing(person, PASSWORD, code[-5:])
    await step_until(backend, me.hear(said))
    await me.box.desk.runner.wait_all()
    await me.seal()


async def test_a_message_on_its_way_while_the_account_is_sealed_is_sent_again(box, me):
    """It was given the other desk before, and would have left its words in Valkey."""
    person = await me.person()
    await me.seal()
    with pytest.raises(Conflict, match="Send it again"):
        await box.desk.service.start_turn(
            person, conversation_id=None, content="Late", client_message_id="a" * 32
        )
    said = await me.say("In time")
    await me.hear(said)
    for act in (
        box.desk.service.retry_turn(person, said.turn.turn_id),
        box.desk.branches.edit(person, said.message.message_id, "Late", "b" * 32),
    ):
        with pytest.raises(Conflict, match="Send it again"):
            await act
    assert await me.read(said) == ["In time", "A short reply."]


async def test_unsealing_needs_its_words_and_gives_all_back(box, me):
    said = await me.say("Where is the lighthouse?")
    await me.hear(said)
    await me.seal()
    changes, person = box.sealed.changes, await me.person()
    with pytest.raises(InvalidInput, match="unseal my account"):
        await changes.begin_unsealing(person, "unseal")
    await changes.begin_unsealing(person, " Unseal  my account ")
    await changes.wait_all()
    assert not (await me.account()).is_sealed
    assert await me.read(said) == ["Where is the lighthouse?", "A short reply."]
    assert (await box.desk.search.find(person, "lighthouse")).messages
    with pytest.raises(Conflict, match="not sealed"):
        await changes.begin_unsealing(person, "unseal my account")


async def test_what_could_not_be_cleared_away_is_tried_again_at_the_next_start(
    open_sealed_box, monkeypatch
):
    me = await Dweller(await open_sealed_box()).move_in()

    async def refuse(person):
        raise EngineError("The disk says no.")

    monkeypatch.setattr(me.box.desk.belongings, "forget_copies", refuse)
    changes, person = me.box.sealed.changes, await me.person()
    change = await changes.begin_sealing(person, PASSWORD, changes.offer(person)[-5:])
    await changes.wait_all()
    assert (change.ended, change.is_swept) == ("", False)
    async with me.box.desk.database.read() as reader:
        assert await seals.unswept(reader) == (person,)
    await open_sealed_box.close()
    box = await open_sealed_box()
    async with box.desk.database.read() as reader:
        assert await seals.unswept(reader) == ()


async def test_a_sealing_that_fails_leaves_the_account_as_it_was(box, me, monkeypatch):
    said = await me.say("Where is the lighthouse?")
    await me.hear(said)

    async def break_off(*given):
        raise KeyError

    monkeypatch.setattr("appliance.store.sealing.seal_all", break_off)
    changes, person = box.sealed.changes, await me.person()
    change = await changes.begin_sealing(person, PASSWORD, changes.offer(person)[-5:])
    await changes.wait_all()
    assert "nothing was changed" in change.ended
    assert not (await me.account()).is_sealed
    assert await me.read(said) == ["Where is the lighthouse?", "A short reply."]


async def test_deleting_everything_leaves_the_account_sealed(box, me):
    await me.hear(await me.say("Before"))
    await me.seal()
    person = await me.person()
    receipt = await box.desk.belongings.delete_all(person, "delete everything")
    assert receipt.conversations == 1
    assert (await me.account()).is_sealed
    said = await me.say("Afterwards")
    assert await me.hear(said) == "A short reply."


async def test_a_closed_account_can_be_deleted_with_all_it_holds(box, me):
    await me.hear(await me.say("Before"))
    await me.seal()
    await close(me)
    receipt = await box.desk.belongings.delete_all(await me.person(), "delete everything")
    assert (receipt.conversations, receipt.messages) == (1, 2)


async def test_the_command_line_refuses(box, me):
    await me.seal()
    desk = box.desk
    errands = Errands(await me.person(), desk.takeout, desk.imports, desk.belongings)
    for act in (errands.export("zip", ""), errands.delete("delete everything")):
        with pytest.raises(InvalidInput, match=r"sealed.*on the page"):
            await act


async def test_a_password_is_not_asked_for_less_than_the_seal(box, me):
    """The two locks are of different kinds, and neither is the other's secret."""
    code = await me.seal()
    seal = await box.sealed.accounts.find(await me.person())
    assert await box.sealed.accounts.key_of(seal, code, LockKind.PASSWORD) is None
    assert await box.sealed.accounts.key_of(seal, PASSWORD, LockKind.CODE) is None


def _with_a_slip(code):
    return ("Z" if code[0] != "Z" else "Y") + code[1:]


async def test_whoever_signs_out_while_the_account_is_being_sealed_leaves_it_closed(box, me):
    changes, accounts, person = box.sealed.changes, box.sealed.accounts, await me.person()
    await changes.begin_sealing(person, PASSWORD, changes.offer(person)[-5:])
    await accounts.close_soon(person)
    await changes.wait_all()
    await accounts.wait_closed()
    assert (await me.account()).is_sealed
    with pytest.raises(AccountClosed):
        accounts.check_open(person)


async def test_two_who_seal_at_once_seal_it_once(box, me):
    changes, person = box.sealed.changes, await me.person()
    code = changes.offer(person)
    begun = [changes.begin_sealing(person, PASSWORD, code[-5:]) for _ in range(3)]
    outcomes = await asyncio.gather(*begun, return_exceptions=True)
    await changes.wait_all()
    assert sorted(type(each).__name__ for each in outcomes) == ["Change", "Conflict", "Conflict"]
    assert (await me.account()).is_sealed
    box.sealed.accounts.check_open(person)
