"""Each example runs, and does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name: str, folder: Path, *arguments: str) -> str:
    command = ["sh"] if name.endswith(".sh") else [sys.executable]
    command += [str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_tried_here() -> None:
    tried = set(re.findall(r'run\("([a-z_]+\.(?:py|sh))"', Path(__file__).read_text()))
    assert tried == {file.name for file in EXAMPLES.iterdir() if file.suffix in (".py", ".sh")}


def test_synchronous_client(service: str, tmp_path: Path) -> None:
    assert "the bytes are the same: True" in run("sync_client.py", tmp_path, service)


def test_asynchronous_client(service: str, tmp_path: Path) -> None:
    assert re.match(r"500 digits, [\d,]+ bytes", run("async_client.py", tmp_path, service))


def test_classifier_learns_from_nothing_but_the_service(service: str, tmp_path: Path) -> None:
    told = run("train_a_classifier.py", tmp_path, service, "6000")
    accuracy = re.search(r"it reads ([\d.]+)%", told)
    assert accuracy
    assert float(accuracy[1]) > 90


@pytest.mark.parametrize("suffix", ["png"])
def test_shell_script_and_tour_leave_pictures(service: str, tmp_path: Path, suffix: str) -> None:
    assert "asked for again: 304" in run("digits.sh", tmp_path, service)
    assert "8. Sixty thousand" in run("tour.py", tmp_path, service)
    pictures = sorted(tmp_path.glob(f"*.{suffix}"))
    assert len(pictures) == 12
    for picture in pictures:
        with Image.open(picture) as image:
            image.load()
