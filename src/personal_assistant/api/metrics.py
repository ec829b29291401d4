"""`/metrics`: figures for Prometheus, for whoever sends the token that the setting `metrics_token` holds.

They come from the database, so that they are those of all processes together, whichever of them is asked.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from hmac import compare_digest

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from personal_assistant import __version__
from personal_assistant.api.fresh import Fresh
from personal_assistant.jobs.queries import count_open, queue_depths
from personal_assistant.jobs.stats import totals
from personal_assistant.notifications.counting import count_deliveries
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.liveness import living
from personal_assistant.workers.runtime import Runtime

_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# However often it is asked, the database is asked once in so many seconds.
_FRESH_SECONDS = 10.0
_LONGEST_HEADER = 600
_RAN = ("succeeded", "failed")
_Sample = tuple[str, Mapping[str, str], float]


class Metrics:
    """The figures of a runtime's database, a few seconds old at the most. `timer` gives seconds that never go back."""

    def __init__(self, runtime: Runtime, timer: Callable[[], float] = time.monotonic) -> None:
        self._runtime, self._fresh = runtime, Fresh(_FRESH_SECONDS, timer)

    def text(self) -> str:
        """In Prometheus' text format. Raises StoreError."""
        return self._fresh.get("metrics", self._made)

    def _made(self) -> str:
        with self._runtime.db.read() as conn:
            return "".join(_figures(self._runtime, conn))


def metrics(request: Request) -> Response:
    wanted = request.app.state.runtime.settings.metrics_token.get_secret_value()
    if not wanted:
        return PlainTextResponse("There is nothing here.\n", 404)
    kind, _, sent = request.headers.get("authorization", "")[:_LONGEST_HEADER].partition(" ")
    if kind.lower() != "bearer" or not compare_digest(sent.strip().encode(), wanted.encode()):
        said = "Send what ASSISTANT_METRICS_TOKEN says, as Authorization: Bearer …\n"
        return PlainTextResponse(said, 401, {"WWW-Authenticate": 'Bearer realm="metrics"'})
    try:
        return Response(request.app.state.metrics.text(), media_type=_MEDIA_TYPE)
    except StoreError:
        return PlainTextResponse("The database does not answer.\n", 503, {"Retry-After": "5"})


ROUTES = [Route("/metrics", metrics)]


def _figures(runtime: Runtime, conn: sa.Connection) -> Iterator[str]:
    now = runtime.clock.now()
    alive, ended, depths = living(runtime, conn), totals(conn), queue_depths(conn)
    yield _metric("build_info", "gauge", "The version.", [("", {"version": __version__}, 1)])
    roles = {"schedules": sum(it.schedules for it in alive), "runs": sum(it.runs for it in alive)}
    yield _metric("workers", "gauge", "Processes that are alive.", (("", {"role": k}, v) for k, v in roles.items()))
    yield _metric(
        "jobs_open",
        "gauge",
        "Jobs that have not ended.",
        (("", {"task": task, "state": state}, n) for (task, state), n in sorted(count_open(conn).items())),
    )
    yield _metric(
        "jobs_ended_total",
        "counter",
        "Jobs that have ended.",
        (("", {"task": it.task, "state": it.state}, it.count) for it in ended),
    )
    for name, what, attribute in (
        ("job_run_seconds", "How long jobs ran that succeeded or failed.", "run_seconds"),
        ("job_wait_seconds", "How long they waited for their start.", "wait_seconds"),
    ):
        ran = [it for it in ended if it.state in _RAN]
        sums = [("_sum", {"task": it.task, "state": it.state}, getattr(it, attribute)) for it in ran]
        counts = [("_count", {"task": it.task, "state": it.state}, it.count) for it in ran]
        yield _metric(name, "summary", what, [*sums, *counts])
    yield _metric(
        "queue_depth",
        "gauge",
        "Open jobs of a queue.",
        (("", {"queue": it.queue, "state": state}, n) for it in depths for state, n in sorted(it.states.items())),
    )
    yield _metric(
        "queue_oldest_seconds",
        "gauge",
        "How long ago the queued job that waits longest could have started.",
        (
            ("", {"queue": it.queue}, max(0.0, (now - it.oldest_queued).total_seconds()))
            for it in depths
            if it.oldest_queued is not None
        ),
    )
    yield _metric(
        "deliveries",
        "gauge",
        "Messages (in_app), and tries to bring them over other channels.",
        (
            ("", {"channel": channel, "state": state}, n)
            for (channel, state), n in sorted(count_deliveries(conn).items())
        ),
    )


def _metric(name: str, kind: str, what: str, samples: Iterable[_Sample]) -> str:
    name = f"assistant_{name}"
    lines = [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]
    for suffix, labels, value in samples:
        told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{suffix}{{{told}}} {value}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
