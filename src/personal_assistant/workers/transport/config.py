"""Celery's settings. Each of those for a broker answers a way in which Celery is known to fail with its defaults."""

from typing import Any

from personal_assistant.errors import AssistantError
from personal_assistant.settings import Settings

IO_QUEUES = ("ai_tasks", "email_tasks", "sync_tasks")
CPU_QUEUES = ("file_tasks", "maintenance_tasks")
# Where other programs send to that do not name a queue.
DEFAULT_QUEUE = "celery"
QUEUES = (*IO_QUEUES, *CPU_QUEUES, DEFAULT_QUEUE)

# Seconds after which an answer of the broker is no longer waited for: enqueueing does not need it, nothing hangs on it.
SOCKET_SECONDS = 5.0
_KNOWS_NO_MORE_THAN_REDIS = ("redis", "rediss", "valkey", "valkeys")


def require_broker(settings: Settings) -> None:
    """Raise AssistantError, which says what to do, unless a broker is set."""
    if not settings.broker_url:
        raise AssistantError(
            "There is no broker: set CELERY_BROKER_URL (like redis://localhost:6379/0), "
            "or run `assistant up`, which needs none."
        )


def configuration(settings: Settings) -> dict[str, Any]:
    """Celery's settings for these settings of ours."""
    return {**_COMMON, **(_with_broker(settings) if settings.broker_url else {})}


_COMMON: dict[str, Any] = {
    "task_serializer": "json",
    "accept_content": ["json"],
    "enable_utc": True,
    "timezone": "UTC",
    "task_ignore_result": True,
    "task_store_eager_result": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "beat_scheduler": "personal_assistant.workers.transport.beat:LedgerScheduler",
}


def _with_broker(settings: Settings) -> dict[str, Any]:
    redis = settings.broker_url.split(":", 1)[0] in _KNOWS_NO_MORE_THAN_REDIS
    return {
        **(_for_redis(settings) if redis else _FOR_AMQP),
        "broker_url": settings.broker_url,
        # A broker may be away for any length of time: the defaults give up, at the start or after a hundred tries.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # A broker that hangs must not make its clients hang.
        "broker_connection_timeout": SOCKET_SECONDS,
        "broker_pool_acquire_timeout": SOCKET_SECONDS,
        # The ledger is the truth: a message only points into it, and a lost or repeated one costs nothing.
        "task_acks_late": False,
        "task_publish_retry": False,
        "task_create_missing_queues": True,
        "task_default_queue": DEFAULT_QUEUE,
        "task_queues": {name: {"exchange": name, "routing_key": name} for name in QUEUES},
        # A worker keeps few messages to itself: what it holds and does not do, others cannot do.
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # Memory that a child has lost comes back with the next one.
        "worker_max_tasks_per_child": 1000,
        # Asked to end at once, a worker first lets what runs come to its end.
        "worker_soft_shutdown_timeout": settings.drain_seconds,
        "worker_enable_soft_shutdown_on_idle": False,
        "worker_pool_restarts": False,
        "worker_consumer": "personal_assistant.workers.transport.strangers:LedgerConsumer",
    }


def _for_redis(settings: Settings) -> dict[str, Any]:
    return {
        "broker_transport_options": {
            # A key prefix of its own: somebody else's clean-up of a shared server must not take our bindings away.
            "global_keyprefix": settings.broker_key_prefix,
            "health_check_interval": 15,
            "socket_keepalive": True,
            "socket_timeout": SOCKET_SECONDS,
            "socket_connect_timeout": SOCKET_SECONDS,
            "retry_on_timeout": False,
        }
    }


_FOR_AMQP: dict[str, Any] = {
    # A message that the server does not take is an error, not a loss that nobody notices.
    "broker_transport_options": {"confirm_publish": True},
    # A server that answers nothing for twice as long is taken for gone.
    "broker_heartbeat": 30,
    # What the ledger knows anyway need not be written to the server's disk.
    "task_default_delivery_mode": "transient",
}
