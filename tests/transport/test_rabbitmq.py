"""What is particular to RabbitMQ: no client of Redis, and one of its own that waits without a limit."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.rabbitmq import RabbitMQ

_WITHOUT_REDIS = """
import sys
sys.modules["redis"] = None
from personal_assistant.workers.transport.worker import connect
connect()
"""
_CANARY = """
from personal_assistant.workers.celery_app import app
from personal_assistant.workers.transport import canary
canary.empty_queues = set  # the server hangs after it has answered this
sent = canary.Canary("hangs", 10.0, lambda: False)
app.amqp.queues.select_add(sent.queue)
sent.turn()
print("sent", flush=True)
input()
sent._send_at = 0.0
sent.turn()
print("went on", flush=True)
"""


@pytest.fixture
def environment(rabbitmq: RabbitMQ, tmp_path: Path) -> dict[str, str]:
    return {"CELERY_BROKER_URL": rabbitmq.url, "ASSISTANT_DATA_DIR": str(tmp_path)}


def test_a_worker_needs_no_client_of_redis(environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT_REDIS], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_canary_waits_for_no_server_that_hangs(environment: dict[str, str], rabbitmq: RabbitMQ) -> None:
    command = [sys.executable, "-c", _CANARY]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == "sent\n"
            with rabbitmq.frozen():
                begun = time.monotonic()
                said, _ = program.communicate("\n", timeout=30)
                took = time.monotonic() - begun
        finally:
            program.kill()
    assert said == "went on\n"
    assert took < 20
