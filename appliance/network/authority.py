"""The box's own certificate authority, and the certificates it issues. Pure: bytes in, bytes out.

A device that trusts an authority believes it everything it may say. This one may speak only for
names that exist in houses, for those that the box had when it was made, and for private addresses:
its name constraints hold the device to that, even when the key is stolen with the box. A bare name
such as `box` is in no certificate, because whoever may speak for `box` may speak for all of `.box`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.errors import CertificateRefused
from appliance.network.addresses import NEAR, is_among, parsed

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
"""Browsers believe no server certificate that is valid for longer."""
HOUSE_NAMES = ("localhost", "local", "lan", "internal", "home.arpa")
"""Names, and ends of names, that exist in no one's public directory."""

_CLOCKS_DIFFER = timedelta(days=1)
_USELESS = (
    "The box's certificate authority cannot make this certificate. Make a new one with "
    "`appliance tls init --again`."
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says."""

    names: frozenset[str]
    addresses: frozenset[str]
    begins_at: datetime
    expires_at: datetime
    fingerprint: str
    """SHA-256, as browsers show it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, both as PEM."""

    certificate: bytes
    key: bytes


def make_authority(name: str, names: Sequence[str], now: datetime) -> Pair:
    """A new authority that may speak for `names` and for what exists in houses only."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Appliance"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name}, made {now:%Y-%m-%d}"[:64]),
        ]
    )
    own = (each for each in names if _is_dotted(each))
    permitted = [
        *map(x509.DNSName, dict.fromkeys([*HOUSE_NAMES, *own])),
        *map(x509.IPAddress, NEAR),
    ]
    usage = _key_usage(key_cert_sign=True, crl_sign=True)
    certificate = (
        _builder(subject, subject, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _pair(certificate, key)


def issue(authority: Pair, names: Iterable[str], addresses: Iterable[str], now: datetime) -> Pair:
    """A certificate for a server, with the authority's behind it. What the authority may not speak
    for is left out. Raises CertificateRefused when nothing is left, or the authority is damaged.
    """
    issuer = _certificate(authority.certificate)
    issuer_key = _issuer_key(authority.key)
    may = speakable(authority.certificate, [*names, *addresses])
    if not may:
        raise CertificateRefused(_USELESS)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, may[0][:64])])
    alternatives = x509.SubjectAlternativeName([_general_name(each) for each in may])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    end = issuer.not_valid_after_utc
    certificate = (
        _builder(subject, issuer.subject, key, now, SERVER_DAYS, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(identifier, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    pair = _pair(certificate, key)
    return Pair(pair.certificate + authority.certificate, pair.key)


def speakable(authority: bytes, wanted: Iterable[str]) -> list[str]:
    """Those of the names and addresses that this authority may speak for, in their order."""
    constraints = _certificate(authority).extensions.get_extension_for_class(x509.NameConstraints)
    ends = [
        each.value
        for each in constraints.value.permitted_subtrees or ()
        if isinstance(each, x509.DNSName)
    ]
    return [
        each
        for each in dict.fromkeys(wanted)
        if is_among(parsed(each), NEAR)
        or (
            (_is_dotted(each) or each == "localhost")
            and any(each == end or each.endswith(f".{end}") for end in ends)
        )
    ]


def facts_of(pem: bytes) -> Facts:
    """What the first certificate in it says. Raises CertificateRefused when there is none."""
    certificate = _certificate(pem)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names, addresses = frozenset[str](), frozenset[str]()
    else:
        names = frozenset(found.get_values_for_type(x509.DNSName))
        addresses = frozenset(map(str, found.get_values_for_type(x509.IPAddress)))
    return Facts(
        names,
        addresses,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def as_der(pem: bytes) -> bytes:
    """The form in which phones take a certificate in."""
    return _certificate(pem).public_bytes(serialization.Encoding.DER)


def _issuer_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise CertificateRefused(_USELESS) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateRefused(_USELESS)
    return key


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise CertificateRefused(
            "This file is no certificate that can be read. Put a PEM file there, or make a new "
            "certificate with `appliance tls init --again`."
        ) from error


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: int,
    end: datetime | None = None,
) -> x509.CertificateBuilder:
    last = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # The day before counts to its validity, too.
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(min(last - _CLOCKS_DIFFER, end or last))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(**used: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: used.get(name, False) for name in names})


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _general_name(each: str) -> x509.GeneralName:
    return x509.DNSName(each) if parsed(each) is None else x509.IPAddress(ip_address(each))


def _is_dotted(name: str) -> bool:
    return "." in name and parsed(name) is None


def today() -> datetime:
    """Now, as certificates count time."""
    return datetime.now(UTC).replace(microsecond=0)
