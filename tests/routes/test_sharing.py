"""Sharing a conversation, as its owner's browser and a stranger's ask for it; over real parts."""

import re

import pytest
from browsers import scripted_browser
from httpx import ASGITransport, AsyncClient
from kept_conversations import keep
from sealing import new_seal

from appliance.app import create_app
from appliance.conversations.conversation import TEMPORARY
from appliance.store import seals

HOSTILE = '<img src=x onerror="alert(1)"> ![x](https://elsewhere.example/x.png) **bold**'


@pytest.fixture
async def stranger(box):
    """A browser in which nobody is signed in."""
    transport = ASGITransport(create_app(box, 80))
    async with AsyncClient(transport=transport, base_url="http://box.test") as client:
        yield client


@pytest.fixture
async def eve(box, kept, stranger):
    """Somebody else's browser."""
    async with scripted_browser(box, "eve") as client:
        yield client


@pytest.fixture
async def tea(box):
    texts = ("Which one?", HOSTILE)
    conversation, _ = await keep(box.desk.database, box.person, "Tea & <milk>", *texts)
    return f"/conversations/{conversation.conversation_id}"


async def share(client, conversation, **form):
    answer = await client.post(f"{conversation}/shared-links", data={"days": "7", **form})
    assert answer.status_code == 200, answer.text
    return answer


def link_in(page):
    """The path of the link that a page shows."""
    return re.search(r"http://[^<]*(/shared/[0-9a-f]{32})<", page.text)[1]


async def test_whoever_has_the_link_reads_the_copy_and_nothing_else(kept, stranger, tea):
    page = await share(kept, tea)
    path = link_in(page)
    assert f"http://box.test{path}" in page.text
    shown = await stranger.get(path)
    assert shown.status_code == 200
    assert "<title>Tea &amp; &lt;milk&gt;</title>" in shown.text
    assert "Which one?" in shown.text
    assert "<strong>bold</strong>" in shown.text
    assert "<img" not in shown.text and "<textarea" not in shown.text
    # Its language is all that a reader can choose.
    assert re.findall(r'<form[^>]* action="([^"]*)"', shown.text) == ["/language"]
    assert "Shared by" not in shown.text
    assert shown.headers["x-robots-tag"].startswith("noindex")
    assert 'content="noindex' in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    for elsewhere in (tea, "/shared-links", "/"):
        assert (await stranger.get(elsewhere)).status_code == 303


async def test_the_owners_name_is_shown_if_that_was_ticked(kept, stranger, tea):
    shown = await stranger.get(link_in(await share(kept, tea, shows_name="yes")))
    assert "Shared by me:" in shown.text


async def test_the_link_is_shown_once_and_the_list_tells_how_it_is(kept, stranger, tea):
    path = link_in(await share(kept, tea))
    await stranger.get(path)
    for page in (await kept.get(tea + "/sharing"), await kept.get("/shared-links")):
        assert path not in page.text
        assert "2 messages" in page.text
        assert "opened 1 time" in page.text
    (link_id,) = re.findall("/shared-links/([0-9a-f]{32})/deletion", page.text)
    ended = await kept.post(f"/shared-links/{link_id}/deletion")
    assert (ended.status_code, ended.headers["location"]) == (303, "/shared-links")
    assert (await stranger.get(path)).status_code == 404
    assert "Nothing is shared." in (await kept.get("/shared-links")).text


async def test_a_link_that_is_wrong_in_any_way_leads_to_the_same_calm_page(kept, stranger, tea):
    path = link_in(await share(kept, tea))
    link_id = re.search("/shared-links/([0-9a-f]{32})/", (await kept.get("/shared-links")).text)[1]
    await kept.post(f"/shared-links/{link_id}/deletion")
    answers = [
        await stranger.get(wrong)
        for wrong in (path, f"/shared/{'0' * 32}", f"{path}0", "/shared/x", "/shared/%00%ff")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "Nothing to read here" in answers[0].text
    assert "noindex" in answers[0].headers["x-robots-tag"]


async def test_another_persons_conversation_and_links_are_not_there(kept, eve, stranger, tea):
    path = link_in(await share(kept, tea))
    link_id = re.search("/shared-links/([0-9a-f]{32})/", (await kept.get("/shared-links")).text)[1]
    assert (await eve.get(f"{tea}/sharing")).status_code == 404
    assert (await eve.post(f"{tea}/shared-links", data={"days": "7"})).status_code == 404
    assert (await eve.post(f"/shared-links/{link_id}/deletion")).status_code == 404
    assert "Tea" not in (await eve.get("/shared-links")).text
    assert (await stranger.get(path)).status_code == 200


async def test_a_time_that_is_not_offered_is_a_sentence(kept, tea):
    for form in ({}, {"days": ""}, {"days": "8"}, {"days": "x"}, {"days": "7 "}):
        answer = await kept.post(f"{tea}/shared-links", data=form)
        assert answer.status_code == 422
        assert "1, 7 or 30 days" in answer.text
    assert "Nothing is shared." in (await kept.get("/shared-links")).text


async def test_without_the_forms_token_nothing_is_shared_or_ended(kept, tea):
    await share(kept, tea)
    link_id = re.search("/shared-links/([0-9a-f]{32})/", (await kept.get("/shared-links")).text)[1]
    del kept.headers["x-csrf-token"]
    assert (await kept.post(f"{tea}/shared-links", data={"days": "7"})).status_code == 403
    assert (await kept.post(f"/shared-links/{link_id}/deletion")).status_code == 403
    assert (await kept.get("/shared-links")).text.count("/deletion") == 1


async def test_a_temporary_and_a_sealed_conversation_are_refused_with_a_reason(kept, box, tea):
    gone = f"/conversations/{TEMPORARY}{'0' * 32}"
    assert "temporary conversation" in (await kept.get(f"{gone}/sharing")).text
    answer = await kept.post(f"{gone}/shared-links", data={"days": "7"})
    assert (answer.status_code, "cannot be shared" in answer.text) == (422, True)
    async with box.desk.database.write() as tx:
        await seals.insert(tx, box.person.person_key, new_seal())
    answer = await kept.post(f"{tea}/shared-links", data={"days": "7"})
    assert (answer.status_code, "sealed" in answer.text) == (422, True)


async def test_links_of_a_disabled_owner_show_nothing(kept, box, stranger, tea):
    path = link_in(await share(kept, tea))
    async with box.desk.database.write() as tx:
        await tx.execute("UPDATE people SET is_disabled = 1")
    assert (await stranger.get(path)).status_code == 404


async def test_a_long_one_is_read_page_by_page(kept, box, stranger):
    texts = [f"word-{number}-" for number in range(120)]
    conversation, _ = await keep(box.desk.database, box.person, "Long", *texts)
    path = link_in(await share(kept, f"/conversations/{conversation.conversation_id}"))
    seen, url = [], path
    while url:
        page = (await stranger.get(url)).text
        seen += re.findall(r"word-\d+-", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        url = following and following[1]
    assert seen == texts
    assert "Page 3 of 3" in page
    last = (await stranger.get(f"{path}?page=99")).text
    assert "word-119-" in last and 'rel="prev"' in last


async def test_an_address_that_only_this_machine_knows_is_said_to_be_one(kept, tea):
    assert "this machine only" not in (await share(kept, tea)).text
    kept.base_url = "http://localhost"
    cookies = "; ".join(f"{name}={value}" for name, value in kept.cookies.items())
    kept.headers["cookie"] = cookies
    page = await share(kept, tea)
    assert "this machine only" in page.text


async def test_the_menu_and_the_page_of_ones_data_lead_there(kept, tea):
    assert f'href="{tea}/sharing"' in (await kept.get(tea)).text
    assert 'href="/shared-links"' in (await kept.get("/data")).text


async def test_an_export_says_what_is_shared_and_never_the_link(kept, tea):
    path = link_in(await share(kept, tea))
    archive = (await kept.get("/data/exports/zip")).content
    assert b"shared_links.json" in archive
    assert path.rpartition("/")[2].encode() not in archive


async def test_sharing_is_noted_without_a_word_of_it(kept, box, tea):
    await share(kept, tea)
    (entry, *_) = await box.door.audit.list()
    assert (entry.act, entry.who, entry.about) == ("conversation shared", "me", "")
