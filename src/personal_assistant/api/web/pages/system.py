"""The system: what the checks find, each with its fix, and what the assistant stands on."""

import shutil
from pathlib import Path

import sqlalchemy as sa
from starlette.responses import Response

from personal_assistant import __version__
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.jobs.stats import count_by_state
from personal_assistant.store.database import Database
from personal_assistant.workers.utils.health_check import check_health, check_setup


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
    )


def counted(visit: Visit) -> Response:
    """A part of the page: how many jobs there are in each state."""
    with visit.runtime.db.read() as conn:
        return visit.render("counts.html", counts=count_by_state(conn))


def database_bytes(db: Database) -> int:
    """How much room the database takes: its files, or what the server says."""
    if db.is_sqlite:
        files = [Path(f"{db.url.database}{ending}") for ending in ("", "-wal", "-shm")]
        return sum(file.stat().st_size for file in files if file.exists())
    with db.read() as conn:
        return int(conn.execute(sa.select(sa.func.pg_database_size(sa.func.current_database()))).scalar_one())


PAGES = [
    Page("/system", shown, menu="System", order=70, admin=True),
    Page("/system/jobs", counted, admin=True),
]
