"""What is sent and answered about people and their tokens."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from personal_assistant.api.v1.shapes import Given

_NAME = Field(None, description="How they are called.")
_ZONE = Field(None, description="An IANA zone.", examples=["Europe/Berlin"])
_LANGUAGE = Field(None, description="A BCP 47 tag.", examples=["en", "pt-BR"])
_ROLE = Field(None, description="`member`, or `admin`, who looks after people.")


class ChangedMe(Given):
    """What to change about yourself."""

    full_name: str | None = _NAME
    zone: str | None = _ZONE
    language: str | None = _LANGUAGE

    def changes(self) -> dict[str, Any]:
        """The fields that the body names."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class ChangedUser(ChangedMe):
    """What to change about somebody."""

    email: str | None = Field(None, examples=["grace@example.org"])
    role: str | None = _ROLE


class NewUser(Given):
    """Who is invited. The zone is yours where it is left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"email": "grace@example.org"}]})

    email: str
    full_name: str | None = _NAME
    zone: str | None = _ZONE
    language: str | None = _LANGUAGE
    role: str | None = _ROLE


class UserShape(BaseModel):
    """A person. `revision` is the ETag."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    full_name: str | None
    zone: str
    language: str
    role: str
    is_owner: bool
    is_active: bool
    has_password: bool
    has_second_factor: bool
    created_at: datetime | None
    last_login: datetime | None
    revision: int


class Me(UserShape):
    """Who is asking, and what the token may do."""

    scopes: list[str]


class InvitedUser(UserShape):
    """A person who was invited."""

    link: str | None = Field(description="To be handed on, and told this once; null where it goes out by mail.")


class NewToken(Given):
    """A token for a program. It may do no more, and last no longer, than the token that asks for it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "phone", "scopes": ["read"]}]})

    name: str = Field(description="What it is for.")
    scopes: list[str] = Field(["read"], max_length=3, description="`read`, `write` (which includes it) or `admin`.")
    expires_at: AwareDatetime | None = Field(None, description="When it ends; never where it is left out.")


class TokenShape(BaseModel):
    """A token; `prefix` is how its secret begins."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class MadeToken(TokenShape):
    """A new token."""

    secret: str = Field(description="What the program sends. It is told this once.")
