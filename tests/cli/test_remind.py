"""`assistant remind`: the main job in one line."""

import pytest
from tests.cli.conftest import CommandLine


def test_it_says_what_was_understood_and_that_nothing_fires_while_no_scheduler_is_alive(cli: CommandLine) -> None:
    answer = cli.ok("remind", "call", "mom", "every day at 9am")
    assert answer.out.startswith("✅ Scheduled: call mom (id 1)\n⏰ ")
    assert "🔁 every day at 09:00" in answer.out
    assert "Nothing will fire yet: no scheduler is alive. Start one with `assistant up`." in answer.err


def test_it_says_nothing_of_the_sort_while_one_is(alive: CommandLine) -> None:
    assert alive.ok("remind", "call mom tomorrow at 9am").err == ""


def test_a_program_is_told_whether_a_scheduler_is_alive(cli: CommandLine) -> None:
    document = cli.document("remind", "call mom every day at 9am")
    assert document["scheduler_alive"] is False
    assert document["ai_task"]["title"] == "call mom"
    assert document["understood"] == "every day at 09:00"
    assert len(document["next"]) == 5 and document["next"][0] == document["ai_task"]["next_run_at"]


def test_and_when_one_is(alive: CommandLine) -> None:
    assert alive.document("remind", "call mom every day at 9am")["scheduler_alive"] is True


def test_title_and_time_can_be_given_apart_with_everything_else(cli: CommandLine) -> None:
    options = ("--description", "Party", "--channel", "sms", "--channel", "in_app", "--zone", "Europe/Paris")
    answer = cli.document(
        "remind", "9am is too early", "--at", "every monday at 8", *options, "--missed", "all", "--max-late", "60"
    )
    task = answer["ai_task"]
    assert (task["title"], task["description"], task["zone"]) == ("9am is too early", "Party", "Europe/Paris")
    assert (task["notification_channels"], task["missed_policy"]) == (["sms", "in_app"], "all")
    assert task["max_lateness_seconds"] == 60


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("-1 in 1 hour", "-1"),
        ("remind me in 1 hour: −5 °C outside", "−5 °C outside"),
        ("- 5 apples in 1 hour", "5 apples"),
        ("- milk in 1 hour -", "milk"),
    ],
)
def test_the_sign_of_a_number_belongs_to_the_title(cli: CommandLine, words: str, title: str) -> None:
    assert cli.ok("remind", "--json", "--", words).document["ai_task"]["title"] == title


def test_the_command_is_named_as_the_person_calls_it(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_LAUNCHER", "./scripts/assistant")
    assert "Start one with `./scripts/assistant up`." in cli.ok("remind", "call mom tomorrow at 9am").err
