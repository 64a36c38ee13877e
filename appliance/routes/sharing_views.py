"""Sharing as the pages show it: to the owner, and to whoever was given the link."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from litestar.plugins.htmx import HTMXRequest

from appliance.conversations.conversation import Conversation, Role
from appliance.conversations.shared_link import SharedLink, SharedMessage, SharedPage
from appliance.conversations.sharing import CHOICES_OF_DAYS, USUAL_DAYS, NewLink
from appliance.rendering.blocks import BlockRenderer
from appliance.routes import local_time
from appliance.routes.language import language_of
from appliance.routes.message_views import block_views, time_view
from appliance.routes.page_views import Reader
from appliance.routes.sharing_data import (
    DaysChoice,
    SharedLinkRow,
    SharedLinksPageView,
    SharedLinksView,
    SharedMessageView,
    SharedPageView,
    SharedUrlView,
    SharingView,
)

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def sharing_view(
    reader: Reader,
    conversation: Conversation,
    links: Iterable[SharedLink],
    made: SharedUrlView | None = None,
) -> SharingView:
    """The page on which a conversation is shared."""
    return SharingView(
        theme=reader.theme,
        conversation_id=conversation.conversation_id,
        title=conversation.title,
        made=made,
        choices=tuple(DaysChoice(days, days == USUAL_DAYS) for days in CHOICES_OF_DAYS),
        links=SharedLinksView(_rows(reader, links), is_listing_all=False),
    )


def new_link_view(request: HTMXRequest, made: NewLink) -> SharedUrlView:
    """Under the address by which the owner reached the box: others reach it by the same, unless it
    means this machine.
    """
    reader, host = Reader.of(request), request.headers.get("host", "")
    return SharedUrlView(
        url=f"{request.url.scheme}://{host}/shared/{made.secret}",
        ends_on=_day(reader, made.link.expires_at),
        is_local=urlsplit(f"//{host}").hostname in _THIS_MACHINE,
    )


def shared_links_view(reader: Reader, links: Iterable[SharedLink]) -> SharedLinksPageView:
    """All links of a person."""
    return SharedLinksPageView(
        reader.theme, SharedLinksView(_rows(reader, links), is_listing_all=True)
    )


def shared_page_view(reader: Reader, page: SharedPage, path: str) -> SharedPageView:
    """What a reader sees. It renders Markdown: not where everybody waits."""
    return SharedPageView(
        theme=reader.theme,
        title=page.title,
        owner_name=page.owner_name,
        shared_on=_day(reader, page.created_at),
        ends_on=_day(reader, page.expires_at),
        messages=tuple(
            _message(reader, message, str(place)) for place, message in enumerate(page.messages)
        ),
        number=page.number,
        count=page.count,
        earlier_url=f"{path}?page={page.number - 1}" if page.number > 1 else "",
        later_url=f"{path}?page={page.number + 1}" if page.number < page.count else "",
    )


def _rows(reader: Reader, links: Iterable[SharedLink]) -> tuple[SharedLinkRow, ...]:
    return tuple(
        SharedLinkRow(
            link_id=link.link_id,
            conversation_id=link.conversation_id,
            title=link.title,
            made_on=_day(reader, link.created_at),
            ends_on=_day(reader, link.expires_at),
            messages=link.message_count,
            views=link.views,
            shows_name=link.shows_name,
        )
        for link in links
    )


def _message(reader: Reader, message: SharedMessage, name: str) -> SharedMessageView:
    time = time_view(message.created_at, reader.zone, _day(reader, message.created_at))
    if message.role is Role.USER:
        return SharedMessageView(False, time, message.content, language_of(message.content), ())
    renderer = BlockRenderer()
    renderer.feed(message.content)
    renderer.finish()
    return SharedMessageView(True, time, "", "", block_views(name, renderer.blocks))


def _day(reader: Reader, unix_seconds: int) -> str:
    return local_time.day_words(local_time.day_of(unix_seconds, reader.zone), reader.today)
