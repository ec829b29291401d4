"""compose.yaml and the systemd units run the processes that the code names, and these serve every queue."""

from pathlib import Path

from tests.project.deployment import read_compose, read_units

from personal_assistant.benchmarks.topology import GROUPS
from personal_assistant.workers.transport.config import QUEUES
from personal_assistant.workers.transport.roles import ROLES


def without_concurrency(command: list[str]) -> tuple[str, ...]:
    """How many jobs run at once follows the container's cpus, so compose.yaml says it."""
    at = command.index("--concurrency") if "--concurrency" in command else len(command)
    return (*command[:at], *command[at + 2 :])


def test_compose_runs_them(root: Path) -> None:
    services = read_compose(root)["services"]
    ours = {name: service["command"] for name, service in services.items() if "build" in service}
    assert ours.pop("migrate") == ["migrate"]
    assert {name: without_concurrency(command) for name, command in ours.items()} == ROLES


def test_a_worker_on_processes_has_as_many_as_its_container_has_cpus(root: Path) -> None:
    worker = read_compose(root)["services"]["worker-cpu"]
    assert worker["command"][-2:] == ["--concurrency", worker["deploy"]["resources"]["limits"]["cpus"]]


def test_systemd_runs_them(root: Path) -> None:
    commands = {
        name.removeprefix("personal-assistant-").removesuffix("@.service"): unit.value("ExecStart").split()
        for name, unit in read_units(root).items()
        if name.endswith(".service")
    }
    assert {name: tuple(words[1:]) for name, words in commands.items()} == ROLES


def test_every_queue_is_served_once() -> None:
    served = [queue for command in ROLES.values() if "--queues" in command for queue in command[-1].split(",")]
    assert sorted(served) == sorted(QUEUES)


def test_the_topology_of_the_benchmarks_serves_the_same_queues_on_the_same_pools() -> None:
    pools = {queue: group.pool for group in GROUPS.values() for queue in group.queues}
    assert pools.keys() == set(QUEUES)
    assert {queue for queue, pool in pools.items() if pool == "prefork"} == set(ROLES["worker-cpu"][-1].split(","))
