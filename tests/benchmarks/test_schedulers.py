"""Three schedulers, one killed each second."""

import pytest

from personal_assistant.benchmarks.figures import as_json
from personal_assistant.benchmarks.schedulers import measure

SECONDS = 3.0


@pytest.mark.timeout(200)
def test_no_occurrence_is_missed_or_doubled() -> None:
    found = as_json(measure(SECONDS, lambda text: None))
    assert (found["missed"], found["doubled"]) == (0, 0)
    assert found["kills"] >= 4
    assert 0 < found["at_work"] <= 3
    assert found["cli_reminders"] > found["cli_programs"] >= 2
    assert found["occurrences"] >= 3 * SECONDS * 15 + found["cli_reminders"] > 3 * SECONDS * 15
    assert 0 <= found["calm_p50_lateness_seconds"] <= found["calm_p99_lateness_seconds"]
