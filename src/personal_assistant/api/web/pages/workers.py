"""Workers and queues: who is alive, what waits where, and how it went in the last hours."""

from datetime import datetime, timedelta

from starlette.responses import JSONResponse, Response

from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.jobs.queries import queue_depths
from personal_assistant.jobs.stats import HourStats, hourly_stats
from personal_assistant.workers.liveness import living
from personal_assistant.workers.utils.task_monitoring import recent_stats

HOURS = 48


def shown(visit: Visit) -> Response:
    """The page. Its plots fetch their figures; the table below them has the same."""
    with visit.runtime.db.read() as conn:
        alive = living(visit.runtime, conn)
        queues = queue_depths(conn)
        figures = recent_stats(conn, visit.now)
        hours = hourly_stats(conn, _since(visit.now))
    return visit.render(
        "workers.html", workers=alive, queues=queues, figures=figures, hours=list(reversed(hours)), span=HOURS
    )


def plotted(visit: Visit) -> Response:
    """Per hour, the earliest first: seconds since 1970, jobs that ended, mean seconds waited."""
    with visit.runtime.db.read() as conn:
        found = {it.hour: it for it in hourly_stats(conn, _since(visit.now))}
    start = _since(visit.now)
    hours = [start + timedelta(hours=number) for number in range(HOURS)]
    rows = [found.get(hour, HourStats(hour, 0, 0, None)) for hour in hours]
    columns = {
        "times": [int(it.hour.timestamp()) for it in rows],
        "succeeded": [it.succeeded for it in rows],
        "failed": [it.failed for it in rows],
        "waited": [it.mean_wait_seconds for it in rows],
        "zone": visit.account.zone,
    }
    return JSONResponse(columns, headers={"Cache-Control": "no-store"})


def _since(now: datetime) -> datetime:
    """The first hour of the plots; the present one is the last."""
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)


PAGES = [
    Page("/workers", shown, menu="Workers & queues", order=60, admin=True),
    Page("/workers/hours", plotted, admin=True),
]
