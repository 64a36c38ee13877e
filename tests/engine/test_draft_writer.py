"""What the draft model is given to read and write, and what it lets go of."""

import pytest
from scripted_draft import END, ScriptedDraft, counting

from appliance.engine.draft_model import AT_ONCE_TOKENS, MOST_DRAFTING, Guess
from appliance.engine.draft_writer import DraftWriter
from appliance.engine.sequence import SamplingParams, Sequence


class Writer:
    """Reads and writes in one go, as the guesser has it do."""

    def __init__(self, model: ScriptedDraft) -> None:
        self._writer = DraftWriter(model, lambda: 0.0)
        self.seats = self._writer.seats

    def drafts(self, lengths: dict[Sequence, int]) -> dict[Sequence, list[int]]:
        return self._writer.drafts(self._writer.read(lengths), lengths)


def sequence(name: str, tokens: list[int]) -> Sequence:
    return Sequence(name, "ann", tokens, SamplingParams())


def test_all_sequences_are_guessed_ahead_in_the_same_calls() -> None:
    model = ScriptedDraft(counting)
    ann, ben = sequence("ann", [1, 2, 3]), sequence("ben", [50, 51])
    assert Writer(model).drafts({ann: 4, ben: 2}) == {ann: [4, 5, 6, 7], ben: [52, 53]}
    assert model.calls == [[3, 2], [1, 1], [1], [1]]


def test_only_what_is_new_is_read_and_a_wrong_guess_is_dropped() -> None:
    model = ScriptedDraft(counting)
    ann = sequence("ann", [1, 2, 3])
    drafts = Writer(model)
    drafts.drafts({ann: 4})
    ann.tokens += [4, 5, 90]
    model.calls.clear()
    assert drafts.drafts({ann: 3}) == {ann: [91, 92, 93]}
    assert model.calls == [[1], [1], [1]]
    assert model.seats[0] == [1, 2, 3, 4, 5, 90, 91, 92]


def test_a_guess_ends_where_the_model_is_not_sure() -> None:
    model = ScriptedDraft(lambda tokens: Guess(7, 0.9 if len(tokens) < 5 else 0.5))
    ann, ben = sequence("ann", [1, 2, 3]), sequence("ben", [1] * 8)
    assert Writer(model).drafts({ann: 8, ben: 8}) == {ann: [7, 7], ben: []}


def test_a_guess_ends_before_the_end_of_the_reply() -> None:
    model = ScriptedDraft(lambda tokens: Guess(END if len(tokens) == 4 else 7, 0.9))
    ann = sequence("ann", [1, 2, 3])
    assert Writer(model).drafts({ann: 8}) == {ann: [7]}


def test_a_long_text_is_read_in_pieces_before_it_is_guessed_at() -> None:
    model = ScriptedDraft(counting, batch_tokens=64)
    long, short = sequence("long", list(range(1, 301))), sequence("short", [7])
    drafts = Writer(model)
    answers = [drafts.drafts({long: 2, short: 1}) for _ in range(6)]
    assert answers[:4] == [{short: [8]}] * 4, "nobody waits for who reads"
    assert answers[5] == {long: [301, 302], short: [8]}
    assert all(sum(call) <= 64 + 2 * AT_ONCE_TOKENS for call in model.calls)


def test_words_that_the_draft_model_does_not_know_are_not_given_to_it() -> None:
    model = ScriptedDraft(lambda tokens: Guess(5, 0.9), vocabulary_tokens=100)
    ann, ben = sequence("ann", [1, 100]), sequence("ben", [1, 99])
    assert Writer(model).drafts({ann: 1, ben: 1}) == {ben: [5]}


@pytest.mark.parametrize("limit", [{"kv_tokens": 100}, {"context_tokens": 100}])
def test_a_text_that_is_too_long_for_it_is_let_go(limit: dict[str, int]) -> None:
    model = ScriptedDraft(counting, **limit)
    ann = sequence("ann", list(range(1, 31)))
    drafts = Writer(model)
    assert drafts.drafts({ann: 2}) == {ann: [31, 32]}
    ann.tokens += range(31, 101)
    assert drafts.drafts({ann: 2}) == {}
    assert not any(model.seats)


def test_who_is_not_wanted_makes_room_and_who_is_wanted_stays() -> None:
    model = ScriptedDraft(counting, kv_tokens=100)
    ann, ben, eve = (sequence(name, list(range(1, 31))) for name in ("ann", "ben", "eve"))
    drafts = Writer(model)
    assert drafts.drafts({ann: 1, ben: 1}).keys() == {ann, ben}
    assert drafts.drafts({ben: 1, eve: 1}).keys() == {ben, eve}
    assert drafts.drafts({ben: 1, eve: 1, ann: 1}).keys() == {ben, eve}
    assert drafts.seats.violations([ben, eve]) == []


def test_there_are_seats_for_as_many_as_may_draft_and_others_take_turns() -> None:
    model = ScriptedDraft(counting)
    crowd = [sequence(str(number), [number]) for number in range(MOST_DRAFTING + 2)]
    drafts = Writer(model)
    first, last = crowd[:MOST_DRAFTING], crowd[2:]
    assert drafts.drafts(dict.fromkeys(first, 1)).keys() == set(first)
    assert drafts.drafts(dict.fromkeys(last, 1)).keys() == set(last)


def test_a_sequence_that_is_over_leaves_nothing_behind() -> None:
    model = ScriptedDraft(counting)
    ann, ben = sequence("ann", [1, 2, 3]), sequence("ben", [4, 5])
    drafts = Writer(model)
    drafts.drafts({ann: 2, ben: 2})
    drafts.seats.forget(ann)
    drafts.seats.forget(ann)
    assert model.seats[0] == []
    assert model.seats[1][:2] == [4, 5]
    drafts.seats.reset()
    assert not any(model.seats)
    assert drafts.drafts({ben: 1}) == {ben: [6]}


def test_the_check_finds_words_of_who_is_over_and_counts_that_differ() -> None:
    model = ScriptedDraft(counting)
    ann = sequence("ann", [1, 2, 3])
    drafts = Writer(model)
    drafts.drafts({ann: 2})
    assert drafts.seats.violations([ann]) == []
    assert drafts.seats.violations([]) == ["the draft model still holds 1 sequences"]
    model.seats[0].pop()
    model.seats[2].append(5)
    assert drafts.seats.violations([ann]) == [
        "seat 0 of the draft model counts 4 tokens, and the model holds 3",
        "seat 2 of the draft model counts 0 tokens, and the model holds 1",
    ]


def test_a_model_that_can_drop_nothing_reads_again() -> None:
    class Forgetful(ScriptedDraft):
        def keep(self, seat: int, count: int) -> int:
            return super().keep(seat, 0)

    model = Forgetful(counting)
    ann = sequence("ann", [1, 2, 3])
    drafts = Writer(model)
    drafts.drafts({ann: 3})
    ann.tokens += [4, 9]
    assert drafts.drafts({ann: 2}) == {ann: [10, 11]}
    assert drafts.seats.violations([ann]) == []
