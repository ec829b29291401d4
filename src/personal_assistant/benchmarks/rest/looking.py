"""How long every list, answer and page takes beside much data: for the owner of nearly all of it, and for a member."""

from collections.abc import Sequence

from personal_assistant.benchmarks.figures import Figure
from personal_assistant.benchmarks.rest.asking import median, medians, session
from personal_assistant.benchmarks.rest.pages import first_paint_bytes, page_medians
from personal_assistant.people.sessions import create_session
from personal_assistant.people.tokens import ADMIN, READ, WRITE, create_token
from personal_assistant.store.people import get_owner
from personal_assistant.workers.runtime import Runtime

_MEDIAN_MS = 150.0
_PAINT_KILOBYTES = 200.0
# Filters that find much, little and nothing.
_CHOSEN = (
    "/ai-tasks",
    "/ai-tasks?state=paused",
    "/jobs",
    "/jobs?ai_task_id=77",
    "/jobs?since=2020-01-01T00:00:00Z&until=2021-01-01T00:00:00Z",
    "/jobs?state=failed",
    "/jobs?state=running",
    "/jobs?task=bench.elsewhere",
    "/jobs?text=nowhere",
    "/notifications",
    "/notifications?unread=true",
)


async def look(runtime: Runtime, site: str, member: int, pages: Sequence[str]) -> list[Figure]:
    """A figure for each route that is read in one answer and for each page; `pages` are the paths of all pages."""
    with runtime.db.read() as conn:
        owner = get_owner(conn).id
    api = f"{site}/api/v1"
    token, secret = _ways_in(runtime, owner, [READ, WRITE, ADMIN])
    found = {f"/api/v1{path}": seconds for path, seconds in (await medians(api, token)).items()}
    found |= await _chosen(api, token)
    found |= await page_medians(site, secret, pages)
    paint = await first_paint_bytes(site, secret)
    token, secret = _ways_in(runtime, member, [READ, WRITE])
    of_member = await _chosen(api, token) | await page_medians(site, secret, pages)
    found |= {f"{path} (member)": seconds for path, seconds in of_member.items()}
    kilobytes = Figure("first_paint_kilobytes", "Today with its files", round(paint / 1000, 1), "kB", _PAINT_KILOBYTES)
    return [*(_figure(path, seconds) for path, seconds in sorted(found.items())), kilobytes]


def _ways_in(runtime: Runtime, user_id: int, scopes: list[str]) -> tuple[str, str]:
    """A token and the secret of a session."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        _, token = create_token(conn, user_id, "bench looks", scopes, None, now)
        return token, create_session(conn, user_id, now, agent="bench", by="bench")


async def _chosen(api: str, token: str) -> dict[str, float]:
    async with session(token) as client:
        return {f"/api/v1{path}": await median(client, api, path) for path in _CHOSEN}


def _figure(path: str, seconds: float) -> Figure:
    return Figure(f"median_ms {path}", f"GET {path}, median", round(seconds * 1000, 1), "ms", _MEDIAN_MS)
