"""`assistant up` killed in the middle of a mail: the next channel gets the message once, and no second mail is sent."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.end_to_end.assistants import environment, open_runtime, until
from tests.support.hostile_http import HostileServer
from tests.support.smtp import HANG, HostileSmtp

from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import deliveries, jobs
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.setup import prepare

OWNER = 1


@contextmanager
def up(folder: Path, smtp: HostileSmtp) -> Iterator["subprocess.Popen[str]"]:
    """`up`, ready; killed at the end of the block."""
    more = {
        "ASSISTANT_SMTP_URL": f"smtp://127.0.0.1:{smtp.port}?starttls=never",
        "ASSISTANT_MAIL_FROM": "assistant@example.org",
        "ASSISTANT_PRIVATE_HOSTS": "127.0.0.1",
    }
    command = [sys.executable, "-m", "personal_assistant.cli.main", "up", "--json"]
    process = subprocess.Popen(
        command, env=environment(folder) | more, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None and json.loads(process.stdout.readline())["ready"]
        yield process
    finally:
        process.kill()
        process.communicate()


def set_up(runtime: Runtime, webhook: str) -> None:
    """A person who is reached by mail, then by a webhook, and a message to them."""
    prepare(runtime)
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        for channel, url in (("email", "ada@example.org"), ("webhook", webhook)):
            add_address(conn, vault_of(runtime.settings), OWNER, channel, url, now=now)
        deliver(conn, [Message("the-event", OWNER, "reminder", "Pills", None, ("email", "webhook"))], now)


def settled(runtime: Runtime) -> bool:
    with runtime.db.read() as conn:
        told = sa.select(sa.func.count()).where(deliveries.c.channel == "webhook", deliveries.c.state == "sent")
        left = sa.select(sa.func.count()).where(jobs.c.finished_at.is_(None))
        return conn.execute(told).scalar_one() > 0 and conn.execute(left).scalar_one() == 0


# Held with all of the mail on its way, and before any of it was. What was reached is not written down between the two,
# so the second counts as doubtful, too.
@pytest.mark.parametrize(("held_at", "mails"), [("end", 1), ("RCPT", 0)])
def test_the_next_channel_takes_over_once_and_the_mail_is_not_sent_again(
    tmp_path: Path, held_at: str, mails: int
) -> None:
    answers = {held_at: HANG}
    runtime = open_runtime(tmp_path)
    with HostileServer() as webhook, HostileSmtp(answers) as smtp:
        set_up(runtime, webhook.url)
        with up(tmp_path, smtp) as process:
            smtp.wait_for(held_at)
            os.kill(process.pid, 9)
            assert process.wait(10) == -9
        assert webhook.received == []
        answers.clear()
        with up(tmp_path, smtp):
            webhook.wait_for(1)
            until(lambda: settled(runtime), 10)
        assert [json.loads(it.body)["title"] for it in webhook.received] == ["Pills"]
        assert (len(smtp.texts), smtp.sessions) == (mails, 1)
    chosen = sa.select(deliveries.c.channel, deliveries.c.state, deliveries.c.error).order_by(deliveries.c.id)
    with runtime.db.read() as conn:
        found = [tuple(row) for row in conn.execute(chosen)]
    runtime.db.close()
    assert found == [
        ("in_app", "sent", None),
        ("email", "unconfirmed", "The process that was sending it was ended meanwhile, so it may have arrived."),
        ("webhook", "sent", None),
    ]
