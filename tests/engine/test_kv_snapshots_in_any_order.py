"""Saves, loads, forgetting and restarts in any order: the index is what lies in the folder."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from kept_states import MODEL, PATIENCE_SECONDS, files_in, kept_in, save, snapshots_in, state_of

OWNERS = st.sampled_from(["ann", "bob"])
TAGS = st.sampled_from(["t", "u"])
TOKENS = st.lists(st.integers(0, 1), min_size=1, max_size=5)


class SnapshotsMachine(RuleBasedStateMachine):
    """Anything in any order; the index is what lies in the folder, and that is what is expected."""

    limit_bytes = 10**6

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.folder = Path(self.directory.name) / "kv"
        self.expected: set[tuple[str, str, tuple[int, ...]]] = set()
        self.open()

    def open(self) -> None:
        self.snapshots = snapshots_in(self.folder, limit_bytes=self.limit_bytes)
        self.snapshots.start()

    @rule()
    def restart(self) -> None:
        self.snapshots.close(PATIENCE_SECONDS)
        self.open()

    @rule(owner=OWNERS, tag=TAGS, tokens=TOKENS)
    def save(self, owner: str, tag: str, tokens: list[int]) -> None:
        is_kept = (owner, tag, tuple(tokens)) in kept_in(self.folder)
        save(self.snapshots, tokens, owner, tag)
        if not is_kept:
            self.expected = {
                (who, what, held)
                for who, what, held in self.expected
                if (who, what, held) != (owner, tag, tuple(tokens)[: len(held)])
            }
            self.expected.add((owner, tag, tuple(tokens)))

    @rule(owner=OWNERS, tokens=TOKENS)
    def load(self, owner: str, tokens: list[int]) -> None:
        found = self.snapshots.find(MODEL, owner, tokens, 0)
        if found is not None:
            entry, common = found
            held = entry.header.tokens
            assert entry.header.owner == owner
            assert list(held[:common]) == tokens[:common]
            assert self.snapshots.load(entry).result(PATIENCE_SECONDS) == state_of(held)

    @rule(owner=OWNERS, tag=TAGS)
    def forget(self, owner: str, tag: str) -> None:
        gone = {kept for kept in kept_in(self.folder) if kept[:2] == (owner, tag)}
        assert self.snapshots.forget(owner, tag) == len(gone)
        self.expected -= {kept for kept in self.expected if kept[:2] == (owner, tag)}

    @rule(owner=OWNERS)
    def forget_owner(self, owner: str) -> None:
        self.snapshots.forget(owner)
        self.expected -= {kept for kept in self.expected if kept[0] == owner}

    @invariant()
    def the_index_is_the_folder(self) -> None:
        if not hasattr(self, "snapshots"):
            return
        kept, files = kept_in(self.folder), files_in(self.folder)
        assert len(kept) == len(files) == self.snapshots.count
        assert self.snapshots.used_bytes == sum(files.values()) <= self.limit_bytes
        self.compare(kept)

    def compare(self, kept: set[tuple[str, str, tuple[int, ...]]]) -> None:
        assert kept == self.expected

    def teardown(self) -> None:
        if hasattr(self, "snapshots"):
            self.snapshots.close(PATIENCE_SECONDS)
            self.directory.cleanup()


class CrampedMachine(SnapshotsMachine):
    """The same with room for three."""

    limit_bytes = 3600

    def compare(self, kept: set[tuple[str, str, tuple[int, ...]]]) -> None:
        assert kept <= self.expected


for machine in (SnapshotsMachine, CrampedMachine):
    machine.TestCase.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
TestSnapshots = SnapshotsMachine.TestCase
TestCrampedSnapshots = CrampedMachine.TestCase
