"""The environment of each peer: its own, with exactly what its lock says."""

import hashlib
import os
import subprocess
from pathlib import Path

PEERS = Path(__file__).resolve().parent.parent
ROOT = PEERS.parent.parent


class CannotRunError(Exception):
    """A peer cannot be installed, started or measured here. The message is the reason, in one sentence."""


def peers() -> list[str]:
    """The names of the folders that hold an adapter; this system's own first."""
    found = sorted(path.parent.name for path in PEERS.glob("*/adapter.py"))
    return sorted(found, key=lambda name: not name.startswith("assistant"))


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment, which is made when it is not there. Raises CannotRunError.

    A folder without a lock holds an adapter of this system, which has the project's own.
    """
    own = PEERS / peer / "requirements.txt"
    lock = own if own.exists() else ROOT / "requirements" / "dev.txt"
    environment = PEERS / peer / ".venv"
    python = environment / "bin" / "python"
    stamp = hashlib.sha256(lock.read_bytes() + str(environment).encode()).hexdigest()
    made = environment / ".made"
    if made.exists() and made.read_text() == stamp:
        return python
    print(f"… setting up the environment of {peer}", flush=True)
    _uv("venv", "--clear", "--no-project", "--python", os.environ["PEERS_PYTHON"], str(environment))
    _uv("pip", "sync", "--require-hashes", "--compile-bytecode", "--python", str(python), str(lock))
    if lock != own:
        source = ("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        _uv("pip", "install", "--offline", "--python", str(python), *source)
    made.write_text(stamp)
    return python


def _uv(*arguments: str) -> None:
    done = subprocess.run([os.environ["PEERS_UV"], *arguments, "--quiet"], capture_output=True, text=True)
    if done.returncode:
        raise CannotRunError(f"It cannot be installed here: {' '.join(done.stderr.split())[-300:]}")
