"""How generators learnt, as one small picture a run: a row a moment, ten digits in it. Knows a run's sheets, not how they were made.

The service's page shows them side by side, so the rows of all runs are of the same moments, as nearly as their sheets allow.
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
    """Writes NAME.avif for each run [rows * 28, 10 * 28] and film.json, how many images had been seen at each row.

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
    """The run's sheets, by how many images it had seen."""
    found = {int(file.stem): file for file in sorted(folder.sheets.glob("*.png"))}
    for file in folder.root.glob(f"*{SUFFIX}"):  # of a run that came to its end
        found[weights.load(file).card.images_seen] = folder.last_sheet
    if not found:
        raise DataError(f"{folder.sheets} holds no sheets. Give the folder of a run that python -m training train has made.")
    return found


def digits(sheet: Path) -> list[Image.Image]:
    """Ten of a sheet's digits: of one with a writer a row and a digit a column the diagonal, else the first ten."""
    with files.opened(sheet) as file, Image.open(file) as picture:
        plain = picture.convert("L")
    side = plain.width // SHOWN if plain.width == plain.height and not plain.width % (SHOWN * SIDE) else plain.width // 8
    across = plain.width // side
    places = [(i, i) for i in range(SHOWN)] if across == SHOWN else [(i % across, i // across) for i in range(SHOWN)]
    cut = (plain.crop((x * side, y * side, (x + 1) * side, (y + 1) * side)) for x, y in places)
    return [one.resize((SIDE, SIDE), Image.Resampling.BOX) for one in cut]
