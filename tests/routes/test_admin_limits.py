"""What an admin sees of how much everybody asks, and what they may change about it."""

import re
from types import SimpleNamespace

import pytest
from signed_in import account_of, sign_in

from appliance.accounts.account import AccountRole
from appliance.accounts.limit import MOST_TOKENS_PER_DAY, Limit


@pytest.fixture
async def admin(box, kept):
    await sign_in(box, "me", AccountRole.ADMIN)
    return kept


@pytest.fixture
async def eve(box, admin):
    await sign_in(box, "eve")
    return (await account_of(box, "eve")).person


async def test_the_limit_of_everybody_is_changed_and_given_back(box, admin):
    usual = box.door.limits.default
    page = (await admin.get("/admin/limits")).text
    assert (
        f'name="requests" type="number" min="0" max="100000" value="{usual.requests_per_minute}"'
        in page
    )
    answer = await admin.post("/admin/limits", data={"requests": "7", "tokens": " 5000 "})
    assert answer.headers["location"] == "/admin/limits?done=everybody"
    assert await box.door.limits.of_everybody() == Limit(7, 5000)
    assert (
        "What holds for everybody is changed"
        in (await admin.get("/admin/limits?done=everybody")).text
    )
    await admin.post("/admin/limits", data={"requests": "x", "tokens": "", "usual": "yes"})
    assert await box.door.limits.of_everybody() == usual
    acts = [(entry.act, entry.who) for entry in await box.door.audit.list()]
    assert acts == [("limits changed", "me")] * 2


async def test_somebody_is_given_a_limit_of_their_own(box, admin, eve):
    path = f"/admin/people/{eve.person_id}/limit"
    await admin.post(path, data={"requests": "3", "tokens": "0"})
    assert await box.door.limits.of_person(eve.person_id) == Limit(3, 0)
    row = (await admin.get("/admin/limits")).text.partition(">eve<")[2]
    assert "own limit" in row and 'value="3"' in row
    await admin.post(path, data={"usual": "yes"})
    assert await box.door.limits.of_person(eve.person_id) is None
    assert "own limit" not in (await admin.get("/admin/limits")).text
    assert [entry.about for entry in await box.door.audit.list()] == ["eve", "eve"]


async def test_what_is_no_limit_is_a_sentence_and_changes_nothing(box, admin, eve):
    before = await box.door.limits.of_everybody()
    for requests, tokens in (
        *(("", ""), ("-1", "1"), ("1.5", "1"), ("\u0663", "1"), ("9" * 50, "1")),
        ("1", str(MOST_TOKENS_PER_DAY + 1)),
    ):
        for path in ("/admin/limits", f"/admin/people/{eve.person_id}/limit"):
            answer = await admin.post(path, data={"requests": requests, "tokens": tokens})
            assert answer.status_code == 422
            assert "othing was changed" in answer.text
    assert await box.door.limits.of_everybody() == before
    assert await box.door.limits.of_person(eve.person_id) is None


async def test_nobody_who_is_not_there_gets_a_limit(admin):
    path = f"/admin/people/{'0' * 32}/limit"
    answer = await admin.post(path, data={"requests": "1", "tokens": "1"})
    assert (answer.status_code, "no such person" in answer.text) == (404, True)


async def test_what_was_used_is_shown_in_numbers(box, admin, eve):
    for _ in range(3):
        box.door.usage.count(eve, SimpleNamespace(prompt_tokens=1000, completion_tokens=500))
    row = (await admin.get("/admin/limits")).text.partition(">eve<")[2]
    assert re.search(r"Requests: 3 · Tokens: 4,500", row)
