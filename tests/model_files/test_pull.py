"""Pulling from a hub: a real one in all that matters, on this machine."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from appliance.errors import ModelMissing
from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import load_presets
from appliance.model_files.pull import find_remote
from appliance.paths import PRESETS
from appliance.settings_engine import DEFAULT_MODEL

# The command as a person runs it, but for the one line at the end of main().
RUN = """
import sys
from appliance.cli.model import model
from appliance.errors import ApplianceError
try:
    model.main(standalone_mode=False)
except ApplianceError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@dataclass
class Hub:
    """One repository, owner/tiny, with one file. Tests change what it does."""

    content: bytes
    sha256: str
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    """(method, path, range) of each request."""
    send_bytes: int | None = None
    """Cut the connection after so many bytes, once; refuse to go on after that."""
    endpoint: str = ""

    def ranges(self) -> list[str | None]:
        return [asked for method, _, asked in self.asked if method == "GET"]


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            wanted = self.headers.get("Range")
            hub.asked.append((self.command, self.path, wanted))
            if not self.path.startswith("/owner/tiny/resolve/"):
                return self._missing("RepoNotFound")
            if not self.path.endswith("/Tiny-F32.gguf"):
                return self._missing("EntryNotFound")
            if with_body and hub.send_bytes == 0:
                self.send_response(403)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            body = hub.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("ETag", f'"{hub.sha256}"')
            self.send_header("X-Linked-Etag", f'"{hub.sha256}"')
            self.send_header("X-Linked-Size", str(len(hub.content)))
            self.send_header("X-Repo-Commit", "c" * 40)
            self.send_header("Content-Length", str(len(body)))
            if start:
                last = len(hub.content) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
            self.end_headers()
            if with_body and hub.send_bytes is not None:
                self.wfile.write(body[: hub.send_bytes])
                hub.send_bytes = 0
                self.close_connection = True
            elif with_body:
                self.wfile.write(body)
            return None

        def _missing(self, code: str) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The requests are in `hub.asked`."""

    return Handler


@pytest.fixture
def hub(tiny: Path) -> Iterator[Hub]:
    content = tiny.read_bytes()
    hub = Hub(content, hashlib.sha256(content).hexdigest())
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub)) as server:
        hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield hub
        server.shutdown()
        serving.join()


@dataclass
class Box:
    """A box whose hub is the one above."""

    data: Path
    hub: Hub

    def pull(self, what: str, *options: str) -> subprocess.CompletedProcess[str]:
        plain = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        return subprocess.run(
            [sys.executable, "-c", RUN, "pull", what, "--data", str(self.data), *options],
            env={**plain, "HF_ENDPOINT": self.hub.endpoint, "HF_HOME": str(self.data / "hf")},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def library(self) -> ModelLibrary:
        return ModelLibrary(self.data / "models", load_presets(PRESETS))

    def left_over(self) -> list[Path]:
        return [path for path in (self.data / "models").glob(".*") if path.name != ".lock"]


@pytest.fixture
def box(tmp_path: Path, hub: Hub) -> Box:
    return Box(tmp_path / "data", hub)


def test_a_pulled_model_is_checked_tried_and_taken_in(box: Box) -> None:
    done = box.pull("owner/tiny/Tiny-F32.gguf", "--yes")
    assert done.returncode == 0, done.stderr
    model = box.library.verify("tiny-f32")
    assert model.sha256 == box.hub.sha256
    assert box.library.manifest.rows()["tiny-f32"].source == "owner/tiny/Tiny-F32.gguf"
    assert box.left_over() == []


def test_an_interrupted_pull_goes_on_where_it_stopped(box: Box) -> None:
    # Longer than a piece of the download, which is kept only when it is there in full.
    box.hub.content += bytes(25_000_000)
    box.hub.sha256 = hashlib.sha256(box.hub.content).hexdigest()
    box.hub.send_bytes = 15_000_000
    cut = box.pull("owner/tiny/Tiny-F32.gguf", "--yes")
    assert cut.returncode != 0
    assert "goes on where it stopped" in cut.stderr or "refused" in cut.stderr
    (part,) = box.left_over()
    got = part.stat().st_size
    assert 0 < got <= 15_000_000
    box.hub.send_bytes = None
    box.hub.asked.clear()
    done = box.pull("owner/tiny/Tiny-F32.gguf", "--yes")
    assert done.returncode == 0, done.stderr
    assert box.hub.ranges() == [f"bytes={got}-"]
    assert box.library.verify("tiny-f32").sha256 == box.hub.sha256


def test_a_file_that_is_not_the_one_published_is_refused(box: Box) -> None:
    box.hub.content = box.hub.content[:-1] + b"\xff"
    done = box.pull("owner/tiny/Tiny-F32.gguf", "--yes")
    assert done.returncode == 1
    assert "is not the file it should be" in done.stderr
    assert box.left_over() == []
    assert "tiny-f32" not in box.library.manifest.rows()


def test_a_template_nobody_accepted_keeps_the_model_out(box: Box) -> None:
    done = box.pull("owner/tiny/Tiny-F32.gguf")
    assert done.returncode != 0
    assert "tiny-f32" not in box.library.manifest.rows()


def test_a_file_without_a_published_checksum_is_not_fetched(box: Box) -> None:
    box.hub.sha256 = "abc"
    done = box.pull("owner/tiny/Tiny-F32.gguf", "--yes")
    assert done.returncode == 1
    assert "names no sha256" in done.stderr
    assert box.hub.ranges() == []


@pytest.mark.parametrize("what", ["owner/other/Tiny-F32.gguf", "owner/tiny/other.gguf"])
def test_what_is_not_on_the_hub_is_one_sentence(box: Box, what: str) -> None:
    done = box.pull(what, "--yes")
    assert done.returncode == 1
    assert done.stderr == (
        f"ModelMissing: There is no {what} on the hub; check the name of repository and file.\n"
    )


def test_without_a_network_it_is_one_sentence(box: Box) -> None:
    box.hub.endpoint = "http://127.0.0.1:1"
    done = box.pull("qwen3-8b")
    assert done.returncode == 1
    assert done.stderr.startswith("ModelError: Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf could not")
    assert done.stderr.count("\n") == 1


def test_a_preset_is_pulled_by_its_name_and_known_by_its_file() -> None:
    presets = load_presets(PRESETS)
    by_name = find_remote("qwen3-8b", presets)
    assert by_name == find_remote("Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf", presets)
    assert by_name.preset is presets["qwen3-8b"]


@pytest.mark.parametrize("what", ["nothing", "a/b", "a//b", "/etc/passwd", DEFAULT_MODEL])
def test_what_cannot_be_pulled_is_said(what: str) -> None:
    with pytest.raises(ModelMissing):
        find_remote(what, load_presets(PRESETS))


def test_the_server_never_imports_the_hub() -> None:
    code = (
        "import sys, appliance.cli.model, appliance.model_files.library; "
        "print([name for name in sys.modules if 'huggingface' in name or name == 'gguf'])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
