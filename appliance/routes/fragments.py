"""The wire to htmx: how a piece of the page is put into a page that is already open.

A response or an unnamed server-sent event is a row of partials. Each names the element it is for
and how it goes in; htmx 4 takes them apart. This is the only place that writes that format.
"""

import re
from typing import Protocol

from litestar import Response
from litestar.exceptions import ImproperlyConfiguredException
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template
from litestar.response.sse import ServerSentEventMessage
from markupsafe import escape

from appliance.languages.templates import SpokenTemplates
from appliance.routes.page_data import PlainWords
from appliance.sentences import Words

# htmx finds its tags with a regular expression, in attribute values too. Text of a reply that looks
# like one must not be taken for one; written as an entity it is the same text.
_LOOKS_LIKE_HTMX = re.compile(r"<(?=/?(?:hx-|template|head[\s>]))", re.IGNORECASE)


class View(Protocol):
    """A dataclass of `page_data`."""

    @property
    def template(self) -> str: ...
    @property
    def variable(self) -> str: ...


class Fragments:
    """Renders views with the application's templates, in the language of whoever asked."""

    def __init__(self, request: HTMXRequest) -> None:
        engine = request.app.template_engine
        if not isinstance(engine, SpokenTemplates):
            raise ImproperlyConfiguredException("the application has no templates of its own")
        self._request = request
        self.language = engine.language_of(request)
        self._templates = engine.in_language(self.language)

    def html(self, view: View) -> str:
        """The view's own template, filled."""
        template = self._templates.get_template(view.template)
        return str(template.render(request=self._request, **{view.variable: view}))

    def said(self, words: str) -> str:
        """Words of ours in the reader's language; anybody else's stay as they are."""
        return words.said_in(self.language) if isinstance(words, Words) else words

    def into(self, element_id: str, view: View) -> str:
        """Replaces what is inside the element."""
        return partial(element_id, "innerHTML", self.html(view))

    def instead_of(self, element_id: str, view: View) -> str:
        """Replaces the element itself; if one of the same id had the focus, the new one has it."""
        return partial(element_id, "outerHTML", self.html(view))

    def after_all_in(self, element_id: str, *views: View) -> str:
        """Appends to the element."""
        return partial(element_id, "beforeend", "".join(map(self.html, views)))

    def changed_inside(self, element_id: str, *views: View) -> str:
        """Changes only what differs inside the element: selection, focus and places stay."""
        return partial(element_id, "innerMorph", "".join(map(self.html, views)))

    def changed(self, element_id: str, view: View) -> str:
        """Changes only what differs, the element itself included."""
        return partial(element_id, "outerMorph", self.html(view))

    def words_into(self, element_id: str, words: str) -> str:
        """Words of ours into a region."""
        return self.into(element_id, PlainWords(words))


def partial(element_id: str, swap: str, html: str = "") -> str:
    """One piece for one element of the page."""
    safe = _LOOKS_LIKE_HTMX.sub("&lt;", html)
    return f'<hx-partial hx-target="#{element_id}" hx-swap="{swap}">{safe}</hx-partial>'


def swap_event(*partials: str) -> ServerSentEventMessage:
    """An unnamed event: htmx swaps only those."""
    return ServerSentEventMessage(data="".join(partials))


def named_event(name: str) -> ServerSentEventMessage:
    """A named event: htmx makes a DOM event of it and swaps nothing."""
    return ServerSentEventMessage(data="", event=name)


def answer(
    *partials: str, tab_title: str = "", push_url: str = "", replace_url: str = ""
) -> Response[str]:
    """The response to an htmx request; it may also rename the tab and change the address."""
    title = f"<title>{escape(tab_title)}</title>" if tab_title else ""
    urls = {"HX-Push-Url": push_url, "HX-Replace-Url": replace_url}
    headers = {name: url for name, url in urls.items() if url}
    return Response("".join([title, *partials]), media_type="text/html", headers=headers)


def whole_page(view: View) -> Template:
    """A page by itself."""
    return Template(view.template, context={view.variable: view})
