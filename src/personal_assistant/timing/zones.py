"""IANA zones, and the way from a wall-clock time to an instant.

A wall time in a spring gap means the first instant after the gap; one in a repeated hour means the first of the two.
"""

import contextlib
import os
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

# The areas of the IANA data base whose zones are named after places (theory.html, "Timezone identifiers").
_AREAS = frozenset(
    ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
)
# Links that repeat the name of a place which belongs to another area.
_REPEATED = frozenset(("Asia/Istanbul", "Europe/Nicosia"))
# From here on every zone's wall clock lies within the calendar.
EARLIEST = datetime(1, 1, 3, tzinfo=UTC)


class UnknownZoneError(ValueError):
    """There is no such zone; the message names near ones."""


def get_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, in any case. Raises UnknownZoneError."""
    if not isinstance(name, str):
        raise UnknownZoneError("A time zone is a name. Write it like Europe/Paris or America/New_York.")
    return _zone(name)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    found = _names().get(name.lower())
    if found is None:
        raise UnknownZoneError(f"There is no time zone {name[:64]!r}.{_nearby(name)}")
    return ZoneInfo(found)


def find_zone(name: str) -> str | None:
    """The IANA name as the data base spells it, for one in any case; None when there is none."""
    return _names().get(name.lower())


def find_city(words: str) -> str | None:
    """The zone named after a city: «new york» is America/New_York. None when there is none."""
    return _cities().get(words.lower())


def system_zone() -> str:
    """The zone that this machine is set to; UTC when it does not say."""
    for candidate in _system_candidates():
        found = find_zone(candidate)
        if found is not None:
            return found
    return "UTC"


def unnamed_tz() -> str | None:
    """What TZ holds where that is no zone of the IANA data base (POSIX: CET-1CEST), so that `system_zone` passes it by.

    None where TZ is empty or names one.
    """
    given = os.environ.get("TZ", "").strip()
    return given if given.strip(":") and find_zone(_system_candidates()[0]) is None else None


def to_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (aware, UTC) of a naive wall-clock time."""
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return instant
    return _first_after_gap(wall, zone)


def to_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """The naive wall-clock time of an aware instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _first_after_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """In a gap the two folds lie on both sides of the transition; halving the span finds it."""
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    offset_before = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle <= before:
            break
        if middle.astimezone(zone).utcoffset() == offset_before:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones() if name not in ("localtime", "posixrules")}


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    cities: dict[str, str] = {}
    for name in sorted(available_timezones()):
        area, _, rest = name.partition("/")
        if area in _AREAS and rest and name not in _REPEATED:
            cities.setdefault(rest.rpartition("/")[2].replace("_", " ").lower(), name)
    return cities


def _nearby(name: str) -> str:
    keys = [*_names(), *_cities()]
    close = get_close_matches(name[:64].lower().replace(" ", "_"), keys, n=3, cutoff=0.6)
    nearby = dict.fromkeys(_names().get(key) or _cities()[key] for key in close)
    return f" Did you mean {' or '.join(nearby)}?" if nearby else " Write it like Europe/Paris or America/New_York."


def _system_candidates() -> list[str]:
    """TZ as POSIX and glibc write it (a name, «:name», a path), then what Debian and systemd keep."""
    candidates = [os.environ.get("TZ", "").strip().removeprefix(":")]
    with contextlib.suppress(OSError, UnicodeDecodeError):
        candidates.append(Path("/etc/timezone").read_text(encoding="utf-8").strip())
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: links that point to each other
        candidates.append(str(Path("/etc/localtime").resolve()))
    names = [candidate.rpartition("zoneinfo/")[2] for candidate in candidates]
    return [name.removeprefix("posix/").removeprefix("right/") for name in names]
