import json

from benchmark import report
from benchmark.ceiling import Ceiling, read
from benchmark.figures import Run
from benchmark.running import Outcome
from benchmark.scenario import Scenario


def outcome(ours, theirs, busy=0.0):
    async def run(target):
        return {}

    scenario = Scenario("chats-4", "four new chats at once", run)
    return Outcome(scenario, ours=ours, theirs=theirs, busy=[busy])


GOOD = outcome(
    [Run({"tokens_per_second": 150.0, "written_tokens": 384.0})],
    [Run({"tokens_per_second": 100.0, "written_tokens": 384.0})],
)


def test_each_figure_has_a_line_and_the_ratio_is_ours_by_theirs():
    head, speed, tokens = report.table([GOOD]).splitlines()
    assert head.split()[:3] == ["scenario", "figure", "better"]
    assert speed.split() == [
        *("chats-4", "tokens", "per", "second", "high"),
        *("150", "150", "150", "100", "100", "100", "1.50", "1.50", "1.50"),
    ]
    assert tokens.split()[:3] == ["chats-4", "written", "tokens"]


def test_columns_stand_under_each_other():
    lines = report.table([GOOD, GOOD]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert len({line.index("high") for line in lines if "high" in line}) == 1


def test_what_a_side_could_not_do_is_a_dash_and_a_sentence():
    failed = outcome([Run({"idle_mb": 200.0})], [Run(failure="it ended by itself")])
    assert report.table([failed]).splitlines()[1].split() == [
        *("chats-4", "idle", "mb", "low", "200", "200", "200"),
        *("-", "-", "-", "-", "-", "-"),
    ]
    assert report.warnings([failed]) == [
        "chats-4: llama-server gave no figures in 1 of 1 runs, because it ended by itself"
    ]


def test_a_reason_that_comes_twice_is_said_once():
    failed = outcome([Run(failure="no"), Run(failure="no")], [Run(), Run()])
    assert report.failures([failed]) == [
        "chats-4: the appliance gave no figures in 2 of 2 runs, because no"
    ]


def test_sides_that_wrote_different_amounts_are_pointed_out():
    unequal = outcome([Run({"written_tokens": 90.0})], [Run({"written_tokens": 100.0})])
    assert report.warnings([unequal]) == [
        "chats-4: written tokens differ, so compare the speeds only"
    ]
    assert report.warnings([GOOD]) == []


def test_a_machine_that_was_busy_meanwhile_is_pointed_out():
    (line,) = report.warnings([outcome([], [], busy=0.4)])
    assert "up to 40% busy" in line


def test_numbers_show_the_digits_that_count():
    assert [report.number(value) for value in (None, 1234.5, 12.345, 1.2345, 0.0)] == [
        *("-", "1234", "12.3", "1.23", "0.00")
    ]


def test_the_json_holds_every_single_run():
    whole = report.as_json([GOOD], {"threads": "2"}, [Ceiling(4, 180.0)])
    again = json.loads(json.dumps(whole))
    assert again["about"] == {"threads": "2"}
    assert again["ceiling"] == {"4": 180.0}
    speed = again["scenarios"]["chats-4"]["figures"]["tokens_per_second"]
    assert (speed["ours"], speed["theirs"], speed["ratio_of_medians"]) == ([150.0], [100.0], 1.5)


def test_the_ceiling_is_read_from_the_lines_of_the_program():
    output = 'main: a line\n{"pl": 1, "speed_tg": 99.5}\n\n{"pl": 16, "speed_tg": 222.0}\n'
    assert read(output) == [Ceiling(1, 99.5), Ceiling(16, 222.0)]
