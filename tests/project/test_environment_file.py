"""The sample environment file names every setting, and no default that is not the code's."""

import re
from pathlib import Path

import pytest

from personal_assistant.settings import PREFIX, Settings

CONVENTIONAL = {"DATABASE_URL": "database_url", "CELERY_BROKER_URL": "broker_url"}
# Their defaults are those of the machine or of the deployment.
SAMPLES = {"database_url", "broker_url", "zone", "data_dir"}


@pytest.fixture(scope="module")
def lines(root: Path) -> list[str]:
    return (root / "deploy" / "assistant.env.example").read_text("utf-8").splitlines()


@pytest.fixture(scope="module")
def samples(lines: list[str]) -> dict[str, str]:
    """Setting to what stands behind its variable, also where that is a comment."""
    found = (re.fullmatch(r"#?([A-Z_]+)=(.*)", line) for line in lines)
    pairs = [(match[1], match[2]) for match in found if match]
    assert len(pairs) == len(dict(pairs))
    return {CONVENTIONAL.get(name) or name.removeprefix(PREFIX).lower(): value for name, value in pairs}


def test_every_setting_stands_in_it(samples: dict[str, str]) -> None:
    assert samples.keys() == Settings.model_fields.keys()


def test_every_default_is_the_one_of_the_code(samples: dict[str, str]) -> None:
    for name, value in samples.items():
        expected = Settings.model_fields[name].default
        assert name in SAMPLES or expected == type(expected)(value), name


def test_systemd_and_compose_read_each_line_alike(lines: list[str]) -> None:
    for line in lines:
        assert re.fullmatch(r"(#.*|[A-Z_]+=[^\s'\"#$\\]+|)", line), line


def test_what_it_sets_can_be_used(samples: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in samples.items():
        if value:
            monkeypatch.setenv(f"{PREFIX}{name.upper()}", value)
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    assert settings.url == "postgresql+psycopg://assistant:change-me@localhost/assistant"
    assert str(settings.data_dir) == "/var/lib/personal-assistant"
