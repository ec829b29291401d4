"""Requests made up from the OpenAPI document: every answer is one that the document tells of, and none is a mistake.

Few for each route here; `SCHEMA_CASES=200 pytest tests/api/test_rest_schema.py` makes more than 10,000 in all.
"""

import os
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.ai.support import OWNER, another_person
from tests.api.rest import channel_of, token_of
from tests.api.support import server
from tests.api.test_links import told
from tests.support.ledger import Ledger

from personal_assistant.ai import AITaskManager
from personal_assistant.people.tokens import READ, create_token
from personal_assistant.workers.runtime import Runtime, use
from personal_assistant.workers.schedulers.timetable import sync_timetable

CASES = int(os.environ.get("SCHEMA_CASES", "2"))
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_SETTINGS = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("database_url", ["sqlite"] if CASES < 10 else ["sqlite", "postgresql"], indirect=True)
@pytest.mark.timeout(60 + CASES * 20)
def test_every_answer_is_as_the_document_says(runtime: Runtime, ledger: Ledger) -> None:
    runtime = replace(runtime, settings=runtime.settings.model_copy(update={"api_requests_per_minute": 1_000_000}))
    known = _filled(runtime, ledger)
    headers = {"Authorization": f"Bearer {token_of(runtime, OWNER, 'admin')}"}
    use(runtime)
    with server(runtime) as client:
        base = f"http://127.0.0.1:{client.port}/api/v1"
        every: Any = schemathesis.openapi.from_url(f"{base}/openapi.json").get_all_operations()
        found = [it.ok() for it in every]
        operations = [it for it in found if it.path != "/events"]
        assert len(operations) == len(found) - 1 >= 35
        for operation in operations:
            _try(operation, base, headers, known)
    use(None)


def _try(operation: Any, base: str, headers: dict[str, str], known: dict[str, Any]) -> None:
    ways = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @_SETTINGS
    @given(case=ways, to_known=st.booleans())
    def check(case: Any, to_known: bool) -> None:
        if to_known:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = known[name]
        case.call_and_validate(base_url=base, headers=headers, checks=CHECKS, timeout=30)

    check()


def _filled(runtime: Runtime, ledger: Ledger) -> dict[str, Any]:
    """Something for the routes to find, by the names of their parameters."""
    task = AITaskManager(runtime.db, runtime.clock).create_task(OWNER, "Tea", "daily")
    sync_timetable(runtime, "UTC")
    with runtime.db.write() as conn:
        token, _ = create_token(conn, OWNER, "to be removed", [READ], None, runtime.clock.now())
    return {
        "ai_task_id": task.id,
        "notification_id": told(runtime, "Tea"),
        "job_id": ledger.add(user_id=OWNER),
        "name": "cleanup_old_logs",
        "user_id": another_person(runtime.db),
        "token_id": token.id,
        "channel_id": channel_of(runtime, OWNER),
    }
