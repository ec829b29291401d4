"""The three measurements."""

import time
from math import ceil

from bench import FILL_SECONDS, Bench, Size, bench, megabytes
from environments import CannotRunError
from servers import Servers

_WARM_UP = 0.1
# What is over sooner is too short to be measured.
_LEAST_SECONDS = 1.0
_LEAD_SECONDS = 6.0


def no_ops(peer: str, servers: Servers, size: Size) -> dict[str, float]:
    """A backlog of no-ops. The first tenth is the warm-up; the rate is that of what comes after it.

    Where all is done too soon to be measured, it is done again with four times as many.
    """
    count = size.count
    while True:
        times = _no_ops(peer, servers, size, count)
        warm = min(ceil(count * _WARM_UP), len(times) - 1)
        seconds = times[-1] - times[warm - 1]
        if seconds >= _LEAST_SECONDS or len(times) < warm + count:
            return {"no_op_done": len(times) - warm, "no_op_per_second": round((len(times) - warm) / seconds, 1)}
        count *= 4


def _no_ops(peer: str, servers: Servers, size: Size, count: int) -> list[float]:
    """When each was done, in order."""
    every = ceil(count * _WARM_UP) + count
    with bench(peer, servers, size) as it:
        it.drive("fill", "no_op", "0", str(every), concurrency=size.concurrency)
        with it.worker("no_op", size.concurrency) as workers:
            it.wait_for(every, workers, size.limit)
        return sorted(it.seen().values())


def waits(peer: str, servers: Servers, size: Size) -> dict[str, float | None]:
    """A backlog of jobs that wait 1 s, all at once where the peer can: from the start of the first to the last's end.

    `wait_megabytes` is what the worker's processes hold at the end, pages that they share counted once.
    """
    with bench(peer, servers, size) as it:
        it.drive("fill", "wait", "0", str(size.waiting), concurrency=size.waiting)
        with it.worker("wait", size.waiting) as workers:
            it.wait_for(size.waiting, workers, size.limit)
            memory = megabytes(workers)
        times = sorted(it.seen().values())
    all_done = len(times) == size.waiting
    seconds = round(times[-1] - times[0] + 1.0, 3) if all_done else None
    return {"wait_done": len(times), "wait_seconds": seconds, "wait_megabytes": memory}


def burst(peer: str, servers: Servers, size: Size, *, before: bool) -> dict[str, float | None]:
    """No-ops that are due in the same second, for a worker that is warm: how late is the middle one, and the last?"""
    lead, warm = _LEAD_SECONDS, ceil(size.burst * _WARM_UP)
    while True:
        with bench(peer, servers, size) as it:
            late = _burst(it, lead, warm, before=before)
        if late is not None:
            break
        lead *= 2.5
        if lead > FILL_SECONDS:
            raise CannotRunError("Its jobs cannot be scheduled in time.")
    late.sort()
    all_done = len(late) == size.burst
    half = late[len(late) // 2] if len(late) > size.burst // 2 else None
    last = round(late[-1], 3) if all_done else None
    return {"burst_done": len(late), "burst_p50": half and round(half, 3), "burst_last": last}


def _burst(it: Bench, lead: float, warm: int, *, before: bool) -> list[float] | None:
    """Seconds of lateness; None when the schedule was not written before it was due."""
    size = it.size
    if before:
        due, written = _schedule(it, lead, warm)
        it.drive("fill", "no_op", "0", str(warm), concurrency=size.concurrency)
    else:
        it.drive("fill", "no_op", "0", str(warm), concurrency=size.concurrency)
    with it.worker("burst", size.concurrency) as workers:
        it.wait_for(warm, workers, size.limit)
        if not before:
            due, written = _schedule(it, lead, warm)
        if written > due - 1.0 or time.time() > due - 1.0:
            return None
        time.sleep(max(0.0, due - time.time()))
        it.wait_for(warm + size.burst, workers, size.limit)
    return [at - due for number, at in it.seen().items() if number >= warm]


def _schedule(it: Bench, lead: float, warm: int) -> tuple[float, float]:
    """(when the jobs are due, when their schedule was written), both in seconds of the epoch."""
    due = float(ceil(time.time() + lead))
    it.drive("schedule", str(warm), str(it.size.burst), str(due), concurrency=it.size.concurrency)
    return due, time.time()
