"""Names that hold what no name should: they are told as text, in one line, wherever they come out."""

import io
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.telemetry.logs import JsonFormatter, TextFormatter
from models import weights
from models.cards import FOLDER
from models.shown import shown, shown_lines
from models.weights import WeightsError
from tests.running import PATIENCE_S
from training.cli.console import PlainConsole

HOSTILE = os.fsdecode(b'a\nINFO:     forged\r\x1b[31m\x1b]0;title\x07 "quoted" \xe2\x80\xae\xff[bold]')
TOLD = r'a\nINFO:     forged\r\x1b[31m\x1b]0;title\x07 "quoted" \u202e\udcff[bold]'


def test_name_is_shown_in_one_line_that_a_terminal_only_prints() -> None:
    assert shown(Path(HOSTILE)) == TOLD
    assert shown("models/weights/書き手 é.safetensors") == "models/weights/書き手 é.safetensors"
    assert shown_lines("a\nb\x1b") == "a\nb\\x1b"


@pytest.mark.parametrize("kind", ["broken.safetensors", ".float.safetensors"])
def test_hostile_name_of_a_weights_file_stops_the_start_with_one_plain_line(tmp_path: Path, kind: str) -> None:
    (tmp_path / f"{HOSTILE}{kind}").write_bytes(b"nothing")
    environment = {**os.environ, "KAKITE_WEIGHTS": str(tmp_path), "KAKITE_HTTP_PROCESSES": "1"}
    for command in (["--port", "0"], ["verify"], ["sheet", "--out", str(tmp_path / "x.png")]):
        told = subprocess.run(
            [sys.executable, "-m", "app", *command], env=environment, capture_output=True, timeout=PATIENCE_S, check=False
        )
        assert told.returncode == 1
        assert TOLD in told.stderr.decode()
        assert told.stderr.count(b"\n") == 1, told.stderr
        assert b"\x1b" not in told.stderr


def test_hostile_name_of_a_file_to_write_is_told_as_text(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    command = [sys.executable, "-m", "app", "sheet", "--n", "1", "--seed", "7", "--out", str(tmp_path / HOSTILE)]
    told = subprocess.run(command, env=environment, capture_output=True, timeout=PATIENCE_S, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout.decode() == f"{tmp_path}/{TOLD}: seed 7, model kakite\n"


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_line_of_the_log_is_one_line_whatever_stands_in_it(formatter: logging.Formatter) -> None:
    line = formatter.format(logging.LogRecord("kakite", logging.INFO, "", 0, "%s is there", (HOSTILE,), None))
    if isinstance(formatter, JsonFormatter):
        assert json.loads(line)["message"] == HOSTILE.replace("\udcff", r"\udcff") + " is there"
        line = line.replace("\u202e", "")
    assert line.isprintable()
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        line = formatter.format(logging.LogRecord("kakite", logging.ERROR, "", 0, "failed", (), sys.exc_info()))
    assert "\x1b" not in line
    line.encode()


def test_name_of_a_model_is_a_plain_word(tmp_path: Path) -> None:
    """So it may stand in a header, a path and a file's name."""
    for name in ("a\n", "A", "a/b", '"', "", "..", "a" * 65, "\x1b"):
        file = tmp_path / "one.safetensors"
        shutil.copy(FOLDER / "dense.safetensors", file)
        with pytest.raises((WeightsError, ValueError)):
            weights.rewrite_card(file, name=name)


def test_training_prints_names_as_they_are() -> None:
    out = io.StringIO()
    PlainConsole(file=out, soft_wrap=True).print("MNIST lies in /data/[bold]red[/]\x1b[31m")
    assert out.getvalue() == "MNIST lies in /data/[bold]red[/]\\x1b[31m\n"
