"""What pip, pipx and uv install: the command `kakite`, which works from any folder, with the weights and the page."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import PATIENCE_S, free_port, wait_until_ready

ROOT = Path(__file__).parent.parent
PROJECT = ("app", "models", "training", "kakite.py", "pyproject.toml", "README.md", "LICENSE")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("KAKITE_")}


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`kakite` in an environment of its own, which has the wheel, and sees what is installed here but for this project."""
    project, folder = (tmp_path_factory.mktemp(name) for name in ("project", "environment"))
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, project)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(project)]
    subprocess.run(build, check=True, env=ENVIRONMENT)
    [wheel] = folder.glob("kakite-*.whl")
    shutil.rmtree(project)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [*pip, "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, env=ENVIRONMENT)
    installed = sysconfig.get_path("purelib", vars={"base": str(folder / "venv")})
    (Path(installed) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.with_name("kakite")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder in which modules lie that happen to be named as ours are."""
    for name in ("app", "models", "training"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('This is another program.')")
    return tmp_path


def run(command: Path, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, "COLUMNS": "80", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture
def url(command: Path, elsewhere: Path) -> Iterator[str]:
    """Of a service that the command has started in that folder."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    serve = [str(command), "serve", "--port", str(port)]
    with subprocess.Popen(serve, cwd=elsewhere, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until_ready(process, url)
            yield url
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)


@pytest.mark.anyio
async def test_installed_command_serves_from_any_folder(url: str, client: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(base_url=url) as elsewhere:
        for path in ("/generate?seed=7&label=3", "/generate?seed=7&model=cgan", "/", "/openapi.json", "/source.zip"):
            answer = await elsewhere.get(path)
            assert answer.status_code == 200
            assert answer.content == (await client.get(path)).content, path


def test_installed_command_has_the_recipes(command: Path, elsewhere: Path) -> None:
    listed = run(command, elsewhere, "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "cgan, from dcgan" in listed.stdout


def test_training_without_its_packages_says_what_to_install(
    command: Path, elsewhere: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    absent = tmp_path_factory.mktemp("absent")
    (absent / "sitecustomize.py").write_text("import sys; sys.modules['matplotlib'] = None")  # how Python marks what is not there
    told = run(command, elsewhere, "train", "dcgan", PYTHONPATH=str(absent))
    assert told.returncode == 1
    assert "matplotlib is not here: install Kakite with its extra `training`" in told.stderr
    assert "Traceback" not in told.stderr


def test_help_lists_every_command_within_80_columns(command: Path, elsewhere: Path) -> None:
    told = run(command, elsewhere, "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert max(map(len, told.stdout.splitlines())) <= 80
    for name in ("serve", "sheet", "write", "dataset", "verify", "train", "list"):
        assert f"\n  {name} " in told.stdout


def test_unknown_command_is_told_of_in_a_sentence(command: Path, elsewhere: Path) -> None:
    told = run(command, elsewhere, "trian")
    assert (told.returncode, told.stdout) == (2, "")
    assert "kakite has no command 'trian'. Is train meant?" in told.stderr
