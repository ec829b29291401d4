"""`assistant today` and the lists of `assistant ai-tasks`, as people and programs see them."""

import pytest
from tests.cli.conftest import CommandLine


def test_an_empty_list_says_what_to_type(cli: CommandLine) -> None:
    assert "Try: assistant remind" in cli.ok("today").out
    assert "Nothing is overdue." in cli.ok("ai-tasks", "overdue").out
    assert "in the next 7 days. Try --days" in cli.ok("ai-tasks", "upcoming").out
    assert "`assistant done ID`" in cli.ok("ai-tasks", "done").out
    assert "`assistant ai-tasks list` shows all" in cli.ok("ai-tasks", "search", "zebra").out
    for name in ("today", "overdue", "upcoming", "done"):
        assert cli.document("ai-tasks", name) == {"entries": [], "more": False}
    assert cli.document("ai-tasks", "search", "zebra") == {"hits": [], "more": False}


def test_what_is_to_come_is_listed_and_found(alive: CommandLine) -> None:
    alive.ok("remind", "water the plants every day at 8:00", "--tag", "home")
    alive.ok("remind", "call mom in 2 days")
    shown = alive.ok("ai-tasks", "upcoming").out
    assert "⏰ planned  water the plants" in shown
    assert "… goes on: every day at 08:00" in shown
    document = alive.document("ai-tasks", "upcoming", "--limit", "2")
    assert (len(document["entries"]), document["more"]) == (2, True)
    assert "… and more" in alive.ok("ai-tasks", "upcoming", "--limit", "1").out
    assert "#home" in alive.ok("ai-tasks", "search", "PLANTS").out
    (hit,) = alive.document("ai-tasks", "search", "--tag", "home")["hits"]
    assert (hit["ai_task"]["title"], hit["tags"]) == ("water the plants", ["home"])


def test_what_was_done_is_listed(alive: CommandLine) -> None:
    from personal_assistant.notifications.deliveries import deliver
    from personal_assistant.notifications.model import Message

    alive.ok("remind", "call mom in 2 days")
    runtime = alive.runtime
    with runtime.db.write() as conn:
        now = runtime.clock.now()
        deliver(conn, [Message("a", 1, "reminder", "call mom", None, None, ai_task_id=1, due_at=now)], now)
    overdue = alive.ok("ai-tasks", "overdue").out
    assert "🔔 open" in overdue
    assert "`assistant done ID`" in overdue
    alive.ok("done", "1")
    assert "by command  call mom" in alive.ok("ai-tasks", "done").out
    assert "✅ done" in alive.ok("today").out


@pytest.mark.parametrize(
    ("words", "reason"),
    [(("search",), "Say what to look for"), (("search", "x" * 300), "at most 10 words in 200 characters")],
)
def test_what_cannot_be_looked_for_is_refused(cli: CommandLine, words: tuple[str, ...], reason: str) -> None:
    answer = cli("ai-tasks", *words)
    assert (answer.code, answer.out) == (1, "")
    assert reason in answer.err
