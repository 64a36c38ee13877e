from appliance.engine.draft_worth import DraftWorth


def run(worth: DraftWorth, steps: int, *, plain: float, guessed: float, tokens: int = 3) -> int:
    """Run steps beside one reply, with so many seconds a step; how many of them were guessed."""
    count = 0
    for _ in range(steps):
        is_guessed = worth.is_guessing(1)
        count += is_guessed
        seconds, brought = (guessed, tokens) if is_guessed else (plain, 1)
        worth.observe(1, brought, seconds, is_guessed=is_guessed)
    return count


def test_it_is_measured_without_guesses_first() -> None:
    worth = DraftWorth()
    assert not worth.is_guessing(1)
    assert run(worth, 4, plain=1, guessed=1) == 0
    assert worth.is_guessing(1)


def test_a_draft_model_that_pays_guesses_in_nearly_every_step() -> None:
    assert run(DraftWorth(), 1000, plain=1.0, guessed=2.0) > 850


def test_one_that_costs_more_than_it_brings_is_left_alone_for_longer_and_longer() -> None:
    worth = DraftWorth()
    counts = [run(worth, 1000, plain=1.0, guessed=4.0) for _ in range(4)]
    assert counts[0] > 0
    assert sum(counts[2:]) <= 64
    assert run(worth, 8000, plain=1.0, guessed=4.0) > 0, "it is tried again some day"


def test_one_that_begins_to_pay_is_used_again() -> None:
    worth = DraftWorth()
    run(worth, 300, plain=1.0, guessed=4.0)
    assert run(worth, 2000, plain=4.0, guessed=4.0) > 1500


def test_time_that_stands_still_says_nothing_against_it() -> None:
    assert run(DraftWorth(), 100, plain=0.0, guessed=0.0) > 80


def test_each_number_of_replies_is_tried_for_itself() -> None:
    worth = DraftWorth()
    run(worth, 500, plain=1.0, guessed=4.0)
    assert not worth.is_guessing(1)
    for _ in range(4):
        worth.observe(3, 3, 1.0, is_guessed=False)
    assert worth.is_guessing(3)


def test_a_step_in_which_nobody_was_guessed_for_does_not_count_as_a_guessed_one() -> None:
    worth = DraftWorth()
    run(worth, 4, plain=1.0, guessed=1.0)
    for _ in range(200):
        worth.observe(1, 1, 1.0, is_guessed=False)
    assert worth.is_guessing(1), "it has not been tried yet"


def test_reading_is_made_up_for_by_the_replies_that_it_served() -> None:
    def guessed_with(reading_seconds: float, steps_a_reply: int) -> int:
        worth, count = DraftWorth(), 0
        for _ in range(20):
            worth.read(reading_seconds)
            count += run(worth, steps_a_reply, plain=1.0, guessed=2.0)
        return count

    assert guessed_with(20.0, steps_a_reply=200) > 3000, "a long reply is worth it"
    assert guessed_with(20.0, steps_a_reply=10) < 150, "many short ones are not"
