"""Random secrets that people and browsers carry, of which only the SHA-256 is kept."""

import secrets
from hashlib import sha256

_BYTES = 32
# Of a secret in base64 without padding.
_LENGTH = 43


def new_secret() -> str:
    """A random secret of 256 bits, of letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(_BYTES)


def looks_right(secret: str) -> bool:
    """Whether it could be one, so that nothing of another length is looked up."""
    return len(secret) == _LENGTH and secret.isascii()


def hash_of(secret: str) -> str:
    """What is kept of it. A secret of 256 random bits needs no slow hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
