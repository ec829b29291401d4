"""What does an assistant cost that has nothing to do?"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psutil

from personal_assistant.benchmarks.assistant import running, scratch
from personal_assistant.benchmarks.figures import Figure
from personal_assistant.benchmarks.reminders import add_reminders

_SETTLE_SECONDS = 3.0


def measure(seconds: float, pending: int, say: Callable[[str], None]) -> list[Figure]:
    """Processor time and resident memory of `assistant up` over `seconds`, with `pending` reminders far ahead."""
    with scratch() as runtime:
        add_reminders(runtime.db, pending, datetime.now(UTC) + timedelta(days=30), spread=timedelta(days=300))
        with running(runtime) as assistant:
            process = psutil.Process(assistant.process.pid)
            time.sleep(_SETTLE_SECONDS)
            before, started = process.cpu_times(), time.monotonic()
            say(f"watching for {seconds:g} s")
            time.sleep(seconds)
            after, passed = process.cpu_times(), time.monotonic() - started
            memory = process.memory_info().rss
            ready = assistant.ready_seconds
    used = after.user + after.system - before.user - before.system
    return [
        Figure("seconds", "watched for", round(passed, 1), "s"),
        Figure("pending", "active reminders, none due", pending),
        Figure("core_percent", "processor", round(100 * used / passed, 3), "% of a core", 1.0),
        Figure("resident_megabytes", "resident memory", round(memory / 1_048_576, 1), "MB", 120),
        Figure("up_ready_seconds", "start of the assistant until it is ready", round(ready, 3), "s", 3.0),
    ]
