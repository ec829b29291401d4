"""What the rows of the earlier scheduler do once an assistant runs on its database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.adoption import legacy
from tests.adoption.support import adopted_assistant

from personal_assistant.ai import AITaskManager
from personal_assistant.store.people import get_owner
from personal_assistant.workers.setup import prepare
from personal_assistant.workers.utils.health_check import check_setup

_DUE = datetime.fromisoformat(legacy.DUE).replace(tzinfo=UTC)
_BEFORE = _DUE - timedelta(minutes=5)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2099-{text}").replace(tzinfo=UTC)


# The next instant after the one at which they fire (a Tuesday); no rule is in any zone but UTC.
_FOLLOWING = {
    13: _at("04-01 08:00"),
    14: _at("04-03 08:00"),
    15: _at("04-30 08:00"),
    16: _at("03-31 08:45"),
    17: _at("03-31 09:00"),
    18: _at("04-06 09:00"),
    19: _at("03-31 09:00"),
    20: _at("03-31 09:00"),
    29: _at("03-31 09:00"),
}
_SET_ASIDE = {26, 27, 30}
_AT_REST = {11, 22, 23, 24, 25, 28}


def test_each_row_does_what_its_schedule_says(legacy_url: str, tmp_path: Path) -> None:
    with adopted_assistant(legacy_url, tmp_path, _BEFORE) as assistant:
        resting = {task_id: assistant.task(task_id) for task_id in _AT_REST}
        assistant.until(lambda: bool(assistant.delivered(20) and assistant.delivered(21)))
        assert assistant.delivered(20) == [_at("03-31 07:00")]
        assert assistant.delivered(21) == [_BEFORE]
        assert assistant.delivered(13) == []
        assistant.at(_DUE)
        fired = {12, *_FOLLOWING}
        assistant.until(lambda: all(_DUE in assistant.delivered(task_id) for task_id in fired))
        assistant.until(lambda: all(assistant.task(task_id).next_run_at is None for task_id in _SET_ASIDE))
        assert {task_id: assistant.task(task_id).next_run_at for task_id in _FOLLOWING} == _FOLLOWING
        assert [assistant.task(task_id).status for task_id in (12, 21)] == ["completed", "completed"]
        assert {assistant.task(task_id).status for task_id in _FOLLOWING} == {"active"}
        assert {task_id: assistant.task(task_id) for task_id in _AT_REST} == resting
        assert [assistant.delivered(task_id) for task_id in _AT_REST | _SET_ASIDE] == [[]] * 9


def test_the_next_one_comes_too(legacy_url: str, tmp_path: Path) -> None:
    with adopted_assistant(legacy_url, tmp_path, _BEFORE) as assistant:
        assistant.at(_DUE)
        assistant.until(lambda: bool(assistant.delivered(16)))
        assistant.at(_FOLLOWING[16])
        assistant.until(lambda: len(assistant.delivered(16)) == 2)
        assert assistant.delivered(16) == [_DUE, _FOLLOWING[16]]
        assert assistant.task(16).last_run_at == _FOLLOWING[16]


def test_doctor_names_what_cannot_fire_and_whose_account_is_closed(legacy_url: str, tmp_path: Path) -> None:
    with adopted_assistant(legacy_url, tmp_path, _BEFORE) as assistant:
        findings = check_setup(assistant.runtime)
        told = [finding.message for finding in findings if finding.check == "ai-tasks"]
        named = {int(message.split()[2]) for message in told}
        assert named == legacy.CANNOT_FIRE
        assert next(it for it in told if " 24 " in it).endswith("It has no state, so it rests.")
        assert "Its schedule cannot be read" in next(it for it in told if " 26 " in it)
        people = [finding.message for finding in findings if finding.check == "people"]
        assert people == ["Person 5 is switched off and has 1 active AI task(s)."]


def test_what_cannot_fire_can_be_mended(legacy_url: str, tmp_path: Path) -> None:
    with adopted_assistant(legacy_url, tmp_path, _BEFORE) as assistant:
        manager = AITaskManager(assistant.runtime.db, assistant.clock)
        for task_id in legacy.CANNOT_FIRE:
            manager.update_task(task_id, schedule_type="custom", schedule_config={"interval_minutes": 5})
            if assistant.task(task_id).status != "active":
                manager.resume_task(task_id)
        assert [it for it in check_setup(assistant.runtime) if it.check == "ai-tasks"] == []


def test_the_zone_is_utc_until_the_owner_sets_one(legacy_url: str, tmp_path: Path) -> None:
    with adopted_assistant(legacy_url, tmp_path, _BEFORE) as assistant, assistant.runtime.db.read() as conn:
        assert get_owner(conn).zone == "UTC"


def test_a_zone_that_the_owner_has_set_counts_from_the_next_planning_on(legacy_url: str, tmp_path: Path) -> None:
    with legacy.connect(legacy_url) as conn:
        conn.execute("UPDATE ai_tasks SET user_id = 8 WHERE id = 13")
    with adopted_assistant(legacy_url, tmp_path, _BEFORE) as assistant:
        prepare(assistant.runtime, zone="Europe/Paris")
        assert assistant.task(13).next_run_at == _DUE
        assistant.at(_DUE)
        assistant.until(lambda: bool(assistant.delivered(13) and assistant.delivered(14)))
        assert assistant.task(13).next_run_at == _at("04-01 06:00")
        assert assistant.task(14).next_run_at == _FOLLOWING[14]
