"""What does an assistant cost that has nothing to do?"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

from personal_assistant.benchmarks.assistant import running, scratch
from personal_assistant.benchmarks.reminders import add_reminders

_SETTLE_SECONDS = 3.0


def measure(seconds: float, pending: int, say: Callable[[str], None]) -> dict[str, Any]:
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
    return {
        "seconds": round(passed, 1),
        "pending": pending,
        "core_percent": round(100 * used / passed, 3),
        "resident_megabytes": round(memory / 1_048_576, 1),
        "up_ready_seconds": round(ready, 3),
    }
