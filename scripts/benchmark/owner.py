"""The owner of a new box: comes in by its setup link, and makes a key for programs."""

import re
import secrets
from dataclasses import dataclass

import httpx

from benchmark.errors import ServerFailed

_SETUP = re.compile(r"http://\S+(/setup/[\w-]+)")
_TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')
_KEY = re.compile("appliance_[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Owner:
    """What lets in: cookies at the page, and a key at the API."""

    cookies: dict[str, str]
    key: str


def setup_path(said: str) -> str:
    """Where a new box is set up, by what it said when it started. Raises ServerFailed."""
    link = _SETUP.search(said)
    if link is None:
        raise ServerFailed("it did not say where it is set up")
    return link[1]


async def move_in(url: str, path: str) -> Owner:
    """Set the box up. Raises ServerFailed."""
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as browser:
        account = {"name": "owner", "password": secrets.token_hex(16)}
        await _send(browser, path, account)
        page = await _send(
            browser,
            "/account/keys",
            {"name": "bench", "chat": "yes", "read": "yes", "embeddings": "yes"},
        )
        key = _KEY.search(page.text)
        if key is None:
            raise ServerFailed(f"it answered {page.status_code} when asked for a key")
        return Owner(dict(browser.cookies), key[0])


async def _send(browser: httpx.AsyncClient, page: str, fields: dict[str, str]) -> httpx.Response:
    """Fill in the form of a page, which goes to the same address."""
    token = _TOKEN.search((await browser.get(page)).text)
    if token is None:
        raise ServerFailed(f"{page.split('/')[1]} is no page with a form")
    answer = await browser.post(page, data={"_csrf_token": token[1], **fields})
    if answer.is_error:
        raise ServerFailed(f"it answered {answer.status_code} to a form")
    return answer
