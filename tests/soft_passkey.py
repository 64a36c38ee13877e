"""A device with passkeys, in software: it answers as a browser would hand it on."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftPasskey:
    """One key; what it says of itself can be bent by a test."""

    origin: str = "https://box.test"
    count: int = 0
    flags: int = PRESENT | VERIFIED
    handle: str = ""
    credential_id: bytes = b"a key of software"
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, question: str) -> str:
        """The answer to a question for a new key."""
        asked = json.loads(question)
        self.handle = asked["user"]["id"]
        numbers = self.private.public_key().public_numbers()
        point = [number.to_bytes(32) for number in (numbers.x, numbers.y)]
        cose = encode_cbor({1: 2, 3: -7, -1: 1, -2: point[0], -3: point[1]})
        length = len(self.credential_id).to_bytes(2)
        attested = bytes(16) + length + self.credential_id + cose
        said = self._said(asked["rp"]["id"], self.flags | ATTESTED) + attested
        made = encode_cbor({"fmt": "none", "attStmt": {}, "authData": said})
        data = self._client_data("webauthn.create", asked)
        return self._answer(clientDataJSON=data, attestationObject=made)

    def get(self, question: str) -> str:
        """The answer to a question for a key that there is; it is one use more."""
        self.count += 1
        asked = json.loads(question)
        said = self._said(asked["rpId"], self.flags)
        data = self._client_data("webauthn.get", asked)
        signature = self.private.sign(said + sha256(data).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            clientDataJSON=data,
            authenticatorData=said,
            signature=signature,
            userHandle=decoded(self.handle),
        )

    def _said(self, host: str, flags: int) -> bytes:
        return sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client_data(self, kind: str, asked: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": asked["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def _answer(self, **parts: bytes) -> str:
        response = {name: encoded(raw) for name, raw in parts.items()}
        own_id = encoded(self.credential_id)
        said = {"id": own_id, "rawId": own_id, "type": "public-key", "response": response}
        return json.dumps(said)
