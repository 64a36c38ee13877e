import json

from appliance.prompting.fingerprints import MOST_COUNTED, fingerprints, text_digest


def test_the_same_prompt_is_known_again_and_another_one_is_not():
    first, same, other = (
        fingerprints("Be kind.", t, 3, [4]) for t in ([1, 2, 3], [1, 2, 3, 9], [1, 2, 4])
    )
    assert first["prompt_digest"] == same["prompt_digest"] != other["prompt_digest"]
    assert first["system_digest"] == text_digest("Be kind.") != text_digest("Be curt.")


def test_the_record_stays_small_and_has_no_word_of_anybody():
    marks = fingerprints("Never say canary.", [5] * 8000, 8000, list(range(1000)))
    written = json.dumps(marks)
    assert marks["message_tokens"] == list(range(1000))[-MOST_COUNTED:]
    assert len(written) < 700
    assert "canary" not in written


def test_what_another_machine_reads_has_no_digest():
    assert "prompt_digest" not in fingerprints("Be kind.", ("user", "Hello"), 2, [1])
