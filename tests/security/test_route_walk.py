"""Every route there is: who may call it, and that nobody comes to another person's things by it.

The walk goes over the routes that the application really has. It knows what each name of an id
means; a route with a name that it does not know fails it, so that nobody adds one without thinking
of whose things they are.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.params import KwargDefinition
from litestar.routes import HTTPRoute

sys.path.append(str(Path(__file__).parent.parent / "routes"))

from doors import Browser, Street, open_street

from appliance.accounts.account import Access
from appliance.accounts.api_key import Scope
from appliance.accounts.new_key import Wish
from appliance.conversations.conversation import new_id
from appliance.conversations.fact import Fact, Topic
from appliance.routes.authentication import access_to
from appliance.store import facts
from appliance.store.rows import all_rows

CANARY = "zanzibar"
HARMLESS = {
    *{"state", "format", "after", "q", "page", "archived", "next", "out"},
    *{"title", "content", "question", "client_message_id", "shown_to", "name", "password"},
    *{"chat", "embeddings", "read", "metrics", "requests_per_minute", "tokens_per_day"},
    *{"next_page", "role", "days", "confirmation", "old", "new", "pinned", "new_folder", "kind"},
    *{"act", "done", "shows_name", "disabled", "accepted", "file", "requests", "tokens", "usual"},
    *{"code", "language", "use", "recalled", "passage"},
}
"""Names that are no ids: words, numbers, choices."""
YES = ("pinned", "archived", "recalled")

OPEN = {
    *{"GET /sign-in", "POST /sign-in", "GET /setup", "GET /setup/{key}", "POST /setup/{key}"},
    *{"GET /invitations/{key}", "POST /invitations/{key}"},
    *{"GET /resets/{key}", "POST /resets/{key}"},
    *{"GET /healthz", "GET /readyz", "GET /static/{file_path}"},
    "HEAD /static/{file_path}",
    "GET /shared/{secret}",
    *{"GET /trust", "GET /trust/authority.crt", "GET /trust/authority.mobileconfig"},
    *{"GET /offline", "GET /service-worker.js", "POST /language"},
}
"""What anyone may call. Whoever adds to this list says why in the route."""

FROM_ELSEWHERE = {"x-forwarded-for": "10.9.8.7"}
"""Some routes are open to programs on this machine."""

OF_BOX = {"name": "default", "file_path": "css/app.css"}
"""Names in paths of what is nobody's own."""


@dataclass(frozen=True, slots=True)
class Way:
    """A method and a path, and the handler that it leads to."""

    method: str
    path: str
    handler: HTTPRouteHandler
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def filled(self, ids: dict[str, str]) -> str:
        return self.path.format(**{name: ids[name] for name in self.names})


@dataclass
class Walk:
    """A box with two people: Ann has something of everything, Ben walks."""

    street: Street
    ann: Browser
    ben: Browser
    ids: dict[str, str]

    def ways(self) -> list[Way]:
        found = []
        for route in self.street.app.routes:
            if not isinstance(route, HTTPRoute):
                continue
            names = tuple(route.path_parameters)
            path = route.path_format
            for handler in route.route_handlers:
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    found.append(Way(str(method), path, handler, names))
        return found

    async def call(self, way: Way, browser: Browser, ids: dict[str, str], **headers: str) -> Any:
        """With those ids everywhere where an id is taken."""
        query = {name: ids.get(name, "") for name in queries(way.handler) if ids.get(name)}
        taken = {name: ids[name] for name in ids.keys() - OF_BOX.keys()}
        words = {"client_message_id": new_id(), **dict.fromkeys(YES, "yes"), **taken}
        form = {name: words.get(name, new_id()) for name in fields_of_form(way.handler)}
        token = {"x-csrf-token": browser.client.cookies.get("csrf", "")}
        return await browser.client.request(
            way.method,
            way.filled(ids),
            params=query,
            data=form if way.method in ("POST", "PATCH", "PUT") else None,
            headers=FROM_ELSEWHERE | token | headers,
        )

    async def all_there_is(self) -> dict[str, list[Any]]:
        """Every row of every table, but for what any request may note."""
        async with self.street.box.desk.database.read() as reader:
            tables = await all_rows(
                reader,
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN "
                "('audit', 'sign_ins', 'known_devices', 'failed_tries', 'sqlite_sequence')",
                (),
            )
            return {
                name: await all_rows(reader, f'SELECT * FROM "{name}"', ())
                for (name,) in tables
                if not name.startswith("sqlite")
            }


def queries(handler: HTTPRouteHandler) -> set[str]:
    """Names in the query that the handler takes."""
    found = set()
    for name, parameter in handler.parsed_fn_signature.parameters.items():
        for mark in parameter.metadata:
            if type(mark).__name__ == "QueryParameter":
                found.add(mark.name or name)
        kwarg = parameter.kwarg_definition
        if isinstance(kwarg, KwargDefinition) and getattr(kwarg, "query", None):
            found.add(kwarg.query)
    return found


def fields_of_form(handler: HTTPRouteHandler) -> set[str]:
    """Names in the form that the handler takes."""
    data = handler.parsed_fn_signature.parameters.get("data")
    if data is None:
        return set()
    kinds = [data.annotation, *get_args(data.annotation), get_origin(data.annotation)]
    (form,) = [kind for kind in kinds if isinstance(kind, type) and is_dataclass(kind)]
    return {field.name for field in fields(form)}


@pytest.fixture
async def walk(tmp_path: Path) -> AsyncIterator[Walk]:
    async with AsyncExitStack() as stack:
        street = await stack.enter_async_context(open_street(tmp_path / "data"))
        await street.box.generations.wait_ready()
        ann = await street.set_up()
        ben = await street.invited(ann, "Ben")
        ids = await everything_of(street, ann)
        # A page of his own, so that he has the token of a form.
        await ben.get("/account")
        yield Walk(street, ann, ben, ids)


async def everything_of(street: Street, ann: Browser) -> dict[str, str]:
    """Something of each kind that has an id."""
    desk = street.box.desk
    person = (await street.box.door.people.named("Ann")).person
    said = await ann.post("/turns", content=f"{CANARY}?", client_message_id=new_id())
    await desk.runner.wait_all()
    conversation_id = said.headers["location"].rsplit("/", 1)[1]
    opened = await desk.service.open_conversation(person, conversation_id)
    turn = opened.last_turn
    assert turn is not None
    folder = await ann.post("/folders", name=CANARY)
    file = {"file": ("x.json", b'{"format": "no"}')}
    token = {"_csrf_token": ann.client.cookies["csrf"]}
    refused = await ann.client.post("/imports", data=token, files=file)
    await ann.post("/invitations", role="member", days="7")
    (device,) = await street.box.door.sign_ins.devices(person)
    (link,) = await street.box.door.links.list()
    wish = Wish(CANARY, frozenset({Scope.READ}))
    made = await street.box.door.keys.make(person, wish)
    message_id = opened.messages[0].message_id
    files = {"file": ("x.txt", f"{CANARY}.".encode())}
    await ann.client.post("/documents", data=token, files=files)
    await street.box.documents.intake.wait_idle()
    (document,) = await street.box.documents.library.list(person)
    shared = await desk.sharing.share(person, conversation_id, 7)
    fact = Fact(new_id(), conversation_id, message_id, Topic.OTHER, CANARY, 0, 90)
    async with desk.database.write() as tx:
        await facts.insert(tx, person.person_key, fact)
    return {
        "conversation_id": conversation_id,
        "turn_id": turn.turn_id,
        "message_id": message_id,
        "leaf_id": message_id,
        "folder_id": folder.headers["location"].rsplit("=", 1)[1],
        "folder": folder.headers["location"].rsplit("=", 1)[1],
        "import_id": refused.headers.get("location", f"/{new_id()}").rsplit("/", 1)[1],
        "summary_id": new_id(),
        "fact_id": fact.fact_id,
        "page_id": new_id(),
        "document_id": document.document_id,
        "sign_in_id": device.sign_in_id,
        "link_id": link.link_id,
        "shared_link_id": shared.link.link_id,
        "days": "7",
        "secret": "wrong",
        "person_id": person.person_id,
        "addition_id": new_id(),
        "key_id": made.key.key_id,
        "kind": "json",
        "key": "wrong",
        "before": message_id,
        "at": message_id,
        **OF_BOX,
    }


async def test_every_id_that_a_route_takes_is_one_that_the_walk_knows(walk: Walk) -> None:
    for way in walk.ways():
        assert set(way.names) <= walk.ids.keys(), f"{way}: whose is that?"
        taken = queries(way.handler) | fields_of_form(way.handler)
        assert taken <= walk.ids.keys() | HARMLESS, f"{way}: {taken - walk.ids.keys() - HARMLESS}"


async def test_without_a_sign_in_only_the_listed_routes_answer(walk: Walk) -> None:
    stranger = await walk.street.browser()
    await stranger.get("/sign-in")
    for way in walk.ways():
        answer = await walk.call(way, stranger, walk.ids)
        if access_to(way.handler) is Access.ANYONE:
            assert str(way) in OPEN, f"{way} is open to anyone"
            assert answer.status_code < 500, way
        else:
            is_led = answer.status_code == 303 and "/sign-in" in answer.headers["location"]
            assert is_led or answer.status_code == 401, (way, answer.status_code)
        assert CANARY not in answer.text, way


async def test_a_member_finds_no_route_of_an_admin(walk: Walk) -> None:
    of_admins = [way for way in walk.ways() if access_to(way.handler) is Access.ADMIN]
    assert of_admins
    before = await walk.all_there_is()
    for way in of_admins:
        answer = await walk.call(way, walk.ben, walk.ids)
        assert answer.status_code == 404 and "no such page" in answer.text, way
    assert await walk.all_there_is() == before


async def test_nobody_comes_to_anothers_things_by_any_route(
    walk: Walk, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await walk.all_there_is()
    ways = [way for way in walk.ways() if access_to(way.handler) is Access.MEMBER]
    # What ends his own sign-in or account stands last.
    ways.sort(key=lambda way: way.path.startswith(("/account", "/sign-out", "/data")))
    ways.sort(key=lambda way: not way.path.startswith("/account/keys"))
    owned = 0
    for way in ways:
        answer = await walk.call(way, walk.ben, walk.ids)
        if answer.status_code == 422:  # it is for open pages only
            answer = await walk.call(way, walk.ben, walk.ids, **{"HX-Request": "true"})
        assert CANARY not in answer.text, way
        own_ids = set(way.names) - OF_BOX.keys() - {"kind"}
        if own_ids and not (answer.status_code == 200 and "event: done" in answer.text):
            assert answer.status_code == 404, (way, answer.status_code, answer.text)
        assert answer.status_code < 500, way
        owned += 1
        if not walk.ben.is_in:
            await walk.ben.sign_in("Ben")
    everything = walk.ways()
    unowned = [way for way in everything if access_to(way.handler) not in set(Access)]
    with capsys.disabled():
        opened = sum(access_to(way.handler) is Access.ANYONE for way in everything)
        print(
            f"\n{len(everything)} routes, {len(everything) - opened} owned, {len(unowned)} unowned;"
            f" {opened} open to anyone"
        )
    after = await walk.all_there_is()
    # What Ben has he may change.
    bens = [row for row in before["people"] if "Ben" in row]
    before["people"].remove(*bens)
    for name, rows in before.items():
        assert [row for row in rows if row not in after[name]] == [], name
    assert owned == len(ways) and not unowned


async def test_a_key_opens_nothing_of_anybody_else(walk: Walk) -> None:
    person = (await walk.street.box.door.people.named("Ben")).person
    keys = walk.street.box.door.keys
    secret = (await keys.make(person, Wish("Ben's", frozenset(Scope)))).secret
    shown = f"Bearer {secret}"
    await keys.who(secret)  # its first use is noted
    before = await walk.all_there_is()
    for way in walk.ways():
        stranger = await walk.street.browser()
        answer = await walk.call(way, stranger, walk.ids, Authorization=shown)
        assert CANARY not in answer.text, way
        if access_to(way.handler) is Access.ANYONE or "event: done" in answer.text:
            continue
        if access_to(way.handler) is Access.ADMIN or set(way.names) - OF_BOX.keys() - {"kind"}:
            assert answer.status_code in (403, 404), (way, answer.status_code)
        elif "scope" not in way.handler.opt:
            assert answer.status_code == 403, (way, answer.status_code)
    assert await walk.all_there_is() == before


def test_what_is_open_to_anyone_is_written_down_here() -> None:
    """So that opening a route is a change of this file, too."""
    assert len(OPEN) == 20
