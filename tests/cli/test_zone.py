"""The owner's zone: taken at the first run, changed by `init --zone`, and what is said where settings disagree."""

import pytest
from tests.cli.conftest import CommandLine


def test_the_zone_is_changed_and_what_the_owner_left_alone_follows(new_cli: CommandLine) -> None:
    new_cli.ok("init")
    new_cli.ok("remind", "call mom every day at 9am")
    new_cli.ok("schedules", "edit", "system_health_check", "--when", "every day at 7am")
    answer = new_cli.ok("init", "--zone", "europe/paris")
    assert "times are meant in Europe/Paris." in answer.out
    zones = {it["name"].rpartition(".")[2]: it["zone"] for it in new_cli.document("schedules", "list")}
    assert (zones["cleanup_old_logs"], zones["system_health_check"]) == ("Europe/Paris", "UTC")
    assert new_cli.document("ai-tasks", "show", "1")["ai_task"]["zone"] == "UTC"
    assert new_cli.document("remind", "stretch every day at 9am")["ai_task"]["zone"] == "Europe/Paris"


def test_a_zone_given_at_the_first_run_comes_before_the_setting(new_cli: CommandLine) -> None:
    assert new_cli.document("init", "--zone", "Asia/Tokyo")["owner"]["zone"] == "Asia/Tokyo"


@pytest.mark.parametrize("zone", ["Mars/Olympus", ""])
def test_a_zone_that_does_not_exist_changes_nothing(cli: CommandLine, zone: str) -> None:
    answer = cli("init", "--zone", zone)
    assert answer.code == 1 and f"There is no time zone {zone!r}" in answer.err and "ASSISTANT_ZONE" not in answer.err
    assert cli.document("init")["owner"]["zone"] == "UTC"


def test_a_setting_that_contradicts_the_stored_zone_is_told(
    alive: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_ZONE", "asia/tokyo")
    [finding] = [it for it in alive("doctor", "--json").document if it["check"] == "settings"]
    assert finding["level"] == "warning" and "says asia/tokyo, but times are meant in UTC" in finding["message"]
    assert "`assistant init --zone asia/tokyo`" in alive.ok("doctor").out.replace("\n", " ")
    assert "says asia/tokyo, but times are meant in UTC" in alive.ok("init").err
    assert alive.ok("init", "--zone", "Asia/Tokyo").err == ""
    assert [it for it in alive("doctor", "--json").document if it["check"] == "settings"] == []


def test_a_tz_that_names_no_zone_is_told_once(new_cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSISTANT_ZONE")
    monkeypatch.setenv("TZ", "CET-1CEST")
    first = new_cli.ok("init")
    zone = new_cli.document("init")["owner"]["zone"]
    assert f"TZ is 'CET-1CEST', which names no IANA zone, so times are meant in {zone} (from" in first.err
    assert "`assistant init --zone Europe/Paris`" in first.err
    assert new_cli.ok("init").err == ""
