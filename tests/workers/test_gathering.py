"""Look-ups of many coroutines in one."""

import asyncio
import threading
from collections.abc import Mapping, Sequence

import pytest

from personal_assistant.workers.utils.gathering import Gathering


class Fetching:
    """Squares numbers below 100, and notes what it was asked for together."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.may_go.wait(10)
        self.asked.append(list(keys))
        if 13 in keys:
            raise ValueError("13")
        return {key: key * key for key in keys if key < 100}


def test_what_is_asked_for_together_is_looked_up_once() -> None:
    fetch = Fetching()
    values = Gathering(fetch)

    async def ask() -> list[int | None]:
        return list(await asyncio.gather(*(values.get(key) for key in (1, 2, 2, 500))))

    assert asyncio.run(ask()) == [1, 4, 4, None]
    assert fetch.asked == [[1, 2, 500]]
    assert asyncio.run(ask()) == [1, 4, 4, None]  # in another loop, and anew


def test_what_comes_meanwhile_is_looked_up_together_next() -> None:
    fetch = Fetching()
    values = Gathering(fetch)

    async def ask() -> None:
        fetch.may_go.clear()
        first = asyncio.create_task(values.get(1))
        while not values._busy:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        later = [asyncio.create_task(values.get(key)) for key in (2, 3)]
        await asyncio.sleep(0)
        fetch.may_go.set()
        await asyncio.gather(first, *later)

    asyncio.run(ask())
    assert fetch.asked == [[1], [2, 3]]


def test_an_error_reaches_those_who_asked_and_nobody_else() -> None:
    values = Gathering(Fetching())

    async def ask() -> int | None:
        with pytest.raises(ValueError, match="13"):
            await values.get(13)
        return await values.get(4)

    assert asyncio.run(ask()) == 16


def test_one_that_gives_up_does_not_take_the_others_with_it() -> None:
    fetch = Fetching()
    values = Gathering(fetch)

    async def ask() -> int | None:
        fetch.may_go.clear()
        gives_up, stays = asyncio.create_task(values.get(5)), asyncio.create_task(values.get(5))
        while not values._busy:
            await asyncio.sleep(0)
        gives_up.cancel()
        fetch.may_go.set()
        return await stays

    assert asyncio.run(ask()) == 25
