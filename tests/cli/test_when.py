"""The options that say when: a cron expression, a recurrence rule, dates that are excepted, several times a day."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from tests.cli.conftest import CommandLine

from personal_assistant.store.tables import ai_tasks

PARIS = ("--zone", "Europe/Paris")


def add(cli: CommandLine, *options: str) -> Any:
    return cli.document("ai-tasks", "add", "Stretch", *PARIS, *options)


def in_paris(instants: list[str]) -> list[str]:
    return [f"{datetime.fromisoformat(it).astimezone(ZoneInfo('Europe/Paris')):%a %H:%M}" for it in instants]


def test_a_cron_expression(cli: CommandLine) -> None:
    found = add(cli, "--cron", "0 9 * * 1-5", "--start", "2040-03-23")
    assert in_paris(found["next"]) == ["Fri 09:00", "Mon 09:00", "Tue 09:00", "Wed 09:00", "Thu 09:00"]
    assert found["ai_task"]["schedule_type"] == "cron"


def test_a_recurrence_rule_with_a_count(cli: CommandLine) -> None:
    found = add(cli, "--rrule", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=3", "--start", "2040-03-22T18:30")
    assert in_paris(found["next"]) == ["Thu 18:30", "Mon 18:30", "Thu 18:30"]


def test_a_recurrence_rule_without_a_start_has_all_its_occurrences_ahead(cli: CommandLine) -> None:
    found = add(cli, "--rrule", "RRULE:FREQ=MINUTELY;COUNT=3")
    assert len(found["next"]) == 3
    assert all(datetime.fromisoformat(it).second == 0 for it in found["next"])


@pytest.mark.parametrize(
    "options",
    [
        ("--when", "every day at 9am and 5pm starting 24 December 2040"),
        ("--cron", "0 9,17 * * *", "--start", "2040-12-24"),
        ("--rrule", "FREQ=DAILY;BYHOUR=9,17", "--start", "2040-12-24T09:00"),
    ],
)
def test_it_does_not_happen_on_excepted_dates(cli: CommandLine, options: tuple[str, ...]) -> None:
    found = add(cli, *options, "--except", "2040-12-25", "--except", "2040-12-27")
    days = ["2040-12-24", "2040-12-24", "2040-12-26", "2040-12-26", "2040-12-28"]
    assert [it[:10] for it in found["next"]] == days


def test_dates_can_be_excepted_later_and_the_rest_stays(cli: CommandLine) -> None:
    task = add(cli, "--when", "every other day at 9am until 1 June 2041 except sundays", "--except", "2040-12-25")[
        "ai_task"
    ]
    changed = cli.document("ai-tasks", "edit", str(task["id"]), "--except", "2040-12-27")["ai_task"]
    both = {"except_dates": ["2040-12-25", "2040-12-27"]}
    assert changed["schedule_config"] == {**task["schedule_config"], **both}
    assert changed["schedule_config"]["interval"] == 2 and changed["schedule_config"]["except"] == [6]


def test_a_new_rule_replaces_the_old_one(cli: CommandLine) -> None:
    task_id = str(add(cli, "--when", "every day at 9am", "--except", "2040-12-25")["ai_task"]["id"])
    config = cli.document("ai-tasks", "edit", task_id, "--cron", "30 7 * * *")["ai_task"]["schedule_config"]
    assert config == {"expression": "30 7 * * *"}


def test_a_schedule_that_cannot_be_read_can_be_replaced(cli: CommandLine) -> None:
    task_id = str(add(cli, "--when", "every day at 9am")["ai_task"]["id"])
    with cli.runtime.db.write() as conn:
        conn.execute(sa.update(ai_tasks).values(schedule_config={"hour": 99}))
    answer = cli("ai-tasks", "edit", task_id, "--except", "2040-12-25")
    assert (answer.code, answer.err) == (1, "❌ hour is a whole number from 0 to 23, not 99.\n")
    assert cli.document("ai-tasks", "edit", task_id, "--when", "every day at 8am")["ai_task"]["problem"] is None


def test_a_system_schedule_takes_them_too(cli: CommandLine) -> None:
    answer = cli.document("schedules", "edit", "system_health_check", "--cron", "*/10 8-18 * * *")["schedule"]
    assert (answer["schedule_type"], answer["schedule_config"]) == ("cron", {"expression": "*/10 8-18 * * *"})
    refused = cli("schedules", "edit", "system_health_check", "--rrule", "FREQ=NEVER")
    assert refused.code == 1 and "FREQ is one of" in refused.err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "Say when in one way: --when with words, --cron or --rrule."),
        (("--cron", "0 9 * * *", "--when", "noon"), "Say when in one way: --when with words, --cron or --rrule."),
        (("--cron", "0 9 * *"), "A cron expression has five fields: minute, hour, day, month and weekday."),
        (("--rrule", "FREQ=NEVER"), "FREQ is one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY."),
        (("--when", "daily", "--start", "noon"), "--start belongs to --cron or --rrule"),
        (("--when", "daily", "--except", "xmas"), "except_dates is a date or a time in ISO 8601, not 'xmas'."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(cli: CommandLine, options: tuple[str, ...], sentence: str) -> None:
    answer = cli("ai-tasks", "add", "Stretch", *options)
    assert (answer.code, answer.out) == (1, "") and answer.err.startswith(f"❌ {sentence}")
    assert cli.document("ai-tasks", "list") == []
