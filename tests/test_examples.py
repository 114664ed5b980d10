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


TOLD = {
    "sync_client.py": r"the bytes are the same: True",
    "async_client.py": r"500 digits, [\d,]+ bytes",
    "train_a_classifier.py": r"it reads (9\d|100)[\d.]*%",
    "digits.sh": r"asked for again: 304",
    "tour.py": r"8\. Sixty thousand",
}
MORE = {"train_a_classifier.py": ["6000"]}  # digits to learn from
PICTURES = {"sync_client.py": 1, "digits.sh": 4, "tour.py": 8}  # that are left


@pytest.mark.parametrize("name", sorted(file.name for file in EXAMPLES.iterdir() if file.suffix in (".py", ".sh")))
def test_every_example_runs_and_does_what_it_says(name: str, service: str, tmp_path: Path) -> None:
    assert re.search(TOLD[name], run(name, tmp_path, service, *MORE.get(name, [])))
    pictures = list(tmp_path.glob("*.png"))
    assert len(pictures) == PICTURES.get(name, 0)
    for picture in pictures:
        with Image.open(picture) as image:
            image.load()
