"""Schedules in words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from personal_assistant.timing.recurrence import Schedule, parse_schedule
from personal_assistant.timing.recurrence.rules import Once

FROM = {"start": "2026-04-05"}
HOURS = [f"{hour:02}:00" for hour in range(9, 18)]


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("once", {"run_at": "2026-03-26T09:00"}, "Thu 26 Mar 2026 at 09:00"),
        ("once", {"run_at": "2026-03-26T09:00:30Z"}, "Thu 26 Mar 2026 at 10:00:30"),
        ("daily", {}, "every day at 09:00"),
        ("daily", {"times": ["20:30:15", "08:00"]}, "every day at 08:00 and 20:30:15"),
        ("daily", {"times": ["8:00", "12:00", "18:00"]}, "every day at 08:00, 12:00 and 18:00"),
        ("daily", {"times": HOURS}, "every hour from 09:00 to 17:00, every day"),
        ("daily", {"except": [5, 6]}, "every day at 09:00 except on Saturday and Sunday"),
        ("daily", FROM | {"interval": 2}, "every 2 days at 09:00, starting Sun 5 Apr 2026"),
        ("weekly", {"weekdays": [0, 1, 2, 3, 4]}, "every weekday at 09:00"),
        ("weekly", {"weekdays": [0, 1, 2, 3, 4, 5, 6]}, "every day at 09:00"),
        ("weekly", {"weekdays": [1]}, "every Tuesday at 09:00"),
        ("weekly", {"weekdays": [4, 0, 2]}, "every Monday, Wednesday and Friday at 09:00"),
        (
            "weekly",
            FROM | {"weekdays": [1], "interval": 2, "until": "2026-06-05"},
            "every 2 weeks on Tuesday at 09:00, starting Sun 5 Apr 2026, until Fri 5 Jun 2026",
        ),
        (
            "weekly",
            FROM | {"weekdays": [0, 1, 2, 3, 4], "interval": 2},
            "every 2 weeks on weekdays at 09:00, starting Sun 5 Apr 2026",
        ),
        ("monthly", {}, "every month on the 1st at 09:00"),
        ("monthly", {"days": [2, 3, 11, 12, 21]}, "every month on the 2nd, 3rd, 11th, 12th and 21st at 09:00"),
        ("monthly", {"day": -1}, "every month on the last day at 09:00"),
        ("monthly", {"nth": [[1, 0], [-1, 4]]}, "every month on the first Monday and last Friday at 09:00"),
        ("monthly", FROM | {"interval": 3, "day": 2}, "every 3 months on the 2nd at 09:00, starting Sun 5 Apr 2026"),
        ("yearly", {"month": 4, "day": 5}, "every year on the 5th of April at 09:00"),
        ("yearly", {"months": [1, 7]}, "every year on the 1st of January and July at 09:00"),
        ("yearly", {"month": 2, "day": -1}, "every year on the last day of February at 09:00"),
        ("yearly", {"month": 11, "nth": [[4, 3]]}, "every year on the fourth Thursday of November at 09:00"),
        ("custom", {}, "every hour"),
        ("custom", {"interval_minutes": 1}, "every minute"),
        ("custom", {"interval_minutes": 90}, "every 90 minutes"),
        ("custom", {"interval_minutes": 120}, "every 2 hours"),
        ("custom", {"interval_minutes": 1.5}, "every 90 seconds"),
        ("custom", {"interval_minutes": 30, "except": [6]}, "every 30 minutes except on Sunday"),
        ("cron", {"expression": "30 9 * * MON"}, "At 09:30 on Monday (cron 30 9 * * MON)"),
        ("cron", {"expression": "@daily"}, "At 00:00 every day (cron 0 0 * * *)"),
        (
            "rrule",
            FROM | {"rule": "FREQ=MONTHLY;BYDAY=-1FR;COUNT=10"},
            "by the rule FREQ=MONTHLY;BYDAY=-1FR, starting Sun 5 Apr 2026, 10 times",
        ),
        ("daily", FROM | {"count": 1}, "every day at 09:00, starting Sun 5 Apr 2026, once"),
        ("daily", {"until": "2026-06-05T18:00"}, "every day at 09:00, until Fri 5 Jun 2026 at 18:00"),
        ("daily", {"until": "2026-06-05T08:59:59"}, "every day at 09:00, before Fri 5 Jun 2026 at 09:00"),
        ("daily", {"except_dates": ["2026-12-25"]}, "every day at 09:00, except on Fri 25 Dec 2026"),
    ],
)  # fmt: skip
def test_a_schedule_reads_well(kind: str, config: dict[str, Any], words: str) -> None:
    assert parse_schedule(kind, config, "Europe/Paris").describe() == words


def test_an_instant_is_told_on_the_clock_of_the_zone() -> None:
    at = datetime(2026, 3, 26, 20, 0, tzinfo=UTC)
    assert Schedule(Once(at), "Asia/Kathmandu").describe() == "Fri 27 Mar 2026 at 01:45"
