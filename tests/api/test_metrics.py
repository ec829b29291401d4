"""Figures for Prometheus."""

import dataclasses
import re
from typing import Any

import pytest
from pydantic import SecretStr
from tests.api.support import server
from tests.api.test_links import told
from tests.support.ledger import FAILED, TASK, Ledger

from personal_assistant.api.metrics import Metrics
from personal_assistant.jobs.outcomes import Succeeded
from personal_assistant.jobs.stats import count_finished
from personal_assistant.settings import SettingsError, load_settings
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

SECRET = "s" * 16
_LINE = re.compile(r'^[a-z_]+(_sum|_count|_total)?\{([a-z]+="([^"\\\n]|\\.)*",?)+\} [0-9.e+-]+$')


def lines(runtime: Runtime) -> dict[str, float]:
    text = Metrics(runtime).text()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(_LINE.match(line) for line in samples), samples
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in samples)}


def test_what_is_counted_and_what_is_not_yet_are_told_together(
    runtime: Runtime, clock: ManualClock, ledger: Ledger
) -> None:
    for seconds in (2, 3):
        job = ledger.add()
        claimed = ledger.take_one(job)
        clock.advance(seconds)
        assert ledger.end(claimed, Succeeded())
        with runtime.db.write() as conn:
            if seconds == 2:
                assert count_finished(conn, 10) == 1
    ledger.run(ledger.add(), FAILED)
    ledger.add()
    clock.advance(7)
    told(runtime, "Tea")
    found = lines(runtime)
    assert found[f'assistant_jobs_ended_total{{task="{TASK}",state="succeeded"}}'] == 2
    assert found[f'assistant_jobs_ended_total{{task="{TASK}",state="failed"}}'] == 1
    assert found[f'assistant_job_run_seconds_sum{{task="{TASK}",state="succeeded"}}'] == pytest.approx(5, abs=0.01)
    assert found[f'assistant_job_run_seconds_count{{task="{TASK}",state="succeeded"}}'] == 2
    assert found[f'assistant_jobs_open{{task="{TASK}",state="queued"}}'] == 1
    assert found['assistant_queue_depth{queue="tests",state="queued"}'] == 1
    assert found['assistant_queue_oldest_seconds{queue="tests"}'] == 7
    assert found['assistant_deliveries{channel="in_app",state="sent"}'] == 1
    assert found['assistant_workers{role="runs"}'] == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_who_sends_the_token_reads_them(runtime: Runtime) -> None:
    with server(runtime) as client:
        assert client("/metrics").status == 404
        assert client("/metrics", headers={"Authorization": "Bearer "}).status == 404
    settings = runtime.settings.model_copy(update={"metrics_token": SecretStr(SECRET)})
    with server(dataclasses.replace(runtime, settings=settings)) as client:
        for sent in ({}, {"Authorization": "Bearer x"}, {"Authorization": SECRET}, {"Authorization": "Bearer é"}):
            assert client("/metrics", headers=sent).status == 401
        answer = client("/metrics", headers={"Authorization": f"Bearer {SECRET}"})
        assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert "# TYPE assistant_jobs_ended_total counter\n" in answer.text
        assert client("/metrics", "POST", b"").status == 405


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_database_is_not_asked_at_each_request(runtime: Runtime, ledger: Ledger) -> None:
    now = 0.0
    metrics = Metrics(runtime, lambda: now)
    first = metrics.text()
    ledger.add()
    assert metrics.text() == first
    now = 10.0
    assert metrics.text() != first


def test_a_name_cannot_make_a_line_of_its_own(runtime: Runtime, ledger: Ledger) -> None:
    ledger.add('a"} 5\nx{b="\\')
    assert lines(runtime)['assistant_jobs_open{task="a\\"} 5\\nx{b=\\"\\\\",state="queued"}'] == 1


def test_a_token_that_is_easy_to_guess_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setenv("ASSISTANT_METRICS_TOKEN", "secret")
    with pytest.raises(SettingsError, match="at least 16 characters") as refused:
        load_settings()
    assert "secret" not in str(refused.value).replace("secret_key", "")
