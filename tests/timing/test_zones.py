"""Zones: from wall-clock times to instants, names, cities, and the zone of the machine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personal_assistant.timing import zones
from personal_assistant.timing.zones import (
    UnknownZoneError,
    find_city,
    find_zone,
    get_zone,
    system_zone,
    to_instant,
    unnamed_tz,
)

ODD = (
    "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Dublin",
    "Pacific/Apia", "America/Sao_Paulo", "Asia/Beirut", "Africa/Casablanca", "Antarctica/Troll", "America/Caracas",
)  # fmt: skip


def instant_of(wall: str, zone: str) -> str:
    return to_instant(datetime.fromisoformat(wall), ZoneInfo(zone)).isoformat()


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        ("Europe/Paris", "2026-03-29T02:30", "2026-03-29T01:00:00+00:00"),
        ("Europe/Paris", "2026-03-29T02:00:00.000001", "2026-03-29T01:00:00+00:00"),
        ("Europe/Paris", "2026-03-29T02:59:59.999999", "2026-03-29T01:00:00+00:00"),
        ("Europe/Paris", "2026-03-29T01:59:59.999999", "2026-03-29T00:59:59.999999+00:00"),
        ("Europe/Dublin", "2026-03-29T01:30", "2026-03-29T01:00:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00+00:00"),
        ("America/Sao_Paulo", "2018-11-04T00:30", "2018-11-04T03:00:00+00:00"),
        ("Asia/Beirut", "2024-03-31T00:00", "2024-03-30T22:00:00+00:00"),
        ("Antarctica/Troll", "2026-03-29T02:00", "2026-03-29T01:00:00+00:00"),
        ("Africa/Casablanca", "2026-03-22T02:30", "2026-03-22T02:00:00+00:00"),
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T10:00:00+00:00"),
        ("Pacific/Apia", "2011-12-30T23:59:59.5", "2011-12-30T10:00:00+00:00"),
    ],
)
def test_a_time_in_a_gap_is_the_first_instant_after_it(zone: str, wall: str, expected: str) -> None:
    assert instant_of(wall, zone) == expected


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        ("Europe/Paris", "2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),
        ("Europe/Dublin", "2026-10-25T01:30", "2026-10-25T00:30:00+00:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00+00:00"),
        ("America/Sao_Paulo", "2018-02-17T23:30", "2018-02-18T01:30:00+00:00"),
        ("Antarctica/Troll", "2026-10-25T01:30", "2026-10-24T23:30:00+00:00"),
        ("Africa/Casablanca", "2026-02-15T02:30", "2026-02-15T01:30:00+00:00"),
    ],
)
def test_a_time_that_comes_twice_is_the_first_of_the_two(zone: str, wall: str, expected: str) -> None:
    assert instant_of(wall, zone) == expected


@given(
    zone=st.sampled_from(ODD).map(ZoneInfo),
    wall=st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - wall times
)
def test_an_instant_shows_its_wall_time_or_ends_a_gap(zone: ZoneInfo, wall: datetime) -> None:
    instant = to_instant(wall, zone)
    shown = zones.to_wall(instant, zone)
    assert shown >= wall
    if shown != wall:
        assert zones.to_wall(instant - timedelta.resolution, zone) < wall


@given(zone=st.sampled_from(ODD).map(ZoneInfo), year=st.integers(1980, 2060))
def test_every_transition_is_met_to_the_microsecond(zone: ZoneInfo, year: int) -> None:
    """Every gap of the year: its first and its last wall time both mean the transition."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=count) for count in range(365 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() or timedelta() for hour in hours[::12]]
    for index in range(1, len(offsets)):
        gained = offsets[index] - offsets[index - 1]
        if gained <= timedelta():
            continue
        low, high = hours[12 * index - 12], hours[12 * index]
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offsets[index - 1] else (low, middle)
        transition = high.replace(microsecond=0)
        last_before = zones.to_wall(transition - timedelta.resolution, zone)
        for into in (timedelta.resolution, gained / 3, gained):
            assert to_instant(last_before + into, zone) == transition


def test_names_pass_in_any_case() -> None:
    assert get_zone("europe/PARIS").key == find_zone("EUROPE/paris") == "Europe/Paris"
    assert find_zone("Mars/Olympus") is None


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "localtime", "x" * 100_000, "Europe/\0", "\ud800"]
)
def test_an_unknown_name_is_refused_in_a_short_sentence(name: str) -> None:
    with pytest.raises(UnknownZoneError, match="There is no time zone") as refusal:
        get_zone(name)
    assert len(str(refusal.value)) < 500


def test_a_name_that_is_nearly_right_gets_a_suggestion() -> None:
    with pytest.raises(UnknownZoneError, match=r"Did you mean .*Europe/Paris"):
        get_zone("Europe/Pariss")
    with pytest.raises(UnknownZoneError, match=r"Did you mean .*America/New_York"):
        get_zone("New York")


@pytest.mark.parametrize("name", [None, 5, ["UTC"], {"zone": "UTC"}])
def test_what_is_no_name_is_refused_as_such(name: object) -> None:
    with pytest.raises(UnknownZoneError, match="A time zone is a name"):
        get_zone(name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("city", "zone"),
    [
        ("new york", "America/New_York"),
        ("PARIS", "Europe/Paris"),
        ("istanbul", "Europe/Istanbul"),
        ("nicosia", "Asia/Nicosia"),
        ("buenos aires", "America/Argentina/Buenos_Aires"),
        ("indianapolis", "America/Indiana/Indianapolis"),
        ("louisville", "America/Kentucky/Louisville"),
        ("port-au-prince", "America/Port-au-Prince"),
        ("eastern", None),
        ("gmt", None),
        ("", None),
    ],
)
def test_cities_are_found_in_the_area_that_they_belong_to(city: str, zone: str | None) -> None:
    assert find_city(city) == zone


@pytest.mark.parametrize(
    ("value", "zone"),
    [
        ("Europe/Paris", "Europe/Paris"),
        (":America/New_York", "America/New_York"),
        ("/usr/share/zoneinfo/Asia/Kolkata", "Asia/Kolkata"),
        (":/usr/share/zoneinfo/posix/Asia/Kolkata", "Asia/Kolkata"),
        ("posix/Europe/Paris", "Europe/Paris"),
        ("right/Europe/Paris", "Europe/Paris"),
        (" europe/paris ", "Europe/Paris"),
        ("EST5EDT", "EST5EDT"),
    ],
)
def test_the_zone_of_the_machine_is_read_as_the_system_does(
    value: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", value)
    assert (system_zone(), unnamed_tz()) == (zone, None)


@pytest.mark.parametrize("value", ["", ":", "CET-1CEST,M3.5.0,M10.5.0/3", "<+03>-3", "/nowhere", "é" * 5000])
def test_a_machine_that_names_no_zone_leaves_it_to_its_files_or_utc(
    value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TZ", value)
    (tmp_path / "timezone").write_text("Asia/Kathmandu\n", "utf-8")
    monkeypatch.setattr(zones, "Path", lambda name: tmp_path / Path(name).name)
    assert system_zone() == "Asia/Kathmandu"
    assert unnamed_tz() == (value if len(value) > 1 else None)
    (tmp_path / "timezone").write_bytes(b"\xff\xfe")
    assert system_zone() == "UTC"
    (tmp_path / "localtime").symlink_to(tmp_path / "localtime")
    assert system_zone() == "UTC"
