"""The pages of whoever looks after the box: what they do, and whom they are for."""

import re

import pytest
from browsers import scripted_browser
from kept_conversations import keep
from signed_in import account_of, sign_in

from appliance.accounts.account import Access, AccountRole
from appliance.app import create_app
from appliance.routes.authentication import access_to

PAGES = tuple(
    f"/admin{page}" for page in ("", "/people", "/models", "/limits", "/health", "/audit")
)
CANARY = "zanzibar"
# What the schema itself keeps from holding words.
WORDLESS = {"role", "status", "titled_by", "branch_keys"}


@pytest.fixture
async def admin(box):
    async with scripted_browser(box, "me", AccountRole.ADMIN) as client:
        yield client


@pytest.fixture
async def eve(box, admin):
    async with scripted_browser(box, "eve") as client:
        yield client


@pytest.fixture
async def eve_account(box, eve):
    return await account_of(box, "eve")


def at(account, act):
    return f"/admin/people/{account.person.person_id}/{act}"


async def test_a_page_is_there_for_an_admin_and_for_nobody_else(admin, eve):
    for path in PAGES:
        assert (await admin.get(path)).status_code == 200
        assert (await eve.get(path)).status_code == 404
    eve.cookies.delete("sign-in")
    for path in PAGES:
        assert (await eve.get(path)).status_code == 303


async def test_a_member_can_do_nothing_of_it(box, admin, eve, eve_account):
    """Every route under /admin, found in the application itself."""
    for route in create_app(box, 80).routes:
        if not route.path.startswith("/admin"):
            continue
        path = re.sub(r"{[^}]*}", eve_account.person.person_id, route.path)
        for handler in route.route_handlers:
            for method in handler.http_methods - {"OPTIONS"}:
                assert access_to(handler) is Access.ADMIN, route.path
                assert (await eve.request(method, path)).status_code == 404, route.path
    assert (await account_of(box, "eve")) == eve_account


async def test_it_says_how_much_there_is_of_everybody(box, admin, eve_account):
    await keep(box.desk.database, eve_account.person, "x" * 600, "y" * 700, "z" * 800)
    page = (await admin.get("/admin/people")).text
    row = page.partition('dir="auto">eve<')[2]
    assert "1 conversation" in row and "2 messages" in row
    assert "2 kB" in row
    assert "last seen: Today" in row


async def test_no_page_or_answer_of_an_admin_has_a_word_of_anybody(box, admin, eve_account):
    """Whatever an admin may call, with the id of somebody who has said something everywhere."""
    await plant(box, eve_account.person)
    person_id, texts = eve_account.person.person_id, []
    form = {"role": "member", "disabled": "no", "confirmation": "wrong", "days": "7"}
    form |= {"requests": "7", "tokens": "7"}
    called = set()
    for route in create_app(box, 80).routes:
        path = re.sub(r"{[^}]*}", person_id, route.path)
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                if access_to(handler) is not Access.ADMIN:
                    continue
                data = form if method == "POST" else None
                for headers in ({}, {"HX-Request": "true"}):
                    answer = await admin.request(method, path, data=data, headers=headers)
                    texts.append(answer.text + str(answer.headers))
                called.add((str(method), route.path))
    assert {("GET", page) for page in PAGES} <= called and len(called) > 20
    (conversation,) = await box.desk.service.list_conversations(eve_account.person)
    for path in ("", "/sharing", "/exports/json", "/summary", "/place"):
        answer = await admin.get(f"/conversations/{conversation.conversation_id}{path}")
        assert answer.status_code == 404
        texts.append(answer.text)
    gone = await admin.post(at(eve_account, "deletion"), data={"confirmation": "eve"})
    assert gone.status_code == 303
    texts += [(await admin.get(path)).text for path in (*PAGES, gone.headers["location"])]
    assert [text for text in texts if CANARY in text] == []


async def plant(box, person):
    """The word in every column that can hold one, in every table of this person's."""
    conversation, said = await keep(
        box.desk.database, person, f"{CANARY} title", f"{CANARY} asked", f"{CANARY} answered"
    )
    await box.desk.sharing.share(person, conversation.conversation_id, 7, shows_name=True)
    folder = await box.desk.shelf.make_folder(person, f"{CANARY} folder")
    key, planted = person.person_key, set()
    async with box.desk.database.write() as tx:
        await tx.execute(
            "INSERT INTO turns (turn_id, person_key, conversation_key, input_message_key, status,"
            " created_at, seed, model_sha256, prompt_tokens, completion_tokens, cached_tokens,"
            " queue_ms, decode_ms, sampling, prompt_record, checkpoint) SELECT 't', person_key,"
            " conversation_key, message_key, 'failed', 0, 0, '', 0, 0, 0, 0, 0, '{}', '{}', ''"
            " FROM messages WHERE message_id = ?",
            (said[0].message_id,),
        )
        await tx.execute(
            "INSERT INTO summaries (summary_id, person_key, conversation_key, first_message_key,"
            " last_message_key, created_at, model_sha256, branch_keys, content) SELECT 's',"
            " person_key, conversation_key, message_key, message_key, 0, '',"
            " json_array(message_key), '' FROM messages WHERE message_id = ?",
            (said[0].message_id,),
        )
        tables = await tx.execute_fetchall(
            "SELECT each.name, info.name FROM sqlite_schema each"
            " JOIN pragma_table_info(each.name) info"
            " WHERE each.type = 'table' AND info.type = 'TEXT' AND EXISTS"
            " (SELECT 1 FROM pragma_table_info(each.name) WHERE name = 'person_key')"
        )
        for table, column in tables:
            if table == "people" or column.endswith("_id") or column in WORDLESS:
                continue
            word = (
                f'{{"{CANARY}": "{CANARY}"}}' if column in ("sampling", "prompt_record") else CANARY
            )
            done = await tx.execute(
                f"UPDATE {table} SET {column} = ? WHERE person_key = ?", (word, key)
            )
            if done.rowcount:
                planted.add((table, column))
    assert folder.name
    assert {("messages", "content"), ("conversations", "title"), ("folders", "name")} <= planted
    assert {("turns", "checkpoint"), ("turns", "error"), ("summaries", "content")} <= planted
    assert {("shared_links", "title"), ("shared_messages", "content")} <= planted


async def test_a_role_is_given_and_taken_and_the_last_admin_stays(box, admin, eve_account):
    assert (await admin.post(at(eve_account, "role"), data={"role": "queen"})).status_code == 422
    answer = await admin.post(at(eve_account, "role"), data={"role": "admin"})
    assert answer.headers["location"] == "/admin/people?done=role"
    assert "The role is changed." in (await admin.get(answer.headers["location"])).text
    assert (await account_of(box, "eve")).is_admin
    await admin.post(at(eve_account, "role"), data={"role": "member"})
    me = await account_of(box, "me")
    for act, form in (
        ("role", {"role": "member"}),
        ("state", {"disabled": "yes"}),
        ("deletion", {"confirmation": "me"}),
    ):
        refused = await admin.post(at(me, act), data=form)
        assert refused.status_code == 409
        assert "Make somebody else an admin first" in refused.text
    assert (await account_of(box, "me")) == me


async def test_a_disabled_account_is_out_at_once_and_may_come_back(box, admin, eve, eve_account):
    await keep(box.desk.database, eve_account.person, "Tea", "Which?")
    assert (await eve.get("/")).status_code == 200
    await admin.post(at(eve_account, "state"), data={"disabled": "yes"})
    assert (await eve.get("/")).status_code == 303
    assert "disabled" in (await admin.get("/admin/people")).text.partition('">eve<')[2]
    await admin.post(at(eve_account, "state"), data={"disabled": "no"})
    eve.cookies.update(await sign_in(box, "eve"))
    assert "Tea" in (await eve.get("/")).text


async def test_a_link_for_another_password_is_shown_once(box, admin, eve_account):
    page = await admin.post(at(eve_account, "reset-links"))
    assert page.status_code == 200
    path = re.search(r'value="http://box.test(/resets/[^"]+)"', page.text)[1]
    assert "A link for eve" in page.text
    assert path not in (await admin.get("/admin/people")).text
    admin.cookies.delete("sign-in")
    assert (await admin.get(path)).status_code == 200


async def test_an_account_is_deleted_after_its_name_is_typed(box, admin, eve, eve_account):
    await keep(box.desk.database, eve_account.person, "Tea", f"About {CANARY}")
    refused = await admin.post(at(eve_account, "deletion"), data={"confirmation": "adam"})
    assert (refused.status_code, "type its name: eve" in refused.text) == (422, True)
    done = await admin.post(at(eve_account, "deletion"), data={"confirmation": " Eve "})
    assert done.headers["location"] == "/admin/people?done=deleted"
    assert 'dir="auto">eve<' not in (await admin.get("/admin/people")).text
    assert (await eve.get("/")).status_code == 303
    await box.desk.database.truncate_wal()
    assert CANARY.encode() not in box.desk.database.path.read_bytes()


async def test_an_account_that_is_not_there_is_a_sentence(admin):
    for act in ("role", "state", "reset-links", "deletion"):
        answer = await admin.post(f"/admin/people/{'0' * 32}/{act}", data={"role": "member"})
        assert (answer.status_code, "no such account" in answer.text) == (404, True)


async def test_without_the_forms_token_nothing_is_done(box, admin, eve_account):
    del admin.headers["x-csrf-token"]
    for act in ("role", "state", "reset-links", "deletion"):
        form = {"role": "admin", "disabled": "yes", "confirmation": "eve"}
        assert (await admin.post(at(eve_account, act), data=form)).status_code == 403
    assert (await account_of(box, "eve")) == eve_account


async def test_what_an_admin_does_is_in_the_record_and_can_be_looked_through(
    box, admin, eve_account
):
    await admin.post(at(eve_account, "role"), data={"role": "admin"})
    await admin.post(at(eve_account, "state"), data={"disabled": "yes"})
    await admin.post(at(eve_account, "reset-links"))
    await admin.post("/invitations", data={"role": "member", "days": "7"})
    acts = [entry.act for entry in await box.door.audit.list(name="me")]
    assert acts == ["invited", "reset link made", "disabled", "role changed"]
    page = (await admin.get("/admin/audit?act=disabled&name=eve")).text
    rows = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert rows.count("<tr>") == 1
    assert "disabled" in rows and ">eve<" in rows and ">me<" in rows
    assert 'value="eve"' in page and '<option value="disabled" selected>' in page
    assert "Nothing of that kind" in (await admin.get("/admin/audit?name=nobody")).text


async def test_the_record_is_read_page_by_page(box, admin, eve_account):
    for _ in range(105):
        await box.door.people.set_role(None, eve_account.person.person_id, AccountRole.MEMBER)
    first = (await admin.get("/admin/audit?act=role+changed")).text
    assert first.count("<tr><td>") == 100
    url = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = (await admin.get(url)).text
    assert second.count("<tr><td>") == 5
    assert 'rel="next"' not in second


async def test_a_broken_question_to_the_record_is_a_sentence(admin):
    for query in ("before=-1", "before=x", "act=" + "x" * 61, "name=" + "x" * 201):
        answer = await admin.get(f"/admin/audit?{query}")
        assert answer.status_code == 400
        assert "could not read this request" in answer.text


async def test_health_is_told_again_to_an_open_page(admin):
    page = (await admin.get("/admin/health")).text
    assert 'hx-get="/admin/health" hx-trigger="every 10s"' in page
    assert "0 replies" in page and "free of" in page and "SQLite" in page
    fragment = await admin.get("/admin/health", headers={"HX-Request": "true"})
    assert fragment.text.startswith('<div id="health"')
    assert "<html" not in fragment.text
