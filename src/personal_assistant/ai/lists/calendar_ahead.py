"""The days on which AI tasks that recur are to come, found in a bounded number of steps."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, islice

from personal_assistant.ai.lists.months import Span
from personal_assistant.ai.model import AITask
from personal_assistant.timing.recurrence import Schedule
from personal_assistant.timing.recurrence.rules import Elapsed

# Of an AI task that comes oftener on a day it is said that it does.
MOST_TIMES = 12
# The steps of one page; an instant takes some millionths of a second.
_BUDGET = 3000
_TICK = datetime.resolution


@dataclass(frozen=True, slots=True)
class Ahead:
    """An AI task on a day: when it comes first, how often, and whether that is «at least»."""

    number: int
    at: datetime
    task: AITask
    times: int
    at_least: bool
    has_next: bool


def ahead(tasks: Sequence[AITask], days: Sequence[Span], now: datetime) -> tuple[list[Ahead], bool]:
    """On which of the days, by their number, the tasks come after `now`; and whether all of them were looked at.

    The days follow each other. What is over does not come, nor does an odd row of the earlier scheduler.
    """
    starts = [span.start for span in days]
    found: list[Ahead] = []
    left = _BUDGET
    for task in tasks:
        steps = list(islice(_steps(task, days, starts, now), left))
        by_day = groupby((at for at in steps if at is not None), lambda at: bisect_right(starts, at) - 1)
        found += [_one(number, list(times), task) for number, times in by_day]
        left -= len(steps)
        if left <= 0:
            return found, False
    return found, True


def _one(number: int, times: Sequence[datetime], task: AITask) -> Ahead:
    shown = min(len(times), MOST_TIMES)
    return Ahead(number, times[0], task, shown, len(times) > shown, times[0] == task.next_run_at)


def _steps(task: AITask, days: Sequence[Span], starts: Sequence[datetime], now: datetime) -> Iterator[datetime | None]:
    """Its instants after `now` on the days, at most one more than `MOST_TIMES` of each where that can be told without
    going through all; None for an instant that had to be gone through.
    """
    planned = task.next_run_at
    schedule, can_jump = _anchored(task)
    if schedule is None or planned is None:
        return
    lowest, end = max(now, starts[0] - _TICK), days[-1].stop
    after: datetime | None = max(planned - _TICK, lowest) if can_jump else planned - _TICK
    while after is not None:
        stop, times, again = starts[0], 0, None
        for at in _instants(schedule, planned, after, end):
            yield at if at > lowest else None
            if at >= stop:
                stop, times = days[bisect_right(starts, at) - 1].stop, 0
            times += 1
            if can_jump and times > MOST_TIMES:
                again = stop - _TICK
                break
        after = again


def _anchored(task: AITask) -> tuple[Schedule | None, bool]:
    """Its schedule, and whether it can be asked from any day on: steps are counted from the planned instant then."""
    with suppress(ValueError):
        schedule = task.schedule
        if schedule.start is not None:
            return schedule, True
        if isinstance(schedule.rule, Elapsed) and schedule.rule.excluded:
            return schedule, False  # it counts anew after each day on which it does not come
        return replace(schedule, start=task.next_run_at), True
    return None, False


def _instants(schedule: Schedule, planned: datetime, after: datetime, end: datetime) -> Iterator[datetime]:
    if after < planned < end:
        yield planned
    with suppress(ValueError):
        yield from schedule.between(max(after, planned), end)
