"""The log: where it is written, and what does not depend on it."""

import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Failed, Outcome, Retry
from personal_assistant.settings import Settings
from personal_assistant.workers.logs import configure_logging
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.utils.task_monitoring import settle

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """The stream of a terminal that was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


@pytest.fixture(autouse=True)
def configured(settings: Settings) -> Iterator[None]:
    before = structlog.get_config()
    configure_logging(settings.model_copy(update={"log_level": "INFO"}))
    yield
    structlog.configure(**before)


def test_it_follows_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    log = structlog.get_logger("tests")
    for number in (1, 2):
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        log.warning("happened", number=number)
        assert json.loads(stream.getvalue())["number"] == number
        stream.close()


def test_one_that_cannot_be_written_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    log, closed = structlog.get_logger("tests"), io.StringIO()
    closed.close()
    for stream in (closed, Gone()):
        monkeypatch.setattr(sys, "stderr", stream)
        log.warning("happened")
    whole = io.StringIO()
    monkeypatch.setattr(sys, "stderr", whole)
    log.warning("happened")
    assert json.loads(whole.getvalue())["event"] == "happened"


@pytest.mark.parametrize(
    ("terminal", "ai_task_id", "outcome", "level"),
    [
        (True, 1, Failed("No agent.", "permanent"), "info"),
        (True, None, Failed("No agent.", "permanent"), "warning"),
        (True, 1, Retry(None, "Away.", "transient"), "warning"),  # type: ignore[arg-type]  # is not looked at
        (False, 1, Failed("No agent.", "permanent"), "warning"),
    ],
)
def test_what_a_person_is_told_on_the_same_terminal_is_for_the_log_only(
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    ai_task_id: int | None,
    outcome: Outcome,
    level: str,
) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, Terminal() if terminal else io.StringIO())
    job = ClaimedJob("j", 1, "tests.none", [], {}, 1, False, 1, ai_task_id, None)
    with structlog.testing.capture_logs() as logged, runtime.db.write() as conn:
        settle(conn, load_tasks(), [(job, outcome)])
    assert [entry["log_level"] for entry in logged] == [level]
