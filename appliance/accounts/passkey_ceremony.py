"""The one file that speaks WebAuthn: what a browser is asked, and whether its answer is right.

What comes back is a stranger's: whatever is wrong with it ends in one sentence. The library is
large and most boxes have no passkey, so whoever needs this file imports it when there is one.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
import webauthn
from cryptography.exceptions import UnsupportedAlgorithm
from webauthn.helpers import (
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from appliance.accounts.account import Account
from appliance.accounts.passkey import NewKey, Passkey, Shown, Site
from appliance.errors import InvalidInput
from appliance.sentences import say

LONGEST = 20_000
"""Characters of an answer; real ones have about two thousand."""
TIMEOUT_MS = 240_000
_FORMATS = (AttestationFormat.NONE, AttestationFormat.PACKED)
"""Nobody asks who made the device, so no certificate of one is ever read but its own signature."""

_NOT_RIGHT = say(
    "What your device answered is not a passkey for this box. Try again, or use another way in."
)

log = structlog.get_logger(__name__)


def creation_options(challenge: str, site: Site, account: Account, has: Sequence[Passkey]) -> str:
    """As JSON for the browser: make a key that a device finds by itself, behind its own lock."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.host,
        user_id=handle_of(account),
        user_name=account.person.name,
        challenge=challenge.encode(),
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(site, has),
    )
    return webauthn.options_to_json(options)


def request_options(challenge: str, site: Site, among: Sequence[Passkey]) -> str:
    """As JSON for the browser: show one of these, or with none named any that it has for us."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=challenge.encode(),
        timeout=TIMEOUT_MS,
        allow_credentials=_described(site, among),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def handle_of(account: Account) -> bytes:
    """By what a device knows whose passkey it is."""
    return bytes.fromhex(account.person.person_id)


def challenge_of_new(answer: str) -> str:
    """The question that a new passkey answers. Raises InvalidInput."""
    with _refusing():
        parsed = parse_registration_credential_json(_bounded(answer))
        return parse_client_data_json(parsed.response.client_data_json).challenge.decode()


def read_new(answer: str, challenge: str, site: Site) -> NewKey:
    """A passkey that was made just now. Raises InvalidInput."""
    with _refusing():
        parsed = parse_registration_credential_json(_bounded(answer))
        if parse_attestation_object(parsed.response.attestation_object).fmt not in _FORMATS:
            raise ValueError("an attestation that nobody asked for")
        verified = webauthn.verify_registration_response(
            credential=parsed,
            expected_challenge=challenge.encode(),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    return NewKey(verified.credential_id, verified.credential_public_key, verified.sign_count)


def shown(answer: str) -> Shown:
    """What an answer says of itself, before anything of it is believed. Raises InvalidInput."""
    with _refusing():
        parsed = parse_authentication_credential_json(_bounded(answer))
        challenge = parse_client_data_json(parsed.response.client_data_json).challenge.decode()
        return Shown(parsed.raw_id, parsed.response.user_handle, challenge)


def sign_count_of(answer: str, challenge: str, site: Site, public_key: bytes) -> int:
    """How often the device says that the key was used; its signature is right. Raises InvalidInput.

    Whether that is more than before is looked at where the count is kept: here it would be
    believed before the signature is.
    """
    with _refusing():
        verified = webauthn.verify_authentication_response(
            credential=_bounded(answer),
            expected_challenge=challenge.encode(),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    return verified.new_sign_count


def _described(site: Site, passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=each.credential_id)
        for each in passkeys
        if each.host == site.host
    ]


def _bounded(answer: str) -> str:
    if not answer or len(answer) > LONGEST:
        raise ValueError("too long, or nothing at all")
    return answer


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    # The last four are what the library lets through of answers that were made to hurt it.
    except (
        *(WebAuthnException, UnsupportedAlgorithm, ValueError, TypeError, KeyError),
        *(IndexError, AttributeError, OverflowError, RecursionError, struct.error),
    ) as error:
        log.info("a passkey was not taken", cause=f"{type(error).__name__}: {error}"[:200])
        raise InvalidInput(_NOT_RIGHT) from error
