"""A key under lock opens with its secret and with nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.key_locks import Cost, LockKind, lock, unlock

CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
KEY = bytes(range(32))
PASSWORD, CODE = LockKind.PASSWORD, LockKind.CODE


@given(secret=st.text(st.characters(exclude_categories=["Cs"])), kind=st.sampled_from(LockKind))
def test_a_lock_opens_with_its_secret(secret, kind):
    assert unlock(lock(KEY, secret, kind, "seal", CHEAP), secret, kind, "seal") == KEY


@given(secret=st.text(), other=st.text(), kind=st.sampled_from(LockKind))
def test_a_lock_opens_with_no_other_secret(secret, other, kind):
    secret, other = f"a{secret}", f"b{other}"
    if "\ud800" <= max(secret + other) <= "\udfff":
        return
    locked = lock(KEY, secret, kind, "seal", CHEAP)
    assert unlock(locked, other, kind, "seal") is None


def test_a_password_is_the_same_however_its_letters_are_composed():
    locked = lock(KEY, "Ka\u0308se und Brot", PASSWORD, "seal", CHEAP)
    assert unlock(locked, "K\u00e4se und Brot", PASSWORD, "seal") == KEY


def test_a_lock_is_for_one_seal_and_of_one_kind():
    locked = lock(KEY, "tea", PASSWORD, "seal", CHEAP)
    assert unlock(locked, "tea", PASSWORD, "another") is None
    assert unlock(locked, "tea", CODE, "seal") is None


def test_the_same_key_is_never_locked_to_the_same():
    assert len({lock(KEY, "tea", CODE, "seal", CHEAP) for _ in range(20)}) == 20


@given(data=st.data())
def test_a_lock_that_was_changed_does_not_open(data):
    locked = lock(KEY, "tea", CODE, "seal", CHEAP)
    at = data.draw(st.integers(0, len(locked) - 1))
    changed = locked[:at] + data.draw(st.characters(exclude_categories=["Cs"])) + locked[at + 1 :]
    opened = unlock(changed, "tea", CODE, "seal")
    assert opened is None or opened == KEY  # a blank, or a bit that base64 leaves out


@pytest.mark.parametrize("locked", ["", "{}", "[]", "null", '{"salt":"","nonce":"","key":""}'])
def test_what_is_no_lock_opens_nothing(locked):
    assert unlock(locked, "tea", PASSWORD, "seal") is None
