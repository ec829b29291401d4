"""The operations page: what it names is there."""

import re
from pathlib import Path

import pytest
import typer.main
from tests.project.deployment import read_compose, read_units

from personal_assistant.cli.main import app
from personal_assistant.settings import PREFIX, Settings
from personal_assistant.workers.transport.roles import ROLES


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "operations.md").read_text("utf-8")


def test_links_lead_somewhere(page: str, root: Path) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", page)
    headings = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in re.findall(r"^#+ (.+)$", page, re.M)}
    assert [it for it in targets if it.startswith("#") and it[1:] not in headings] == []
    files = [it.partition("#")[0] for it in targets if not it.startswith("#")]
    assert files and [it for it in files if not (root / "docs" / it).exists()] == []


def test_its_commands_exist(page: str) -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:`|\n# )(?:assistant|as_owner) ([a-z-]+)", page))
    assert {"migrate", "scheduler", "worker", "doctor", "status", "drain"} <= named <= known.keys()


def test_it_shows_the_processes_as_they_are_started(page: str) -> None:
    assert all(f"`assistant {' '.join(command)}`" in page for command in ROLES.values())


def test_its_settings_and_units_exist(page: str, root: Path) -> None:
    variables = {name.removeprefix(PREFIX).lower() for name in re.findall(r"\bASSISTANT_[A-Z_]+", page)}
    assert variables and variables <= Settings.model_fields.keys()
    units = {f"{name}@.service" for name in re.findall(r"(personal-assistant-[a-z-]+)@\d", page)}
    assert units and units <= read_units(root).keys()


def test_every_line_of_the_log_that_it_explains_is_one(page: str, root: Path) -> None:
    code = "".join(path.read_text("utf-8") for path in (root / "src").rglob("*.py"))
    explained = re.findall(r"^\| `([a-z][^`…]+?)(?: …)?`", page.split("## Troubleshooting")[1], flags=re.MULTILINE)
    ours = [line for line in explained if not line.startswith("consumer:")]
    assert len(ours) >= 5
    assert [line for line in ours if line not in code] == []


def test_the_limits_of_memory_are_those_of_the_files(page: str, root: Path) -> None:
    services, units = read_compose(root)["services"], read_units(root)
    for name in ROLES:
        limit = units[f"personal-assistant-{name}@.service"].value("MemoryMax")
        assert services[name]["deploy"]["resources"]["limits"]["memory"] == limit
        shown = limit.replace("M", " MB").replace("G", " GB")
        assert re.search(rf"\| {shown} \|", page), name
