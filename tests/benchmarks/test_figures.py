"""Figures with their limits."""

from personal_assistant.benchmarks.figures import Figure, as_json, as_rows

LATE = Figure("late_seconds", "lateness", 2.5, "s", at_most=2.0)


def test_figure_above_its_limit_is_missed() -> None:
    assert LATE.within is False
    assert as_rows([LATE]) == [("lateness", "2.5 s", "≤ 2.0 s", "missed")]


def test_figure_at_its_limit_keeps_it() -> None:
    assert Figure("late_seconds", "lateness", 2.0, "s", at_most=2.0).within is True


def test_figure_that_was_not_reached_misses_its_limit_and_is_null_in_json() -> None:
    figure = Figure("late_seconds", "lateness", None, "s", at_most=2.0)
    assert as_rows([figure]) == [("lateness", "not reached", "≤ 2.0 s", "missed")]
    assert as_json([figure]) == {"late_seconds": None}


def test_figure_without_a_limit_has_no_verdict() -> None:
    assert as_rows([Figure("count", "reminders", 10_000)]) == [("reminders", "10,000", "", "")]
