"""Threats T1, T2 and T11: what a stranger's model file, template or name may try."""

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.engine.chat_template import ChatTemplate
from appliance.errors import ApplianceError, InvalidInput, ModelError, ModelRefused
from appliance.model_files.adding import candidate
from appliance.model_files.gguf_header import check_header
from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import load_presets
from appliance.model_files.trial_run import TrialLimits, run_trial
from appliance.paths import PRESETS

WriteGguf = Callable[..., Path]
FIRM = TrialLimits(memory_bytes=3 << 30, cpu_seconds=20, wall_seconds=60)

# The corpus of T1: what got through jinja2's own sandbox elsewhere, or held a whole server.
HOSTILE_TEMPLATES = {
    "escape by class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "escape by globals": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "endless range": "{% for i in range(10**9) %}x{% endfor %}",
    "nested loops": (
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}"
        "x{% endfor %}{% endfor %}{% endfor %}"
    ),
    "repeated text": "{{ 'a' * 10**9 }}",
    "power": "{{ (10**(10**8))|length }}",
    "doubled text": (
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(60) %}"
        "{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}"
    ),
}
# Ways around a look at the syntax tree, and around counting.
SLY_TEMPLATES = {
    "number by filter": "{{ ('9' ~ '9'|center(4000))|int * 10 }}",
    "multiplied variables": "{% set a = 'aaaa' %}{% set n = 99999999 %}{{ a * n }}",
    "wide format": "{{ '%999999999d' % 1 }}",
    "wide format method": "{{ '{:999999999}'.format(1) }}",
    "wide justify": "{{ 'a'.ljust(999999999) }}",
    "filter by name": "{{ ['a']|map('center', 999999999)|list }}",
    "growing by replace": "{% set a = 'a'|replace('a', 'a' ~ 'a') %}"
    * 3
    + "{% set ns = namespace(x='aaaa') %}{% for i in range(60) %}"
    "{% set ns.x = ns.x|replace('a', 'aa') %}{% endfor %}",
    "growing by join": "{% set ns = namespace(x='aaaa') %}{% for i in range(60) %}"
    "{% set ns.x = ns.x.join([ns.x, ns.x, ns.x]) %}{% endfor %}",
    "growing by blocks": "{% set x %}aaaaaaaa{% endset %}"
    + "{% set x %}{{ x }}{{ x }}{% endset %}" * 60
    + "{{ x }}",
    "growing list": "{% set x = [1, 1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x }}",
    "growing list by plus": "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}"
    "{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "growing number": "{% set ns = namespace(x=9007199254740000) %}{% for i in range(60) %}"
    "{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "macros calling macros": "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "recursive loop": "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "long filler": "{{ lipsum(n=99999) }}",
    "include": "{% include '/etc/passwd' %}",
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep signs": "{{ " + "-" * 5000 + "1 }}",
    "too long": "{# " + "x" * 70_000 + " #}",
    "wide json": "{{ messages|tojson(indent=99999999) }}",
    "endless message": "{{ raise_exception('x' * 99999) }}",
    "message many times": "{% for i in range(9999) %}{{ messages[0].content }}{% endfor %}",
}
TALK = [("user", "Hello"), ("assistant", "Hi"), ("user", "x" * 1000)]


@pytest.mark.parametrize("name", [*HOSTILE_TEMPLATES, *SLY_TEMPLATES])
def test_a_hostile_template_is_refused_at_once(name: str) -> None:
    source = {**HOSTILE_TEMPLATES, **SLY_TEMPLATES}[name]
    begin = time.thread_time()
    with pytest.raises((ModelRefused, InvalidInput)):
        ChatTemplate(source, {}, "", "").tokens(TALK, lambda text: list(text.encode()))
    # Of this thread's own time: other work on the machine does not count. Half a second is what a
    # template may cost before anybody's stream stalls; the slowest of these takes a fifth of it.
    assert time.thread_time() - begin < 0.5


@pytest.mark.parametrize("name", HOSTILE_TEMPLATES)
def test_a_file_with_a_hostile_template_does_not_come_in(
    name: str, tmp_path: Path, write_gguf: WriteGguf
) -> None:
    path = write_gguf(tmp_path / "bad.gguf", template=HOSTILE_TEMPLATES[name])
    with pytest.raises(ModelRefused):
        run_trial(path, "bad.gguf", FIRM, whole=False)


def test_what_a_file_says_of_itself_cannot_write_over_the_terminal(
    tmp_path: Path, write_gguf: WriteGguf
) -> None:
    title = "\x1b[2J\x1b]0;owned\x07Nice\u202emodel\r\n[bold]x"
    path = write_gguf(tmp_path / "loud.gguf", title=title)
    library = ModelLibrary(tmp_path / "models", load_presets(PRESETS))
    with candidate(library, path, "loud", {}, source=str(path)) as tried:
        installed = tried.accept(library)
    assert installed.title.isprintable()
    assert "Nice" in installed.title


def _mutants(original: bytes, count: int, seed: int) -> Iterator[bytes]:
    """The model with parts of its header changed, repeated, cut out or cut off."""
    chance = random.Random(seed)
    header = original.index(b"token_embd.weight") + 600
    for _ in range(count):
        mutant = bytearray(original)
        for _ in range(chance.choice([1, 1, 2, 8])):
            at = chance.randrange(4, header)
            match chance.randrange(5):
                case 0:
                    mutant[at] = chance.randrange(256)
                case 1:
                    mutant[at : at + 8] = chance.choice([2**63, 2**32 - 1, 0, 2**31]).to_bytes(8)
                case 2:
                    mutant[at : at + 4] = chance.randbytes(4)
                case 3:
                    del mutant[at : at + chance.randrange(1, 40)]
                case _:
                    mutant[at:at] = mutant[at : at + chance.randrange(1, 40)]
        if chance.random() < 0.05:
            del mutant[chance.randrange(len(mutant)) :]
        yield bytes(mutant)


def _try_mutants(tmp_path: Path, write_gguf: WriteGguf, count: int, seed: int) -> tuple[int, int]:
    """How many were refused, and how many were found to be models still."""
    original = write_gguf(tmp_path / "original.gguf").read_bytes()
    refused = 0
    for number, mutant in enumerate(_mutants(original, count, seed)):
        path = tmp_path / "mutant.gguf"
        path.write_bytes(mutant)
        try:
            check_header(path)
            report = run_trial(path, path.name, FIRM)
        except ModelRefused as refusal:
            refused += 1
            assert str(refusal).isprintable() and str(refusal).endswith("."), (seed, number)
        else:
            assert report.context_tokens > 0
    return refused, count - refused


def test_damaged_models_are_refused_with_a_sentence_and_crash_nothing(
    tmp_path: Path, write_gguf: WriteGguf
) -> None:
    refused, _ = _try_mutants(tmp_path, write_gguf, count=60, seed=2026)
    assert refused > 10


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_thousand_damaged_models_crash_nothing(tmp_path: Path, write_gguf: WriteGguf) -> None:
    refused, accepted = _try_mutants(tmp_path, write_gguf, count=2000, seed=7)
    assert refused > 500 and accepted > 100


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=400))
def test_any_bytes_behind_the_magic_are_looked_at_safely(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00" + content)
    try:
        check_header(path)
    except ModelRefused as refusal:
        assert str(refusal).endswith(".")


_OPENED: list[str] | None = None


def _note_opened(event: str, arguments: tuple[object, ...]) -> None:
    if _OPENED is not None and event in {"open", "os.remove", "os.rename", "shutil.rmtree"}:
        _OPENED.append(str(arguments[0]))


# An audit hook cannot be taken away again; it is quiet unless a test listens.
sys.addaudithook(_note_opened)


@contextmanager
def _listening() -> Iterator[list[str]]:
    global _OPENED
    _OPENED = opened = []
    try:
        yield opened
    finally:
        _OPENED = None


_NASTY_NAMES = [
    *("..", "../manifest.json", "/etc/passwd", "a/../../b", "%2e%2e%2f", "\x00", "a\x00.gguf"),
    *("\u202egguf.exe", "current", "manifest.json", ".lock", "", " ", "~root", "$HOME", "con:"),
    "\\\\server\\share",
]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(_NASTY_NAMES) | st.text(max_size=120))
def test_no_name_opens_a_file_outside_the_models(name: str, tmp_path: Path) -> None:
    inside = tmp_path / "models"
    library = ModelLibrary(inside, load_presets(PRESETS))
    with _listening() as opened:
        for ask in (library.find, library.verify, library.use, library.remove):
            with pytest.raises(ModelError) as refused:
                ask(name)
            assert str(refused.value).isprintable()
    assert all(path.startswith(str(inside)) for path in opened), opened


@pytest.mark.parametrize("name", _NASTY_NAMES)
def test_no_file_is_stored_under_a_name_that_leads_elsewhere(
    name: str, tmp_path: Path, write_gguf: WriteGguf
) -> None:
    if name in {"current", "manifest.json"}:
        pytest.skip("a name like any other: files are stored by their sha256")
    path = write_gguf(tmp_path / "tiny.gguf")
    library = ModelLibrary(tmp_path / "models", load_presets(PRESETS))
    with pytest.raises(ApplianceError), candidate(library, path, name, {}, source="x"):
        pass
    assert not (tmp_path / "models").exists()


def test_a_link_in_the_place_of_a_model_is_not_followed(
    tmp_path: Path, write_gguf: WriteGguf
) -> None:
    path = write_gguf(tmp_path / "tiny.gguf")
    library = ModelLibrary(tmp_path / "models", load_presets(PRESETS))
    with candidate(library, path, "tiny", {}, source=str(path)) as tried:
        installed = tried.accept(library)
    installed.path.unlink()
    installed.path.symlink_to(path)
    with pytest.raises(ModelError, match="not a plain file"):
        library.find("tiny")


def test_a_row_that_points_elsewhere_is_refused(tmp_path: Path, write_gguf: WriteGguf) -> None:
    path = write_gguf(tmp_path / "tiny.gguf")
    library = ModelLibrary(tmp_path / "models", load_presets(PRESETS))
    with candidate(library, path, "tiny", {}, source=str(path)) as tried:
        installed = tried.accept(library)
    manifest = tmp_path / "models" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(installed.sha256, "../../etc/passwd"))
    with pytest.raises(ModelRefused, match="sha256"):
        library.find("tiny")
