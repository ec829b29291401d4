"""Secrets at rest: sealed with AES-256-GCM, each bound to what it belongs to, under keys that can be rotated."""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from personal_assistant.settings import Settings
from personal_assistant.store.key_file import KEY_BYTES, KeyFile, SecretsError, parse_keys

__all__ = ["SecretsError", "Vault", "key_id", "vault_of"]

SETTING = "ASSISTANT_SECRET_KEY"
_VERSION = "v1"
_NONCE_BYTES = 12
_ID_LENGTH = 8


class Vault:
    """Seals and opens texts. The first key seals, every key opens; a key that another process adds counts at once."""

    def __init__(self, file: KeyFile, given: Sequence[bytes] = ()) -> None:
        self.file = file
        self._given = tuple(given)

    @property
    def has_file(self) -> bool:
        """Whether its keys lie in the key file; False where the setting holds them."""
        return not self._given

    def seal(self, text: str, about: str) -> str:
        """The text for the database: only opened again by who names the same `about`. Raises SecretsError."""
        key = self._keys(make=True)[0]
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + _cipher(key).encrypt(nonce, text.encode(), about.encode())
        return f"{_VERSION}:{key_id(key)}:{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, about: str) -> str:
        """What was sealed. Raises SecretsError when its key is not here, or it was changed or belongs to another."""
        key = self._key_of(sealed, about)
        try:
            raw = base64.b64decode(sealed.split(":")[2], validate=True)
            return _cipher(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise SecretsError(
                f"The secret of {about} cannot be opened: it was changed, or belongs to something else. Give it anew."
            ) from None

    def is_current(self, sealed: str) -> bool:
        """Whether the first key sealed it."""
        return self.id_of(sealed) == key_id(self._keys(make=True)[0])

    def id_of(self, sealed: str) -> str:
        """The name of the key that sealed it; empty for what is in no form that this version knows."""
        version, *rest = sealed.split(":")
        return rest[0] if version == _VERSION and len(rest) == 2 else ""

    def ids(self) -> list[str]:
        """The names of the keys, the first one first; none where no key was made yet. Raises SecretsError."""
        return [key_id(key) for key in self._keys(make=False)]

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for a purpose of its own, from the first key. Raises SecretsError."""
        return _derived(self._keys(make=True)[0], purpose)

    def derive_all(self, purpose: str) -> list[bytes]:
        """The same from every key, the first one first: what an older one has signed is valid after a rotation."""
        return [_derived(key, purpose) for key in self._keys(make=True)]

    def _keys(self, *, make: bool) -> tuple[bytes, ...]:
        return self._given or (self.file.make() if make else self.file.keys())

    def _key_of(self, sealed: str, about: str) -> bytes:
        wanted = self.id_of(sealed)
        if not wanted:
            raise SecretsError(f"The secret of {about} cannot be opened: it is in no form that this version knows.")
        for key in self._keys(make=False):
            if key_id(key) == wanted:
                return key
        place = str(self.file.path) if self.has_file else SETTING
        raise SecretsError(
            f"The secret of {about} was sealed with the key {wanted}, which {place} does not hold: "
            "put that key back behind the first one, or give the secret anew."
        )


def vault_of(settings: Settings) -> Vault:
    """The vault of these settings; the same one at each call. Raises SecretsError for a key that cannot be used."""
    return _vault(settings.data_dir, settings.secret_key.get_secret_value())


@lru_cache(maxsize=8)
def _vault(folder: Path, given: str) -> Vault:
    return Vault(KeyFile(folder), parse_keys(given.split(","), SETTING))


@lru_cache(maxsize=64)
def key_id(key: bytes) -> str:
    """A name for a key that says nothing about it."""
    return hashlib.sha256(b"personal_assistant key id\0" + key).hexdigest()[:_ID_LENGTH]


@lru_cache(maxsize=64)
def _derived(key: bytes, purpose: str) -> bytes:
    # HKDF, RFC 5869. The keys are random, so no salt is needed.
    return HKDF(SHA256(), KEY_BYTES, None, b"personal_assistant\0" + purpose.encode()).derive(key)


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(_derived(key, "seal"))
