"""Whether the machine is up to it: disk, memory, processor, clock."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from appliance import __file__ as program
from appliance.cpu import physical_cores
from appliance.doctor.finding import Finding, fine, unknown, warning, wrong
from appliance.doctor.patient import Patient
from appliance.model_files.gguf_header import header_numbers
from appliance.model_files.installed import InstalledModel
from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import load_presets
from appliance.paths import PRESETS
from appliance.settings_engine import DEFAULT_MODEL
from appliance.store import inspection

LEAST_FREE_BYTES = 256 * 2**20
FEW_FREE_BYTES = 2 * 2**30
BESIDES_BYTES = 400 * 2**20
"""Python, the page, Valkey and an embedding model."""
A_DAY = 86_400
NEEDED_FLAGS = ("avx2", "fma", "f16c")


def disk(patient: Patient) -> Finding:
    """Room for what is said."""
    folder = next(each for each in (patient.data_dir, *patient.data_dir.parents) if each.exists())
    usage = shutil.disk_usage(folder)
    says = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB are free under {folder}."
    if usage.free < LEAST_FREE_BYTES:
        return wrong(says, "Free some: the box takes no documents now, and soon no messages.")
    if usage.free < FEW_FREE_BYTES:
        return warning(says, "Free some before the box has to refuse messages.")
    return fine(says)


def memory(patient: Patient) -> Finding:
    """The model with its KV cache against what there is. Raises ModelError without a model."""
    if patient.settings.engine.url:
        return unknown("Another machine runs the model.")
    total = _meminfo(patient, "MemTotal:")
    if not total:
        return unknown("How much memory there is may not be read.")
    model = _model(patient)
    cache = cache_bytes(model, patient.settings.engine.kv_tokens, patient.settings.engine.kv_type)
    needed = model.size_bytes + cache + BESIDES_BYTES
    says = (
        f"{model.name} takes about {needed / 1e9:.1f} GB ({model.size_bytes / 1e9:.1f} the model, "
        f"{cache / 1e9:.1f} its KV cache); this machine has {total / 1e9:.1f} GB."
    )
    if needed > total:
        return wrong(says, "Choose a smaller model, or a smaller engine.kv_tokens.")
    if needed > 0.8 * total:
        return warning(says, "It is tight: engine.kv_type = q8_0 halves the KV cache.")
    return fine(says)


def processor(patient: Patient) -> Finding:
    """What the arithmetic is built for."""
    try:
        lines = (patient.proc / "cpuinfo").read_text().splitlines()
    except OSError:
        return unknown("What the processor can do may not be read.")
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    missing = [each for each in NEEDED_FLAGS if each not in flags]
    if missing:
        return warning(
            f"The processor has no {', '.join(missing)}: replies are slow, and the multilingual "
            "embedding model does not run.",
            "Set recall.model to english, or recall.enabled to false; or use a newer machine.",
        )
    best = [each for each in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if each in flags]
    return fine(f"The processor has {', '.join(best)}.")


def threads(patient: Patient) -> Finding:
    """As many as cores: more of them wait for each other."""
    cores, wanted = physical_cores(), patient.settings.engine.threads
    if wanted is None:
        return fine(f"One thread computes on each of {cores} cores.")
    if wanted > cores:
        return warning(
            f"engine.threads is {wanted}, and there are {cores} cores to use.",
            "Leave engine.threads out: threads that share a core hold each other up.",
        )
    return fine(f"{wanted} threads compute, on {cores} cores.")


def clock(patient: Patient) -> Finding:
    """Nothing that was written here can be of the future."""
    written = max(Path(program).stat().st_mtime, inspection.newest_moment(patient.database))
    if patient.now < written - A_DAY:
        shown = datetime.fromtimestamp(patient.now, UTC)
        return wrong(
            f"The clock says {shown:%Y-%m-%d %H:%M} UTC, and there are things from "
            f"{datetime.fromtimestamp(written, UTC):%Y-%m-%d}: it is behind.",
            "Set it (timedatectl set-time), or certificates and codes of second factors fail.",
        )
    return fine(f"The clock says {datetime.fromtimestamp(patient.now, UTC):%Y-%m-%d %H:%M} UTC.")


def cache_bytes(model: InstalledModel, tokens: int, kind: str) -> int:
    """Of its KV cache, after what its header says; 0 when it does not say."""
    numbers = header_numbers(model.path)

    def of(name: str) -> int:
        return next((each for key, each in numbers.items() if key.endswith(f".{name}")), 0)

    heads = of("attention.head_count")
    if not heads:
        return 0
    size = of("attention.key_length") or of("embedding_length") // heads
    values = 2 * of("block_count") * (of("attention.head_count_kv") or heads) * size
    return tokens * values * (2 if kind == "f16" else 1)


def _model(patient: Patient) -> InstalledModel:
    library = ModelLibrary(patient.settings.model_dir, load_presets(PRESETS))
    return library.find(library.chosen(patient.settings.model.name, DEFAULT_MODEL))


def _meminfo(patient: Patient, name: str) -> int:
    try:
        lines = (patient.proc / "meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)
