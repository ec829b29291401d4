"""The calendar of AI tasks: a month, or a day with all there is on it."""

import re
from datetime import UTC, date, datetime, timedelta

from starlette.responses import Response

from personal_assistant.ai.lists.calendar import calendar, day_page
from personal_assistant.ai.lists.months import FIRST_YEAR, LAST_YEAR, Month, read_day
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.timing.zones import get_zone, to_wall

_KEY = "%Y%m%dT%H%M%S%f"
_DAY = timedelta(days=1)


def shown(visit: Visit) -> Response:
    """The month that is asked for, or the present one; or a day."""
    today = to_wall(visit.now, get_zone(visit.account.zone)).date()
    day = visit.query("day")
    return _day(visit, read_day(day, today), today) if day else _month(visit, today)


def _month(visit: Visit, today: date) -> Response:
    month = Month.read(visit.query("month"), today)
    first, last = month.weeks
    with visit.runtime.db.read() as conn:
        found = calendar(conn, visit.user_id, first, last, visit.now)
    return visit.render(
        "calendar.html", found=found, month=month, before=month.other(-1), after=month.other(1), today=today
    )


def _day(visit: Visit, day: date, today: date) -> Response:
    with visit.runtime.db.read() as conn:
        found = day_page(conn, visit.user_id, day, visit.now, _read(visit.query("after")))
    after = None if found.after is None else f"{found.after[0]:{_KEY}}-{found.after[1]}"
    hours = (found.span.stop - found.span.start) / timedelta(hours=1)
    return visit.render(
        "calendar_day.html", found=found, day=day, today=today, after=after, is_first=not visit.query("after"),
        before_it=_near(day - _DAY), after_it=_near(day + _DAY), hours=hours,
    )  # fmt: skip


def _near(day: date) -> date | None:
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _read(after: str) -> tuple[datetime, int] | None:
    """Where a page before ended; None for what no page gave."""
    found = re.fullmatch(r"([0-9]{8}T[0-9]{12})-([0-9]{1,9})", after)
    try:
        return (datetime.strptime(found[1], _KEY).replace(tzinfo=UTC), int(found[2])) if found else None
    except ValueError:
        return None


PAGES = [Page("/ai-tasks/calendar", shown)]
