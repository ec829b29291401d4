"""What is kept of what an attempt logs: bounded, on one line each, and without secrets."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.databases import START

from personal_assistant.jobs.log_lines import FIRST, LAST, MAX_LINE, LogLines, one_line
from personal_assistant.jobs.masking import without_secrets
from personal_assistant.timing.clock import ManualClock

KEY = "sk_live_4f9aXq71LmZ0pWc83Kd2"


@given(
    text=st.builds(
        lambda part, times: part * times, st.text() | st.text("ab \n\t\0\x1b\u202e\ud800"), st.integers(1, 900)
    )
)
def test_a_line_is_one_line_of_bounded_length(text: str) -> None:
    line = one_line(text)
    assert len(line) <= MAX_LINE
    # Joiners and the like belong to words and faces; nothing else that is no sign of its own is left.
    assert not [it for it in line if unicodedata.category(it) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(line) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f")


@given(batches=st.lists(st.integers(0, 150), max_size=8))
def test_the_first_and_the_last_lines_are_kept_however_they_are_written(batches: list[int]) -> None:
    log, kept, numbers = LogLines(1, ManualClock(START)), dict[int, str](), itertools.count(1)
    for size in batches:
        for _ in range(size):
            log.add("info", f"line {next(numbers)}")
        lines = log.unwritten()
        assert len(lines) <= FIRST + LAST
        kept.update({line.number: line.text for line in lines})
        if lines:
            log.written(lines[-1].number)
        assert log.unwritten() == []
    total = sum(batches)
    expected = [number for number in range(1, total + 1) if number <= FIRST or number > total - LAST]
    assert {number: f"line {number}" for number in expected}.items() <= kept.items()


def test_what_was_not_written_stays_and_what_comes_too_late_does_not() -> None:
    log = LogLines(3, ManualClock(START))
    log.add("warning", "one")
    log.add("shouted", "two")
    assert [(it.attempt, it.number, it.level, it.text) for it in log.unwritten()] == [
        (3, 1, "warning", "one"),
        (3, 2, "info", "two"),
    ]
    log.written(1)
    assert [it.text for it in log.unwritten()] == ["two"]
    log.close()
    log.add("info", "three")
    assert [it.text for it in log.unwritten()] == ["two"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing to hide in /var/lib/assistant/uploads/2026/file.pdf", None),
        ("job 019ab9c2-5c50-7d1e-8f2a-0242ac120002 of cleanup_old_logs took 12345 ms", None),
        ("GET https://example.org", None),
        ("GET https://example.org:8443/hooks/T0/B1?key=1 200", "GET https://example.org:8443/… 200"),
        ("smtp://me:pa%20ss@mail.example.org:587", "smtp://mail.example.org:587/…"),
        ("smtp://me:pa/ss@mail.example.org", "smtp://…"),
        ("password=hunter2 user=me", "password=… user=me"),
        ("{'api_key': 'abc def', 'n': 1}", "{'api_key': …, 'n': 1}"),
        ("Authorization: Bearer abc.def", "Authorization: …"),
        ("sent with bearer abc", "sent with bearer …"),
        (f"the key {KEY}, refused", "the key …, refused"),
        ("the token expired", None),
    ],
)
def test_secrets_are_masked(text: str, shown: str | None) -> None:
    assert without_secrets(text) == (text if shown is None else shown)


def test_a_secret_at_the_edge_is_not_cut_in_two() -> None:
    line = one_line("x " * (MAX_LINE // 2 - 5) + KEY + " and more" * 20)
    assert KEY[:8] not in line
    assert line.endswith("…")
