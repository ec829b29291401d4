"""`/health/live`: the process answers. `/health/ready`: so does the database."""

import structlog
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from personal_assistant.workers.liveness import scheduler_alive
from personal_assistant.workers.runtime import Runtime

_log = structlog.get_logger(__name__)


async def live(request: Request) -> Response:
    del request
    return JSONResponse({"status": "ok"})


def ready(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    try:
        with runtime.db.read() as conn:
            conn.execute(select(1))
        alive = scheduler_alive(runtime)
    except Exception as error:
        _log.warning("the database does not answer", error=type(error).__name__)
        return JSONResponse({"status": "unavailable", "reason": "The database does not answer."}, 503)
    return JSONResponse({"status": "ok", "scheduler_alive": alive})


ROUTES = [Route("/health/live", live), Route("/health/ready", ready)]
