"""The map of cells against a model that names each cell."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.engine.kv_cells import CellMap

SEATS = 4
SEAT = st.integers(0, SEATS - 1)


class CellMachine(RuleBasedStateMachine):
    """Seats append, trim and share in any order; cells are (number, token) in the model."""

    def __init__(self) -> None:
        super().__init__()
        self.map = CellMap(SEATS)
        self.model: list[list[tuple[int, int]]] = [[] for _ in range(SEATS)]
        self.numbers = 0

    @rule(seat=SEAT, tokens=st.lists(st.integers(0, 3), max_size=9))
    def append(self, seat: int, tokens: list[int]) -> None:
        self.map.seats[seat].append(tokens)
        for token in tokens:
            self.numbers += 1
            self.model[seat].append((self.numbers, token))

    @rule(seat=SEAT, count=st.integers(0, 20))
    def trim(self, seat: int, count: int) -> None:
        self.map.trim(self.map.seats[seat], count)
        del self.model[seat][count:]

    @precondition(lambda self: any(self.model))
    @rule(data=st.data(), taker=SEAT)
    def share(self, data: st.DataObject, taker: int) -> None:
        source = data.draw(st.sampled_from([s for s in range(SEATS) if s != taker]))
        count = data.draw(st.integers(0, len(self.model[source])))
        self.map.share(self.map.seats[source], self.map.seats[taker], count)
        self.model[taker] = self.model[source][:count]

    @rule(seat=SEAT, tokens=st.lists(st.integers(0, 3), max_size=20))
    def compare(self, seat: int, tokens: list[int]) -> None:
        held = [token for _, token in self.model[seat]]
        expected = 0
        while expected < min(len(held), len(tokens)) and held[expected] == tokens[expected]:
            expected += 1
        assert self.map.seats[seat].common_prefix(tokens) == expected

    @invariant()
    def every_cell_is_accounted_for(self) -> None:
        for cells, held in zip(self.map.seats, self.model, strict=True):
            assert cells.tokens() == [token for _, token in held]
            assert cells.count == len(held)
        assert self.map.used == len({cell for held in self.model for cell in held})


TestCellMachine = CellMachine.TestCase
