"""The README names every setting and every command that there is, and none that there is not."""

import re
from pathlib import Path

import pytest
import typer.main

from personal_assistant.cli.main import app
from personal_assistant.settings import Settings


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text("utf-8")


def section(readme: str, title: str) -> str:
    return readme.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_setting_is_listed_with_its_variable(readme: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section(readme, "Settings"), flags=re.MULTILINE)
    assert {name for name, _ in rows} == set(Settings.model_fields)
    assert all(f"`ASSISTANT_{name.upper()}`" in variables for name, variables in rows)


def test_every_default_is_the_one_of_the_code(readme: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| .*? \| `?([A-Z0-9.]+)`? \|", section(readme, "Settings"), flags=re.MULTILINE)
    assert len(rows) >= 7
    for name, default in rows:
        expected = Settings.model_fields[name].default
        assert expected == type(expected)(default), name


def test_every_command_is_listed_with_its_verbs(readme: str) -> None:
    rows = {
        name: row
        for row in section(readme, "A tour").splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([a-z-]+)[ A-Z]*`", row.split(" | ")[0])
    }
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert rows.keys() == commands.keys()
    for name, command in commands.items():
        for verb in getattr(command, "commands", {}):
            assert f"`{verb}`" in rows[name], f"{name} {verb}"


def test_the_first_screen_tells_what_to_type(readme: str, root: Path) -> None:
    first = readme.split("\n## ")[0]
    scripts = re.findall(r"^(\./scripts/\w+)", first, flags=re.MULTILINE)
    assert scripts == ["./scripts/up", "./scripts/test", "./scripts/assistant"]
    assert all((root / script).stat().st_mode & 0o111 for script in scripts)


def test_links_lead_somewhere(readme: str, root: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", readme)
    assert targets
    assert [target for target in targets if "://" not in target and not (root / target).exists()] == []
