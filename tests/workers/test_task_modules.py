"""Which modules of tasks are found, and what happens when one of them cannot be imported."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from tests.workers.bench import Declare

from personal_assistant.workers import tasks
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import ENTRY_POINT_GROUP, load_tasks
from personal_assistant.workers.utils.health_check import check_setup

_TASK = '''
from personal_assistant.workers.options import Timetable
from personal_assistant.workers.tasks import task


@task(queue="tests", timetable=Timetable("daily", {{"hour": 3}}))
def {name}() -> None:
    """Something new."""
'''


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declare: Declare) -> Path:
    """A folder whose modules count as modules of tasks."""
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    load_tasks.cache_clear()
    return tmp_path


def test_a_new_file_in_the_room_is_all_that_a_new_task_needs(modules: Path) -> None:
    (modules / "weather_tasks.py").write_text(_TASK.format(name="fetch_forecast"))
    name = f"{tasks.__name__}.weather_tasks.fetch_forecast"
    found = load_tasks().tasks[name]
    assert found.options.timetable is not None
    assert found.name == name
    _forget(name)


@pytest.mark.parametrize("mistake", ["raise RuntimeError('half installed')", "raise SystemExit(2)", "def (:"])
def test_a_module_that_cannot_be_imported_is_reported_and_stops_no_other(
    modules: Path, runtime: Runtime, mistake: str
) -> None:
    (modules / "broken_tasks.py").write_text(mistake)
    registry = load_tasks()
    (broken,) = registry.broken
    assert broken.module == f"{tasks.__name__}.broken_tasks"
    assert f"{tasks.__name__}.ai_tasks.execute_ai_task" in registry.tasks
    (finding,) = [it for it in check_setup(runtime) if it.check == "tasks"]
    assert finding.level == "error"
    assert "broken_tasks cannot be loaded" in finding.message


def test_a_foreign_module_that_does_not_exist_is_reported(monkeypatch: pytest.MonkeyPatch, declare: Declare) -> None:
    entry = EntryPoint("gone", "no_such_package.tasks", ENTRY_POINT_GROUP)
    monkeypatch.setattr(tasks, "entry_points", lambda group: [entry] if group == ENTRY_POINT_GROUP else [])
    load_tasks.cache_clear()
    (broken,) = load_tasks().broken
    assert broken.module == "gone (no_such_package.tasks)"
    assert "No module named 'no_such_package'" in broken.error


def test_a_timetable_that_cannot_be_read_breaks_its_module_only(modules: Path) -> None:
    (modules / "odd_tasks.py").write_text(_TASK.format(name="odd").replace('"hour": 3', '"hour": 25'))
    (broken,) = load_tasks().broken
    assert "ScheduleError" in broken.error


def _forget(name: str) -> None:
    from personal_assistant.workers.celery_app import app

    app.tasks.pop(name)
    tasks._declared.pop(name)
    sys.modules.pop(name.rpartition(".")[0])
