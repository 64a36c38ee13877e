"""What an admin does with models that are here."""

import threading

import pytest

from appliance.administration.models import ModelPlan, Models
from appliance.conversations.box_status import BoxStatus
from appliance.errors import Conflict, NotFound
from appliance.model_files.adding import candidate
from appliance.settings_engine import DEFAULT_MODEL


class Swap:
    def __init__(self):
        self.times = 0

    def take_up(self):
        self.times += 1


@pytest.fixture
def added(library, plain_tiny, tmp_path):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(plain_tiny)
    with candidate(library, path, "tiny", {}, source="tiny.gguf") as tried:
        return tried.accept(library)


@pytest.fixture
def swap():
    return Swap()


@pytest.fixture
def make(library, additions, swap):
    def make(in_settings=DEFAULT_MODEL, draft=None, answering=DEFAULT_MODEL, swap=swap):
        return Models(
            library,
            additions,
            ModelPlan(DEFAULT_MODEL, in_settings, draft),
            lambda: BoxStatus("ready", answering, "Ready."),
            swap,
        )

    return make


async def test_it_lists_what_is_here_and_which_answers(make, added, library):
    now = await make().now()
    assert {model.name for model in now.models} == {DEFAULT_MODEL, "tiny"}
    assert (now.chosen, now.box.model_name, now.fixed) == (DEFAULT_MODEL, DEFAULT_MODEL, "")
    assert now.folder == library.directory / "incoming"
    assert now.free_bytes > 0


async def test_another_one_is_chosen_and_taken_up(make, added, swap):
    models = make()
    await models.use("tiny")
    await models.wait_read()
    now = await models.now()
    assert (now.chosen, swap.times, now.reading.trouble) == ("tiny", 1, "")


async def test_a_damaged_file_is_not_chosen(make, added, swap):
    added.path.write_bytes(b"something else")
    models = make()
    await models.use("tiny")
    await models.wait_read()
    now = await models.now()
    assert "damaged or was replaced" in now.reading.trouble
    assert (now.chosen, swap.times) == (DEFAULT_MODEL, 0)


async def test_verifying_reads_the_file_and_says_how_it_is(make, added, library, monkeypatch):
    may_read, read = threading.Event(), library.verify
    monkeypatch.setattr(library, "verify", lambda name: may_read.wait(30) and read(name))
    models = make()
    await models.verify("tiny")
    assert not (await models.now()).reading.is_over
    with pytest.raises(Conflict, match="being read already"):
        await models.verify("tiny")
    may_read.set()
    await models.wait_read()
    reading = (await models.now()).reading
    assert (reading.is_over, reading.trouble, reading.is_before_use) == (True, "", False)


async def test_the_one_that_answers_or_guesses_ahead_is_not_removed(make, added, library):
    for models in (make(answering="tiny"), make(draft="tiny")):
        with pytest.raises(Conflict, match="Let another one answer first"):
            await models.remove("tiny")
    library.use("tiny")
    with pytest.raises(Conflict):
        await make().remove("tiny")
    library.use(DEFAULT_MODEL)
    assert added.path.exists()
    await make().remove("tiny")
    assert not added.path.exists()


@pytest.mark.parametrize("name", ["no-such-model", "../x", "", "tiny.gguf"])
async def test_a_name_that_is_not_here_is_a_sentence(make, name):
    models = make()
    for act in (models.use, models.verify, models.remove):
        with pytest.raises(NotFound, match="no model of that name"):
            await act(name)
    assert (await models.now()).reading is None


async def test_where_the_choice_is_made_elsewhere_it_says_where(make, added, swap):
    for models, where in (
        (make(in_settings="tiny"), "model.name"),
        (make(swap=None), "engine.url"),
    ):
        with pytest.raises(Conflict, match=where):
            await models.use("tiny")
        assert where in (await models.now()).fixed
    assert swap.times == 0
