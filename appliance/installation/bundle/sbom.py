"""What is in a bundle, by name, version, licence and checksum: a CycloneDX 1.6 document."""

import json
import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any

from appliance.installation.bundle.manifest import Member
from appliance.installation.bundle.wheels import name_and_version

NAME = "sbom.json"
_NO_LICENCE = ("", "UNKNOWN")
_LONGEST_LICENCE = 100


def sbom(version: str, wheels: Path, models: dict[str, str], files: dict[str, Member]) -> bytes:
    """`files` are the bundle's members; `models` the names of those that are models."""
    components = [*_packages(wheels, files), *_models(models, files)]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": "appliance",
                "name": "appliance",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": components,
        "dependencies": [
            {"ref": "appliance", "dependsOn": [each["bom-ref"] for each in components]}
        ],
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def _packages(wheels: Path, files: dict[str, Member]) -> Iterator[dict[str, Any]]:
    for wheel in sorted(wheels.glob("*.whl")):
        name, version = name_and_version(wheel)
        purl = f"pkg:pypi/{name}@{version.replace('+', '%2B')}"
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
            "hashes": [{"alg": "SHA-256", "content": files[f"wheels/{wheel.name}"].sha256}],
        }
        if licence := _licence(_metadata(wheel)):
            component["licenses"] = [licence]
        yield component


def _models(models: dict[str, str], files: dict[str, Member]) -> Iterator[dict[str, Any]]:
    for file, name in sorted(models.items()):
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model:{name}",
            "name": name,
            "hashes": [{"alg": "SHA-256", "content": files[file].sha256}],
        }


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [
            each
            for each in archive.namelist()
            if each.endswith(".dist-info/METADATA") and each.count("/") == 1
        ]
        return message_from_string(archive.read(name).decode("utf-8", "replace"))


def _licence(told: Message) -> dict[str, Any] | None:
    expression = told.get("License-Expression")
    if expression:
        return {"expression": expression}
    words = str(told.get("License") or "").strip().split("\n")[0]
    if words not in _NO_LICENCE and len(words) <= _LONGEST_LICENCE:
        return {"license": {"name": words}}
    classified = [each for each in told.get_all("Classifier", []) if each.startswith("License ::")]
    return {"license": {"name": classified[0].rpartition(" :: ")[2]}} if classified else None
