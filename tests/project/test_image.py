"""The Dockerfile: what the linter says, and what the image promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def dockerfile(root: Path) -> str:
    return (root / "Dockerfile").read_text("utf-8")


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Each instruction and what follows it, comments left out and continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    words = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return [(name, " ".join(rest.split())) for name, rest in words]


def last_stage(dockerfile: str) -> list[tuple[str, str]]:
    found = instructions(dockerfile)
    begins = [number for number, (name, _) in enumerate(found) if name == "FROM"]
    return found[begins[-1] :]


def test_the_linter_has_nothing_to_say(root: Path) -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, root / "Dockerfile"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_builds_stays_out_of_the_image(dockerfile: str) -> None:
    found = instructions(dockerfile)
    assert [name for name, _ in found].count("FROM") == 2
    assert found[0][1].endswith(" AS build")
    assert ("COPY", "--from=build /opt/personal-assistant /opt/personal-assistant") in last_stage(dockerfile)
    assert [rest for name, rest in last_stage(dockerfile) if name == "RUN" and "pip" in rest] == []


def test_the_packages_are_those_of_the_lock(dockerfile: str) -> None:
    [locked, own] = [rest for name, rest in instructions(dockerfile) if name == "RUN" and "pip install" in rest]
    assert "--require-hashes" in locked
    assert locked.endswith("--requirement requirements/server.txt")
    assert "--no-deps --no-build-isolation ." in own


def test_where_packages_come_from_is_left_to_the_machine_that_builds(dockerfile: str) -> None:
    assert re.findall(r"index|mirror|://|ARG ", dockerfile, flags=re.IGNORECASE) == []


def test_it_runs_as_nobody_in_particular_and_is_asked_to_end_by_sigterm(dockerfile: str) -> None:
    stage = last_stage(dockerfile)
    assert [rest for name, rest in stage if name == "USER"] == ["10001:10001"]
    assert ("STOPSIGNAL", "SIGTERM") in stage
    # No shell stands between the signal and the program.
    assert ("ENTRYPOINT", '["assistant"]') in stage


def test_only_the_data_folder_is_written_to(dockerfile: str) -> None:
    stage = last_stage(dockerfile)
    [environment] = [rest for name, rest in stage if name == "ENV"]
    assert "ASSISTANT_DATA_DIR=/var/lib/personal-assistant" in environment
    assert "PYTHONDONTWRITEBYTECODE=1" in environment
    assert ("VOLUME", '["/var/lib/personal-assistant"]') in stage


def test_only_what_is_copied_reaches_the_build(root: Path, dockerfile: str) -> None:
    lines = (root / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copies = [rest.split() for name, rest in instructions(dockerfile) if name == "COPY" and "--from" not in rest]
    assert let_in == {source for *sources, _ in copies for source in sources}
    assert all((root / name).exists() for name in let_in)
