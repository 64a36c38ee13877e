"""The file by which iPhones, iPads and Macs take an authority in: a configuration profile.

It holds one certificate and no setting. It is not signed, and the device says so: there is nobody
whom the device knows already and who could sign it.
"""

import plistlib
from collections.abc import Callable
from hashlib import sha256
from uuid import UUID

from appliance.sentences import say


def mobile_profile(authority: bytes, name: str, said: Callable[[str], str] = str) -> bytes:
    """Of the authority's certificate (DER), for the box of that name, in the words of who reads it
    (`said`). The same certificate is the same profile, so that taking it in again replaces it.
    """
    digest = sha256(authority).digest()
    certificate = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"box.appliance.{digest.hex()[:16]}.authority",
        "PayloadUUID": str(UUID(bytes=digest[:16])).upper(),
        "PayloadDisplayName": said(say("Certificate authority of %(name)s", name=name)),
        "PayloadCertificateFileName": "appliance.cer",
        "PayloadContent": authority,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"box.appliance.{digest.hex()[:16]}",
        "PayloadUUID": str(UUID(bytes=digest[16:])).upper(),
        "PayloadDisplayName": said(say("Appliance at %(name)s", name=name)),
        "PayloadDescription": said(
            say("Lets this device know the box in your house by its certificate.")
        ),
        "PayloadContent": [certificate],
    }
    return plistlib.dumps(profile)
