"""Moving along the calendar and the stopwatch by amounts of time."""

from datetime import datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from personal_assistant.timing.language.days import add_months
from personal_assistant.timing.language.numbers import Quantity
from personal_assistant.timing.zones import to_instant, to_wall

SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7, "fortnight": 14}


def whole_shift(amounts: tuple[Quantity, ...]) -> tuple[int, int] | None:
    """Amounts as (months, days), where they are whole ones of the calendar."""
    months = sum((it.amount * _MONTHS.get(it.unit, 0) for it in amounts), Fraction(0))
    days = sum((it.amount * _DAYS.get(it.unit, 0) for it in amounts), Fraction(0))
    if months.denominator != 1 or days.denominator != 1 or any(it.is_elapsed for it in amounts):
        return None
    return int(months), int(days)


def shifted(
    start: datetime, amounts: tuple[Quantity, ...], zone: ZoneInfo, seconds: int | None = None
) -> datetime | None:
    """An instant moved by amounts: months, then days by the wall clock, then elapsed time.

    `seconds` after midnight replaces the wall-clock time. None for fractions of months. Raises OverflowError.
    """
    whole, rest = _days_and_seconds(amounts)
    calendar = tuple(amount for amount in whole if not amount.is_elapsed)
    shift = whole_shift(calendar)
    if shift is None:
        return None
    if calendar:
        months, days = shift
        wall = to_wall(start, zone).replace(microsecond=0)
        day = add_months(wall.date(), months) + timedelta(days=days)
        clock = wall.time() if seconds is None else time(seconds // 3600, seconds // 60 % 60, seconds % 60)
        start = to_instant(datetime.combine(day, clock), zone)
    moved = start + timedelta(microseconds=round(rest * 1_000_000))
    moved.astimezone(zone)  # raises where the zone's clock would be beyond the calendar
    return moved


def _days_and_seconds(amounts: tuple[Quantity, ...]) -> tuple[list[Quantity], Fraction]:
    """Whole calendar amounts, and everything else in seconds: half a day is 12 hours."""
    whole: list[Quantity] = []
    rest = Fraction(0)
    for amount in amounts:
        if amount.is_elapsed:
            rest += amount.amount * SECONDS[amount.unit]
        elif amount.unit in _DAYS:
            days = amount.amount * _DAYS[amount.unit]
            whole.append(Quantity(Fraction(int(days)), "day"))
            rest += (days - int(days)) * 86_400
        else:
            months = amount.amount * _MONTHS[amount.unit]
            whole.append(Quantity(months, "month"))
    return whole, rest
