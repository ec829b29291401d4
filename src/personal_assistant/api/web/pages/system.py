"""The system: what the checks find, each with its fix, and what the assistant stands on."""

import shutil
from datetime import timedelta

from starlette.responses import JSONResponse, Response

from personal_assistant import __version__
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.jobs.stats import count_by_state
from personal_assistant.workers.utils.health_check import check_health, check_setup
from personal_assistant.workers.utils.resources import Sample, database_bytes, samples

SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
# Of the table that has the same as the plots.
_ROWS = 50


def shown(visit: Visit) -> Response:
    """The page. Settings are told by their names only: some values are secrets."""
    runtime = visit.runtime
    findings = check_health(runtime) + check_setup(runtime)
    findings.sort(key=lambda it: ("error", "warning", "ok").index(it.level))
    return visit.render(
        "system.html",
        findings=findings,
        wrong=sum(it.level == "error" for it in findings),
        noted=sum(it.level == "warning" for it in findings),
        app_version=__version__,
        kind="SQLite" if runtime.db.is_sqlite else "PostgreSQL",
        where=runtime.db.where,
        size=database_bytes(runtime.db),
        free=shutil.disk_usage(runtime.settings.data_dir).free,
        data_dir=runtime.settings.data_dir,
        public_url=runtime.settings.public_url,
        settings=sorted(runtime.settings.model_fields_set),
        span=_span(visit),
        spans=list(SPANS),
        measured=_recent(visit, _ROWS)[::-1],
    )


def counted(visit: Visit) -> Response:
    """A part of the page: how many jobs there are in each state."""
    with visit.runtime.db.read() as conn:
        return visit.render("counts.html", counts=count_by_state(conn))


def plotted(visit: Visit) -> Response:
    """Of each sample, the earliest first: seconds since 1970, percent, bytes."""
    found = _recent(visit)
    columns = {
        "times": [int(it.at.timestamp()) for it in found],
        "cpu": [it.cpu_percent for it in found],
        "own": [it.memory_bytes for it in found],
        "available": [it.memory_available_bytes for it in found],
        "free": [it.disk_free_bytes for it in found],
        "database": [it.database_bytes for it in found],
        "zone": visit.account.zone,
    }
    return JSONResponse(columns, headers={"Cache-Control": "no-store"})


def _span(visit: Visit) -> str:
    asked = visit.query("span")
    return asked if asked in SPANS else "day"


def _recent(visit: Visit, most: int = 500) -> list[Sample]:
    """What was measured in the span that is asked for. Of several machines: of the one that was measured last."""
    with visit.runtime.db.read() as conn:
        return samples(conn, visit.now - SPANS[_span(visit)], most)


PAGES = [
    Page("/system", shown, menu="System", order=70, admin=True),
    Page("/system/jobs", counted, admin=True),
    Page("/system/resources", plotted, admin=True),
]
