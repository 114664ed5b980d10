"""The house: two arrows between three packages, and no work at import."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from training.__main__ import EXTRA

ROOT = Path(__file__).parent.parent


def imported(package: str) -> set[str]:
    """Each part of the names of the modules that a package imports: torch and tensorboard for torch.utils.tensorboard, say."""
    names: set[str] = set()
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {part for alias in node.names for part in alias.name.split(".")}
            if isinstance(node, ast.ImportFrom) and node.module:
                names |= {*node.module.split("."), *(alias.name for alias in node.names)}
    return names


@pytest.mark.parametrize(("package", "forbidden"), [("app", {"training"}), ("training", {"app"}), ("models", {"app", "training"})])
def test_packages_import_along_the_arrows_only(package: str, forbidden: set[str]) -> None:
    assert imported(package) & forbidden == set()
    assert "models" in imported(package)


def test_service_needs_nothing_that_only_training_needs() -> None:
    needs = {*EXTRA, "onnx"}
    assert needs <= imported("training")
    assert (imported("app") | imported("models")) & needs == set()


def test_training_looks_first_for_all_of_its_extra() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["training"]
    names = {canonicalize_name(Requirement(line).name) for line in wanted}
    assert {"sklearn" if name == "scikit-learn" else name for name in names} == set(EXTRA)


def test_process_that_speaks_http_does_without_torch() -> None:
    code = "import sys, app.__main__, app.main; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_training_starts_without_what_takes_seconds_to_import() -> None:
    code = "import sys, training.cli.program; sys.exit(bool({'matplotlib', 'prdc', 'sklearn', 'scipy.stats'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The rooms of a package, each of which imports those before it alone; modules beside the rooms count as rooms.
ROOMS = {
    "app": "errors checks settings schemas telemetry encode engine digits datasets inference http routes main server probe cli __main__",
    "training": "data parts recipe distillation export run measuring hands pictures notebook cli __main__",
}


@pytest.mark.parametrize("package", ROOMS)
def test_rooms_import_one_way(package: str) -> None:
    rooms, folder = ROOMS[package].split(), ROOT / package
    files = [file for file in folder.rglob("*.py") if file != folder / "__init__.py"]
    found = {file: file.relative_to(folder).parts[0].removesuffix(".py") for file in files}
    assert set(found.values()) == set(rooms)
    imports = [(file, room) for file in files for room in rooms_imported(file, package, rooms)]
    assert [f"{file} imports {room}" for file, room in imports if rooms.index(room) > rooms.index(found[file])] == []


def rooms_imported(file: Path, package: str, rooms: list[str]) -> set[str]:
    imported = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            imported |= {alias.name for alias in node.names if alias.name in rooms}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            imported.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith(f"{package}.")}
    return imported


@pytest.mark.parametrize("package", ["app", "models", "training"])
def test_every_module_says_what_it_does(package: str) -> None:
    for file in (ROOT / package).rglob("*.py"):
        assert ast.get_docstring(ast.parse(file.read_text())), f"{file} has no docstring"
