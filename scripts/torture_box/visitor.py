"""Somebody at a page: writes, waits for the reply, writes again, until the box is gone."""

import random
import threading
from collections.abc import Callable

import httpx
from page_client import PageClient

from appliance.conversations.conversation import new_id
from torture_box.told import Sent, Told

QUESTIONS = (
    "Write a short story about the sea.",
    "What is bread made of? Explain it step by step.",
    "Tell me about the history of glass.",
    "Write a poem about a mountain in the rain.",
    "How does a bicycle stay upright? Explain.",
    "Describe a market in the morning.",
)
_GO_ON = 0.4


class Visitor:
    """Sends what its own luck chooses; `told` is shared with the others."""

    def __init__(
        self, open_page: Callable[[], PageClient], told: Told, luck: random.Random
    ) -> None:
        self._open_page = open_page
        self._told = told
        self._luck = luck

    def visit(self, is_enough: Callable[[], bool]) -> None:
        """Returns when it is enough or the box has gone, whichever comes first."""
        conversation_id = ""
        try:
            with self._open_page() as page:
                while not is_enough():
                    if self._luck.random() > _GO_ON:
                        conversation_id = ""
                    conversation_id = self._ask_and_read(page, conversation_id)
        except httpx.TransportError:
            return

    def repeat(self, sent: Sent) -> str:
        """Send it once more, as a page does that never got its answer; the conversation's id."""
        with self._open_page() as page:
            return self._send(page, sent)

    def _ask_and_read(self, page: PageClient, conversation_id: str) -> str:
        sent = Sent(new_id(), conversation_id, self._luck.choice(QUESTIONS))
        self._told.send(sent)
        conversation_id = self._send(page, sent)
        if conversation_id:
            turn = page.latest_turn(conversation_id)
            page.read_stream(turn.turn_id, self._told.hear)
            self._told.finish(turn.turn_id)
        return conversation_id

    def _send(self, page: PageClient, sent: Sent) -> str:
        answer = page.try_to_say(
            sent.content, sent.conversation_id, client_message_id=sent.client_message_id
        )
        if answer.status_code != 303:
            self._told.refuse(sent.client_message_id)
            return ""
        conversation_id = answer.headers["location"].rpartition("/")[2]
        self._told.accept(sent.client_message_id, conversation_id)
        return conversation_id


def visit_together(
    visitors: list[Visitor], is_enough: Callable[[], bool], meanwhile: Callable[[], None]
) -> None:
    """All visit at once while `meanwhile` happens. Raises what any of them did not expect."""
    failures: list[BaseException] = []

    def visit(visitor: Visitor) -> None:
        try:
            visitor.visit(is_enough)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=visit, args=[visitor]) for visitor in visitors]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
