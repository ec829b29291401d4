"""The time language reads a file of phrases, derived from its rules alone, as expected."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from personal_assistant.timing.checker import check_file

PHRASES = Path(__file__).with_name("phrases.jsonl")
TOPICS = (
    *("clock", "named", "day", "weekday", "period", "duration", "date"),
    *("recurring", "dst", "zone", "refuse", "style", "quickadd"),
)


def _phrases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in PHRASES.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_phrase_of_a_topic_is_read_as_expected(topic: str, tmp_path: Path) -> None:
    chosen = [phrase for phrase in _phrases() if phrase["id"].rpartition("-")[0] == topic]
    file = tmp_path / "topic.jsonl"
    file.write_text("".join(f"{json.dumps(phrase)}\n" for phrase in chosen), encoding="utf-8")
    score = check_file(file)
    assert score.total == len(chosen) > 10
    assert score.misses == []


def test_no_phrase_is_left_out_and_every_id_is_given_once() -> None:
    ids = [phrase["id"] for phrase in _phrases()]
    assert {phrase_id.rpartition("-")[0] for phrase_id in ids} == set(TOPICS)
    assert [phrase_id for phrase_id, count in Counter(ids).items() if count > 1] == []


def test_the_phrases_cover_every_reason_to_refuse_and_many_zones() -> None:
    phrases = _phrases()
    reasons = {phrase["expect"].get("reason") for phrase in phrases} - {None}
    assert reasons == {"not_understood", "impossible", "too_frequent", "ambiguous", "past"}
    assert len({phrase["zone"] for phrase in phrases}) >= 15
