"""What a request may take of the day's tokens, as the routes promise it and take it back."""

from pathlib import Path

from whole_box import open_page

from appliance.accounts.limit import Limit
from appliance.conversations.conversation import new_id

REPLY = {"reply_tokens": 100}


async def test_a_request_that_was_refused_takes_nothing_of_the_day(tmp_path: Path) -> None:
    async with open_page(tmp_path, lambda _: "A reply.", limits=REPLY) as page:
        await page.box.door.limits.set_of_everybody(Limit(0, 100))
        for _ in range(3):
            empty = await page.act("POST", "/turns", content=" ", client_message_id=new_id())
            assert empty.status_code == 422
        said = await page.act("POST", "/turns", content="Hi", client_message_id=new_id())
        assert said.status_code == 201
        await page.box.desk.runner.wait_all()


async def test_while_a_reply_is_written_no_other_is_promised_its_tokens(tmp_path: Path) -> None:
    async with open_page(tmp_path, lambda _: "A reply.", gated=True, limits=REPLY) as page:
        await page.box.door.limits.set_of_everybody(Limit(0, 100))
        answers = [
            await page.act("POST", "/turns", content="Hi", client_message_id=new_id())
            for _ in range(3)
        ]
        assert [each.status_code for each in answers] == [201, 429, 429]
        assert "Try again when it is done." in answers[1].text
        assert answers[1].headers["retry-after"] == "10"
        page.backend.let(1000)
        await page.box.desk.runner.wait_all()
        again = await page.act("POST", "/turns", content="Hi", client_message_id=new_id())
        assert again.status_code == 201, "what it did not take is there again"
        await page.box.desk.runner.wait_all()
