"""While a backup holds its moment of the database open, messages are accepted and replies go on."""

from pathlib import Path

import pytest
from appliance_process import ApplianceProcess
from page_client import PageClient
from stocked_box import one

from appliance.backups.making import Plan, make
from appliance.backups.pace import InHurry

pytestmark = pytest.mark.model


class Chatting(InHurry):
    """Whenever the backup would rest, somebody has a whole reply written."""

    def __init__(self, page: PageClient) -> None:
        super().__init__()
        self._page = page
        self.replies: list[str] = []

    def rest(self) -> None:
        if len(self.replies) < 3:
            said = self._page.say("Say hello.")
            self._page.read_to_end(said)
            self.replies.append(self._page.messages(said)[-1])


def test_replies_begin_and_end_while_it_is_made(
    appliance: ApplianceProcess, tmp_path: Path
) -> None:
    with PageClient(appliance.url) as page:
        before = one(appliance.data_dir / "appliance.sqlite3", "SELECT count(*) FROM messages")
        chatting = Chatting(page)
        made = make(Plan(appliance.data_dir, tmp_path / "a.tar"), chatting)
    assert len(chatting.replies) == 3 and all(chatting.replies)
    # It is of the moment at which it began, whatever was said since.
    assert made.manifest.counts.messages == before
    after = one(appliance.data_dir / "appliance.sqlite3", "SELECT count(*) FROM messages")
    assert after == made.manifest.counts.messages + 6
