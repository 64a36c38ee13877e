import pytest

from appliance.conversations.conversation import Turn, TurnStatus
from appliance.conversations.live_turn import LiveTurn, ended_snapshot


def turn(attempts: int, status: TurnStatus = TurnStatus.RUNNING) -> Turn:
    return Turn("t", "c", "m", None, status, 0, checkpoint="Rice is", attempts=attempts)


@pytest.mark.parametrize(("attempts", "unsure_from"), [(0, None), (1, 7), (2, 7)])
def test_only_after_a_crash_is_it_unsure_what_was_said_after_the_checkpoint(attempts, unsure_from):
    live = LiveTurn(1, turn(attempts))
    live.text += " a grain"
    assert live.snapshot().unsure_from == unsure_from


@pytest.mark.parametrize(("attempts", "unsure_from"), [(1, None), (2, 0)])
def test_of_a_turn_that_is_over_nobody_knows_where_the_crash_was(attempts, unsure_from):
    over = turn(attempts, TurnStatus.FINISHED)
    assert ended_snapshot(over, "Rice is a grain").unsure_from == unsure_from
