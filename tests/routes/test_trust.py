"""The page that explains how a device comes to trust the box, and what it hands out."""

import plistlib
import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes import ScriptedBackend
from httpx import ASGITransport, AsyncClient
from signed_in import sign_in

from appliance.accounts.account import AccountRole
from appliance.app import create_app
from appliance.lifespan import open_box
from appliance.network.authority import facts_of, today
from appliance.network.box_names import BoxNames
from appliance.network.certificates import turn_on
from appliance.network.doorplate import Served, saying_what_is_served
from appliance.network.tls_folder import TlsFolder
from appliance.settings import Settings


@pytest.fixture
async def stranger(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """A device that nobody has signed in on, at a box that is set up."""
    settings = Settings(
        data_dir=tmp_path, hot={"embedded": False}, server={"names": ["chat.local"]}
    )
    async with open_box(settings, lambda: ScriptedBackend(lambda _: "A reply.")) as box:
        await sign_in(box)
        transport = ASGITransport(create_app(box, 8080))
        async with AsyncClient(transport=transport, base_url="http://chat.local:8080") as client:
            yield client


@pytest.fixture
def certified(tmp_path: Path) -> Path:
    turn_on(tmp_path, BoxNames(["chat.local"], tmp_path, "box"), today())
    return tmp_path


async def test_without_an_authority_it_says_how_one_is_made(stranger: AsyncClient) -> None:
    page = await stranger.get("/trust")
    assert page.status_code == 200
    assert "appliance tls init" in page.text
    assert "authority.crt" not in page.text
    for file in ("authority.crt", "authority.mobileconfig"):
        refused = await stranger.get(f"/trust/{file}")
        assert refused.status_code == 404
        assert "appliance tls init" in refused.text


async def test_three_steps_with_the_fingerprint_to_compare(
    certified: Path, stranger: AsyncClient
) -> None:
    page = (await stranger.get("/trust")).text
    assert [word for word in ("1. ", "2. ", "3. ") if f">{word}" in page] == ["1. ", "2. ", "3. "]
    pem = TlsFolder(certified).authority_certificate()
    assert pem is not None
    shown = re.search(r'class="fingerprint".*?</p>', page, re.S)
    assert shown is not None
    pairs = re.findall(r"\b[0-9A-F]{2}\b", re.sub("<[^>]*>", " ", shown[0]))
    assert ":".join(pairs) == facts_of(pem).fingerprint
    assert "https://chat.local:8080/" in page
    assert "<path" in page  # the code for a phone's camera


async def test_the_certificate_is_the_authority_s_and_no_key_goes_along(
    certified: Path, stranger: AsyncClient
) -> None:
    answer = await stranger.get("/trust/authority.crt")
    assert answer.headers["content-type"] == "application/x-x509-ca-cert"
    assert 'filename="appliance.crt"' in answer.headers["content-disposition"]
    pem = TlsFolder(certified).authority_certificate()
    assert pem is not None
    assert ssl.DER_cert_to_PEM_cert(answer.content).split() == pem.decode().split()
    assert b"PRIVATE" not in answer.content


async def test_apple_s_devices_get_a_profile_with_nothing_else_in_it(
    certified: Path, stranger: AsyncClient
) -> None:
    first, second = [await stranger.get("/trust/authority.mobileconfig") for _ in range(2)]
    assert first.headers["content-type"] == "application/x-apple-aspen-config"
    profile = plistlib.loads(first.content)
    (payload,) = profile["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.security.root"
    assert payload["PayloadContent"] == (await stranger.get("/trust/authority.crt")).content
    assert first.content == second.content
    assert payload["PayloadUUID"] != profile["PayloadUUID"]


@pytest.mark.parametrize(
    ("device", "first"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)", "mobileconfig"),
        ("Mozilla/5.0 (Android)", "crt"),
    ],
)
async def test_the_device_s_own_file_stands_out(
    certified: Path, stranger: AsyncClient, device: str, first: str
) -> None:
    page = (await stranger.get("/trust", headers={"User-Agent": device})).text
    (primary,) = re.findall(r'class="button primary" href="([^"]*)"', page)
    assert primary == f"/trust/authority.{first}"


async def test_the_worker_keeps_the_shell_alone_and_is_small(stranger: AsyncClient) -> None:
    worker = await stranger.get("/service-worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert len(worker.content) < 2048
    assert "VERSION" not in worker.text
    files = re.search(r"FILES = \[(.*?)\]", worker.text)
    assert files is not None
    kept = re.findall(r'"([^"]+)"', files[1])
    assert kept == ["/offline", "/static/css/app.css", "/static/favicon.svg"]
    for path in kept:
        assert (await stranger.get(path)).status_code == 200


async def test_what_makes_it_an_app_is_there_for_a_device_that_is_not_signed_in(
    stranger: AsyncClient,
) -> None:
    manifest = await stranger.get("/app.webmanifest")
    assert manifest.headers["content-type"].startswith("application/manifest+json")
    sizes = {}
    for icon in manifest.json()["icons"]:
        answer = await stranger.get(icon["src"])
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(icon["type"])
        sizes[icon["src"]] = len(answer.content)
    assert sum(sizes.values()) < 40_000
    assert manifest.json()["start_url"] == manifest.json()["scope"] == "/"


@pytest.mark.parametrize(
    ("code", "begin"),
    [
        ("en", "New conversation"),
        ("ko", "새 대화"),
        ("ja", "新しい会話"),
        ("de", "Neue Unterhaltung"),
        ("xx", "Neue Unterhaltung"),
    ],
)
async def test_the_app_speaks_the_language_of_the_page_it_is_installed_from(
    stranger: AsyncClient, code: str, begin: str
) -> None:
    """Or that of the device, when there is no such language."""
    german = {"accept-language": "de"}
    manifest = (await stranger.get(f"/app.webmanifest?language={code}", headers=german)).json()
    assert manifest["shortcuts"] == [{"name": begin, "url": "/"}]
    assert manifest["lang"] == (code if code != "xx" else "de")
    page = await stranger.get("/sign-in", headers={"cookie": f"language={code}"})
    assert 'rel="manifest"' not in page.text, "only who is in installs it"


async def test_an_apple_device_is_told_in_its_language_what_it_takes_in(
    certified: Path, stranger: AsyncClient
) -> None:
    profiles = [
        plistlib.loads((await stranger.get(path, headers={"accept-language": code})).content)
        for path in ["/trust/authority.mobileconfig"]
        for code in ("en", "ko", "ja", "de")
    ]
    assert len({each["PayloadDescription"] for each in profiles}) == 4
    assert len({each["PayloadContent"][0]["PayloadDisplayName"] for each in profiles}) == 4
    assert all("chat.local" in each["PayloadDisplayName"] for each in profiles)
    assert len({each["PayloadUUID"] for each in profiles}) == 1, "the same one, to be replaced"


async def test_an_invitation_made_at_the_box_leads_a_phone_to_it(tmp_path: Path) -> None:
    page = await invite(tmp_path)
    assert "http://chat.local:8080/invitations/" in page
    assert "http://localhost" not in page
    assert "/trust" not in page  # there is no certificate to be known


async def test_and_to_where_its_certificate_is_explained(certified: Path) -> None:
    page = await invite(certified)
    assert "https://chat.local:8080/invitations/" in page
    assert 'href="http://chat.local:8080/trust"' in page


async def invite(data_dir: Path) -> str:
    """The page that an admin sees who does it on the box itself."""
    settings = Settings(
        data_dir=data_dir, hot={"embedded": False}, server={"names": ["chat.local"]}
    )
    async with open_box(settings, lambda: ScriptedBackend(lambda _: "A reply.")) as box:
        cookies = await sign_in(box, role=AccountRole.ADMIN)
        transport = ASGITransport(create_app(box, 8080))
        async with AsyncClient(
            transport=transport, base_url="http://localhost:8080", cookies=cookies
        ) as admin:
            await admin.get("/")
            form = {"role": "member", "days": "7", "_csrf_token": admin.cookies["csrf"]}
            with saying_what_is_served(data_dir, Served(8080)):
                page = await admin.post("/invitations", data=form)
    assert page.status_code == 200
    return page.text
