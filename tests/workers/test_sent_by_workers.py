"""Mail and test messages that a worker sends, all the way to a real server and back."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr
from tests.ai.support import OWNER
from tests.people.support import BROWSER, EMAIL, member
from tests.support.hostile_http import HostileServer, answers, hangs_up
from tests.support.smtp import Mailbox, mail_server
from tests.workers.bench import Bench

from personal_assistant.notifications.account_mail import ask_for_reset, mail_link
from personal_assistant.notifications.address_states import address_states
from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.trying import ask_for_test
from personal_assistant.people.signing_in import SignedIn, set_password_by_link, sign_in
from personal_assistant.store.secrets import vault_of
from personal_assistant.workers import runtime as runtime_module
from personal_assistant.workers.tasks import load_tasks

Run = Callable[..., Bench]
pytestmark = pytest.mark.over("sqlite")
NEW = "an entirely new password"


def _started(run: Run, name: str, **settings: Any) -> Bench:
    bench = run(load_tasks().find(name), private_hosts="127.0.0.1", **settings)
    runtime_module.use(bench.runtime)  # which is what the task reads; `in_use` takes it back
    return bench


def _mailing(run: Run, port: int) -> Bench:
    return _started(
        run,
        "send_account_mail",
        smtp_url=SecretStr(f"smtp://127.0.0.1:{port}?starttls=never"),
        mail_from="assistant@example.org",
        public_url="https://a.example.org",
    )


def _link_in(mailbox: Mailbox) -> str:
    (mail,) = mailbox.mails
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"https://a\.example\.org/link/(?:reset|invite)/(\S+)", body.get_content())
    assert found is not None
    return found[1]


def _sent(bench: Bench, job_id: str) -> object:
    bench.wake()
    return bench.until(job_id).result


def test_a_forgotten_password_is_set_anew_by_mail(run: Run) -> None:
    with mail_server() as (mailbox, port):
        bench = _mailing(run, port)
        db, now = bench.runtime.db, bench.runtime.clock.now()
        member(db, bench.runtime.clock)
        ask_for_reset(db, EMAIL.upper(), now, "192.0.2.7")
        with db.write() as conn:
            job_id = mail_link(conn, "reset", EMAIL.upper(), now)  # the one that was asked for already
        assert _sent(bench, job_id) == {"sent": True}
        assert mailbox.recipients == [EMAIL]
        set_password_by_link(db, _link_in(mailbox), "reset", NEW, now)
        assert isinstance(sign_in(db, EMAIL, NEW, now, BROWSER), SignedIn)


def test_for_nobody_no_mail_is_sent_and_the_ledger_says_so(run: Run) -> None:
    with mail_server() as (mailbox, port):
        bench = _mailing(run, port)
        with bench.runtime.db.write() as conn:
            job_id = mail_link(conn, "invite", "nobody@example.org", bench.runtime.clock.now())
        assert _sent(bench, job_id) == {"sent": False} and mailbox.raw == []


def test_without_a_mail_server_the_job_says_what_to_set(run: Run) -> None:
    bench = _started(run, "send_account_mail")
    with bench.runtime.db.write() as conn:
        job_id = mail_link(conn, "reset", EMAIL, bench.runtime.clock.now())
    bench.wake()
    job = bench.until(job_id)
    assert job.state == "failed" and "set ASSISTANT_SMTP_URL" in (job.error or "")


def test_a_test_message_is_sent_and_what_came_of_it_stands_with_its_channel(run: Run) -> None:
    bench = _started(run, "test_channel")
    runtime = bench.runtime
    with HostileServer() as server:
        with runtime.db.write() as conn:
            vault, now = vault_of(runtime.settings), runtime.clock.now()
            address, _ = add_address(conn, vault, OWNER, "webhook", f"{server.url}/s3cret", now=now)
        for behaviour, outcome in ((answers(204), "sent"), (hangs_up, "unconfirmed"), (answers(400), "failed")):
            server.behave(behaviour)
            with runtime.db.write() as conn:
                job_id = ask_for_test(conn, address, now)
                assert ask_for_test(conn, address, now) == job_id
            result = _sent(bench, job_id)
            assert isinstance(result, dict) and result["outcome"] == outcome, result
            assert (result["name"], result["channel"]) == ("webhook", "webhook") and "s3cret" not in str(result)
    with runtime.db.read() as conn:
        (state,) = address_states(conn, OWNER)
    assert state.last_sent_at == now and state.last_error
