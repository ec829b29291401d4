"""What somebody gets who installs the package instead of working in the checkout."""

import zipfile
from pathlib import Path

import pytest
from flit_core import buildapi


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        name = buildapi.build_wheel(str(folder))
    return zipfile.ZipFile(folder / name)


def test_it_holds_every_file_of_the_package(wheel: zipfile.ZipFile, root: Path) -> None:
    source = root / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "personal_assistant").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert files <= set(wheel.namelist())


def test_it_can_migrate_a_database(wheel: zipfile.ZipFile) -> None:
    migrations = "personal_assistant/store/migrations"
    assert {f"{migrations}/env.py", f"{migrations}/script.py.mako"} <= set(wheel.namelist())
    assert f"{migrations}/versions/0001_initial.py" in wheel.namelist()


def test_it_installs_the_command_and_says_that_it_is_typed(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "assistant=personal_assistant.cli.main:main" in wheel.read(entry_points).decode()
    assert "personal_assistant/py.typed" in wheel.namelist()
