"""What is sealed opens in its own place with its own key, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.keyring import KEY_BYTES, MARK, Keyring
from appliance.accounts.locked_memory import LockedBytes
from appliance.errors import AccountClosed, StoreError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ONE, OTHER = b"\1" * KEY_BYTES, b"\2" * KEY_BYTES
PLACE = "messages.content 0a"


@pytest.fixture
def keyring():
    keyring = Keyring()
    keyring.open("one", ONE)
    keyring.open("other", OTHER)
    yield keyring
    keyring.close_all()


def changed_at(value: str, at: int) -> str:
    """The same with another character of base64 in that place."""
    return value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]


@given(text=TEXTS)
def test_whatever_is_sealed_opens_again(text):
    keyring = Keyring()
    keyring.open("one", ONE)
    assert keyring.unseal("one", PLACE, keyring.seal("one", PLACE, text)) == text


def test_a_text_that_looks_sealed_is_a_text_like_any_other(keyring):
    sealed = keyring.seal("one", PLACE, "tea")
    again = keyring.seal("one", PLACE, sealed)
    assert keyring.unseal("one", PLACE, again) == sealed


def test_the_same_words_are_never_sealed_to_the_same(keyring):
    assert len({keyring.seal("one", PLACE, "tea") for _ in range(100)}) == 100


@given(text=TEXTS, data=st.data())
def test_no_change_of_any_character_opens(text, data):
    keyring = Keyring()
    keyring.open("one", ONE)
    sealed = keyring.seal("one", PLACE, text)
    at = data.draw(st.integers(0, len(sealed) - 1))
    # The last characters of base64 may have bits that mean nothing: those are no change.
    changed = changed_at(sealed, at)
    if at < len(MARK) or not sealed.endswith("="):
        with pytest.raises(StoreError, match="not as it was sealed"):
            keyring.unseal("one", PLACE, changed)
        return
    try:
        assert keyring.unseal("one", PLACE, changed) == text
    except StoreError as error:
        assert "not as it was sealed" in str(error)


@given(text=TEXTS, data=st.data())
def test_nothing_that_is_cut_short_opens(text, data):
    keyring = Keyring()
    keyring.open("one", ONE)
    sealed = keyring.seal("one", PLACE, text)
    with pytest.raises(StoreError):
        keyring.unseal("one", PLACE, sealed[: data.draw(st.integers(0, len(sealed) - 1))])


@pytest.mark.parametrize("value", ["", "tea", MARK, f"{MARK}tea", f"{MARK}dGVh", "s2:" + "A" * 80])
def test_what_was_never_sealed_does_not_open(keyring, value):
    with pytest.raises(StoreError, match="not as it was sealed"):
        keyring.unseal("one", PLACE, value)


def test_it_opens_in_no_other_place_and_for_nobody_else(keyring):
    sealed = keyring.seal("one", PLACE, "tea")
    for seal_id, place in [
        ("one", "messages.content 0b"),
        ("one", "conversations.title 0a"),
        ("other", PLACE),
    ]:
        with pytest.raises(StoreError, match="not as it was sealed"):
            keyring.unseal(seal_id, place, sealed)


def test_a_place_cannot_be_made_to_look_like_another(keyring):
    """Where a seal's id ends and the place begins is not in doubt."""
    keyring.open("one a", ONE)
    sealed = keyring.seal("one", "a b", "tea")
    keyring.open("one2", ONE)
    with pytest.raises(StoreError):
        keyring.unseal("one2", "a b", sealed)


def test_without_the_key_nothing_opens_and_nothing_is_sealed(keyring):
    sealed = keyring.seal("one", PLACE, "tea")
    keyring.close("one")
    assert not keyring.is_open("one") and keyring.is_open("other")
    with pytest.raises(AccountClosed):
        keyring.unseal("one", PLACE, sealed)
    with pytest.raises(AccountClosed):
        keyring.seal("one", PLACE, "tea")
    keyring.open("one", ONE)
    assert keyring.unseal("one", PLACE, sealed) == "tea"


def test_a_key_that_is_closed_is_wiped(keyring):
    held = keyring._keys["one"]
    assert bytes(held.view) == ONE
    keyring.close("one")
    assert held.is_wiped
    keyring.close("one")


def test_the_bytes_are_noughts_before_the_page_is_given_back():
    locked = LockedBytes(b"secret")
    seen = memoryview(locked._page)
    assert bytes(seen[:6]) == b"secret"
    with pytest.raises(BufferError):  # somebody looks at the page still; its bytes went first
        locked.wipe()
    assert not any(seen)
    seen.release()


def test_looking_at_what_is_sealed_counts_as_use(keyring, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("appliance.accounts.keyring.monotonic", lambda: now)
    sealed = keyring.seal("one", PLACE, "tea")
    now = 1100.0
    assert keyring.unused_seconds("one") == 100.0
    keyring.unseal("one", PLACE, sealed)
    assert keyring.unused_seconds("one") == 0.0
    assert keyring.unused_seconds("nobody") == 0.0
