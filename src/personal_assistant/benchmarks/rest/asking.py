"""Asking a served assistant over HTTP."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientSession, ClientTimeout

# A route whose path holds an id is asked about the first thing in the list above it.
_LOOKS = 15
_PATIENCE = ClientTimeout(total=30)


@dataclass
class Answers:
    """What came back to a steady stream of requests. `seconds` is how long each took."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def session(token: str) -> ClientSession:
    """A client that shows the token."""
    return ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=_PATIENCE)


async def medians(base: str, token: str) -> dict[str, float]:
    """Path of each route that is read in one answer, to the median seconds of its answers."""
    async with session(token) as client:
        async with client.get(f"{base}/openapi.json") as answer:
            paths = (await answer.json())["paths"]
        read = [path for path, verbs in paths.items() if "get" in verbs and not path.endswith("/events")]
        return {path: await median(client, base, url) for path in read if (url := await _url(client, base, path))}


async def _url(client: ClientSession, base: str, path: str) -> str | None:
    """The path with ids of things that there are; None where there is none."""
    while "{" in path:
        above, _, below = path.partition("{")
        async with client.get(f"{base}{above.removeprefix('/api/v1').rstrip('/')}") as answer:
            listed = await answer.json()
        items = listed.get("items", []) if isinstance(listed, dict) else listed
        if answer.status != 200 or not items:
            return None
        first = items[0].get("id", items[0].get("name"))
        path = f"{above}{first}{below.partition('}')[2]}"
    return path.removeprefix("/api/v1")


async def median(client: ClientSession, base: str, path: str) -> float:
    """Of the seconds of some answers to the same question."""
    taken = []
    for _ in range(_LOOKS):
        started = time.monotonic()
        async with client.get(f"{base}{path}") as answer:
            await answer.read()
            answer.raise_for_status()
        taken.append(time.monotonic() - started)
    return statistics.median(taken)


async def steadily(base: str, token: str, paths: Sequence[str], rate: int, seconds: float) -> Answers:
    """Send so many requests a second, whether or not earlier ones were answered; the paths in turn."""
    answers = Answers()
    loop = asyncio.get_running_loop()
    async with session(token) as client, asyncio.TaskGroup() as group:
        started = loop.time()
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, started + number / rate - loop.time()))
            group.create_task(_ask(client, f"{base}{paths[number % len(paths)]}", answers))
    return answers


async def _ask(client: ClientSession, url: str, answers: Answers) -> None:
    started = time.monotonic()
    try:
        async with client.get(url) as answer:
            await answer.read()
            if answer.status != 200:
                answers.errors.append(f"{url} answered {answer.status}")
    except (ClientError, TimeoutError) as error:
        answers.errors.append(f"{url}: {type(error).__name__}")
    answers.seconds.append(time.monotonic() - started)
