"""Words that a person types to confirm what cannot be taken back."""

from litestar.plugins.htmx import HTMXRequest

from appliance.routes.fragments import Fragments


def confirmation(request: HTMXRequest, typed: str, asked_for: str) -> str:
    """What was typed; `asked_for` itself when it was typed in the language of the page."""
    said = Fragments(request).said(asked_for)
    return asked_for if " ".join(typed.split()).casefold() == said.casefold() else typed
