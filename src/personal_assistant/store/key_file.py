"""The file of keys in the data directory: one key a line in base64, the newest first, for its owner's eyes only."""

import base64
import binascii
import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from personal_assistant.errors import AssistantError

KEY_BYTES = 32
_NAME = "secret.key"
_MODE = 0o600
_OTHERS = 0o077


class SecretsError(AssistantError):
    """A key cannot be used, or something sealed cannot be opened; says what to do."""


class KeyFile:
    """The keys of one data directory. What it returns is read anew when the file was changed, by whomever."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / _NAME
        self._seen: tuple[int, int, int] | None = None
        self._keys: tuple[bytes, ...] = ()

    def keys(self) -> tuple[bytes, ...]:
        """The keys, newest first; none where there is no file yet. Raises SecretsError for one that is damaged."""
        try:
            found = self.path.stat()
            seen = (found.st_mtime_ns, found.st_ino, found.st_size)
            if seen != self._seen:
                self._keys = parse_keys(self.path.read_text("ascii").split("\n"), str(self.path))
                self._seen = seen
        except FileNotFoundError:
            return ()
        except UnicodeDecodeError:
            raise SecretsError(f"{self.path} holds something else than keys: restore it from a backup.") from None
        except OSError as error:
            raise SecretsError(f"{self.path} cannot be read: {error.strerror}. Check its permissions.") from error
        return self._keys

    def make(self) -> tuple[bytes, ...]:
        """The keys; the first one is made where there is none. Of two processes at once, both get the same."""
        return self.keys() or self._change(only_first=True)

    def add(self) -> tuple[bytes, ...]:
        """Put a new key before those that there are; returns them all."""
        return self._change(only_first=False)

    def others_may_read(self) -> bool:
        """Whether somebody else than its owner may read or write the file."""
        with suppress(OSError):
            return bool(self.path.stat().st_mode & _OTHERS)
        return False

    def _change(self, *, only_first: bool) -> tuple[bytes, ...]:
        try:
            with self._alone() as folder:
                there = self.keys()
                if not (there and only_first):
                    self._write((secrets.token_bytes(KEY_BYTES), *there), folder)
        except OSError as error:
            raise SecretsError(
                f"{self.path} cannot be written: {error.strerror}. Check the permissions and the free space there."
            ) from error
        return self.keys()

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Until the block ends no other process changes the file; gives the open folder."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(folder)

    def _write(self, keys: Sequence[bytes], folder: int) -> None:
        """Replace the file in one step, so that a kill or a power cut leaves the old or the new one, whole."""
        new = self.path.with_suffix(".new")
        # One that a kill has left behind is nobody's.
        new.unlink(missing_ok=True)
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(file, "wb") as out:
            out.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
            out.flush()
            os.fsync(out.fileno())
        new.replace(self.path)
        os.fsync(folder)


def parse_keys(texts: Sequence[str], place: str) -> tuple[bytes, ...]:
    """Keys in base64, each once; empty texts are passed over. Raises SecretsError that names the `place`."""
    return tuple(dict.fromkeys(_key(text.strip(), place) for text in texts if text.strip()))


def _key(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SecretsError(
            f"{place} holds a key that cannot be used: each is {KEY_BYTES} bytes in base64, as "
            f"`openssl rand -base64 {KEY_BYTES}` makes them."
        )
    return key
