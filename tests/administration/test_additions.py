"""How a model comes in by the page: received, tried, asked about, and what is left if it is not."""

import hashlib
import shutil

import pytest

from appliance.administration import additions as additions_module
from appliance.administration.additions import Stage
from appliance.errors import Conflict, ModelMissing, NotFound, StoreFull
from appliance.model_files import receiving

PIECE = 10_000


async def send(additions, content, name="tiny", sha256="", total=None):
    total = len(content) if total is None else total
    async with additions.receiving("Tiny Model.gguf", total, name, sha256) as file:
        for start in range(0, len(content), PIECE):
            file.write(content[start : start + PIECE])


async def asked(additions):
    """Return when it is asked about."""
    await additions.wait_settled()
    assert additions.last.stage is Stage.ASKING, additions.last.words


def left_over(library):
    """Files that are no model of the list and nothing that is always there."""
    rows = library.manifest.rows().values()
    known = {"manifest.json", "checksums.json", ".lock", *(row.file_name for row in rows)}
    if not library.directory.exists():
        return []
    return [each.name for each in library.directory.iterdir() if each.name not in known]


async def test_a_file_without_a_template_comes_in_by_itself(additions, library, plain_tiny):
    await send(additions, plain_tiny)
    await additions.wait_over()
    assert (additions.last.stage, additions.last.percent) == (Stage.ADDED, 100)
    found = library.find("tiny")
    assert found.sha256 == hashlib.sha256(plain_tiny).hexdigest()
    assert found.path.stat().st_mode & 0o077 == 0
    assert left_over(library) == []


async def test_an_unknown_template_is_shown_and_waits_for_a_yes(additions, library, tiny):
    await send(additions, tiny, name="")
    await asked(additions)
    added = additions.last
    assert added.name == "tiny-model"
    assert "im_start" in added.tried.report.template
    assert library.manifest.rows() == {}
    with pytest.raises(NotFound):
        additions.decide("0" * 32, True)
    additions.decide(added.addition_id, True)
    await additions.wait_over()
    assert library.find("tiny-model").template_sha256 == added.tried.report.template_sha256
    with pytest.raises(NotFound):
        additions.decide(added.addition_id, True)


async def test_a_no_or_no_answer_leaves_nothing(additions, library, tiny, monkeypatch):
    await send(additions, tiny)
    await asked(additions)
    additions.decide(additions.last.addition_id, False)
    await additions.wait_over()
    assert "not accepted" in additions.last.words
    monkeypatch.setattr(additions_module, "DECISION_SECONDS", 0.0)
    await send(additions, tiny)
    await additions.wait_over()
    assert "nobody said" in additions.last.words
    assert library.manifest.rows() == {}
    assert left_over(library) == []


async def test_a_file_that_is_no_model_is_a_sentence_and_leaves_nothing(additions, library):
    await send(additions, b"Dear all, this is a letter." * 1000)
    await additions.wait_over()
    assert additions.last.stage is Stage.REFUSED
    assert "Tiny Model.gguf" in additions.last.words
    assert left_over(library) == []


async def test_another_sha256_than_the_published_one_is_refused(additions, library, plain_tiny):
    await send(additions, plain_tiny, sha256="0" * 64)
    await additions.wait_over()
    assert "not the file it should be" in additions.last.words
    assert left_over(library) == []


async def test_one_at_a_time(additions, plain_tiny):
    async with additions.receiving("a.gguf", 100) as file:
        assert (additions.last.stage, additions.last.percent) == (Stage.RECEIVING, 0)
        file.write(b"x" * 34)
        assert additions.last.percent == 34
        with pytest.raises(Conflict, match="being added already"):
            await send(additions, plain_tiny)
        with pytest.raises(Conflict):
            async with additions.receiving("b.gguf", 1):
                pass
    await additions.wait_over()
    await send(additions, plain_tiny)
    await additions.wait_over()
    assert additions.last.stage is Stage.ADDED


async def test_a_sender_who_goes_away_leaves_nothing(additions, library):
    with pytest.raises(ConnectionError):
        async with additions.receiving("a.gguf", 100) as file:
            file.write(b"GGUF")
            raise ConnectionError
    assert "did not come whole" in additions.last.words
    assert left_over(library) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "-x", "a b", "Ä", "x" * 101])
async def test_a_name_that_cannot_be_one_is_refused_before_a_byte_is_taken(
    additions, library, name
):
    with pytest.raises(ModelMissing, match="cannot be the name"):
        async with additions.receiving("a.gguf", 100, name):
            pass
    assert additions.last is None
    assert not library.directory.exists()


async def test_a_file_that_does_not_fit_is_refused_with_the_numbers(
    additions, library, monkeypatch
):
    disk = shutil.disk_usage("/")
    monkeypatch.setattr(
        receiving.shutil, "disk_usage", lambda _: disk._replace(free=receiving.KEPT_FREE_BYTES + 5)
    )
    with pytest.raises(StoreFull, match=r"room for 0\.0 GB more, and this needs 7\.0 GB"):
        async with additions.receiving("a.gguf", 7 * 10**9):
            pass
    assert left_over(library) == []
    # Who says less than is sent is stopped on the way.
    monkeypatch.setattr(receiving, "_LOOK_EVERY_BYTES", 100)
    monkeypatch.setattr(receiving.shutil, "disk_usage", lambda _: disk._replace(free=0))
    monkeypatch.setattr(receiving, "KEPT_FREE_BYTES", 0)
    with pytest.raises(StoreFull, match="disk of the models is full"):
        async with additions.receiving("a.gguf", 0) as file:
            monkeypatch.setattr(receiving, "KEPT_FREE_BYTES", 1)
            file.write(b"x" * 99)
            file.write(b"x")
    assert left_over(library) == []


async def test_a_file_of_the_folder_is_copied_and_stays(additions, library, plain_tiny):
    assert additions.files() == ()
    additions.folder.mkdir(parents=True)
    (additions.folder / "Ours.gguf").write_bytes(plain_tiny)
    (additions.folder / "letter.txt").write_text("Dear all")
    assert additions.files() == ("Ours.gguf",)
    await additions.add_from_folder("Ours.gguf")
    await additions.wait_over()
    assert library.find("ours").title == "Tiny"
    assert (additions.folder / "Ours.gguf").exists()


@pytest.mark.parametrize("name", ["", "letter.txt", "../secret.gguf", "/etc/passwd", "x\0.gguf"])
async def test_nothing_outside_the_folder_is_opened(additions, library, plain_tiny, name):
    additions.folder.mkdir(parents=True)
    (additions.folder / "letter.txt").write_text("Dear all")
    (library.directory / "secret.gguf").write_bytes(plain_tiny)
    with pytest.raises(NotFound):
        await additions.add_from_folder(name)
    assert additions.last is None


async def test_the_end_of_the_box_does_not_wait_for_an_answer(additions, library, tiny):
    await send(additions, tiny)
    await asked(additions)
    await additions.stop()
    assert additions.last.stage is Stage.REFUSED
    assert left_over(library) == []
