"""Messages of a tree in order, whatever order they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.conversations.conversation import Role
from appliance.errors import ImportRefused
from appliance.portable.arriving import foreign_message
from appliance.portable.tree import Node, in_order, nearest


def node(parent, at=0.0, says=True):
    message = foreign_message("", Role.USER, "words", 0) if says else None
    return Node(parent, at, message)


def ids(nodes):
    named = {id(each.message): name for name, each in nodes.items()}
    return [(named[id(message)], above) for message, above in in_order(nodes)]


def test_parents_come_before_children_and_otherwise_time_decides():
    nodes = {"c": node("a", 3), "b": node("a", 2), "a": node(None, 9), "d": node("b", 1)}
    assert ids(nodes) == [("a", None), ("b", "a"), ("d", "b"), ("c", "a")]


def test_places_without_a_message_are_stepped_over():
    nodes = {
        "r": node(None, says=False),
        "a": node("r"),
        "x": node("a", says=False),
        "b": node("x"),
    }
    assert ids(nodes) == [("a", None), ("b", "a")]
    assert nearest(nodes, "x") == "a"
    assert nearest(nodes, "r") is None
    assert nearest(nodes, "nowhere") is None


@given(st.lists(st.integers(0, 30), max_size=30), st.randoms())
def test_every_message_is_there_once_after_its_parent(parents, random):
    named = [(str(n), str(p % n) if n and p else None) for n, p in enumerate(parents)]
    random.shuffle(named)
    ordered = ids({name: node(parent, random.random()) for name, parent in named})
    assert sorted(name for name, _ in ordered) == sorted(name for name, _ in named)
    seen = {None}
    for name, above in ordered:
        assert above in seen
        seen.add(name)


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ({"a": node("b"), "b": node("a")}, "in a circle"),
        ({"a": node("a")}, "in a circle"),
        ({"r": node(None), "a": node("c"), "b": node("a"), "c": node("b")}, "in a circle"),
        ({"a": node("gone")}, "one that is missing"),
    ],
)
def test_what_is_no_tree_is_refused(nodes, said):
    with pytest.raises(ImportRefused, match=said):
        in_order(nodes)


def test_a_chain_of_fifty_thousand_is_no_deeper_than_another():
    nodes = {str(n): node(str(n - 1) if n else None) for n in range(50_000)}
    assert len(in_order(nodes)) == 50_000
    nodes["one more"] = node("0")
    with pytest.raises(ImportRefused, match="more than 50,000 messages"):
        in_order(nodes)
