from array import array

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.kv_snapshot_file import SnapshotHeader
from appliance.engine.kv_snapshot_index import SnapshotEntry, SnapshotIndex, find_longest

TOKENS = st.lists(st.integers(0, 1), max_size=300)
OWNER = st.sampled_from(["ann", "bob"])


def entry(
    tokens: list[int],
    owner: str = "ann",
    *,
    public: int = 0,
    tag: str = "t",
    model: str = "a",
    size: int = 10,
) -> SnapshotEntry:
    header = SnapshotHeader(model, owner, tag, public, array("i", tokens), 1)
    return SnapshotEntry(f"{model}-{owner}-{tag}-{tokens}", header, size)


def index_of(*entries: SnapshotEntry) -> SnapshotIndex:
    index = SnapshotIndex()
    for each in entries:
        index.add(each)
    return index


def shared(left: list[int], right: list[int]) -> int:
    count = 0
    while count < min(len(left), len(right)) and left[count] == right[count]:
        count += 1
    return count


@given(
    TOKENS,
    st.lists(st.tuples(TOKENS, OWNER, st.integers(0, 300)), max_size=6),
    st.tuples(TOKENS, OWNER, st.integers(0, 300)),
)
def test_the_longest_beginning_is_found_and_nothing_private_of_another_owner(
    beginning: list[int],
    held: list[tuple[list[int], str, int]],
    asked: tuple[list[int], str, int],
) -> None:
    rest, owner, public = asked
    tokens = beginning + rest
    entries = [entry(beginning + own, who, public=count) for own, who, count in held]
    serves = {}
    for each in entries:
        common = shared(list(each.header.tokens), tokens)
        if each.header.owner != owner:
            common = min(common, each.header.public_tokens, public)
        serves[each] = common
    found = find_longest(entries, owner, tokens, public)
    if found is None:
        assert not any(serves.values())
    else:
        best, common = found
        assert common == serves[best] == max(serves.values()) > 0


def test_of_two_that_serve_alike_the_smaller_is_loaded() -> None:
    large = entry([1, 2, 3, 4], size=40)
    small = entry([1, 2, 9], size=30)
    for entries in ([large, small], [small, large]):
        assert find_longest(entries, "ann", [1, 2, 5], 0) == (small, 2)


def test_what_another_model_left_is_not_used_but_counted_and_forgotten() -> None:
    other = entry([1, 2], model="b", size=20)
    index = index_of(other)
    assert index.usable("a") == []
    assert (len(index), index.used_bytes, index.of("ann", "t")) == (1, 20, [other])


def test_a_withheld_one_is_not_used_but_counted_and_forgotten() -> None:
    held = entry([1, 2])
    index = index_of(held)
    index.withhold(held)
    assert index.usable("a") == []
    assert (len(index), index.of("ann")) == (1, [held])
    index.remove(held)
    assert len(index) == 0


def test_an_earlier_state_of_the_same_conversation_is_superseded_and_no_other() -> None:
    earlier = entry([1, 2])
    index = index_of(
        earlier,
        entry([1, 9]),
        entry([1, 2, 3, 4]),
        entry([1, 2], tag="u"),
        entry([1, 2], "bob"),
        entry([1, 2], model="b"),
    )
    assert index.superseded_by(entry([1, 2, 3]).header) == [earlier]


def test_covered_are_exactly_the_same_tokens_with_the_same_public_part() -> None:
    index = index_of(entry([1, 2, 3], public=1))
    assert index.covers(entry([1, 2, 3], public=1).header)
    assert not index.covers(entry([1, 2, 3], public=2).header)
    assert not index.covers(entry([1, 2], public=1).header)
    assert not index.covers(entry([1, 2, 3], "bob", public=1).header)


def test_superseded_ones_go_first_and_then_the_least_recently_used() -> None:
    old, middle, new = (entry([1], tag=tag, size=10) for tag in "abc")
    index = index_of(old, middle, new)
    assert index.victims(0) == []
    assert index.victims(11) == [old, middle]
    assert index.victims(11, [new]) == [new, old]
    assert index.victims(31) is None
    index.mark_used(old)
    assert index.victims(10) == [middle]
