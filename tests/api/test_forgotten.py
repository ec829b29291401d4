"""A forgotten password, over HTTP: what is said is the same for everybody, and the link goes out by mail only."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.api.support import server
from tests.api.web import send_form
from tests.people.support import EMAIL, cheap_hashes, member

from personal_assistant.jobs.queries import get_job
from personal_assistant.store.tables import jobs
from personal_assistant.workers.runtime import Runtime

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MAIL = {"mail_from": "assistant@example.org", "public_url": "https://a.example.org"}


def _jobs(runtime: Runtime) -> list[str]:
    with runtime.db.read() as conn:
        found = [get_job(conn, it) for it in conn.execute(sa.select(jobs.c.id).order_by(jobs.c.id)).scalars()]
    return [f"{it.task.rpartition('.')[2]} {it.args[1]}" for it in found]


def test_a_link_is_asked_for_and_nobody_learns_who_is_known(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)
    member(runtime.db, runtime.clock)
    wishes = {**MAIL, "smtp_url": SecretStr("smtp://mail.example.org")}
    runtime = replace(runtime, settings=runtime.settings.model_copy(update=wishes))
    with server(runtime) as client:
        assert "/forgotten" in client("/login").text and "Mail me a link" in client("/forgotten").text
        known, unknown = (send_form(client, "/forgotten", {"email": it}) for it in (EMAIL, "nobody@example.org"))
        assert (known.status, known.text) == (unknown.status, unknown.text)
        assert known.status == 200 and "is on its way" in known.text and EMAIL not in known.text
        assert _jobs(runtime) == [f"send_account_mail {EMAIL}", "send_account_mail nobody@example.org"]
        assert [send_form(client, "/forgotten", {"email": EMAIL}).status for _ in range(5)] == [200] * 4 + [429]
        odd = send_form(client, "/forgotten", {"email": "<i>" + "x" * 5000})
        assert odd.status == 200 and "<i>" not in odd.text


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {**MAIL, "smtp_url": SecretStr("nonsense")},
        {**MAIL, "smtp_url": SecretStr("smtp://mail.example.org"), "mail_from": ""},
        {**MAIL, "smtp_url": SecretStr("smtp://mail.example.org"), "public_url": ""},
    ],
)
def test_without_mail_it_says_whom_to_ask(runtime: Runtime, wishes: dict[str, object]) -> None:
    runtime = replace(runtime, settings=runtime.settings.model_copy(update=wishes))
    with server(runtime) as client:
        for answer in (client("/forgotten"), send_form(client, "/forgotten", {"email": EMAIL})):
            assert answer.status == 200 and "users link --reset" in answer.text and "Mail me" not in answer.text
    assert _jobs(runtime) == []
