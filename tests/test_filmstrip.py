"""A film strip: the same moments of several runs, a row each, the last one among them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.__main__ import main


def test_strip_has_a_row_a_moment_and_ends_with_the_run(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("dense", "labelled"):
        shutil.copytree(trained, tmp_path / name)
    levels = np.where(np.eye(10, dtype=bool), np.arange(0, 200, 20), 255)  # a sheet of 10 by 10: its diagonal is shown
    for file in (tmp_path / "labelled").rglob("*.png"):
        Image.fromarray(np.kron(levels, np.ones((56, 56))).astype(np.uint8)).save(file)
    assert main(["filmstrip", str(tmp_path / "dense"), f"other={tmp_path / 'labelled'}", "--out", str(tmp_path / "film")]) == 0
    moments = json.loads((tmp_path / "film" / "film.json").read_text())
    assert moments == sorted(moments)
    assert moments[-1] == 960
    for name in ("dense", "other"):
        with Image.open(tmp_path / "film" / f"{name}.avif") as strip:
            assert strip.size == (280, 28 * len(moments))
    with Image.open(tmp_path / "film" / "dense.avif") as strip, Image.open(tmp_path / "dense" / "sheet.png") as sheet:
        last = 255 - np.asarray(strip.convert("L"), float)[-28:, :28]
        drawn = np.asarray(sheet.convert("L").crop((0, 0, 56, 56)).resize((28, 28), Image.Resampling.BOX), float)
    assert np.corrcoef(last.ravel(), drawn.ravel())[0, 1] > 0.7
    with Image.open(tmp_path / "film" / "other.avif") as strip:
        shades = 255 - np.asarray(strip.convert("L"), float).reshape(len(moments), 28, 10, 28).mean((0, 1, 3))
    np.testing.assert_allclose(shades, levels.diagonal(), atol=8)


def test_folder_without_sheets_is_refused_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["filmstrip", str(tmp_path), "--out", str(tmp_path / "film")]) == 1
    assert "holds no sheets" in capsys.readouterr().err
