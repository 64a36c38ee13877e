"""A list cut into its elements, however the file is cut into pieces."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import ImportRefused
from appliance.portable import json_parts
from appliance.portable.json_parts import CUT_OFF, JsonParts

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ELEMENTS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=6)


class InPieces(io.BytesIO):
    """Gives fewer bytes than asked for, as a pipe or an archive may."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read(self, size: int = -1) -> bytes:
        at_start = self.tell() == 0  # where the shape is seen, which takes a few bytes
        return super().read(8 if at_start and self._size < 8 else min(size, self._size))


def parts_of(content: bytes, size: int = 1 << 20) -> list[json_parts.Part]:
    return [part for part in JsonParts(InPieces(content, size)) if part is not None]


@settings(deadline=None)
@given(ELEMENTS, st.integers(1, 40), st.booleans(), st.sampled_from([None, 2]))
def test_the_elements_are_those_of_the_list(elements, size, ascii_only, indent):
    content = json.dumps(elements, ensure_ascii=ascii_only, indent=indent).encode()
    assert [json.loads(part.text) for part in parts_of(content, size)] == elements


@settings(deadline=None)
@given(ELEMENTS, st.integers(1, 300), st.data())
def test_a_file_that_is_cut_off_gives_what_was_whole_and_says_so(elements, size, data):
    content = json.dumps(elements).encode()
    cut = content[: data.draw(st.integers(1, len(content) - 1))]
    parts = iter(JsonParts(InPieces(cut, size)))
    got = []
    with pytest.raises(ImportRefused, match="ends in the middle"):
        while True:
            if (part := next(parts)) is not None:
                got.append(json.loads(part.text))
    assert got == elements[: len(got)]


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(1, 50))
def test_any_bytes_end_in_parts_or_in_a_sentence(content, size):
    try:
        parts_of(b"[" + content, size)
    except ImportRefused as error:
        assert str(error).endswith(".")


def test_an_object_by_itself_is_one_element():
    assert [part.text for part in parts_of(b' {"a": [1, {"b": "]}"}]} ')] == [
        b'{"a": [1, {"b": "]}"}]}'
    ]


def test_a_byte_order_mark_does_no_harm():
    assert len(parts_of(b"\xef\xbb\xbf[{}]")) == 1


@pytest.mark.parametrize(
    ("name", "limit", "element", "said"),
    [
        ("MOST_PART_BYTES", 1000, b'{"a":"' + b"x" * 2000 + b'"}', "larger than"),
        ("MOST_DEPTH", 10, b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", "nested more than"),
        ("MOST_BRACKETS", 10, b'{"a":[' + b"{}," * 20 + b"{}]}", "more parts"),
    ],
)
def test_an_element_beyond_a_limit_is_passed_over(monkeypatch, name, limit, element, said):
    monkeypatch.setattr(json_parts, name, limit)
    first, second, third = parts_of(b'[{"n":1},' + element + b',{"n":2}]', 64)
    assert (first.text, third.text) == (b'{"n":1}', b'{"n":2}')
    assert said in second.trouble and second.text == b""


@pytest.mark.parametrize("content", [b"", b"   ", b"null", b'"text"', b"[1, 2]", b"hello", b"\0"])
def test_what_is_no_list_of_objects_is_refused(content):
    with pytest.raises(ImportRefused, match="no list of conversations"):
        parts_of(content)


def test_an_empty_list_has_no_elements():
    assert parts_of(b" [ ] ") == []


def test_the_end_is_missed_where_the_list_is_not_closed():
    with pytest.raises(ImportRefused, match=CUT_OFF):
        parts_of(b'[{"a": 1}')
