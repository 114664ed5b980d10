"""The house: two arrows between three packages, and no work at import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def imported(package: str) -> set[str]:
    """The top-level names that a package's modules import."""
    names: set[str] = set()
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(("package", "forbidden"), [("app", {"training"}), ("training", {"app"}), ("models", {"app", "training"})])
def test_packages_import_along_the_arrows_only(package: str, forbidden: set[str]) -> None:
    assert imported(package) & forbidden == set()
    assert "models" in imported(package)


def test_service_needs_nothing_that_only_training_needs() -> None:
    needs = {"matplotlib", "platformdirs", "prdc", "scipy", "sklearn", "tensorboard"}
    assert (imported("app") | imported("models")) & needs == set()


def test_process_that_speaks_http_does_without_torch() -> None:
    code = "import sys, app.__main__, app.main; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The rooms of app/, each of which imports those before it alone; modules beside the rooms count as rooms.
LOW = ("errors", "checks", "settings", "schemas", "telemetry", "encode", "engine", "digits", "datasets", "inference")
ROOMS = (*LOW, "http", "routes", "main", "server", "probe", "cli", "__main__")


def test_rooms_import_one_way() -> None:
    files = [file for file in (ROOT / "app").rglob("*.py") if file != ROOT / "app/__init__.py"]
    assert {room_of(file) for file in files} == set(ROOMS)
    imports = [(file, room) for file in files for room in rooms_imported(file)]
    wrong = [f"{file.relative_to(ROOT)} imports {room}" for file, room in imports if ROOMS.index(room) > ROOMS.index(room_of(file))]
    assert wrong == []


def room_of(file: Path) -> str:
    return file.relative_to(ROOT / "app").parts[0].removesuffix(".py")


def rooms_imported(file: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "app":
            rooms |= {alias.name for alias in node.names if alias.name in ROOMS}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app."):
            rooms.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("app.")}
    return rooms


@pytest.mark.parametrize("package", ["app", "models", "training"])
def test_every_module_says_what_it_does(package: str) -> None:
    for file in (ROOT / package).rglob("*.py"):
        assert ast.get_docstring(ast.parse(file.read_text())), f"{file} has no docstring"
