"""compose.yaml: what its schema says, and what it promises."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.project.deployment import read_compose, seconds

from personal_assistant import __version__
from personal_assistant.settings import Settings

SERVERS = {"postgres", "valkey"}
PROCESSES = {"scheduler", "worker-io", "worker-cpu"}


@pytest.fixture(scope="module")
def services(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_compose(root)["services"]
    return found


def test_it_is_what_the_schema_asks_for(root: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_it_starts_two_servers_a_migration_and_the_processes(services: dict[str, Any]) -> None:
    assert services.keys() == SERVERS | PROCESSES | {"migrate"}
    assert services["scheduler"]["deploy"]["replicas"] == 2


def test_the_image_is_of_this_version(services: dict[str, Any]) -> None:
    ours = {service["image"] for name, service in services.items() if name not in SERVERS}
    assert ours == {f"personal-assistant:{__version__}"}


def test_nothing_can_be_reached_from_outside(root: Path, services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service or "network_mode" in service] == []
    assert read_compose(root)["networks"]["backend"] == {"internal": True}
    assert all(services[name]["networks"] == ["backend"] for name in SERVERS)


def test_nobody_has_more_rights_than_needed(services: dict[str, Any]) -> None:
    for service in services.values():
        assert not {"privileged", "cap_add", "devices", "pid", "ipc", "user"} & service.keys()
        assert "no-new-privileges:true" in service["security_opt"]
    for name in PROCESSES | {"migrate"}:
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"] is True


def test_no_secret_stands_in_it_and_a_missing_one_is_refused(services: dict[str, Any]) -> None:
    def values(variables: dict[str, str]) -> Iterator[str]:
        yield from (value for name, value in variables.items() if "PASSWORD" in name or "DATABASE_URL" in name)

    secret = [value for service in services.values() for value in values(service.get("environment", {}))]
    assert len(secret) >= 3 + len(PROCESSES)
    assert all("PASSWORD:?" in value for value in secret)


def test_only_the_migration_may_change_tables(services: dict[str, Any]) -> None:
    assert "//assistant_owner:" in services["migrate"]["environment"]["DATABASE_URL"]
    assert all("//assistant:" in services[name]["environment"]["DATABASE_URL"] for name in PROCESSES)


def test_each_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"] == {"postgres": healthy}
    assert all(services[name]["depends_on"] == {"migrate": done, "valkey": healthy} for name in PROCESSES)
    assert all("test" in services[name]["healthcheck"] for name in SERVERS)
    # The processes' own check is the image's.
    assert all("healthcheck" not in services[name] for name in PROCESSES)


def test_running_jobs_may_end_before_a_container_is_killed(services: dict[str, Any]) -> None:
    drain = Settings.model_fields["drain_seconds"].default
    assert all(seconds(services[name]["stop_grace_period"]) >= drain + 15 for name in PROCESSES)


def test_everything_is_limited_and_comes_back(services: dict[str, Any]) -> None:
    assert all({"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys() for service in services.values())
    assert {name for name, service in services.items() if service["restart"] != "unless-stopped"} == {"migrate"}
    assert all(service["logging"] == {"driver": "local"} for service in services.values())


def test_the_broker_keeps_its_messages_and_throws_none_away(services: dict[str, Any]) -> None:
    command = " ".join(services["valkey"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert services["valkey"]["volumes"] == ["valkey:/data"]
