"""The last step: nothing but these tags, attributes, classes and schemes gets out.

The renderer before it already makes no other; this is the wall behind it. htmx acts on attributes
such as hx-get, data-hx-get and sse-connect, and a page's own scripts on ids and classes: none of
them can come from a model's text.
"""

import nh3

from appliance.rendering.code import TOKEN_CLASSES
from appliance.rendering.links import SCHEMES

_TAGS = """
a bdi blockquote br button code div em figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre s span
strong table tbody td th thead tr ul
"""
TAGS = frozenset(_TAGS.split())
CLASSES: dict[str, set[str]] = {
    "bdi": {"link-host"},
    "button": {"copy-code"},
    "code": {"highlight"},
    "div": {"table-scroll"},
    "figure": {"code"},
    "pre": {"plain"},
    "span": {"code-language", *TOKEN_CLASSES},
    "td": {"align-left", "align-center", "align-right"},
    "th": {"align-left", "align-center", "align-right"},
}

_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    attributes={"*": set(), "a": {"href", "title"}, "ol": {"start"}},
    tag_attribute_values={"button": {"type": {"button"}}},
    allowed_classes=CLASSES,
    url_schemes=set(SCHEMES),
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def sanitise(html: str) -> str:
    """The HTML with everything taken out that is not on the lists above."""
    return _CLEANER.clean(html)
