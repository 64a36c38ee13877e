"""Words that were said are in no log, and after the end of everything nowhere at all."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest
from appliance_process import ApplianceProcess
from exports import chatgpt_conversation, own_conversation, own_file, zipped
from page_client import PageClient
from program import key_of, shown
from valkey import Valkey

pytestmark = pytest.mark.model
CANARY = "zanzibar"


def upload(page: PageClient, content: bytes) -> httpx.Response:
    answer = page._http.post(
        "/imports", data={"_csrf_token": page._token}, files={"file": (f"{CANARY}.json", content)}
    )
    if answer.status_code == 303:
        for _ in range(200):
            shown = page._http.get(answer.headers["location"])
            if "hx-get" not in shown.text:
                return shown
    return answer


def hostile_files() -> list[bytes]:
    """Files whose refusal could quote them."""
    return [
        CANARY.encode(),
        own_file(own_conversation(CANARY, title=CANARY * 20)),
        json.dumps([chatgpt_conversation([CANARY], title={CANARY: CANARY})]).encode(),
        json.dumps([{CANARY: CANARY}]).encode(),
        b'[{"mapping":{"' + CANARY.encode() + b'":' + CANARY.encode() + b"}}]",
        b'[{"mapping":{},"title":"' + CANARY.encode() + b'\xff"}]',
        zipped({f"../{CANARY}": b""}),
        zipped({"conversations.json": CANARY.encode()}),
        own_file(own_conversation(CANARY, CANARY, title=CANARY)),
    ]


def in_valkey(process: ApplianceProcess) -> str:
    """All that the private Valkey of this process holds."""
    found = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-a", "valkey-server"], capture_output=True, text=True
    )
    settings = Path(found.stdout.split()[-1])
    with Valkey.from_url(f"unix://{settings.parent}/valkey.sock") as client:
        held = []
        for key in client.scan_iter("*"):
            is_list = client.type(key) == b"list"
            held.append(client.lrange(key, 0, -1) if is_list else client.xrange(key))
    return repr(held)


def on_disk(data: Path, word: str) -> list[str]:
    return [
        file.name
        for file in data.rglob("*")
        if file.is_file() and word.encode() in file.read_bytes()
    ]


def test_no_log_holds_a_word_and_after_the_end_no_file_does(tmp_path: Path) -> None:
    environment = {"APPLIANCE_LOG__LEVEL": "debug", "APPLIANCE_LIMITS__REPLY_TOKENS": "40"}
    data = tmp_path / "data"
    with ApplianceProcess(data, **environment) as process:
        process.wait_ready()
        with PageClient(process.url) as page:
            said = page.say(f"Repeat after me: {CANARY} {CANARY} {CANARY}.")
            page.read_to_end(said)
            page.try_to_say(f"{CANARY}\ud800".encode(errors="surrogatepass").decode("latin-1"))
            page.try_to_say(CANARY * 10_000, said.conversation_id)
            page.try_to_say(CANARY, f"{CANARY}-is-no-id")
            page._http.patch(
                f"/conversations/{said.conversation_id}",
                data={"title": CANARY},
                headers={"x-csrf-token": page._token, "HX-Request": "true"},
            )
            for content in hostile_files():
                upload(page, content)
            completion = {"model": "default", "messages": [{"role": CANARY, "content": CANARY}]}
            page._http.post("/v1/chat/completions", json=completion, headers=shown(key_of(data)))
            page._http.get(f"/{CANARY}?q={CANARY}")
            page._http.get(f"/conversations/{said.conversation_id}/exports/json")
            assert CANARY in in_valkey(process)
            assert on_disk(data, CANARY)
            gone = page._http.post(
                "/data/deletions",
                data={"_csrf_token": page._token, "confirmation": "delete everything"},
            )
            assert "Deleted for good: 3 conversations" in gone.text
            assert CANARY not in in_valkey(process)
            assert on_disk(data, CANARY) == []
        assert process.stop() == 0
        assert CANARY not in process.log
        assert "import ended" in process.log and "everything deleted" in process.log
    assert on_disk(data, CANARY) == []
    assert not list((data / "kv").glob("**/*.kv*"))
