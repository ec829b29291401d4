"""Celery's settings: each line answers a way in which it fails with its defaults."""

from typing import Any

import pytest
from celery.app.defaults import DEFAULTS

from personal_assistant.settings import Settings, load_settings
from personal_assistant.workers.transport.config import configuration


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg]


@pytest.fixture
def with_redis() -> dict[str, Any]:
    return configuration(settings(broker_url="redis://somewhere/0", drain_seconds=7))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("broker_connection_max_retries", None),
        ("broker_connection_retry_on_startup", True),
        ("broker_connection_timeout", 5.0),
        ("broker_pool_acquire_timeout", 5.0),
        ("task_acks_late", False),
        ("worker_prefetch_multiplier", 1),
        ("worker_max_tasks_per_child", 1000),
        ("worker_soft_shutdown_timeout", 7),
    ],
)
def test_celery_is_hardened(with_redis: dict[str, Any], name: str, value: Any) -> None:
    assert with_redis[name] == value


def test_a_connection_to_redis_notices_that_it_is_dead(with_redis: dict[str, Any]) -> None:
    options = with_redis["broker_transport_options"]
    assert options["health_check_interval"] == 15
    assert options["socket_keepalive"] is True
    assert 0 < options["socket_timeout"] <= 5
    assert 0 < options["socket_connect_timeout"] <= 5
    assert options["global_keyprefix"] == "assistant:"


def test_rabbitmq_says_what_it_took_and_whether_it_lives() -> None:
    found = configuration(settings(broker_url="amqp://somewhere//"))
    assert found["broker_url"] == "amqp://somewhere//"
    assert found["broker_transport_options"] == {"confirm_publish": True}
    assert 0 < found["broker_heartbeat"] <= 60
    assert [name for name in found if name not in DEFAULTS] == []


def test_without_a_broker_there_are_no_settings_for_one() -> None:
    assert not [name for name in configuration(settings()) if name.startswith("broker")]


def test_every_setting_is_one_that_celery_has(with_redis: dict[str, Any]) -> None:
    assert [name for name in with_redis if name not in DEFAULTS] == []


@pytest.mark.parametrize("variable", ["CELERY_BROKER_URL", "ASSISTANT_BROKER_URL", "REDIS_URL"])
def test_the_broker_is_set_by_the_usual_variables(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "redis://here/1")
    assert load_settings().broker_url == "redis://here/1"
