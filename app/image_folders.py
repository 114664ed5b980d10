"""Digits as folders of pictures, with their labels where loaders of such folders look for them.

Beside the PNGs lies `labels.csv`, for whoever reads it himself. Hugging Face's `imagefolder` takes what else is known of a picture from
`metadata.csv`; without one it takes the label from the name of a picture's folder, as torchvision's `ImageFolder` and Keras do.
Knows no HTTP.
"""

from collections.abc import Iterable, Sequence

from app.datasets import DataSet

LABELS, METADATA = "labels.csv", "metadata.csv"
LABELS_HEAD = ("file", "seed", "label")

Known = Sequence[int] | None  # of each picture, or of none


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows of a CSV, whose values need no quotes."""
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


def labels_lines(files: Sequence[str], seeds: Known, labels: Known) -> bytes:
    """Rows of `labels.csv`, empty where nothing is known."""
    nothing = [""] * len(files)
    return lines(zip(files, nothing if seeds is None else seeds, nothing if labels is None else labels, strict=True))


def metadata_head(seeds: bool, labels: bool) -> bytes:
    """The first row of `metadata.csv`, which has no columns for what is not known: a loader would make numbers of them that are none."""
    return lines([["file_name", *(["label"] if labels else []), *(["seed"] if seeds else [])]])


def metadata_lines(files: Sequence[str], seeds: Known, labels: Known) -> bytes:
    """Its other rows."""
    return lines(zip(*[column for column in (files, labels, seeds) if column is not None], strict=True))


def tables(files: Sequence[str], seeds: Known, labels: Known) -> list[tuple[str, bytes]]:
    """Both, whole."""
    return [
        (LABELS, lines([LABELS_HEAD]) + labels_lines(files, seeds, labels)),
        (METADATA, metadata_head(seeds is not None, labels is not None) + metadata_lines(files, seeds, labels)),
    ]


def known(wanted: DataSet, first: int, last: int, in_folders: bool = False) -> tuple[list[str], range, list[int] | None]:
    """File, seed and label of digits first to last - 1; no labels where the model has none."""
    seeds = range(wanted.first_seed + first, wanted.first_seed + last)
    found = wanted.labels(first, last)
    if found is None:
        return [f"{seed}.png" for seed in seeds], seeds, None
    width = len(str(wanted.network.classes - 1)) if in_folders else 0  # so that folders in the order of their names are in that of labels
    files = [
        f"{label:0{width}}/{seed}-{label}.png" if in_folders else f"{seed}-{label}.png" for seed, label in zip(seeds, found, strict=True)
    ]
    return files, seeds, found.tolist()
