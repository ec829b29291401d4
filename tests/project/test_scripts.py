"""The scripts of the README, run the way people run them, on a checkout with a made-up environment."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

FAKE_COMMAND = """#!/bin/sh
echo "called as $ASSISTANT_LAUNCHER with $*"
"""


class Checkout:
    """A copy of what the scripts need, in a folder whose name has a space, and a way to call them."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.path = folder / "my assistant"
        for name in ("scripts", "requirements"):
            shutil.copytree(root / name, self.path / name)
        shutil.copy(root / "pyproject.toml", self.path)

    def make_environment(self, name: str = ".venv", lock: str = "base.txt") -> None:
        """An environment whose `assistant` only says how it was called, marked as made from the present lock."""
        folder = self.path / name
        bin_folder = folder / "bin"
        bin_folder.mkdir(parents=True)
        for program in ("python", "assistant"):
            (bin_folder / program).write_text(FAKE_COMMAND)
            (bin_folder / program).chmod(0o755)
        parts = [f"requirements/{lock}", "pyproject.toml", "scripts/environment.sh"]
        content = f"{self.path}\n".encode() + b"".join((self.path / part).read_bytes() for part in parts)
        (folder / ".made").write_text(f"{hashlib.sha256(content).hexdigest()}  -\n")

    def call(self, *words: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=cwd or self.path, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
        )


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Checkout:
    return Checkout(root, tmp_path)


def test_up_runs_the_assistant_and_passes_arguments_on(checkout: Checkout) -> None:
    checkout.make_environment()
    done = checkout.call("./scripts/up", "--json")
    assert (done.stdout, done.stderr) == ("called as ./scripts/assistant with up --json\n", "")


def test_benchmarks_run_where_the_servers_are_that_they_start(checkout: Checkout) -> None:
    checkout.make_environment(".venv-dev", "dev.txt")
    done = checkout.call("./scripts/assistant", "bench", "chaos")
    assert (done.stdout, done.stderr) == ("called as ./scripts/assistant with bench chaos\n", "")


def test_the_command_knows_how_it_was_typed(checkout: Checkout, tmp_path: Path) -> None:
    checkout.make_environment()
    link = tmp_path / "pa"
    link.symlink_to(checkout.path / "scripts" / "assistant")
    done = checkout.call("./pa", "remind", "water the plants", cwd=tmp_path)
    assert done.stdout == "called as ./pa with remind water the plants\n"


def test_a_launcher_with_a_space_in_its_path_can_be_pasted(checkout: Checkout, tmp_path: Path) -> None:
    checkout.make_environment()
    done = checkout.call(checkout.path / "scripts" / "up", cwd=tmp_path)
    launcher = done.stdout.removeprefix("called as ").partition(" with ")[0]
    assert checkout.call("bash", "-c", f"{launcher} status").stdout.endswith("with status\n")


def test_a_second_run_costs_next_to_nothing(checkout: Checkout) -> None:
    checkout.make_environment()
    took = []
    for _ in range(3):
        started = time.monotonic()
        checkout.call("./scripts/assistant")
        took.append(time.monotonic() - started)
    assert min(took) < 0.5


def only_programs(folder: Path, *names: str) -> str:
    """A search path on which nothing but these programs is found."""
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return str(folder)


TOOLS = ("bash", "env", "dirname", "readlink", "cat", "sha256sum", "flock", "sed", "rm", "id")


def test_without_python_it_says_what_to_install(checkout: Checkout, tmp_path: Path) -> None:
    done = checkout.call("./scripts/up", PATH=only_programs(tmp_path / "bin", *TOOLS))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("❌ Python 3.11 or newer is needed")


def write_program(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{content}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def bare_debian(tmp_path: Path) -> Path:
    """The programs of a Debian on which Python has neither pip nor the part of venv that brings it."""
    folder = tmp_path / "bin"
    only_programs(folder, *TOOLS, "mktemp", "dpkg-deb", "tar")
    absent = """case "$2" in "import sys"*) echo "$0"; exit ;; "import pip" | "import ensurepip") exit 1 ;; esac"""
    write_program(folder, "python3.11", f'{absent}\nexec {Path(sys.executable).resolve()} "$@"')
    return folder


def test_without_a_way_to_get_pip_it_says_what_to_install(checkout: Checkout, bare_debian: Path) -> None:
    done = checkout.call("./scripts/up", PATH=str(bare_debian))
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr.splitlines()[-1]


def test_when_debian_cannot_be_reached_it_says_what_to_install(checkout: Checkout, bare_debian: Path) -> None:
    write_program(bare_debian, "apt-get", "exit 100")
    done = checkout.call("./scripts/up", PATH=str(bare_debian))
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr.splitlines()[-1]


def test_pip_is_unpacked_from_its_debian_package_and_run_in_the_environment_of_uv(
    checkout: Checkout, bare_debian: Path, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    wheels = package / "usr" / "share" / "python-wheels"
    wheels.mkdir(parents=True)
    with zipfile.ZipFile(wheels / "pip-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("pip/__main__.py", "import sys\nprint(sys.prefix, sys.argv[1], sys.argv[-1])\n")
    (package / "DEBIAN").mkdir()
    description = "Package: python3-pip-whl\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b>\nDescription: pip\n"
    (package / "DEBIAN" / "control").write_text(description)
    packed = f"{shutil.which('dpkg-deb')} --build {package} python3-pip-whl_1_all.deb >/dev/null"
    write_program(bare_debian, "apt-get", f'PATH={os.environ["PATH"]}\ncase "$*" in *download*) {packed} ;; esac')

    temporary = tmp_path / "temporary files"
    temporary.mkdir()
    done = checkout.call("./scripts/up", PATH=str(bare_debian), TMPDIR=str(temporary))
    called = f"{checkout.path / '.venv-uv'} install usr/share/python-wheels/pip-1-py3-none-any.whl\n"
    assert done.stdout == called
    assert list(temporary.iterdir()) == []


def test_a_lock_that_changed_is_set_up_again(checkout: Checkout, tmp_path: Path) -> None:
    checkout.make_environment()
    with (checkout.path / "requirements" / "base.txt").open("a") as lock:
        lock.write("# one more line\n")
    done = checkout.call("./scripts/up", PATH=only_programs(tmp_path / "bin", *TOOLS))
    assert done.returncode == 1
    assert "Setting up .venv" in done.stderr


def test_a_second_set_up_waits_for_the_first_and_uses_what_it_made(checkout: Checkout) -> None:
    with (checkout.path / "requirements" / "uv.txt").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = subprocess.Popen(
            ["./scripts/assistant", "status"],
            cwd=checkout.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        assert "waiting for it" in second.stderr.readline()
        checkout.make_environment()
    output, errors = second.communicate(timeout=60)
    assert (output, errors) == ("called as ./scripts/assistant with status\n", "")
