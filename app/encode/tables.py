"""The tables beside a folder of pictures, where loaders of such folders look for labels.

`labels.csv` is for whoever reads it himself. Hugging Face's `imagefolder` takes what else is known of a picture from `metadata.csv`.
"""

from collections.abc import Iterable, Sequence

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
