import pytest

from appliance.routes.fragments import named_event, partial, swap_event


def test_a_partial_names_its_target_and_its_swap():
    assert partial("a", "outerHTML", "<b>x</b>") == (
        '<hx-partial hx-target="#a" hx-swap="outerHTML"><b>x</b></hx-partial>'
    )


@pytest.mark.parametrize(
    "hostile",
    [
        '<a title="<hx-partial hx-target=body>">',
        '<a title="</HX-partial>">',
        '<a title="<head>"></a><a title="</head>">',
        '<a title="<template>">',
    ],
)
def test_what_htmx_would_take_for_its_own_tag_is_an_entity(hostile):
    inside = partial("a", "innerHTML", hostile).split(">", 1)[1].rsplit("</hx-partial>", 1)[0]
    assert inside.count("&lt;") == hostile.lower().count('="<')


def test_headers_and_table_heads_are_left_alone():
    html = "<header><table><thead></thead></table></header>"
    assert html in partial("a", "innerHTML", html)


def test_events_to_swap_have_no_name():
    assert b"event:" not in swap_event(partial("a", "delete")).encode()
    assert b"event: ping" in named_event("ping").encode()
