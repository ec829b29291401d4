"""Health of what is watched: what is late, and heartbeat URLs that cannot be told."""

from collections.abc import Iterator

from personal_assistant.notifications.watches import watches_in_trouble
from personal_assistant.timing.missed import spoken
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.findings import Finding

_CHECK = "watches"
_MOST_NAMED = 10


def check_watches(runtime: Runtime) -> Iterator[Finding]:
    """What is known to be late. Warnings only: the instance itself is well when something that it runs is not."""
    now = runtime.clock.now()
    with runtime.db.read() as conn:
        found = watches_in_trouble(conn)
    late = [it for it in found if it.late_for is not None and it.late_since is not None]
    for it in late[:_MOST_NAMED]:
        assert it.late_for is not None
        message = f"{it.name[:60]} is late: it was due {spoken(now - it.late_for)} ago and is not done."
        yield Finding(_CHECK, "warning", message, f"`assistant watches show {it.id}`; the alert about it says why.")
    silent = [it for it in found if it.ping_error is not None]
    for it in silent[:_MOST_NAMED]:
        message = f"The heartbeat of {it.name[:60]} cannot be sent to {it.masked}: {it.ping_error}"
        yield Finding(_CHECK, "warning", message[:500], f"Mend its cause, then `assistant watches test {it.id}`.")
    if more := max(0, len(late) - _MOST_NAMED) + max(0, len(silent) - _MOST_NAMED):
        yield Finding(_CHECK, "warning", f"{more} more watches are in trouble.", "`assistant watches list` shows all.")
