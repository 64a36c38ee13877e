"""The list in the sidebar, the pages of all conversations, and what is done there."""

import re
from time import time

import pytest
from kept_conversations import add, keep, stranger_in
from scripted_box import SOMEONE_ELSE

from appliance.conversations.shelf import SHELF_LENGTH, Placing

HOSTILE = '<img src=x onerror="alert(1)"></a>"\''
DAY = 86_400


@pytest.fixture
async def roses(box):
    conversation, _ = await keep(box.desk.database, box.person, "Roses", "How?", "So.")
    return f"/conversations/{conversation.conversation_id}"


def headings(page):
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", page.partition('id="messages"')[0])


def list_of(page):
    """The titles of the sidebar, in order."""
    listed = page.partition('id="conversations"')[2].partition("</nav>")[0]
    return re.findall(r'id="link-[^>]*>([^<]*)</a>', listed)


async def test_the_list_has_pins_folders_and_days(kept, box):
    database, person, shelf = box.desk.database, box.person, box.desk.shelf
    made = {}
    for title in ("old", "rose", "tulip", "top", "away"):
        made[title], _ = await keep(database, person, title, at=int(time()) - 40 * DAY)
    for title, placing in (
        ("top", Placing(is_pinned=True, new_folder="Garden")),
        ("rose", Placing(new_folder="Garden")),
        ("tulip", Placing(new_folder="attic")),
        ("away", Placing(is_archived=True)),
    ):
        await shelf.place(person, made[title].conversation_id, placing)
    page = (await kept.get("/")).text
    assert headings(page) == ["Pinned", "attic", "Garden", "Older"]
    assert list_of(page) == ["top", "tulip", "rose", "old"]
    assert "<details" in page and " open>" not in page
    inside = (await kept.get(f"/conversations/{made['rose'].conversation_id}")).text
    assert inside.count(" open>") == 1


async def test_five_hundred_conversations_make_a_bounded_list_and_a_way_to_the_rest(kept, box):
    async with box.desk.database.write() as tx:
        for number in range(500):
            await add(tx, box.person, f"conversation {number}")
    page = (await kept.get("/")).text
    assert len(list_of(page)) == 200
    assert list_of(page)[0] == "conversation 499"
    assert 'href="/conversations"' in page
    seen, url = [], "/conversations"
    while url:
        page = (await kept.get(url)).text
        rows = re.findall(r'class="row-title" dir="auto">([^<]*)<', page)
        assert len(rows) <= SHELF_LENGTH
        seen += rows
        next_page = re.search(r'rel="next" href="([^"]+)"', page)
        url = next_page and next_page[1]
    assert seen == [f"conversation {number}" for number in reversed(range(500))]


async def test_titles_of_any_kind_stay_text(kept, box):
    titles = [HOSTILE, "서울 여행 " * 12, "שלום עולם", "x" * 120, "\u202eevil"]
    for title in titles:
        await keep(box.desk.database, box.person, title)
    for url in ("/", "/conversations"):
        page = (await kept.get(url)).text
        assert "<img" not in page
        assert page.count('dir="auto"') >= len(titles)


async def test_pinning_changes_the_menu_and_the_list_in_place(kept, roses, htmx):
    answer = await kept.post(f"{roses}/place", data={"pinned": "yes"}, headers=htmx)
    assert answer.status_code == 200
    assert '<hx-partial hx-target="#header" hx-swap="innerMorph">' in answer.text
    assert "<span>Unpin</span>" in answer.text
    assert '<hx-partial hx-target="#conversations" hx-swap="innerMorph"><h2>Pinned</h2>' in (
        answer.text
    )
    answer = await kept.post(f"{roses}/place", data={"archived": "yes"}, headers=htmx)
    assert "Bring back from the archive" in answer.text
    assert "In the archive" in answer.text
    assert list_of((await kept.get("/")).text) == []


async def test_an_open_page_elsewhere_notices_where_a_conversation_went(kept, roses, htmx):
    sync = re.search(r'id="sync"[^>]*hx-get="([^"]+)"', (await kept.get(roses)).text)[1]
    assert (await kept.get(sync, headers=htmx)).status_code == 204
    await kept.post(f"{roses}/place", data={"new_folder": "Garden"}, headers=htmx)
    news = await kept.get(sync, headers=htmx)
    assert news.status_code == 200
    assert "Garden" in news.text


async def test_the_archive_gives_back_without_scripts(kept, roses):
    answer = await kept.post(f"{roses}/place", data={"archived": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, roses)
    archive = (await kept.get("/conversations?archived=yes")).text
    assert "Roses" in archive
    assert f'action="{roses}/place"' in archive
    await kept.post(f"{roses}/place", data={"archived": "no"})
    assert list_of((await kept.get("/")).text) == ["Roses"]
    assert "Nothing is put away here." in (await kept.get("/conversations?archived=yes")).text


async def test_the_dialog_offers_the_folders_and_takes_a_new_one(kept, box, roses, htmx):
    await box.desk.shelf.make_folder(box.person, HOSTILE)
    await kept.post(f"{roses}/place", data={"new_folder": "Garden"}, headers=htmx)
    dialog = (await kept.get(f"{roses}/place", headers=htmx)).text
    assert re.search(r'<option value="[0-9a-f]{32}" selected>Garden</option>', dialog)
    assert "<img" not in dialog
    answer = await kept.post(
        f"{roses}/place", data={"folder": "", "new_folder": "x" * 61}, headers=htmx
    )
    assert answer.status_code == 422
    assert "at most 60 characters" in answer.text
    assert "Garden" in (await kept.get("/")).text


async def test_a_folder_is_made_renamed_and_deleted_without_scripts(kept, box, roses):
    made = await kept.post("/folders", data={"name": "Garden"})
    assert made.status_code == 303
    url = made.headers["location"]
    folder_id = url.partition("=")[2]
    assert "This folder is empty." in (await kept.get(url)).text
    await kept.post(f"{roses}/place", data={"folder": folder_id})
    assert "Roses" in (await kept.get(url)).text
    await kept.post(f"/folders/{folder_id}", data={"name": "Rose garden"})
    assert "<title>Rose garden</title>" in (await kept.get(url)).text
    gone = await kept.post(f"/folders/{folder_id}/deletion")
    assert (gone.status_code, gone.headers["location"]) == (303, "/conversations")
    assert (await kept.get(url)).status_code == 404
    assert list_of((await kept.get("/")).text) == ["Roses"]


@pytest.mark.parametrize(
    ("path", "form", "sentence"),
    [
        ("/folders", {"name": ""}, "needs a name"),
        ("/folders", {"name": "x" * 61}, "at most 60"),
        ("{roses}/place", {"pinned": "perhaps"}, "Reload the page"),
        ("{roses}/place", {"folder": "0" * 32}, "no such folder"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(
    kept, box, roses, htmx, path, form, sentence
):
    before = (await kept.get("/conversations")).text.partition("<main")[2]
    answer = await kept.post(path.format(roses=roses), data=form, headers=htmx)
    assert answer.status_code in (404, 422)
    assert sentence in answer.text
    strip = re.compile(r'name="_csrf_token" value="[^"]*"')
    after = (await kept.get("/conversations")).text.partition("<main")[2]
    assert strip.sub("", after) == strip.sub("", before)


async def test_a_strangers_conversations_and_folders_are_not_there(kept, box, htmx):
    stranger = await stranger_in(box.desk.database)
    foreign, _ = await keep(box.desk.database, stranger, "Foreign")
    folder = await box.desk.shelf.make_folder(stranger, "Foreign folder")
    place = f"/conversations/{foreign.conversation_id}/place"
    assert (await kept.get(place, headers=htmx)).status_code == 404
    assert (await kept.post(place, data={"pinned": "yes"}, headers=htmx)).status_code == 404
    assert (await kept.post(place, data={"archived": "yes"})).status_code == 404
    url = f"/folders/{folder.folder_id}"
    assert (await kept.post(url, data={"name": "Mine"})).status_code == 404
    assert (await kept.post(f"{url}/deletion")).status_code == 404
    listing = await kept.get(f"/conversations?folder={folder.folder_id}")
    unknown = await kept.get(f"/conversations?folder={'0' * 32}")
    assert listing.status_code == unknown.status_code == 404
    assert listing.text == unknown.text
    for query in ("", "?archived=yes", f"?after={foreign.conversation_id}"):
        assert "Foreign" not in (await kept.get(f"/conversations{query}")).text
    found, folders = await box.desk.shelf.find(stranger, foreign.conversation_id)
    assert (found.is_pinned, found.is_archived) == (False, False)
    assert folders == (folder,)


async def test_a_form_without_the_token_is_refused(kept, roses):
    del kept.headers["x-csrf-token"]
    for path in ("/folders", f"{roses}/place"):
        assert (await kept.post(path, data={"name": "x"})).status_code == 403


async def test_the_page_lists_only_ones_own(client, service):
    service.add_conversation("Mine")
    service.add_conversation("Theirs", SOMEONE_ELSE)
    assert list_of((await client.get("/")).text) == ["Mine"]
