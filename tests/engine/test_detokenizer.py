import itertools

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.detokenizer import Detokenizer

FEW_LETTERS = st.text("ab한🙂\n", max_size=40)
STOP = st.text("ab한\n", min_size=1, max_size=5)


def spoken(pieces: list[bytes], stop: tuple[str, ...] = ()) -> str:
    detokenizer = Detokenizer(stop)
    text = "".join(detokenizer.push(piece) for piece in pieces)
    return text + detokenizer.flush()


@st.composite
def cut_bytes(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> tuple[str, list[bytes]]:
    """A text, and its UTF-8 bytes cut at any places."""
    text = draw(texts)
    raw = text.encode()
    cuts = sorted(draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    bounds = [0, *cuts, len(raw)]
    return text, [raw[a:b] for a, b in itertools.pairwise(bounds)]


@given(cut_bytes(st.text()))
def test_any_cut_of_the_bytes_gives_the_same_text(cut: tuple[str, list[bytes]]) -> None:
    text, pieces = cut
    assert spoken(pieces) == text


@given(
    cut_bytes(st.text(alphabet="ab한🙂\n", max_size=40)), st.text("ab한\n", min_size=1, max_size=5)
)
def test_text_ends_before_the_first_stop_string(cut: tuple[str, list[bytes]], stop: str) -> None:
    text, pieces = cut
    assert spoken(pieces, (stop,)) == text.split(stop)[0]


@given(
    cut_bytes(st.text(alphabet="ab한🙂\n", max_size=40)), st.text("ab한\n", min_size=1, max_size=5)
)
def test_nothing_that_was_sent_is_taken_back(cut: tuple[str, list[bytes]], stop: str) -> None:
    text, pieces = cut
    detokenizer = Detokenizer((stop,))
    sent = ""
    for piece in pieces:
        sent += detokenizer.push(piece)
        assert text.split(stop)[0].startswith(sent)


def test_half_a_character_waits_for_its_other_half() -> None:
    detokenizer = Detokenizer()
    assert detokenizer.push("안".encode()[:2]) == ""
    assert detokenizer.push("안".encode()[2:]) == "안"


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    assert spoken([b"a\xffb", b"\xed\x95"]) == "a\ufffdb\ufffd"


def test_after_a_stop_string_nothing_more_comes() -> None:
    detokenizer = Detokenizer(("END",))
    assert detokenizer.push(b"so it EN") == "so it "
    assert detokenizer.push(b"D and on") == ""
    assert detokenizer.is_stopped
    assert detokenizer.push(b"more") + detokenizer.flush() == ""


def test_what_only_looked_like_a_stop_string_is_sent_in_the_end() -> None:
    assert spoken([b"the EN", b"gine"], ("END",)) == "the ENgine"
