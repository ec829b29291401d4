"""Every setting, its default and its environment variable.

A value comes from the environment (`ASSISTANT_…`, and the conventional `DATABASE_URL`, `CELERY_BROKER_URL` and
`REDIS_URL`), then from `.env`, then from `assistant.toml` in the configuration folder, then from the default below.
"""

import logging
import os
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from personal_assistant.errors import AssistantError

PREFIX = "ASSISTANT_"
_SHORTEST_TOKEN = 16


class SettingsError(AssistantError):
    """The configuration cannot be read or holds a value that makes no sense."""


def _home(variable: str, fallback: str) -> Path:
    """A folder of the XDG Base Directory Specification 0.8."""
    return Path(os.environ.get(variable) or Path.home() / fallback) / "personal_assistant"


def config_file() -> Path:
    """Where `assistant.toml` is looked for."""
    explicit = os.environ.get("ASSISTANT_CONFIG")
    return Path(explicit) if explicit else _home("XDG_CONFIG_HOME", ".config") / "assistant.toml"


def with_driver(url: str) -> str:
    """A database URL as SQLAlchemy reads it: `postgres://…` and `postgresql://…` are read with psycopg 3."""
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def _in_capitals(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class Settings(BaseSettings):
    """What can be set. Durations are seconds unless the name says days."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(default_factory=lambda: _home("XDG_DATA_HOME", ".local/share"))
    database_url: str = Field(
        default="", validation_alias=AliasChoices("database_url", "ASSISTANT_DATABASE_URL", "DATABASE_URL")
    )
    broker_url: str = Field(
        default="",
        validation_alias=AliasChoices("broker_url", "CELERY_BROKER_URL", "ASSISTANT_BROKER_URL", "REDIS_URL"),
    )
    broker_key_prefix: str = "assistant:"
    republish_seconds: Annotated[float, Field(ge=0.5, le=3600)] = 15.0
    zone: str = ""
    owner_name: str = ""
    worker_threads: Annotated[int, Field(ge=1, le=256)] = 8
    async_jobs: Annotated[int, Field(ge=1, le=100_000)] = 1000
    lease_seconds: Annotated[float, Field(ge=2, le=3600)] = 30.0
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 20.0
    catch_up_at_once: Annotated[int, Field(ge=1, le=1000)] = 10
    history_days: Annotated[int, Field(ge=1, le=36_500)] = 90
    min_free_megabytes: Annotated[int, Field(ge=0)] = 200
    secret_key: SecretStr = SecretStr("")
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    private_hosts: str = ""
    delivery_connections: Annotated[int, Field(ge=1, le=1000)] = 64
    fallback_seconds: Annotated[float, Field(ge=1, le=86_400)] = 120.0
    public_url: str = ""
    link_days: Annotated[int, Field(ge=1, le=366)] = 7
    api_requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 1200
    metrics_token: SecretStr = SecretStr("")
    watch_grace_seconds: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_in_capitals)] = "WARNING"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("metrics_token")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < _SHORTEST_TOKEN:
            raise ValueError(f"it has to have at least {_SHORTEST_TOKEN} characters, like `openssl rand -hex 32` gives")
        return value

    @property
    def url(self) -> str:
        """The database's SQLAlchemy URL: the one given, else an SQLite file in the data directory."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'assistant.db'}"
        return with_driver(self.database_url)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return init_settings, env_settings, dotenv_settings, toml


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """This process's settings. Raises SettingsError with the place and the remedy."""
    return load_settings()


def load_settings() -> Settings:
    """Read the settings anew. Raises SettingsError with the place and the remedy."""
    _check_named_file()
    reader = logging.getLogger("dotenv.main")
    reader.addFilter(_refuse_line)
    try:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{config_file()} is not valid TOML: {error}. Correct or remove that file.") from error
    except (UnicodeDecodeError, OSError) as error:
        files = f"{Path('.env').absolute()} or {config_file()}"
        raise SettingsError(f"A configuration file cannot be read ({files}): {error}. Correct or remove it.") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).removeprefix(PREFIX).lower()
        raise SettingsError(
            f"The setting {name} has a value that cannot be used: {first['msg']}. "
            f"It is set by {PREFIX}{name.upper()}, by .env or in {config_file()}."
        ) from error
    finally:
        reader.removeFilter(_refuse_line)


def _check_named_file() -> None:
    """The reader of TOML passes over a file that is not there, also over one that was asked for by name."""
    if not os.environ.get("ASSISTANT_CONFIG"):
        return
    path = config_file().absolute()
    wrong = "is a folder" if path.is_dir() else None if path.exists() else "does not exist"
    if wrong:
        raise SettingsError(f"ASSISTANT_CONFIG names {path}, which {wrong}. Name a TOML file, or unset it.")


def _refuse_line(record: logging.LogRecord) -> bool:
    """The reader of .env only logs a line that it cannot read, and goes on without it."""
    line = record.args[0] if isinstance(record.args, tuple) and record.args else "?"
    raise SettingsError(
        f"{Path('.env').absolute()} cannot be read at line {line}: write NAME=value there, or remove the line."
    )


def unknown_settings() -> list[str]:
    """Names that look like settings and are none, with where they stand, for `assistant doctor`."""
    return sorted(
        [f"{name} in the environment" for name in os.environ if _is_stray(name)]
        + [f"{name} in {Path('.env').absolute()}" for name in _dotenv_names() if _is_stray(name)]
        + [f"{key} in {config_file()}" for key in _toml_names() if key.lower() not in Settings.model_fields]
    )


def contradictory_settings() -> list[str]:
    """Which places give two names of one setting different values, in sentences for `assistant doctor`."""
    dotenv = DotEnvSettingsSource(Settings).env_vars
    places = {"The environment": os.environ, str(Path(".env").absolute()): dotenv}
    return [f"{place} names two databases." for place, names in places.items() if _two_databases(names)]


def _two_databases(names: Mapping[str, str | None]) -> bool:
    aliases = {"DATABASE_URL", f"{PREFIX}DATABASE_URL"}
    return len({value for name, value in names.items() if name.upper() in aliases and value}) > 1


def _is_stray(name: str) -> bool:
    switches = {f"{PREFIX}{name}" for name in ("CONFIG", "LAUNCHER", "URL", "TOKEN")}
    upper = name.upper()
    known = upper in switches or upper.removeprefix(PREFIX).lower() in Settings.model_fields
    return upper.startswith(PREFIX) and not known


def _dotenv_names() -> list[str]:
    """The names that `.env` sets, in capitals or not."""
    return list(DotEnvSettingsSource(Settings).env_vars)


def _toml_names() -> list[str]:
    path = config_file()
    return list(tomllib.loads(path.read_text("utf-8"))) if path.is_file() else []
