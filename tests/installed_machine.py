"""A machine on which the box is installed and has been used, which tests update and break."""

import shutil
from pathlib import Path

import httpx
from database_contents import contents_hash
from machine_folder import PROJECT, change, installer, project
from page_client import PageClient
from program import shown
from real_services import RealServices
from signed_in import prepare

from appliance.installation.payload import Payload
from appliance.installation.places import Places
from appliance.installation.project import release_of
from appliance.installation.releases import Release, make_current, release, running
from appliance.installation.update import Updater

_WITH_MIGRATION = """\
MIGRATIONS = (
    *MIGRATIONS,
    Migration(MIGRATIONS[-1].number + 1, "m_of_a_test", "Only for a test.", ({statement!r},)),
)

CREATE_LEDGER = \"\"\""""


class InstalledMachine:
    """`old` is installed; `reset` brings everything back to that moment."""

    def __init__(self, root: Path) -> None:
        self.places = Places(root / "machine")
        self.services = RealServices(self.places)
        self._projects = root / "projects"
        self.said: list[str] = []
        self.installer = installer(self.places.root, self.services)
        self.services.start = lambda: None  # type: ignore[method-assign]
        installer(self.places.root).install(Payload(PROJECT))
        del self.services.start
        prepare(self.places.data)
        found = running(self.places)
        assert found is not None
        self.old: Release = found
        self._saved = root / "saved"
        shutil.copytree(self.places.data, self._saved)

    @property
    def updater(self) -> Updater:
        return Updater(self.installer, self.said.append)

    @property
    def database(self) -> Path:
        return self.places.data / "appliance.sqlite3"

    @property
    def contents(self) -> str:
        return contents_hash(self.database)

    @property
    def running(self) -> Release | None:
        return running(self.places)

    def reset(self) -> None:
        self.services.stop()
        self.said.clear()
        shutil.rmtree(self.places.data)
        shutil.copytree(self._saved, self.places.data)
        self.places.journal.unlink(missing_ok=True)
        make_current(self.places, self.old)

    def newer(self, name: str, statement: str | None = None) -> Payload:
        """The project as another version, with one more migration if a statement is given."""
        folder = self._projects / name
        if folder.exists():
            return Payload(folder)
        payload = project(folder, name)
        if statement is not None:
            change(
                folder / "appliance/store/migrations.py",
                'CREATE_LEDGER = """',
                _WITH_MIGRATION.format(statement=statement),
            )
        return payload

    def release_of(self, payload: Payload) -> Release:
        return release(self.places, release_of(payload.project))

    def say(self, words: str) -> None:
        """Somebody writes on the page of the running box, and gets a reply."""
        with PageClient(self.services.url) as page:
            page.read_to_end(page.say(words))

    def answers(self, key: str) -> str:
        """What the running box says to a program."""
        done = httpx.post(
            f"{self.services.url}/v1/chat/completions",
            json={
                "model": "default",
                "messages": [{"role": "user", "content": "Say hello."}],
                "max_tokens": 4,
            },
            headers=shown(key),
            timeout=60,
        )
        assert done.status_code == 200, done.text
        words: str = done.json()["choices"][0]["message"]["content"]
        return words
