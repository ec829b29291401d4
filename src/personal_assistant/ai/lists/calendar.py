"""The calendar of a person: which occurrences came on each day and what became of them, and which are to come."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa

from personal_assistant.ai.lists import calendar_rows
from personal_assistant.ai.lists.calendar_ahead import Ahead, ahead
from personal_assistant.ai.lists.calendar_rows import Range, Row
from personal_assistant.ai.lists.entries import LATE, PLANNED
from personal_assistant.ai.lists.months import Span, spans
from personal_assistant.store.people import get_person
from personal_assistant.timing.zones import get_zone

# In this order they are counted and, where there is no room for all, shown: first what may need somebody.
STATES = ("failed", "missed", LATE, "running", PLANNED, "cancelled", "skipped", "done", "told")
_LINES = 3
# So many rows of a day are read to make lines of, for several may be of one AI task.
_FEW = 6
_RECURRING, _RECURRING_OF_A_DAY = 60, 100


@dataclass(frozen=True, slots=True)
class Line:
    """What an AI task does on a day: one occurrence, or several in the same state.

    at: the first of them (aware, UTC).
    state: one of `STATES`. `late` is what did not come at its time because nothing ran.
    job_id: the job of the first, of what has one; `error` says why it failed or was missed.
    times: how many they are; where there are more, `at_least` is true.
    """

    at: datetime
    state: str
    title: str
    ai_task_id: int
    job_id: str | None = None
    error: str | None = None
    times: int = 1
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the person's zone. `counts` has every occurrence by its state, or where `at_least` is true that many;
    `lines` are some of them in the order of time, and `more` is how many have no line.
    """

    date: date
    start: datetime
    stop: datetime
    lines: Sequence[Line]
    counts: Mapping[str, int]
    at_least: bool

    @property
    def more(self) -> int:
        return max(0, sum(self.counts.values()) - sum(line.times for line in self.lines))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days that follow each other. `complete` is false where of some AI tasks that recur only the next time is shown,
    because there are too many.
    """

    zone: str
    days: Sequence[Day]
    complete: bool


@dataclass(frozen=True, slots=True)
class DayPage:
    """Lines of one day. Where it goes on, `after` is what to ask for the next page with."""

    zone: str
    span: Span
    lines: Sequence[Line]
    after: tuple[datetime, int] | None
    complete: bool


def calendar(
    conn: sa.Connection, user_id: int, first: date, last: date, now: datetime, lines: int = _LINES
) -> Calendar:
    """The days from `first` to `last`, with at most so many lines each. Raises AITaskError, PersonNotFoundError."""
    zone = get_person(conn, user_id).zone
    days = spans(first, last, get_zone(zone))
    coming, complete = _ahead(conn, user_id, days, now, _RECURRING)
    found = zip(days, _came(conn, user_id, days, lines), _to_come(conn, user_id, days, now, coming, lines), strict=True)
    return Calendar(zone, [_joined(span, came, to_come, lines) for span, came, to_come in found], complete)


def day_page(
    conn: sa.Connection, user_id: int, day: date, now: datetime, after: tuple[datetime, int] | None, limit: int = 50
) -> DayPage:
    """What there is on a day in the order of time, after the instant and AI task of `after`."""
    zone = get_person(conn, user_id).zone
    days = spans(day, day, get_zone(zone))
    whole: Range = (days[0].start, days[0].stop)
    key = after or (days[0].start, 0)
    coming, complete = _ahead(conn, user_id, days, now, _RECURRING_OF_A_DAY)
    rows = calendar_rows.page(conn, user_id, whole, key, limit + 1)
    next_ones = calendar_rows.planned_page(conn, user_id, whole, key, limit + 1)
    again = [line for it in coming if not it.has_next and _key(line := _repeated(it)) > key]
    shown = sorted((*map(_line, rows), *_planned(next_ones, coming, now), *again), key=_key)
    page = shown[:limit]
    return DayPage(zone, days[0], page, _key(page[-1]) if len(shown) > limit else None, complete)


def _key(line: Line) -> tuple[datetime, int]:
    return line.at, line.ai_task_id


@dataclass(frozen=True, slots=True)
class _Part:
    lines: Sequence[Line]
    counts: Mapping[str, int]
    at_least: bool


def _came(conn: sa.Connection, user_id: int, days: Sequence[Span], lines: int) -> list[_Part]:
    found = calendar_rows.past(conn, user_id, [(it.start, it.stop) for it in days], max(_FEW, lines))
    rows = calendar_rows.rows_of(conn, [job_id for it in found for job_id in it.ids])
    return [
        _Part(_of_one_task(_line(rows[job_id]) for job_id in it.ids if job_id in rows), it.counts, it.at_least)
        for it in found
    ]


def _of_one_task(lines: Iterable[Line]) -> list[Line]:
    """One line for what an AI task had in the same state."""
    together: dict[tuple[int, str], Line] = {}
    for line in sorted(lines, key=_key):
        known = together.get((line.ai_task_id, line.state))
        together[line.ai_task_id, line.state] = replace(known, times=known.times + 1) if known else line
    return list(together.values())


def _ahead(
    conn: sa.Connection, user_id: int, days: Sequence[Span], now: datetime, most: int
) -> tuple[list[Ahead], bool]:
    if days[-1].stop <= now:
        return [], True
    tasks, all_found = calendar_rows.recurring(conn, user_id, days[-1].stop, most)
    found, all_looked_at = ahead(tasks, days, now)
    return found, all_found and all_looked_at


def _to_come(
    conn: sa.Connection, user_id: int, days: Sequence[Span], now: datetime, coming: Sequence[Ahead], lines: int
) -> list[_Part]:
    """What is planned on each day, and what should have come but did not."""
    late = calendar_rows.planned(conn, user_id, [(it.start, max(it.start, min(it.stop, now))) for it in days], lines)
    later = calendar_rows.planned(conn, user_id, [(min(it.stop, max(it.start, now)), it.stop) for it in days], lines)
    titles = calendar_rows.titles(conn, [task_id for _, ids in (*late, *later) for task_id in ids])
    by_day: dict[int, list[Ahead]] = {}
    for one in coming:
        by_day.setdefault(one.number, []).append(one)
    parts = []
    for number, ((late_count, late_ids), (count, ids)) in enumerate(zip(late, later, strict=True)):
        repeated = by_day.get(number, [])
        first = [(*titles[it], it) for it in (*late_ids, *ids) if it in titles]
        counts = {LATE: late_count, PLANNED: count + sum(it.times - it.has_next for it in repeated)}
        at_least = max(late_count, count) >= calendar_rows.MOST_COUNTED or any(it.at_least for it in repeated)
        again = [_repeated(it) for it in repeated if not it.has_next]
        parts.append(_Part([*_planned(first, repeated, now), *again], counts, at_least))
    return parts


def _planned(next_ones: Iterable[tuple[datetime, str, int]], coming: Iterable[Ahead], now: datetime) -> Iterator[Line]:
    """A line for each that comes next, with how often it comes on that day where that is known."""
    known = {it.task.id: it for it in coming if it.has_next}
    for at, title, task_id in next_ones:
        state = LATE if at <= now else PLANNED
        yield _repeated(known[task_id]) if task_id in known else Line(at, state, title, task_id)


def _joined(span: Span, came: _Part, to_come: _Part, lines: int) -> Day:
    counts = Counter(came.counts) + Counter(to_come.counts)
    ordered = {state: counts[state] for state in STATES if counts[state]}
    first = sorted((*came.lines, *to_come.lines), key=lambda line: (STATES.index(line.state), *_key(line)))[:lines]
    shown = tuple(sorted(first, key=_key))
    return Day(span.day, span.start, span.stop, shown, ordered, came.at_least or to_come.at_least)


def _line(row: Row) -> Line:
    error = row.error if row.state in ("failed", "missed") else None
    return Line(row.at, row.state, row.title, row.ai_task_id, row.job_id, error)


def _repeated(one: Ahead) -> Line:
    return Line(one.at, PLANNED, one.task.title, one.task.id, times=one.times, at_least=one.at_least)
