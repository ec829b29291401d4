"""After a night off, over real mail and a real webhook: one message tells of all of it, the list has the rest."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.support.hostile_http import HostileServer
from tests.support.smtp import Mailbox, mail_server
from tests.workers.bench import Bench
from tests.workers.test_catching_up import AT_ONCE, EVENING, MORNING, OWNER, Night, most_starts

from personal_assistant.ai import AITaskManager
from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.notifications.preferences import set_quiet_hours
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import deliveries, users
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers import runtime as runtime_module
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks.ai_tasks import execute_ai_task, summarize_missed
from personal_assistant.workers.tasks.notification_tasks import deliver_message

ZONE = ZoneInfo("Asia/Kolkata")
EACH = 40
# Of each policy a quarter is due twice in the night: all ran late, but for the policy `once` only the newest.
RAN, SKIPPED = EACH + EACH + EACH // 4, EACH + EACH // 4 + EACH // 4
TITLE = f"⏭️ While nothing was running: {RAN} came late, {SKIPPED} skipped"
# So long the last of them takes to start, and the summary to come.
UNTIL_TOLD = RAN / AT_ONCE + 8

pytestmark = pytest.mark.over("sqlite", "postgresql")


def dues(number: int) -> list[datetime]:
    """When the tasks of that number were due in the night, in the person's zone."""
    early = [EVENING + timedelta(minutes=40)] if number % 4 == 0 else []
    return [due.astimezone(ZONE) for due in [*early, MORNING - timedelta(minutes=100 - number)]]


class Told:
    """A night of three policies, and a person with mail and a webhook, the `first` one first."""

    def __init__(self, stack: ExitStack, first: str, clock: ManualClock, run: Callable[..., Bench]) -> None:
        self.mailbox: Mailbox
        self.mailbox, port = stack.enter_context(mail_server())
        self.hook = stack.enter_context(HostileServer())
        bench = run(
            execute_ai_task,
            summarize_missed,
            deliver_message,
            private_hosts="127.0.0.1",
            smtp_url=SecretStr(f"smtp://127.0.0.1:{port}?starttls=never"),
            mail_from="assistant@example.org",
            catch_up_at_once=AT_ONCE,
        )
        self.runtime: Runtime = bench.runtime
        self.clock = clock
        runtime_module.use(self.runtime)
        clock.set(EVENING)
        urls = {"email": "ada@example.org", "webhook": self.hook.url}
        with self.runtime.db.write() as conn:
            conn.execute(sa.update(users).values(zone=ZONE.key))
            for channel in sorted(urls, key=lambda name: name != first):
                add_address(conn, vault_of(self.runtime.settings), OWNER, channel, urls[channel], now=EVENING)
        manager = AITaskManager(self.runtime.db, clock)
        for policy in ("skip", "once", "all"):
            for number in range(EACH):
                times = [f"{due:%H:%M}" for due in dues(number)]
                manager.create_task(OWNER, f"{policy} {number}", "daily", {"times": times}, missed_policy=policy)
        clock.set(MORNING)
        self.night = Night(self.runtime, clock, bench)

    def outward(self) -> list[Any]:
        """What was to go out: title, channel, state."""
        chosen = sa.select(deliveries.c.title, deliveries.c.channel, deliveries.c.state)
        with self.runtime.db.read() as conn:
            return [tuple(row) for row in conn.execute(chosen.where(deliveries.c.channel != "in_app"))]

    def listed(self) -> list[str]:
        """The titles in the in-app list."""
        with self.runtime.db.read() as conn:
            return sorted(it.title for it in list_notifications(conn, OWNER, limit=1000))

    def received(self) -> list[tuple[str, str, str]]:
        """Channel, title and text of what came out at the other end."""
        mails = [("email", mail["Subject"], mail.get_body(("plain",)).get_content()) for mail in self.mailbox.mails]  # type: ignore[union-attr]
        posts = [json.loads(request.body) for request in self.hook.received]
        return [*mails, *(("webhook", post["title"], post["body"]) for post in posts)]


@pytest.fixture
def told(clock: ManualClock, run: Callable[..., Bench]) -> Iterator[Callable[[str], Told]]:
    with ExitStack() as stack:
        yield lambda first: Told(stack, first, clock, run)


def check_text(text: str) -> None:
    """What came late, what was skipped and why, at the person's hours, and no more lines than a person reads."""
    lines = text.replace("\r\n", "\n").split("\n")
    assert (
        f"{RAN + SKIPPED} were due from Wed 03 Jun 05:10 to Wed 03 Jun 11:29 (Asia/Kolkata), "
        "and nothing was running then."
    ) in lines
    late, skipped = lines.index(f"Came late ({RAN}):"), lines.index(f"Skipped ({SKIPPED}):")
    assert lines[late + 1] == "• all 0 (2 times, Wed 03 Jun 05:10 to Wed 03 Jun 10:50)"
    assert lines[late + 11 : late + 13] == ["• once 0 (Wed 03 Jun 10:50)", "• once 1 (Wed 03 Jun 10:51)"]
    assert lines[late + 21] == f"• and {2 * EACH - 20} more"
    assert lines[skipped + 1] == (
        "• skip 0 (2 times, Wed 03 Jun 05:10 to Wed 03 Jun 10:50): "
        "Nothing was running at its instant (1 h 40 min ago), and missed runs are skipped."
    )
    assert (
        "• once 36 (Wed 03 Jun 05:10): "
        "Nothing was running at its instant, and only the newest missed run is made up for."
    ) in lines[skipped:]
    assert lines[skipped + 21] == f"• and {EACH + EACH // 4 - 20} more"
    assert sum(line.startswith("• ") for line in lines) == 42
    assert len(text) < 5000


@pytest.mark.parametrize("first", ["email", "webhook"])
def test_one_message_goes_to_the_first_address_and_the_list_has_all(told: Callable[[str], Told], first: str) -> None:
    it = told(first)
    it.night.go_on(UNTIL_TOLD)
    [(channel, title, text)] = it.received()
    assert (channel, title) == (first, TITLE)
    check_text(text)
    assert it.outward() == [(TITLE, first, "sent")]
    ran = [f"{policy} {number}" for policy in ("once", "all") for number in range(EACH)]
    assert it.listed() == sorted([TITLE, *ran, *(f"all {number}" for number in range(0, EACH, 4))])
    assert most_starts(it.night.occurrences()) == AT_ONCE


@pytest.mark.over("sqlite")
def test_in_quiet_hours_the_summary_waits_and_then_comes_by_itself(told: Callable[[str], Told]) -> None:
    it = told("email")
    end = (MORNING + timedelta(hours=1)).astimezone(ZONE)
    with it.runtime.db.write() as conn:
        set_quiet_hours(conn, OWNER, "22:00", f"{end:%H:%M}", MORNING)
    it.night.go_on(UNTIL_TOLD)
    assert (it.received(), it.outward()) == ([], [])
    assert len(it.listed()) == RAN + 1
    it.clock.set(end)
    it.night.go_on(1)
    [(channel, title, text)] = it.received()
    assert (channel, title) == ("email", TITLE)
    check_text(text)
    assert len(it.listed()) == RAN + 1
