"""The whole topology in processes: each kind of fault once, a few hundred jobs, nothing lost."""

import pytest
from tests.support.postgres import FAST

from personal_assistant.benchmarks.chaos import report
from personal_assistant.benchmarks.chaos.kinds import KINDS
from personal_assistant.benchmarks.chaos.run import chaos

# Of the fast ones, that which would lose what was committed when the server is killed.
OPTIONS = tuple(option for option in FAST if option != "synchronous_commit=off")
FAULTS = 22


@pytest.mark.timeout(300)
def test_nothing_is_lost_or_done_twice_whatever_dies() -> None:
    run = chaos(400, 15.0, 1, lambda text: None, pace=0.3, postgres_options=OPTIONS)
    assert run.passed, report.document(run)
    assert len({it.name for it in run.struck}) == FAULTS
    assert {tally.kind for tally in run.verdict.tallies if tally.accepted} == {kind.name for kind in KINDS}
    assert run.verdict.accepted >= 400
