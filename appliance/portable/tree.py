"""Messages of another program in order: each after the one it follows. Pure, never recursive."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.conversations.conversation import Message
from appliance.errors import ImportRefused
from appliance.sentences import say

MOST_MESSAGES = 50_000


@dataclass(frozen=True, slots=True)
class Node:
    """A place of the tree: what hangs there, or None where only the place matters."""

    parent_id: str | None
    at: float
    """What orders it among those that could stand next; ties are broken by place."""
    message: Message | None


def in_order(nodes: Mapping[str, Node]) -> tuple[tuple[Message, str | None], ...]:
    """Every message with the node that the nearest message above it hangs at, parents first.

    Raises ImportRefused for a circle, a missing parent, or too many messages.
    """
    if len(nodes) > 2 * MOST_MESSAGES:
        raise ImportRefused(say("It has more than %(most)s messages.", most=MOST_MESSAGES))
    children: dict[str | None, list[tuple[float, int, str]]] = {}
    for place, (node_id, node) in enumerate(nodes.items()):
        if node.parent_id is not None and node.parent_id not in nodes:
            raise ImportRefused(say("A message follows one that is missing."))
        children.setdefault(node.parent_id, []).append((node.at, place, node_id))
    ready = children.get(None, [])
    heapq.heapify(ready)
    above: dict[str | None, str | None] = {None: None}
    ordered: list[tuple[Message, str | None]] = []
    while ready:
        _, _, node_id = heapq.heappop(ready)
        node = nodes[node_id]
        above[node_id] = above[node.parent_id]
        if node.message is not None:
            ordered.append((node.message, above[node.parent_id]))
            above[node_id] = node_id
        for child in children.get(node_id, ()):
            heapq.heappush(ready, child)
    if len(above) - 1 < len(nodes):
        raise ImportRefused(say("Its messages follow each other in a circle."))
    if len(ordered) > MOST_MESSAGES:
        raise ImportRefused(say("It has more than %(most)s messages.", most=MOST_MESSAGES))
    return tuple(ordered)


def nearest(nodes: Mapping[str, Node], node_id: str | None) -> str | None:
    """The node itself, or the nearest above it that has a message. The nodes have no circle."""
    while node_id is not None and (node := nodes.get(node_id)) is not None:
        if node.message is not None:
            return node_id
        node_id = node.parent_id
    return None
