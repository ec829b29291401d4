"""What a task may not say about itself is refused where it is declared."""

from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.workers.bench import Declare

from personal_assistant.workers.options import TaskOptions, Timetable
from personal_assistant.workers.tasks import Broken, Registry, UnknownTaskError


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"attempts": 0}, "at least one attempt"),
        ({"attempts": "x"}, "whole number, not 'x'"),
        ({"time_limit": "60"}, "number of seconds, not '60'"),
        ({"timetable": "daily"}, "is a Timetable, like .* not 'daily'"),
        ({"time_limit": 0}, "time limit above zero"),
        ({"time_limit": -1.5}, "time limit above zero"),
        ({"at_most_once": True, "bulk": lambda conn, jobs, now: []}, "cannot have a bulk function"),
        ({"rate": "abc"}, "like '10/m', and not 'abc'"),
        ({"rate": "0/s"}, "whole number per s, m or h"),
        ({"concurrency": 0}, "whole number above zero, not 0"),
        ({"concurrency": -2}, "whole number above zero"),
        ({"concurrency": 1.5}, "whole number above zero"),
        ({"concurrency": True}, "whole number above zero"),
        ({"key": "account"}, "give concurrency or rate, too"),
        ({"key": 7, "rate": "1/s"}, "name of an argument or a function"),
        ({"concurrency": 2, "bulk": lambda conn, jobs, now: []}, "cannot limit concurrency"),
    ],
)
def test_options_that_contradict_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        TaskOptions(queue="q", **options)


def test_an_option_that_does_not_exist_is_refused(declare: Declare) -> None:
    with pytest.raises(TypeError, match="retries"):
        declare(len, retries=3)


def test_a_key_that_is_no_argument_is_refused(declare: Declare) -> None:
    def fetch(account: int) -> None: ...

    with pytest.raises(ValueError, match="has no 'acount'"):
        declare(fetch, concurrency=1, key="acount")


def test_a_key_that_cannot_be_told_says_nothing_of_the_arguments() -> None:
    def key(password: str) -> str:
        raise ValueError(password)

    with capture_logs() as said:
        assert TaskOptions(queue="q", concurrency=1, key=key).job("t", args=("hunter2",)).concurrency_key == "t"
    [line] = said
    assert (line["task"], line["error"]) == ("t", "ValueError")
    assert "hunter2" not in str(line)


@pytest.mark.parametrize(
    ("timetable", "reason"),
    [
        ({"schedule_type": "sometimes"}, "sometimes"),
        ({"schedule_type": "daily", "config": {"hour": 27}}, "27"),
        ({"schedule_type": "daily", "config": {"hour": 1}, "missed_policy": "never"}, "skip, once, all"),
        ({"schedule_type": "daily", "config": {"hour": 1}, "max_lateness_seconds": -1}, "zero seconds or more"),
    ],
)
def test_a_timetable_that_cannot_be_read_is_refused(timetable: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Timetable(**timetable)


def test_a_coroutine_with_a_bulk_function_is_refused(declare: Declare) -> None:
    async def each() -> None: ...

    with pytest.raises(ValueError, match="plain function"):
        declare(each, bulk=lambda conn, jobs, now: [])


def test_a_name_that_the_ledger_cannot_hold_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="at most 200 characters"):
        declare(len, name="x" * 201)


def test_a_second_task_of_the_same_name_is_refused(declare: Declare) -> None:
    def first() -> None: ...

    def second() -> None: ...

    declare(first, name="tests.same")
    with pytest.raises(ValueError, match="already"):
        declare(second, name="tests.same")


def test_a_task_is_found_by_the_last_part_of_its_name_where_only_one_ends_so(declare: Declare) -> None:
    def nothing() -> None: ...

    tasks = {name: declare(nothing, name=name) for name in ("a.send", "b.send", "b.fetch")}
    registry = Registry(tasks, ())
    assert registry.find("fetch").name == "b.fetch"
    assert registry.find("a.send").name == "a.send"
    with pytest.raises(UnknownTaskError, match="assistant tasks list"):
        registry.find("send")


def test_where_a_module_failed_to_load_an_unknown_task_may_be_one_of_its() -> None:
    with pytest.raises(UnknownTaskError, match="could not be loaded: see `assistant doctor`"):
        Registry({}, (Broken("mine", "SyntaxError"),)).find("bad")
    with pytest.raises(UnknownTaskError) as unknown:
        Registry({}, ()).find("bad")
    assert "loaded" not in str(unknown.value)
