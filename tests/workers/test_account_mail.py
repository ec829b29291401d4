"""Links by mail: on a real mail server, made when they are sent, and nothing for nobody."""

import asyncio
import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.people.support import EMAIL, member
from tests.support.smtp import mail_server

from personal_assistant.notifications.account_mail import ask_for_reset, parcel_for
from personal_assistant.notifications.senders import config_of
from personal_assistant.notifications.senders.mail import MailSender
from personal_assistant.people.one_time_links import find_link
from personal_assistant.people.tries import LockedOutError
from personal_assistant.store.tables import jobs, one_time_links
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def _send(runtime: Runtime, email: str, port: int) -> bool:
    settings = runtime.settings.model_copy(
        update={
            "smtp_url": SecretStr(f"smtp://127.0.0.1:{port}?starttls=never"),
            "mail_from": "assistant@example.org",
            "public_url": "https://a.example.org",
        }
    )
    config = replace(config_of(settings), private_hosts=("127.0.0.1",))
    with runtime.db.write() as conn:
        parcel = parcel_for(conn, "reset", email, "job:1", config, runtime.clock.now())
    if parcel is None:
        return False
    await MailSender().send(parcel, config)
    return True


@SQLITE
def test_the_link_stands_in_the_mail_only(runtime: Runtime) -> None:
    member(runtime.db, runtime.clock)
    with mail_server() as (mailbox, port):
        assert asyncio.run(_send(runtime, EMAIL, port))
        assert not asyncio.run(_send(runtime, "nobody@example.org", port))
    [mail] = mailbox.mails
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"https://a\.example\.org/link/reset/(\S+)", body.get_content())
    assert found is not None
    with runtime.db.read() as conn:
        assert find_link(conn, found[1], "reset", runtime.clock.now()) is not None
        assert found[1] not in str(conn.execute(sa.select(one_time_links)).all())
    assert mailbox.recipients == [EMAIL]


@SQLITE
def test_asking_does_the_same_for_anybody_and_not_too_often(runtime: Runtime) -> None:
    member(runtime.db, runtime.clock)
    now = runtime.clock.now()
    for email in (EMAIL, "nobody@example.org", "\0\ud800", "x" * 10_000):
        for _ in range(5):
            ask_for_reset(runtime.db, email, now, None)
        with pytest.raises(LockedOutError):
            ask_for_reset(runtime.db, email, now, None)
    with runtime.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(jobs)).scalar_one() == 4
        assert conn.execute(sa.select(sa.func.count()).select_from(one_time_links)).scalar_one() == 0
