"""When an entry of a calendar is to remind: its time, its rule and its alarms as schedules."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from personal_assistant.ai.ics.reading import UnreadableEntry
from personal_assistant.timing.zones import UnknownZoneError, get_zone

# A day without a time reminds at nine.
_MORNING = time(9)
_MOST_ALARMS = 10
_FREE_TO_MOVE = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}


@dataclass(frozen=True, slots=True)
class Timed:
    """`schedule_type`, `schedule_config` and `zone` of an AI task."""

    schedule_type: str
    schedule_config: dict[str, Any]
    zone: str


def times_of_todo(todo: Any, home: str) -> list[Timed]:
    """When a VTODO reminds: at DUE, else at DTSTART. Raises UnreadableEntry with the reason why not."""
    due, start = _single(todo, "DUE"), _single(todo, "DTSTART")
    anchor = (start or due) if todo.get("RRULE") else (due or start)
    if anchor is None:
        raise UnreadableEntry("it has no time (neither DUE nor DTSTART)")
    return [_timed(todo, *_wall(anchor, home), timedelta())]


def times_of_event(event: Any, home: str) -> list[Timed]:
    """When a VEVENT reminds: at each of its alarms. Raises UnreadableEntry with the reason why not."""
    alarms = [alarm.get("TRIGGER") for alarm in event.walk("VALARM")]
    triggers = [trigger for trigger in alarms if trigger is not None and hasattr(trigger, "dt")]
    if not triggers:
        raise UnreadableEntry("it has no alarm")
    if len(triggers) > _MOST_ALARMS:
        raise UnreadableEntry(f"it has more than {_MOST_ALARMS} alarms")
    start = _single(event, "DTSTART")
    if start is None:
        raise UnreadableEntry("it has no time (DTSTART)")
    found = []
    for trigger in triggers:
        if isinstance(trigger.dt, timedelta):
            of_end = str(trigger.params.get("RELATED", "START")).upper() == "END"
            offset = trigger.dt + (_length(event, start, home) if of_end else timedelta())
            timed = _timed(event, *_wall(start, home, time()), offset)
        else:
            wall, zone = _wall(trigger, home)
            timed = _once(wall, zone)
        if timed not in found:
            found.append(timed)
    return found


def _timed(component: Any, wall: datetime, zone: str, offset: timedelta) -> Timed:
    for name in ("RDATE", "EXRULE", "RECURRENCE-ID"):
        if component.get(name) is not None:
            raise UnreadableEntry(f"it uses {name}, which no schedule here can say")
    rule = component.get("RRULE")
    try:
        moved = wall + offset
    except OverflowError as error:
        raise UnreadableEntry("its time is beyond the calendar") from error
    if rule is None:
        return _once_after(wall, offset, zone)
    if isinstance(rule, list):
        raise UnreadableEntry("it has several RRULEs")
    if offset and not (moved.date() == wall.date() or (rule.keys() <= _FREE_TO_MOVE and _by_days(rule))):
        raise UnreadableEntry("its alarm lies on another day than its rule counts")
    if offset and rule.keys() & {"BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"}:
        raise UnreadableEntry("its rule names hours, so its alarm cannot be moved")
    config: dict[str, Any] = {"rule": _rule_text(rule, offset), "start": moved.isoformat()}
    if excepted := _except_dates(component, zone, offset):
        config["except_dates"] = excepted
    return Timed("rrule", config, zone)


def _by_days(rule: Any) -> bool:
    return str(rule.get("FREQ", [""])[0]).upper() in ("DAILY", "WEEKLY")


def _once_after(wall: datetime, offset: timedelta, zone: str) -> Timed:
    """An alarm is so much elapsed time from its event."""
    if not offset:
        return _once(wall, zone)
    instant = wall.replace(tzinfo=get_zone(zone)).timestamp() + offset.total_seconds()
    try:
        return _once(datetime.fromtimestamp(instant, get_zone(zone)).replace(tzinfo=None), zone)
    except (OverflowError, ValueError, OSError) as error:
        raise UnreadableEntry("its time is beyond the calendar") from error


def _once(wall: datetime, zone: str) -> Timed:
    return Timed("once", {"run_at": wall.isoformat()}, zone)


def _rule_text(rule: Any, offset: timedelta) -> str:
    text = str(rule.to_ical().decode())
    until = rule.get("UNTIL")
    if not until or not offset:
        return text
    end = until[0]
    if isinstance(end, datetime):
        ends = (end.astimezone(get_zone("UTC")) if end.tzinfo else end) + offset
        written = ends.strftime("%Y%m%dT%H%M%S") + ("Z" if end.tzinfo else "")
    else:
        written = (datetime.combine(end, time(23, 59, 59)) + offset).strftime("%Y%m%dT%H%M%S")
    return ";".join(f"UNTIL={written}" if part.startswith("UNTIL=") else part for part in text.split(";"))


def _except_dates(component: Any, zone: str, offset: timedelta) -> list[str]:
    given = component.get("EXDATE")
    lists = given if isinstance(given, list) else [given] if given is not None else []
    days = set()
    for value in (value for each in lists for value in each.dts):
        wall, _ = _wall(value, zone)
        at = value.dt.astimezone(get_zone(zone)).replace(tzinfo=None) if getattr(value.dt, "tzinfo", None) else wall
        days.add((at + offset).date().isoformat())
    return sorted(days)


def _single(component: Any, name: str) -> Any:
    value = component.get(name)
    if isinstance(value, list):
        raise UnreadableEntry(f"it has {name} twice")
    return value


def _wall(value: Any, home: str, at: time = _MORNING) -> tuple[datetime, str]:
    """The naive wall-clock time of a value, and its zone; where it has none, the person's."""
    moment = value.dt
    if isinstance(moment, datetime):
        if moment.tzinfo is not None:
            return moment.replace(tzinfo=None), _zone(moment)
        if "TZID" in value.params:
            raise UnreadableEntry(f"its time zone {str(value.params['TZID'])[:60]!r} is not known")
        return moment, home
    if isinstance(moment, date):
        return datetime.combine(moment, at), home
    raise UnreadableEntry("its time is no date")


def _zone(moment: datetime) -> str:
    name = getattr(moment.tzinfo, "key", None)
    try:
        return get_zone(name if isinstance(name, str) else "").key
    except UnknownZoneError as error:
        raise UnreadableEntry("its time zone is not known") from error


def _length(event: Any, start: Any, home: str) -> timedelta:
    end, duration = _single(event, "DTEND"), _single(event, "DURATION")
    if end is not None:
        return _wall(end, home, time())[0] - _wall(start, home, time())[0]
    return duration.dt if duration is not None else timedelta()
