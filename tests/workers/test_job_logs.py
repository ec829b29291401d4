"""What jobs log is kept with them, in whichever way they log it and wherever they run."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from tests.workers.bench import PATIENCE, Bench, Declare, wait

from personal_assistant.jobs.logs import last_lines_of, lines_of, with_gaps
from personal_assistant.jobs.retention import remove_finished
from personal_assistant.settings import Settings
from personal_assistant.store.tables import job_logs, jobs
from personal_assistant.workers import job_logs as job_logs_module
from personal_assistant.workers.logs import configure_logging, get_logger

Run = Callable[..., Bench]

log = get_logger(__name__)


@pytest.fixture(autouse=True)
def configured(settings: Settings) -> Iterator[None]:
    before, root = structlog.get_config(), logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    root.setLevel(logging.INFO)
    configure_logging(settings.model_copy(update={"log_level": "INFO"}))
    yield
    structlog.configure(**before)
    root.setLevel(level)
    root.handlers[:] = handlers


def kept(bench: Bench, job_id: str) -> list[tuple[int, int, str, str]]:
    with bench.runtime.db.read() as conn:
        return [(it.attempt, it.number, it.level, it.text) for it in lines_of(conn, job_id)]


def test_each_way_to_log_is_kept_with_the_job(run: Run, declare: Declare) -> None:
    def plain() -> None:
        log.debug("below the level that is set")
        log.info("began", password="hunter2", count=3, name="two words")
        structlog.get_logger("theirs").warning("odd")
        logging.getLogger("library").error("took %s", "long")
        try:
            raise ValueError("wrong")
        except ValueError:
            log.exception("failed")

    async def coroutine() -> None:
        log.info("in the loop")
        await asyncio.to_thread(log.info, "and beside it")

    first, second = declare(plain), declare(coroutine)
    bench = run(first, second)
    one, other = bench.do(first), bench.do(second)
    bench.until(one, "succeeded")
    bench.until(other, "succeeded")
    assert kept(bench, one) == [
        (1, 1, "info", "began password=… count=3 name='two words'"),
        (1, 2, "warning", "odd"),
        (1, 3, "error", "library: took long"),
        (1, 4, "error", "failed: ValueError: wrong"),
    ]
    assert [text for *_, text in kept(bench, other)] == ["in the loop", "and beside it"]


def test_what_is_told_in_passing_is_kept_though_standard_error_is_spared(
    run: Run, declare: Declare, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(settings)

    def plain() -> None:
        log.debug("not even kept")
        log.info("in passing")
        log.warning("of note")

    task = declare(plain)
    bench = run(task)
    job = bench.do(task)
    bench.until(job, "succeeded")
    assert [text for *_, text in kept(bench, job)] == ["in passing", "of note"]
    told = capsys.readouterr().err
    assert "of note" in told and "in passing" not in told


@pytest.mark.over("sqlite", "postgresql")
def test_attempts_that_log_much_keep_the_first_and_the_last_and_go_with_their_job(run: Run, declare: Declare) -> None:
    def chatty() -> None:
        for number in range(1, 251):
            log.info(f"{number}")
        raise OSError("away")

    task = declare(chatty, attempts=2)
    bench = run(task)
    job_id = bench.do(task)
    bench.until(job_id, "scheduled")
    bench.runtime.clock.advance(3600)  # type: ignore[attr-defined]
    bench.let_due_start()
    bench.until(job_id, "failed")
    with bench.runtime.db.write() as conn:
        lines = lines_of(conn, job_id, limit=1000)
        shown = with_gaps(lines)
        assert [it if isinstance(it, int) else it.text for it in shown[99:102]] == ["100", 50, "151"]
        assert [(it.attempt, it.number) for it in lines[199:201]] == [(1, 250), (2, 1)]
        assert len(lines) == 400
        assert [it.number for it in lines_of(conn, job_id, after=(1, 249), limit=2)] == [250, 1]
        assert [(it.attempt, it.text) for it in last_lines_of(conn, job_id, 2)] == [(2, "249"), (2, "250")]
        conn.execute(sa.update(jobs).values(counted=True))
        assert remove_finished(conn, bench.runtime.clock.now().replace(year=2030), 10) == 1
        assert conn.execute(sa.select(job_logs)).all() == []


@pytest.mark.over("sqlite", "celery")
def test_a_long_job_is_read_while_it_runs(run: Run, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_logs_module, "WRITE_EVERY_SECONDS", 0.0)
    logged, end = threading.Event(), threading.Event()

    def long() -> None:
        for number in range(1, 221):
            log.info(f"{number}")
        logged.set()
        wait(end)
        log.info("last")

    task = declare(long)
    bench = run(task)
    job_id = bench.do(task)
    wait(logged)
    assert _turned(bench)
    assert len(kept(bench, job_id)) == 200
    assert bench.job(job_id).state == "running"
    end.set()
    bench.until(job_id, "succeeded")
    assert [it[1] for it in kept(bench, job_id)] == [*range(1, 101), *range(122, 222)]


def _turned(bench: Bench) -> bool:
    """Wait for a whole turn of its runner: the one under way may have begun before the lines were there."""
    turns = threading.Semaphore(0)
    turn = bench.runner.turn

    def told(**options: Any) -> int:
        try:
            return turn(**options)
        finally:
            turns.release()

    bench.runner.turn = told  # type: ignore[method-assign]
    for _ in range(2):
        bench.wake()
        if not turns.acquire(timeout=PATIENCE):
            return False
    return True


@pytest.mark.over("sqlite", "postgresql")
def test_lines_that_cannot_be_kept_stop_no_outcome(run: Run, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(conn: sa.Connection, *given: object) -> None:
        conn.execute(sa.insert(job_logs).values(job_id="none", attempt=1, number=1, at=None, level="info", text=""))

    def task() -> None:
        log.info("lost")

    declared = declare(task)
    bench = run(declared)
    with monkeypatch.context() as patched:
        patched.setattr(job_logs_module, "write_lines", broken)
        bench.until(bench.do(declared), "succeeded")
    job_id = bench.do(declared)
    bench.until(job_id, "succeeded")
    assert [text for *_, text in kept(bench, job_id)] == ["lost"]
