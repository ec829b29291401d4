"""The systemd units: their syntax, and what they promise."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.project.deployment import Unit, read_unit, read_units, seconds

from personal_assistant.settings import Settings

TARGET = "personal-assistant.target"
# Every directive that the units may use; a misspelt one is none of them, and systemd would only warn of it.
DIRECTIVES = {
    "Unit": {"Description", "PartOf", "Wants", "After", "StartLimitIntervalSec"},
    "Service": {
        *("Type", "User", "Group", "EnvironmentFile", "Environment", "WorkingDirectory", "UMask", "ExecStart"),
        *("StateDirectory", "StateDirectoryMode", "Restart", "RestartSec", "KillMode", "TimeoutStopSec"),
        *("OOMPolicy", "MemoryMax", "CapabilityBoundingSet", "AmbientCapabilities", "NoNewPrivileges"),
        *("ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateUsers", "ProtectClock"),
        *("ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules"),
        *("ProtectKernelTunables", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime"),
        *("RestrictSUIDSGID", "RemoveIPC", "LockPersonality", "MemoryDenyWriteExecute"),
        *("SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber"),
    },
    "Install": {"WantedBy"},
}


@pytest.fixture(scope="module")
def units(root: Path) -> dict[str, Unit]:
    return read_units(root)


@pytest.fixture(scope="module")
def services(units: dict[str, Unit]) -> list[Unit]:
    return [unit for name, unit in units.items() if name.endswith(".service")]


def test_there_is_a_target_and_a_template_for_each_kind_of_process(units: dict[str, Unit]) -> None:
    kinds = ("scheduler", "worker-cpu", "worker-io")
    assert units.keys() == {TARGET, *(f"personal-assistant-{kind}@.service" for kind in kinds)}
    wanted = units[TARGET].value("Wants").split()
    assert sorted(wanted) == [f"personal-assistant-{kind}@1.service" for kind in kinds]


def test_every_directive_is_known_and_stands_in_its_section(units: dict[str, Unit]) -> None:
    strange = [
        (unit.path.name, section, name)
        for unit in units.values()
        for section, name, _ in unit.directives
        if name not in DIRECTIVES.get(section, ())
    ]
    assert strange == []


def test_a_line_that_is_none_is_found(tmp_path: Path) -> None:
    unit = tmp_path / "broken.service"
    unit.write_text("[Service]\nExecStart /bin/true\n")
    with pytest.raises(ValueError, match=re.escape("broken.service:2 is no line of a unit")):
        read_unit(unit)


def test_systemd_itself_finds_nothing_wrong(root: Path, tmp_path: Path) -> None:
    """Where its checker is installed; the tests above and below hold everywhere."""
    checker = shutil.which("systemd-analyze")
    if checker is None:
        return
    for unit in (root / "deploy" / "systemd").iterdir():
        # The program need not be installed where the tests run.
        text = unit.read_text("utf-8").replace("/opt/personal-assistant/bin/assistant", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    command = [checker, "verify", "--man=no", *sorted(str(unit) for unit in tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_running_jobs_may_end_before_a_process_is_killed(services: list[Unit]) -> None:
    drain = Settings.model_fields["drain_seconds"].default
    for unit in services:
        assert seconds(unit.value("TimeoutStopSec")) >= drain + 15
        # Children of a worker are told to end by the worker: a signal of systemd's would cut their jobs off.
        assert unit.value("KillMode") == "mixed"


def test_they_come_back_for_as_long_as_a_server_is_away(services: list[Unit]) -> None:
    for unit in services:
        assert unit.value("Restart") == "on-failure"
        assert ("Unit", "StartLimitIntervalSec", "0") in unit.directives


def test_they_run_as_a_person_without_rights(services: list[Unit]) -> None:
    for unit in services:
        assert (unit.value("User"), unit.value("Group")) == ("assistant", "assistant")
        assert unit.value("CapabilityBoundingSet") == ""
        assert unit.value("NoNewPrivileges") == "yes"
        assert unit.value("ProtectSystem") == "strict"


def test_everything_lies_where_the_standard_puts_it(services: list[Unit]) -> None:
    """The Filesystem Hierarchy Standard 3.0: add-on programs in /opt, configuration in /etc, data in /var/lib."""
    for unit in services:
        assert unit.value("ExecStart").startswith("/opt/personal-assistant/bin/assistant ")
        assert unit.value("EnvironmentFile") == "/etc/personal-assistant/assistant.env"
        assert unit.value("StateDirectory") == "personal-assistant"
        assert unit.value("Environment") == "ASSISTANT_DATA_DIR=/var/lib/personal-assistant"


def test_they_are_alike_but_for_what_they_run(services: list[Unit]) -> None:
    own = {"Description", "ExecStart", "MemoryMax"}
    common = {tuple(line for line in unit.directives if line[1] not in own) for unit in services}
    assert len(common) == 1
