"""Which messages a request is about: the ones it asks for, or those its page shows."""

from litestar.plugins.htmx import HTMXRequest

from appliance.conversations.opened import Excerpt

_NAMES = {
    "before_id": "before",
    "after_id": "after",
    "from_id": "shown_from",
    "to_id": "shown_to",
    "at_id": "at",
}


async def excerpt_of(request: HTMXRequest, at_id: str = "") -> Excerpt:
    """What the address or the form says; an act names in `at_id` what it is about, for a page that
    shows something else.
    """
    in_address = request.method in ("GET", "DELETE")
    said = request.query_params if in_address else await request.form()
    values = {field: said.get(name) for field, name in _NAMES.items()}
    known = {field: value for field, value in values.items() if isinstance(value, str)}
    return Excerpt(**(known | ({"at_id": at_id} if at_id else {})))
