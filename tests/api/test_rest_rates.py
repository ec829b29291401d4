"""How often a token may ask."""

import dataclasses

import pytest
from tests.ai.support import OWNER
from tests.api.rest import Rest, token_of
from tests.api.support import server

from personal_assistant.api.v1.rates import Rates
from personal_assistant.workers.runtime import Runtime


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_token_that_asks_too_often_is_told_when_to_ask_again(runtime: Runtime) -> None:
    few = runtime.settings.model_copy(update={"api_requests_per_minute": 3})
    runtime = dataclasses.replace(runtime, settings=few)
    with server(runtime) as client:
        often, other = Rest(client, token_of(runtime)), Rest(client, token_of(runtime, OWNER, "read"))
        answers = [often("GET", path) for path in ("/me", "/jobs/none", "/me", "/me")]
        assert [it.status for it in answers] == [200, 404, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"token";q=3;w=60'
        assert [it.headers["ratelimit"].partition(";t=")[0] for it in answers] == [
            f'"token";r={n}' for n in (2, 1, 0, 0)
        ]
        last = answers[-1]
        assert (last.json["status"], last.headers["content-type"]) == (429, "application/problem+json")
        assert 1 <= int(last.headers["retry-after"]) <= 20
        assert other("GET", "/me").status == 200
        assert Rest(client, None)("GET", "/me").status == 401
        assert "ratelimit" not in Rest(client, None)("GET", "/openapi.json").headers


def test_a_bucket_fills_steadily_and_never_more_than_full() -> None:
    now = 0.0
    rates = Rates(60, lambda: now)
    assert [rates.take(1).wait_seconds for _ in range(61)] == [0] * 60 + [1]
    now = 2.5
    assert [rates.take(1).wait_seconds for _ in range(3)] == [0, 0, 1]
    now = 10_000.0
    assert [rates.take(1).left for _ in range(2)] == [59, 58]
    slow = Rates(1, lambda: now)
    assert [slow.take(1).wait_seconds, slow.take(1).wait_seconds] == [0, 60]


def test_what_it_remembers_is_bounded() -> None:
    now = 0.0
    rates = Rates(60, lambda: now)
    for token_id in range(10_000):
        rates.take(token_id)
    now = 61.0
    rates.take(10_001)
    assert len(rates._buckets) == 1
