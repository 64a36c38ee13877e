"""What a stranger sends for a passkey: one sentence, whatever it is."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from house import AT_HOME, House
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.accounts import passkey_ceremony as ceremony
from appliance.accounts.passkey import Site
from appliance.errors import InvalidInput

SITE = Site("box.test", "https://box.test")


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def an_answer(**parts: bytes) -> str:
    response = {name: encoded(raw) for name, raw in parts.items()}
    return json.dumps({"id": "AQ", "rawId": "AQ", "type": "public-key", "response": response})


def client_data(kind: str, challenge: str, origin: str = SITE.origin) -> bytes:
    said = {"type": kind, "challenge": encoded(challenge.encode()), "origin": origin}
    return json.dumps(said).encode()


@given(st.one_of(st.text(max_size=200), st.binary(max_size=300)), st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_answer_is_refused_with_a_sentence(text: Any, raw: bytes) -> None:
    asked = client_data("webauthn.create", "x")
    get = client_data("webauthn.get", "x")
    for answer in (
        text if isinstance(text, str) else an_answer(clientDataJSON=text, attestationObject=raw),
        an_answer(clientDataJSON=asked, attestationObject=raw),
    ):
        with pytest.raises(InvalidInput):
            ceremony.read_new(answer, "x", SITE)
    shown = an_answer(clientDataJSON=get, authenticatorData=raw, signature=raw)
    with pytest.raises(InvalidInput):
        ceremony.sign_count_of(shown, "x", SITE, raw)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        "[]",
        "[" * 19_000,
        "{}",
        "x" * 30_000,
        an_answer(clientDataJSON=b"{}"),
        an_answer(
            clientDataJSON=b'{"type": 1, "challenge": 2, "origin": 3}', attestationObject=b""
        ),
        an_answer(
            clientDataJSON=client_data("webauthn.create", "x"), attestationObject=b"\x9f" * 900
        ),
    ],
)
def test_what_is_made_to_hurt_is_refused_with_a_sentence(answer: str) -> None:
    for read in (ceremony.challenge_of_new, ceremony.shown):
        if answer and "clientDataJSON" in answer:
            continue
        with pytest.raises(InvalidInput):
            read(answer)
    with pytest.raises(InvalidInput):
        ceremony.read_new(answer, "x", SITE)


async def test_an_answer_to_a_question_that_nobody_asked_is_refused(house: House) -> None:
    ann = await house.set_up()
    made = an_answer(
        clientDataJSON=client_data("webauthn.create", "never asked"), attestationObject=b"\xa0"
    )
    shown = an_answer(
        clientDataJSON=client_data("webauthn.get", "never asked"),
        authenticatorData=b"x",
        signature=b"x",
    )
    with pytest.raises(InvalidInput, match="Begin once more"):
        await house.door.passkeys.add(ann, "Phone", made, SITE)
    with pytest.raises(InvalidInput, match="Begin once more"):
        await house.door.passkeys.sign_in(shown, SITE, AT_HOME)
