"""Draws the progress of runs as film strips: one small picture per run, in which each row shows ten digits at one moment. Knows a run's
sheets, not how they were made.

The service's page shows the strips side by side, so row i of every strip is from the same moment, as nearly as the runs' sheets allow.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from models import files, weights
from models.cards import SUFFIX
from models.pixels import SIDE
from training.parts.data import DataError
from training.run.folder import Folder

SHOWN = 10  # digits a row
MOMENTS = 16  # rows, the last one among them
QUALITY = 32  # of AVIF: some 13 kB a strip


def write(folders: Sequence[Folder], out: Path) -> list[int]:
    """Writes NAME.avif [rows * 28, 10 * 28] for each run, and film.json with the number of images seen at each row, which it also returns.

    Raises DataError for a run without sheets.
    """
    sparsest = min((list(seen(folder)) for folder in folders), key=len)
    moments = list(dict.fromkeys(sparsest[round(i * (len(sparsest) - 1) / (MOMENTS - 1))] for i in range(MOMENTS)))
    out.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        sheets = seen(folder)
        nearest = [min(sheets, key=lambda images: abs(images - moment)) for moment in moments]
        strip = Image.new("L", (SHOWN * SIDE, len(moments) * SIDE))
        for row, images in enumerate(nearest):
            for column, digit in enumerate(digits(sheets[images])):
                strip.paste(digit, (column * SIDE, row * SIDE))
        Image.eval(strip, lambda ink: 255 - ink).save(out / f"{folder.name}.avif", quality=QUALITY)
    (out / "film.json").write_text(json.dumps(moments) + "\n")
    return moments


def seen(folder: Folder) -> dict[int, Path]:
    """The run's sheets by the number of images seen. Raises DataError if there are none."""
    found = {int(file.stem): file for file in sorted(folder.sheets.glob("*.png"))}
    for file in folder.root.glob(f"*{SUFFIX}"):  # of a run that came to its end
        found[weights.load(file).card.images_seen] = folder.last_sheet
    if not found:
        raise DataError(f"{folder.sheets} holds no sheets. Give the folder of a run that python -m training train has made.")
    return found


def digits(sheet: Path) -> list[Image.Image]:
    """Ten digits of a sheet: the diagonal of a sheet with one hand per row and one digit per column, else the first ten."""
    with files.opened(sheet) as file, Image.open(file) as picture:
        plain = picture.convert("L")
    side = plain.width // SHOWN if plain.width == plain.height and not plain.width % (SHOWN * SIDE) else plain.width // 8
    across = plain.width // side
    places = [(i, i) for i in range(SHOWN)] if across == SHOWN else [(i % across, i // across) for i in range(SHOWN)]
    cut = (plain.crop((x * side, y * side, (x + 1) * side, (y + 1) * side)) for x, y in places)
    return [one.resize((SIDE, SIDE), Image.Resampling.BOX) for one in cut]
